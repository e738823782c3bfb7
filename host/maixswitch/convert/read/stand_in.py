"""Goes on reading behind a refused node, so that one message names all the nodes that have to change."""

from __future__ import annotations

from math import prod

import numpy as np

from maixswitch.convert.graph.importer import LARGEST, Importer
from maixswitch.convert.graph.onnx_node import OnnxNode
from maixswitch.convert.graph.value import Value, channels_last, is_channels_first, is_channels_last, view

from .constants import inferred_shapes

MAP_AXES, FLAT_AXES = 4, 2


def stand_in(importer: Importer, node: OnnxNode) -> set[str]:
    """Gives the outputs of a refused node values of the right shape; returns the names of those without one."""
    arguments = [importer.values.get(name) if name else None for name in node.inputs]
    # Constants are no map. What computes with them later could only be refused for the wrong reason.
    if not any(isinstance(argument, Value) for argument in arguments):
        return set(node.outputs) - {""}
    maps = [value for value in arguments if isinstance(value, Value) and len(value.shape) == MAP_AXES]
    # A refused node behind a map with channels last would seem to have other channels than it has.
    last = any(
        is_channels_last(value, importer.shape(value)) and not is_channels_first(value, importer.shape(value))
        for value in maps
    )
    unknown = set()
    shapes = inferred_shapes(node, [_sample(argument) for argument in arguments], importer.network.opset)
    for name, shape in zip(filter(None, node.outputs), shapes, strict=True):
        known = shape is not None and len(shape) in (MAP_AXES, FLAT_AXES) and shape[0] == 1
        if shape is None or not known or min(shape) < 1 or prod(shape) > LARGEST:
            unknown.add(name)
            continue
        inner = shape[1:]
        order = None
        if last and len(shape) == MAP_AXES:
            inner = (shape[3], shape[1], shape[2])
            order = channels_last(inner)
        importer.graph.shapes[name] = inner
        plain = Value(name, name, shape)
        importer.values[name] = plain if order is None else view(name, plain, order)
    return unknown


def _sample(argument: object) -> np.ndarray | None:
    """Returns an array of the argument's shape that takes no memory."""
    if isinstance(argument, Value):
        return np.broadcast_to(np.float32(0), argument.shape)
    return argument if isinstance(argument, np.ndarray) else None
