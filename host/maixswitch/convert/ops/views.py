"""Reshape, Transpose, Squeeze, Unsqueeze, Flatten: other views of the same tensor, which do not move any number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from maixswitch.convert.graph.float_math import Shape, Values
from maixswitch.convert.graph.graph import Node, Order
from maixswitch.convert.graph.importer import Importer
from maixswitch.convert.graph.onnx_node import OnnxNode
from maixswitch.convert.graph.value import Value, channels_last
from maixswitch.convert.lower.layers import Layer
from maixswitch.convert.quantise.quantiser import Quantiser
from maixswitch.convert.refusals import AGAIN
from maixswitch.kmodel.write.value import PlacedTensor
from maixswitch.kmodel.write.writer import KModelWriter
from maixswitch.language import tr, word

from .operator import Operator

MOST_AXES = 32
"""numpy 1 does not support more."""


@dataclass(frozen=True, eq=False)
class Flatten(Node):
    """(c, h, w) to (c*h*w,), channels first, which moves no byte."""

    keeps_channels_apart = True

    def evaluate(self, values: Sequence[Values]) -> Values:
        return values[0].reshape(len(values[0]), -1)

    def quantise(self, quantiser: Quantiser) -> None:
        floats = quantiser.as_float(self.inputs[0])
        quantiser.put(FloatFlat(self.sources, (floats,), self.output), quantiser.graph.shapes[self.output])


@dataclass(frozen=True, eq=False)
class FlattenLast(Node):
    """(c, h, w) to (h*w*c,): the channels of each pixel side by side."""

    def evaluate(self, values: Sequence[Values]) -> Values:
        return values[0].transpose(0, 2, 3, 1).reshape(len(values[0]), -1)

    def quantise(self, quantiser: Quantiser) -> None:
        floats = quantiser.as_float(self.inputs[0])
        quantiser.put(FloatChannelsLast(self.sources, (floats,), self.output), quantiser.graph.shapes[self.output])


@dataclass(frozen=True, eq=False)
class FloatChannelsLast(Layer):
    """Layer 20 of v3: float32 (c, h, w) to flat, channels last."""

    title = "channels last"

    def write(self, writer: KModelWriter, inputs: Sequence[PlacedTensor], shape: Shape) -> PlacedTensor:
        return writer.flatten(inputs[0])


@dataclass(frozen=True, eq=False)
class FloatFlat(Layer):
    """(c, h, w) to flat, channels first. It is another view of the same bytes, so the file has no layer for it."""

    title = "flatten"
    is_view = True

    def write(self, writer: KModelWriter, inputs: Sequence[PlacedTensor], shape: Shape) -> PlacedTensor:
        return inputs[0]


def flat(importer: Importer, node: OnnxNode, index: int = 0) -> Value:
    """Returns an input of the node as a flat tensor, in any order of its elements."""
    value = importer.value(node, index)
    if len(importer.shape(value)) == 1:
        return value
    # The tensor keeps its ONNX name if it has the order of the file and the name is free.
    name = value.name
    if value.order is not None or name in importer.graph.shapes:
        name = importer.graph.name(value.name, "flat")
    importer.add(Flatten((), (value.tensor,), name), (int(np.prod(importer.shape(value))),))
    return replace(value, name=name, tensor=name)


def flat_in_order(importer: Importer, node: OnnxNode, index: int) -> Value | None:
    """Returns an input of the node as a flat tensor, in the order of the file; None if the board cannot do that."""
    value = importer.value(node, index)
    shape, order = importer.shape(value), value.positions()
    if value.order is None or np.array_equal(order.ravel(), np.arange(order.size)):
        return flat(importer, node, index)
    if len(shape) != 3 or not np.array_equal(order.ravel(), channels_last(shape).ravel()):
        return None
    name = importer.graph.name(value.name, "flat")
    importer.add(FlattenLast((), (value.tensor,), name), (order.size,))
    return Value(name, name, value.shape)


def read(importer: Importer, node: OnnxNode) -> None:
    """Makes the output another view of the input."""
    value = importer.any_order(node)
    order = _reordered(importer, node, value)
    if order is None:
        raise node.refused(tr("it does not fit shape {shape}", shape=value.shape), word(AGAIN))
    importer.show(node, value, order)


def _reordered(importer: Importer, node: OnnxNode, value: Value) -> Order | None:
    """Returns the order of the output's elements; None if the node does not fit its input."""
    order, rank = value.positions(), len(value.shape)
    # A transposition only changes the order of the elements, which the positions record.
    if node.kind == "Transpose":
        axes = node.attributes.get("perm") or list(range(rank))[::-1]
        return order.transpose(axes) if sorted(axes) == list(range(rank)) else None
    shape: Sequence[int] | None
    # Flatten may split at any axis, including the one after the last.
    if node.kind == "Flatten":
        axis = int(node.attributes.get("axis", 1))
        axis += rank if axis < 0 else 0
        shape = (int(np.prod(value.shape[:axis])), int(np.prod(value.shape[axis:]))) if 0 <= axis <= rank else None
    elif node.kind == "Reshape":
        shape = reshaped(value.shape, importer.integers(node, 1), bool(node.attributes.get("allowzero", 0)))
    else:
        axes = importer.integers(node, 1)  # an input since opset 13, an attribute before
        axes = node.attributes.get("axes") if axes is None else axes
        shape = (squeezed if node.kind == "Squeeze" else unsqueezed)(value.shape, axes)
    # Too many axes are refused like a shape that does not fit, before numpy raises an error.
    return None if shape is None or len(shape) > MOST_AXES else order.reshape(shape)


