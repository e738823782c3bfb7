"""Any Resize: each pixel is a weighted sum of pixels of its column, and then of its row.

The weights of all rows are a matrix. With the rows as channels, the product with it is a 1x1 layer of the KPU, so steps
of any length and the ends of the map cost nothing extra. Between the layers the CPU moves the bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from maixswitch.convert.graph.curve import Curve
from maixswitch.convert.graph.float_math import Array, Values
from maixswitch.convert.graph.graph import Node, ScaleFrom
from maixswitch.convert.graph.importer import Importer
from maixswitch.convert.graph.onnx_node import OnnxNode
from maixswitch.convert.lower.layers import Layer, Shape
from maixswitch.convert.quantise.quantiser import Quantiser
from maixswitch.kmodel.format.airam import MapLayout
from maixswitch.kmodel.write.value import PlacedTensor
from maixswitch.kmodel.write.writer import KModelWriter

from .conv import Conv
from .moved import Moved
from .selection import HIGHEST, LEAST_SIDE, WIDEST


@dataclass(frozen=True, eq=False)
class Turned(Moved):
    """The first axis becomes the last; the result is seen as a map of the shape ``sides``."""

    sides: Shape

    def evaluate(self, values: Sequence[Values]) -> Values:
        count, channels = values[0].shape[:2]
        return values[0].reshape(count, channels, -1).transpose(0, 2, 1).reshape(count, *self.sides)

    def last_layer(self, quantiser: Quantiser, source: str) -> Layer:
        return TurnedBytes(self.sources, (source,), self.output)


@dataclass(frozen=True, eq=False)
class TurnedBytes(Layer):
    """Layers 12, 20 and 11 of v3: the firmware only turns floats, and those of whole numbers keep every byte."""

    title = "turn"

    def write(self, writer: KModelWriter, inputs: Sequence[PlacedTensor], shape: Shape) -> PlacedTensor:
        return writer.turned(inputs[0], shape)


@dataclass(frozen=True, eq=False)
class Mixed(Conv):
    """A 1x1 convolution whose weights for each result add up to 1 and are not negative: the range stays the same."""

    operators = ("Resize",)
    scale_from = ScaleFrom.INPUT

    def with_curve(self, curve: Curve) -> Node | None:
        # A curve may give the result a range of its own.
        return None if self.curve is not None else replace(self.plain(), curve=curve)

    def on_bytes(self, factor: Array, offset: Array) -> Node:
        return self.plain().on_bytes(factor, offset)

    def around(self, pad: int) -> Node:
        return self.plain().around(pad)

    def plain(self) -> Conv:
        """Returns the same with a scale of its own."""
        return Conv(self.sources, self.inputs, self.output, self.weights, self.bias)


def resample(importer: Importer, node: OnnxNode, tensor: str, down: Array, right: Array) -> None:
    """Adds the nodes of a Resize of the map ``tensor``.

    down, right: the weights of the rows (new, old) and of the columns.
    """
    channels, _, width = importer.graph.shapes[tensor]
    # Each turn moves the axis in front to the end: (c, h, w), (h, w, c), (w, c, h), (c, h, w).
    for matrix, rest, suffix in ((down, width * channels, "rows"), (right, channels * len(down), "columns")):
        names = [importer.graph.name(node.outputs[0], part) for part in (f"{suffix}/turned", suffix)]
        sides = _sides(rest, max(matrix.shape))
        importer.add(Turned((node.name,), (tensor,), names[0], (matrix.shape[1], *sides)), (matrix.shape[1], *sides))
        mixed = Mixed((node.name,), (names[0],), names[1], matrix[:, :, None, None], np.zeros(len(matrix)))
        importer.add(mixed, (len(matrix), *sides))
        tensor = names[1]
    shape = (channels, len(down), len(right))
    importer.produce(node, Turned((node.name,), (tensor,), node.outputs[0], shape), shape)


def _sides(pixels: int, channels: int) -> tuple[int, int]:
    """Returns height and width of so many pixels: those that the KPU takes with the least memory, if it takes any.

    A 1x1 layer does not care which pixels are neighbours.
    """
    pairs = [(pixels // width, width) for width in range(1, min(pixels, WIDEST) + 1) if pixels % width == 0]
    good = [pair for pair in pairs if LEAST_SIDE <= pair[0] <= HIGHEST and pair[1] >= LEAST_SIDE]
    return min(good or [max(pairs, key=min)], key=lambda pair: MapLayout(channels, *pair).rows)


@dataclass(frozen=True, eq=False)
class Repeated(Moved):
    """One number for each channel (channels,) as a map (channels, *sides)."""

    sides: tuple[int, int]
    operators = ("Resize",)

    def evaluate(self, values: Sequence[Values]) -> Values:
        return np.broadcast_to(values[0][:, :, None, None], (*values[0].shape, *self.sides)).copy()

    def last_layer(self, quantiser: Quantiser, source: str) -> Layer:
        return RepeatedBytes(self.sources, (source,), self.output)


@dataclass(frozen=True, eq=False)
class RepeatedBytes(Layer):
    """Layer 23 of v3, from maps of one pixel."""

    title = "repeat"

    def write(self, writer: KModelWriter, inputs: Sequence[PlacedTensor], shape: Shape) -> PlacedTensor:
        return writer.repeated(inputs[0], shape[1:])


def weights_of(at: NDArray[np.float32], side: int) -> Array:
    """Returns the matrix (positions, side) of linear interpolation at the positions ``at``, in old pixels."""
    at = np.clip(at, 0, side - 1)
    low = np.floor(at).astype(int)
    matrix: Array = np.zeros((len(at), side))
    index = np.arange(len(at))
    matrix[index, low] += 1 - (at - low)
    matrix[index, np.minimum(low + 1, side - 1)] += at - low
    return matrix
