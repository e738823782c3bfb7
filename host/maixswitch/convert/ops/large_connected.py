"""Large fully connected layers: bytes and the KPU, because a float takes four times as much of the file as a byte."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from maixswitch.convert.graph.curve import Curve, limits_of
from maixswitch.convert.graph.float_math import Values
from maixswitch.convert.graph.graph import Graph, Node
from maixswitch.convert.lower.layers import Shape
from maixswitch.convert.lower.limits import MAX_CHANNELS
from maixswitch.convert.quantise.quantiser import Quantiser
from maixswitch.convert.quantise.scales import saturates

from .arithmetic import Add
from .conv import Conv, kpu_layer
from .fully_connected import FullyConnected
from .selection import FlatSelection

LARGE = 1 << 18
"""Weights from which on a layer counts as large: 1 MiB of floats."""


@dataclass(frozen=True, eq=False)
class LargeFullyConnected(FullyConnected):
    """(n,) to (out,) as bytes; ``curve`` is any."""

    def makes_bytes(self, shape: Shape) -> bool:
        return True

    @property
    def limits(self) -> tuple[float, float]:
        return limits_of(self.curve)

    def reach(self, largest: float) -> float:
        return self._conv(self.inputs[0]).reach(largest)

    def with_curve(self, curve: Curve) -> Node | None:
        return replace(self, curve=curve) if self.curve is None else None

    def quantise(self, quantiser: Quantiser) -> None:
        source, out = quantiser.as_byte(self.inputs[0]), quantiser.scales[self.output]
        conv = self._conv(source)
        exact, levels = quantiser.calibration.tensors[quantiser.origin[source]], quantiser.trial.values(source)
        sums = None
        if not saturates(self.curve, out):
            sums = conv.sums(_as_map(quantiser.calibration.first_tensors(self.inputs)[0]))
        layer = kpu_layer(conv, quantiser.scales[source], out, (_as_map(exact), _as_map(levels)), sums)
        quantiser.put(layer, quantiser.graph.shapes[self.output], out)

    def _conv(self, source: str) -> Conv:
        """The layer as a convolution of maps of one pixel."""
        weights = self.weights[:, :, None, None]
        return Conv(self.sources, (source,), self.output, weights, self.bias, curve=self.curve)


def as_bytes(graph: Graph, node: FullyConnected) -> bool:
    """Replaces a large layer that the KPU can compute by one of bytes, or several; returns whether it did."""
    out, inner = node.weights.shape
    # A network of numbers has to start with a layer of floats.
    if out * inner < LARGE or out > MAX_CHANNELS or node.inputs[0] == graph.input:
        return False
    if inner <= MAX_CHANNELS:
        bytes_of = LargeFullyConnected(node.sources, node.inputs, node.output, node.weights, node.bias, node.curve)
        graph.swap(node, [bytes_of])
    # A part of a sum has the range that the file states for the sum. Without that one, its range would be unknown.
    elif graph.ranges and graph.range_of(node.output) is None:
        return False
    else:
        graph.swap(node, _over_inputs(graph, node))
    return True


def _over_inputs(graph: Graph, node: FullyConnected) -> list[Node]:
    """Returns layers that read as many inputs as the KPU has, and the sum of their results, as floats."""
    nodes, total = list[Node](), ""
    out, inner = node.weights.shape
    for positions in np.array_split(np.arange(inner), -(-inner // MAX_CHANNELS)):
        inputs, part = graph.name(node.inputs[0], "part"), graph.name(node.output, "part")
        graph.shapes[inputs], graph.shapes[part] = (len(positions),), (out,)
        weights, bias = node.weights[:, positions], node.bias * (not total)
        nodes.append(FlatSelection(node.sources, node.inputs, inputs, positions))
        nodes.append(LargeFullyConnected(node.sources, (inputs,), part, weights, bias))
        if total:
            last = positions[-1] == inner - 1
            output = node.output if last else graph.name(node.output, "part")
            graph.shapes[output] = (out,)
            nodes.append(Add(node.sources, (total, part), output, node.curve if last else None))
            part = output
        total = part
    return nodes


def _as_map(values: Values) -> Values:
    return np.asarray(values).reshape(*values.shape, 1, 1)
