"""The base of the nodes that move the elements of a map and change none, so that the bytes stay exact."""

from __future__ import annotations

from dataclasses import dataclass

from maixswitch.convert.graph.curve import Curve
from maixswitch.convert.graph.graph import Node, ScaleFrom
from maixswitch.convert.lower.layers import Layer, Shape
from maixswitch.convert.quantise.quantiser import Quantiser


@dataclass(frozen=True, eq=False)
class Moved(Node):
    """A map of bytes whose elements are elements of the input."""

    scale_from = ScaleFrom.INPUT

    def makes_bytes(self, shape: Shape) -> bool:
        return True

    def lets_curve_pass(self, curve: Curve) -> bool:
        return True

    def quantise(self, quantiser: Quantiser) -> None:
        source = quantiser.as_byte(self.inputs[0])
        layer = self.last_layer(quantiser, source)
        quantiser.put(layer, quantiser.graph.shapes[self.output], quantiser.scales[source])

    def last_layer(self, quantiser: Quantiser, source: str) -> Layer:
        """Returns the layer that makes the output, after adding those before it; ``source``: the bytes to read."""
        raise NotImplementedError
