"""The converted file in the emulator, tensor by tensor, and beside it the float network."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from maixswitch.convert.lower.layers import FloatFlat, Quantised
from maixswitch.convert.lower.lower import Lowered
from maixswitch.kmodel.run.model import KModel

Values = NDArray[Any]


def run(model: KModel, lowered: Lowered, quantised: Quantised, image: NDArray[Any]) -> dict[str, Values]:
    """All tensors of one inference by name, as ``plain.run`` gives them, but for those that no layer makes any more.

    uint8 or float32 in the tensors' shapes; ``image`` is uint8 (c, h, w), or float32 (n,).
    """
    found: dict[str, Values] = {quantised.input: image}
    for name, (_, written) in zip(lowered.tensors, model.run_layers(image), strict=True):
        size, values = int(np.prod(lowered.shapes[name])), written[-1]
        if name not in quantised.scales and values.size == 4 * size and values.dtype == np.uint8:
            values = values.view("<f4")  # floats that a layer of bytes has made
        if values.size == size:  # not the moves before a layer, which have other sizes
            found[name] = values.reshape(lowered.shapes[name])
    for step in quantised.steps:
        if isinstance(step, FloatFlat) and step.inputs[0] in found:
            found[step.output] = found[step.inputs[0]].reshape(-1)
    return found


def reordered(wanted: dict[str, Values], orders: dict[str, NDArray[np.intp]]) -> dict[str, Values]:
    """The float network's tensors with their elements in the order that they have on the chip (channels first)."""
    made = dict(wanted)
    for name, order in orders.items():
        if name in wanted:
            values = np.empty(order.size, wanted[name].dtype)
            values[order.reshape(-1)] = wanted[name].reshape(-1)
            made[name] = values
    return made
