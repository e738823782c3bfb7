"""Softmax over a flat tensor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from maixswitch.convert.graph.float_math import Values
from maixswitch.convert.graph.graph import Node
from maixswitch.convert.graph.importer import Importer
from maixswitch.convert.graph.onnx_node import OnnxNode
from maixswitch.convert.lower.layers import Layer, Shape
from maixswitch.convert.quantise.quantiser import Quantiser
from maixswitch.convert.refusals import LEAVE_OUT
from maixswitch.kmodel.write.value import PlacedTensor
from maixswitch.kmodel.write.writer import KModelWriter
from maixswitch.language import tr, word

from .operator import Operator
from .views import flat


@dataclass(frozen=True, eq=False)
class Softmax(Node):
    """(n,) to values that add up to 1."""

    def evaluate(self, values: Sequence[Values]) -> Values:
        powers = np.exp(values[0] - values[0].max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))

    def quantise(self, quantiser: Quantiser) -> None:
        floats = quantiser.as_float(self.inputs[0])
        quantiser.put(FloatSoftmax(self.sources, (floats,), self.output), quantiser.graph.shapes[self.output])


@dataclass(frozen=True, eq=False)
class FloatSoftmax(Layer):
    """Layer 15 of v3."""

    title = "softmax"

    def write(self, writer: KModelWriter, inputs: Sequence[PlacedTensor], shape: Shape) -> PlacedTensor:
        return writer.softmax(inputs[0])


def read(importer: Importer, node: OnnxNode) -> None:
    """Adds a Softmax over all elements."""
    value = importer.value(node)
    axis = importer.axis(node, value, -1)
    # The firmware's layer takes the softmax over all numbers, so all of them have to lie along the axis.
    if int(np.prod(value.shape)) != value.shape[axis]:
        why = tr("it goes along axis {axis} of shape {shape}", axis=axis, shape=value.shape)
        remedy = word("end the network with the convolution: the board's programs do this themselves")
        raise node.refused(why, remedy)
    value = flat(importer, node)
    softmax = Softmax((node.name,), (value.tensor,), node.outputs[0])
    importer.produce(node, softmax, importer.shape(value), value)


OPERATORS = (Operator(("Softmax",), read, "float32 on the CPU", "over a flat tensor"),)
REFUSED = {
    "LogSoftmax": "use Softmax, or leave it out: the order of the classes stays the same",
    "Hardmax": LEAVE_OUT,
}
