"""A map with a border of zeros, where a result is larger than the map: no layer of the KPU makes a map larger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from maixswitch.convert.graph.curve import Curve
from maixswitch.convert.graph.float_math import Values
from maixswitch.convert.graph.graph import Graph, Node, ScaleFrom
from maixswitch.convert.graph.window import Pads
from maixswitch.convert.lower.layers import Layer, Shape
from maixswitch.convert.quantise.quantiser import Quantiser
from maixswitch.kmodel.write.value import PlacedTensor
from maixswitch.kmodel.write.writer import KModelWriter

from .depth_to_space import one_byte
from .selection import MOST_PIECES


@dataclass(frozen=True, eq=False)
class Grown(Node):
    """(c, h, w) with zeros around it; ``pads``: top, left, bottom, right."""

    pads: Pads
    scale_from = ScaleFrom.INPUT

    def evaluate(self, values: Sequence[Values]) -> Values:
        top, left, bottom, right = self.pads
        return np.pad(values[0], ((0, 0), (0, 0), (top, bottom), (left, right)))

    def makes_bytes(self, shape: Shape) -> bool:
        return True

    def lets_curve_pass(self, curve: Curve) -> bool:
        return bool(curve.evaluate(np.zeros(1))[0] == 0)

    def quantise(self, quantiser: Quantiser) -> None:
        source = quantiser.as_byte(self.inputs[0])
        scale = quantiser.scales[source]
        layer = GrownBytes(self.sources, (source,), self.output, self.pads, scale.zero)
        quantiser.put(layer, quantiser.graph.shapes[self.output], scale)


@dataclass(frozen=True, eq=False)
class GrownBytes(Layer):
    """A border of the byte ``zero``, by concatenations of layer 17 of v3; ``pads``: top, left, bottom, right."""

    pads: Pads
    zero: int
    title = "border"

    def write(self, writer: KModelWriter, inputs: Sequence[PlacedTensor], shape: Shape) -> PlacedTensor:
        channels, height, width = inputs[0].shape
        top, left, bottom, right = self.pads
        # Between two lines there are the right border of the first and the left one of the second; so one run of zeros
        # is enough, of which each gap takes its length.
        line = left + width + right
        longest = max(left + right, (bottom + top) * line + left + right)
        zeros = writer.concat([one_byte(writer, inputs[0], self.zero)] * longest, (longest,))
        parts: list[tuple[PlacedTensor, int, int]] = []
        gap = top * line + left
        for channel in range(channels):
            for row in range(height):
                parts += [(zeros, 0, gap)] if gap else []
                parts.append((inputs[0], (channel * height + row) * width, width))
                gap = left + right
            gap += (bottom + top) * line
        gap = right + bottom * line
        parts += [(zeros, 0, gap)] if gap else []
        return writer.pieces(parts, shape)


def grown(graph: Graph, sources: tuple[str, ...], source: str, output: str, pads: Pads) -> Grown | None:
    """Returns a node for a border around the tensor ``source``, with its shape; None if it takes too many pieces."""
    channels, height, width = graph.shapes[source]
    top, left, bottom, right = pads
    if 2 * channels * height > MOST_PIECES:
        return None
    name = graph.name(output, "grown")
    graph.shapes[name] = (channels, top + height + bottom, left + width + right)
    return Grown(sources, (source,), name, pads)
