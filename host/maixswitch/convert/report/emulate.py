"""Runs the converted file in the emulator, tensor by tensor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maixswitch.convert.graph.float_math import Values
from maixswitch.convert.lower.layers import Quantised
from maixswitch.convert.lower.lower import Lowered
from maixswitch.kmodel.run.model import KModel


def run(model: KModel, lowered: Lowered, quantised: Quantised, image: NDArray[Any]) -> dict[str, Values]:
    """Returns all tensors of one inference by name, uint8 or float32 in their shapes.

    A tensor is missing if no layer of the file makes it, because lowering moved a pool into the next layer.

    image: uint8 (c, h, w), or float32 (n,).
    """
    tensors: dict[str, Values] = {quantised.input: image}
    for name, (_, written) in zip(lowered.tensors, model.run_layers(image), strict=True):
        size, values = int(np.prod(lowered.shapes[name])), written[-1]
        if name not in quantised.scales and values.size == 4 * size and values.dtype == np.uint8:
            values = values.view("<f4")  # floats that a layer of bytes made
        if values.size == size:  # the moves before a layer have other sizes
            tensors[name] = values.reshape(lowered.shapes[name])
    for name, parts in lowered.joined.items():
        tensors[name] = np.concatenate([tensors[part] for part in parts])
    # A view has no layer in the file, but the comparison knows it by its own name.
    for layer in quantised.layers:
        if layer.is_view and layer.inputs[0] in tensors:
            tensors[layer.output] = tensors[layer.inputs[0]].reshape(quantised.shapes[layer.output])
    return tensors


def reordered(tensors: Mapping[str, Values], orders: Mapping[str, NDArray[np.intp]]) -> dict[str, Values]:
    """Returns the float network's tensors with their elements in the order of the chip (channels first)."""
    result = dict(tensors)
    for name, order in orders.items():
        if name in tensors:
            values = np.empty(order.size, tensors[name].dtype)
            values[order.reshape(-1)] = tensors[name].reshape(-1)
            result[name] = values
    return result
