"""PRelu: a leaky relu, or one with a slope for each channel.

The KPU has one activation table for all channels of a layer. So a PRelu with several slopes becomes two halves,
relu(x) and relu(-|slope| x), which a layer with a relu computes side by side, and their difference, which goes into the
weights of a 1x1 layer behind it, or is one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from maixswitch.convert.graph.curve import clamp
from maixswitch.convert.graph.float_math import Array, Values
from maixswitch.convert.graph.graph import Graph, Node, Phase, is_map
from maixswitch.convert.graph.importer import Importer
from maixswitch.convert.graph.onnx_node import OnnxNode
from maixswitch.convert.graph.value import per_channel, spread
from maixswitch.convert.graph.window import Window
from maixswitch.convert.refusals import ONE_NUMBER
from maixswitch.language import tr, word

from .conv import Conv
from .operator import Operator
from .unary import follow, leaky

POINT = Window((1, 1))
RELU = clamp(0.0, math.inf).curve


@dataclass(frozen=True, eq=False)
class ChannelPRelu(Node):
    """x, below zero x * slope, with a slope for each channel of a map. It does not outlive the phase CURVES."""

    slopes: Array

    def evaluate(self, values: Sequence[Values]) -> Values:
        slopes = np.asarray(self.slopes, np.float32).reshape(-1, 1, 1)
        return np.where(values[0] < 0, values[0] * slopes, values[0])

    def rewrite(self, graph: Graph, phase: Phase) -> bool:
        if phase is not Phase.CURVES:
            return False
        shape, maker = graph.shapes[self.output], graph.sole_maker(self)
        halves = graph.name(self.output, "halves")
        graph.shapes[halves] = (2 * shape[0], *shape[1:])
        # A convolution before it computes both halves at once. Otherwise, a 1x1 layer does.
        if isinstance(maker, Conv) and maker.window and maker.window.group == 1 and maker.curve is None:
            graph.nodes.remove(maker)
            sources = maker.sources + self.sources
        else:
            identity = np.eye(shape[0])[:, :, None, None]
            maker = Conv(self.sources, self.inputs, self.output, identity, np.zeros(shape[0]), window=POINT)
            sources = self.sources
        factor = np.concatenate([np.ones(shape[0]), -np.abs(self.slopes)])
        weights = np.concatenate([maker.weights, maker.weights]) * factor[:, None, None, None]
        bias = np.concatenate([maker.bias, maker.bias]) * factor
        double = replace(maker, sources=sources, output=halves, weights=weights, bias=bias, curve=RELU)
        # A relu of zero is zero, so a border of the next layer stays the same.
        one = np.eye(shape[0])
        difference = np.concatenate([one, one * -np.sign(self.slopes)], axis=1)
        readers = graph.readers(self.output)
        if self.output in graph.outputs or not readers or not all(_is_point(reader) for reader in readers):
            merge = Conv(
                self.sources, (halves,), self.output, difference[:, :, None, None], np.zeros(shape[0]), window=POINT
            )
            graph.swap(self, [double, merge])
            return True
        graph.swap(self, [double])
        for reader in readers:
            assert isinstance(reader, Conv)
            weights = np.einsum("oihw,ij->ojhw", np.asarray(reader.weights, np.float64), difference)
            graph.swap(reader, [replace(reader, inputs=(halves,), weights=weights)])
        return True


def _is_point(node: Node) -> bool:
    """Is this a 1x1 convolution, to which twice the channels cost less than another layer?"""
    return isinstance(node, Conv) and node.window is not None and (node.window.kernel, node.window.group) == ((1, 1), 1)


def read(importer: Importer, node: OnnxNode) -> None:
    """Adds a leaky relu with a constant slope, or a ChannelPRelu."""
    slopes = importer.weights(node, 1)
    # One slope is a curve, which the table of a KPU layer has.
    if (slopes == slopes.ravel()[0]).all():
        follow(importer, node, importer.waiting(node), leaky(float(slopes.ravel()[0]), node.name))
        return
    value = importer.value(node)
    shape = importer.shape(value)
    numbers = spread(slopes, value, shape) if is_map(shape) else None
    each = None if numbers is None else per_channel(numbers)
    if each is None:
        raise node.refused(tr("its slopes differ from pixel to pixel"), word(ONE_NUMBER))
    importer.produce(node, ChannelPRelu((node.name,), (value.tensor,), node.outputs[0], each), shape, value)


OPERATORS = (
    Operator(
        ("PRelu",),
        read,
        "with one slope as `LeakyRelu`; with one for each channel: twice the channels with a relu, whose difference "
        "the 1x1 layer behind it takes, or an additional one",
        "constant slopes",
        elementwise=True,
    ),
)
