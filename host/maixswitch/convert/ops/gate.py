"""Squeeze and excitation: the mean of each map, small layers, and a number for each channel that the map is times.

Elsewhere a mean is a tensor of floats, and so are the fully connected layers behind it. Here their result has to be
bytes, so the mean is one of bytes, and the layers are 1x1 convolutions of the KPU, with their curves in its table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from maixswitch.convert.graph.float_math import Values
from maixswitch.convert.graph.graph import Graph, Node
from maixswitch.convert.lower.layers import Layer, Shape
from maixswitch.convert.lower.limits import MAX_CHANNELS
from maixswitch.convert.quantise.quantiser import Quantiser
from maixswitch.kmodel.write.quantize import Scale
from maixswitch.kmodel.write.value import PlacedTensor
from maixswitch.kmodel.write.writer import KModelWriter

from .concat import Concat
from .conv import Conv
from .fully_connected import FullyConnected
from .global_mean import GlobalMean
from .unary import Unary


@dataclass(frozen=True, eq=False)
class ByteMean(Node):
    """(c, h, w) to (n, 1, 1): the mean of each map, for n channels from ``first`` on."""

    first: int
    count: int
    keeps_channels_apart = True

    def evaluate(self, values: Sequence[Values]) -> Values:
        maps = values[0][:, self.first : self.first + self.count]
        return np.asarray(np.mean(maps, axis=(2, 3), keepdims=True, dtype=np.float64), np.float32)

    def makes_bytes(self, shape: Shape) -> bool:
        return True

    def quantise(self, quantiser: Quantiser) -> None:
        source, out = quantiser.as_byte(self.inputs[0]), quantiser.scales[self.output]
        layer = QuantizedMean(self.sources, (source,), self.output, self.first, quantiser.scales[source], out)
        quantiser.put(layer, quantiser.graph.shapes[self.output], out)


@dataclass(frozen=True, eq=False)
class QuantizedMean(Layer):
    """Node 0x0F of v4: a convolution of each map with a kernel of ones as large as the map."""

    first: int
    source: Scale
    out: Scale
    title = "mean"
    needs_v4 = True

    def write(self, writer: KModelWriter, inputs: Sequence[PlacedTensor], shape: Shape) -> PlacedTensor:
        def make(net: Any, sources: list[PlacedTensor]) -> PlacedTensor:
            height, width = sources[0].shape[1:]
            maps = sources[0].viewed((shape[0], height, width), offset=self.first * height * width)
            return net.quantized_mean(maps, self.source, self.out)  # type: ignore[no-any-return]

        return writer.only_v4(inputs, shape, "uint8", make)


def to_kpu(graph: Graph, tensor: str, reader: Node) -> bool:
    """Rewrites the layers from a mean to a flat tensor for the KPU; returns whether it did.

    They must be a chain that only ``reader`` reads.
    """
    chain: list[Node] = []
    while True:
        maker = graph.maker(tensor)
        if maker is None or graph.only_reader(tensor) is not reader:
            return False
        chain.append(maker)
        if isinstance(maker, GlobalMean):
            break
        if not isinstance(maker, FullyConnected | Unary):
            return False
        tensor, reader = maker.inputs[0], maker
    mean, *layers = reversed(chain)
    _split_mean(graph, mean)
    for node in layers:
        graph.shapes[node.output] = (graph.shapes[node.output][0], 1, 1)
        if isinstance(node, FullyConnected):
            weights = node.weights[:, :, None, None]
            graph.swap(node, [Conv(node.sources, node.inputs, node.output, weights, node.bias, curve=node.curve)])
            continue
        assert isinstance(node, Unary)
        maker = graph.maker(node.inputs[0])
        joined = maker.with_curve(node.curve) if isinstance(maker, Conv) else None
        if maker is not None and joined is not None:
            graph.join(maker, node, joined)
    return True


def _split_mean(graph: Graph, mean: Node) -> None:
    """Replaces a mean by one of bytes, or several whose channels the KPU can read."""
    count = graph.shapes[mean.output][0]
    graph.shapes[mean.output] = (count, 1, 1)
    if count <= MAX_CHANNELS:
        graph.swap(mean, [ByteMean(mean.sources, mean.inputs, mean.output, 0, count)])
        return
    parts = []
    for channels in np.array_split(np.arange(count), -(-count // MAX_CHANNELS)):
        name = graph.name(mean.output, "part")
        graph.shapes[name] = (len(channels), 1, 1)
        parts.append(ByteMean(mean.sources, mean.inputs, name, int(channels[0]), len(channels)))
    joined = Concat(mean.sources, tuple(part.output for part in parts), mean.output)
    graph.swap(mean, [*parts, joined])
