"""Concat along the channels, or of flat tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from maixswitch.convert.graph.float_math import Values
from maixswitch.convert.graph.graph import Graph, Node, Phase, ScaleFrom, is_map
from maixswitch.convert.graph.importer import Importer
from maixswitch.convert.graph.onnx_node import OnnxNode
from maixswitch.convert.graph.value import Value, is_channels_first, is_channels_last, like_channels_last
from maixswitch.convert.lower.layers import FloatConcat, Layer, Shape
from maixswitch.convert.quantise.quantiser import Quantiser
from maixswitch.kmodel.write.value import PlacedTensor
from maixswitch.kmodel.write.writer import KModelWriter
from maixswitch.language import tr, word

from .operator import Operator
from .selection import Selection
from .space_to_depth import CORNERS, SpaceToDepth
from .views import flat, flat_in_order


@dataclass(frozen=True, eq=False)
class Concat(Node):
    """Two or more tensors along the channels, or along the only axis of flat ones."""

    scale_from = ScaleFrom.SHARED

    def evaluate(self, values: Sequence[Values]) -> Values:
        return np.concatenate(list(values), axis=1)

    def rewrite(self, graph: Graph, phase: Phase) -> bool:
        """Becomes one layer where it joins the pixels of all blocks of 2x2, as the first layer of YOLOv5 did."""
        picks = [graph.maker(name) for name in self.inputs]
        if phase is not Phase.CHANNELS or not all(isinstance(node, Selection) for node in picks):
            return False
        blocks = [node for node in picks if isinstance(node, Selection)]
        channels, height, width = graph.shapes[blocks[0].inputs[0]]
        corners = tuple((node.rows.start, node.columns.start) for node in blocks)
        parts = [(range(row, height, 2), range(column, width, 2)) for row, column in corners]
        # Other parts of the map, or parts that others read as well, stay layers by themselves.
        alike = all(
            node.inputs == blocks[0].inputs
            and node.channels == tuple(range(channels))
            and (node.rows, node.columns) == part
            and graph.only_reader(node.output) is self
            for node, part in zip(blocks, parts, strict=True)
        )
        if not alike or sorted(corners) != list(CORNERS) or height % 2 or width % 2:
            return False
        for node in blocks:
            graph.nodes.remove(node)
        sources = tuple(name for node in blocks for name in node.sources) + self.sources
        graph.swap(self, [SpaceToDepth(sources, blocks[0].inputs, self.output, corners)])
        return True

    def makes_bytes(self, shape: Shape) -> bool:
        return is_map(shape)

    def quantise(self, quantiser: Quantiser) -> None:
        shape = quantiser.graph.shapes[self.output]
        # Floats need no common scale, so they can be joined as they are.
        if not is_map(shape):
            floats = tuple(quantiser.as_float(name) for name in self.inputs)
            quantiser.put(FloatConcat(self.sources, floats, self.output), shape)
            return
        scale = quantiser.scales[self.output]
        # The layer only copies bytes. A part in another scale goes through a table first.
        parts = tuple(quantiser.in_scale(name, scale) for name in self.inputs)
        quantiser.put(QuantizedConcat(self.sources, parts, self.output), shape, scale)


@dataclass(frozen=True, eq=False)
class QuantizedConcat(Layer):
    """Layer 17 of v3: bytes one after another. All inputs have the output's scale already."""

    title = "concat"

    def write(self, writer: KModelWriter, inputs: Sequence[PlacedTensor], shape: Shape) -> PlacedTensor:
        return writer.concat(inputs, shape)


def read(importer: Importer, node: OnnxNode) -> None:
    """Adds a Concat; one of a single tensor is left out."""
    values = [importer.value(node, index) for index in range(len(node.inputs))]
    axis = importer.axis(node, values[0], 1)
    shapes = [importer.shape(value) for value in values]
    # The tensors are channels first here in any case. The axis of the channels shows the layout of the file.
    first = all(map(is_channels_first, values, shapes)) and axis == 1
    last = all(map(is_channels_last, values, shapes)) and axis == 3
    like: Value | None
    # Maps follow each other in memory, which is only right along the channels and for equal sides.
    if len({shape[1:] for shape in shapes}) == 1 and (first or last):
        shape = (sum(shape[0] for shape in shapes), *shapes[0][1:])
        like = None if first else like_channels_last(shape)
    # Single rows can follow each other as well, whichever axis they lie on.
    elif len({len(value.shape) for value in values}) == 1 and all(_is_row(value, axis) for value in values):
        values = [flat(importer, node, index) for index in range(len(node.inputs))]
        total = sum(value.shape[axis] for value in values)
        shape = (total,)
        like = Value("", "", tuple(total if i == axis else 1 for i in range(len(values[0].shape))))
    # The heads of a detector: parts of different sizes, joined along their boxes, follow each other in memory.
    elif (parts := _in_order(importer, node, values, axis)) is not None:
        like = Value(
            "", "", (*values[0].shape[:axis], sum(v.shape[axis] for v in values), *values[0].shape[axis + 1 :])
        )
        values, shape = parts, (sum(importer.shape(part)[0] for part in parts),)
    else:
        why = tr("it joins shapes {shapes} along axis {axis}", shapes=[v.shape for v in values], axis=axis)
        raise node.refused(why, word("join maps of one size along their channels"))
    # A concatenation of one tensor is a copy; exporters write it if a list happens to have one part.
    if len(values) == 1:
        importer.values[node.outputs[0]] = values[0]
        return
    concat = Concat((node.name,), tuple(value.tensor for value in values), node.outputs[0])
    importer.produce(node, concat, shape, like)


def _in_order(importer: Importer, node: OnnxNode, values: list[Value], axis: int) -> list[Value] | None:
    """Returns the values as flat tensors whose concatenation is the node's result; None if there are none."""
    others = {(*value.shape[:axis], *value.shape[axis + 1 :]) for value in values}
    if len(others) != 1 or int(np.prod(values[0].shape[:axis])) != 1:
        return None
    parts = [flat_in_order(importer, node, index) for index in range(len(values))]
    return None if None in parts else [part for part in parts if part is not None]


def _is_row(value: Value, axis: int) -> bool:
    """Do all elements of the value lie along this axis, in order?"""
    return int(np.prod(value.shape)) == value.shape[axis] and value.order is None


OPERATORS = (
    Operator(
        ("Concat",),
        read,
        "bytes one after another; the parts share one scale",
        "along the channels, of flat tensors, or along the first axis (the boxes of several heads), in float32",
    ),
)
