"""GlobalAveragePool and GlobalMaxPool, ReduceMean and ReduceMax over height and width."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from maixswitch.convert.graph.float_math import Values
from maixswitch.convert.graph.graph import Node
from maixswitch.convert.graph.importer import Importer
from maixswitch.convert.graph.onnx_node import OnnxNode
from maixswitch.convert.graph.value import Value, is_channels_first, is_channels_last
from maixswitch.convert.lower.layers import Layer, Shape
from maixswitch.convert.quantise.quantiser import Quantiser
from maixswitch.convert.refusals import AGAIN
from maixswitch.kmodel.write.value import PlacedTensor
from maixswitch.kmodel.write.writer import KModelWriter
from maixswitch.language import tr, word

from .operator import Operator
from .window_pool import GlobalMax

MAXIMA = ("GlobalMaxPool", "ReduceMax")


@dataclass(frozen=True, eq=False)
class GlobalMean(Node):
    """(c, h, w) to (c,)."""

    keeps_channels_apart = True

    def evaluate(self, values: Sequence[Values]) -> Values:
        return np.asarray(np.mean(values[0], axis=(2, 3), dtype=np.float64), np.float32)

    def quantise(self, quantiser: Quantiser) -> None:
        floats = quantiser.as_float(self.inputs[0])
        quantiser.put(FloatMean(self.sources, (floats,), self.output), quantiser.graph.shapes[self.output])


@dataclass(frozen=True, eq=False)
class FloatMean(Layer):
    """Layer 5 of v3: float32 (c, h, w) to (c,)."""

    title = "mean"

    def write(self, writer: KModelWriter, inputs: Sequence[PlacedTensor], shape: Shape) -> PlacedTensor:
        return writer.global_average_pool(inputs[0])


def add_mean(importer: Importer, node: OnnxNode, value: Value, shape: Shape) -> None:
    """Adds a GlobalMean of a map; ``shape``: of the ONNX result."""
    _add(importer, node, value, GlobalMean, shape)


def _add(importer: Importer, node: OnnxNode, value: Value, whole: type[Node], shape: Shape) -> None:
    importer.add(whole((node.name,), (value.tensor,), node.outputs[0]), (importer.shape(value)[0],))
    importer.values[node.outputs[0]] = Value(node.outputs[0], node.outputs[0], shape)


def read_pool(importer: Importer, node: OnnxNode) -> None:
    """Adds a GlobalMean or a GlobalMax, or nothing if the map already has a single pixel."""
    value = importer.value(node)
    shape = importer.shape(value)
    # The mean or the maximum over one pixel is the pixel. Networks that end in a dense layer often have a second mean.
    if value.shape == (1, *shape, 1, 1):
        importer.show(node, value, value.positions())
    else:
        _read(importer, node, value, (2, 3), True)


def read_reduce(importer: Importer, node: OnnxNode) -> None:
    """Adds a GlobalMean or a GlobalMax for a mean or a maximum over both sides of a map."""
    value, rank = importer.value(node), len(importer.value(node).shape)
    axes = importer.integers(node, 1)  # an input since opset 18, an attribute before
    axes = node.attributes.get("axes", []) if axes is None else axes
    # An axis beyond the rank would wrap around below, and the mean would silently be taken over other axes.
    if not all(-rank <= axis < rank for axis in axes):
        raise node.refused(tr("it does not fit shape {shape}", shape=value.shape), word(AGAIN))
    sides = tuple(sorted(int(axis) % rank for axis in axes))
    _read(importer, node, value, sides, bool(node.attributes.get("keepdims", 1)))


def _read(importer: Importer, node: OnnxNode, value: Value, sides: tuple[int, ...], keep: bool) -> None:
    shape = importer.shape(value)
    first = is_channels_first(value, shape) and sides == (2, 3)
    # The firmware's layers work over height and width. It has none for a mean or a maximum over channels.
    if not first and not (is_channels_last(value, shape) and sides == (1, 2)):
        why = tr("it goes over axes {axes} of shape {shape}", axes=sides, shape=value.shape)
        raise node.refused(why, word("take it over height and width"))
    kept_shape: Shape = (1, shape[0], 1, 1) if first else (1, 1, 1, shape[0])
    whole: type[Node] = GlobalMax if node.kind in MAXIMA else GlobalMean
    _add(importer, node, value, whole, kept_shape if keep else (1, shape[0]))


OPERATORS = (
    Operator(("GlobalAveragePool",), read_pool, "a float32 mean", "over height and width"),
    Operator(("ReduceMean",), read_reduce, "a float32 mean", "over height and width"),
    Operator(("GlobalMaxPool",), read_pool, "a maximum of bytes on the CPU", "over height and width"),
    Operator(("ReduceMax",), read_reduce, "a maximum of bytes on the CPU", "over height and width"),
)