def reshaped(shape: Shape, target: Sequence[int] | None, allow_zero: bool = False) -> Shape | None:
    """Returns the shape that ONNX Reshape gives: 0 keeps a size, -1 takes what is left. None if it does not fit."""
    if target is None:
        return None
    sizes = list(target)
    if not allow_zero:
        # A 0 beyond the rank of the input has no size to keep, so it stays 0 and does not fit.
        sizes = [shape[i] if size == 0 and i < len(shape) else size for i, size in enumerate(sizes)]
    # Python's whole numbers do not overflow, whatever sizes a file states.
    total, known = _product(shape), _product([size for size in sizes if size != -1])
    if any(size < -1 for size in sizes) or sizes.count(-1) > 1:
        return None
    # The missing size is only known if the other sizes divide the total.
    if -1 in sizes:
        if known < 1 or total % known:
            return None
        sizes[sizes.index(-1)] = total // known
    return tuple(sizes) if _product(sizes) == total else None


def _product(sizes: Sequence[int]) -> int:
    total = 1
    for size in sizes:
        total *= size
    return total


def squeezed(shape: Shape, axes: Sequence[int] | None) -> Shape | None:
    """Returns the shape that ONNX Squeeze gives; None if it does not fit."""
    if axes is None:
        return tuple(size for size in shape if size != 1)
    if not all(-len(shape) <= axis < len(shape) for axis in axes):
        return None
    gone = {axis % len(shape) for axis in axes}
    return tuple(size for i, size in enumerate(shape) if i not in gone) if all(shape[i] == 1 for i in gone) else None


def unsqueezed(shape: Shape, axes: Sequence[int] | None) -> Shape | None:
    """Returns the shape that ONNX Unsqueeze gives; None if it does not fit."""
    rank = len(shape) + len(axes or ())
    new = {axis % rank for axis in axes or () if -rank <= axis < rank}
    if axes is None or len(new) != len(axes):
        return None
    remaining = iter(shape)
    return tuple(1 if i in new else next(remaining) for i in range(rank))


OPERATORS = (
    Operator(
        ("Reshape", "Transpose", "Squeeze", "Unsqueeze", "Flatten"),
        read,
        "nothing moves, or the weights behind it are reordered; a channel shuffle reorders the weights beside it, or "
        "is a 1x1 layer of the KPU that copies bytes",
        "where it is only another view, or moves whole channels",
    ),
)
