"""Picks pixels of a map from its first pixel on: a crop, or a stride that the KPU does not have. ONNX has no such node.

The firmware's max pool with a window of one pixel copies the pixels that it takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from maixswitch.convert.graph.float_math import Values
from maixswitch.convert.graph.graph import Graph, Phase
from maixswitch.convert.graph.window import Pair
from maixswitch.convert.lower.layers import Layer, Shape
from maixswitch.convert.quantise.quantiser import Quantiser
from maixswitch.kmodel.format.v3_layers import QuantizedMaxPool
from maixswitch.kmodel.write.value import PlacedTensor
from maixswitch.kmodel.write.writer import KModelWriter

from .moved import Moved
from .pool import Pool

MAX_POOL = 8
"""Type of a quantized_max_pool2d layer."""
TILES = ("max2", "mean2", "max4", "mean4")


@dataclass(frozen=True, eq=False)
class Subsample(Moved):
    """Takes ``sides`` pixels (height, width), each ``strides`` (y, x) after the one before, from the first pixel on."""

    strides: Pair
    sides: Pair

    def evaluate(self, values: Sequence[Values]) -> Values:
        (down, right), (height, width) = self.strides, self.sides
        return values[0][:, :, : height * down : down, : width * right : right]

    def rewrite(self, graph: Graph, phase: Phase) -> bool:
        """Moves a crop behind a pool, which then may become part of the KPU layer before it."""
        pool = graph.only_reader(self.output) if phase is Phase.POOLS else None
        if not isinstance(pool, Pool) or pool.window is not None or pool.pool not in TILES or self.strides != (1, 1):
            return False
        # A tile that the crop cuts through would take pixels that the crop leaves out.
        size = int(pool.pool[-1])
        if any(side % size for side in self.sides):
            return False
        channels, height, width = graph.shapes[self.inputs[0]]
        name = graph.name(pool.output, "wide")
        graph.shapes[name] = (channels, height // size, width // size)
        sides = (self.sides[0] // size, self.sides[1] // size)
        graph.swap(self, [replace(pool, inputs=self.inputs, output=name)])
        graph.swap(pool, [replace(self, inputs=(name,), output=pool.output, sides=sides)])
        return True

    def last_layer(self, quantiser: Quantiser, source: str) -> Layer:
        return SubsampledPixels(self.sources, (source,), self.output, self.strides)


@dataclass(frozen=True, eq=False)
class SubsampledPixels(Layer):
    """Layer 8 of v3 with a window of one pixel: every ``strides``-th pixel (y, x), from the first one on."""

    strides: Pair
    title = "pick pixels"

    def write(self, writer: KModelWriter, inputs: Sequence[PlacedTensor], shape: Shape) -> PlacedTensor:
        (channels, height, width), (down, right) = inputs[0].shape, self.strides
        sizes = (width, height, channels, shape[2], shape[1], channels, 1, 1, right, down, 0, 0)
        return writer.layer(MAX_POOL, QuantizedMaxPool, [inputs[0]], shape, "uint8", *sizes)
