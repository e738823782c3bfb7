"""Softmax over a flat tensor, and those at the end of a network that are left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from maixswitch.convert.graph.float_math import Values
from maixswitch.convert.graph.graph import Node
from maixswitch.convert.graph.importer import Importer
from maixswitch.convert.graph.onnx_node import OnnxNode
from maixswitch.convert.graph.value import Value
from maixswitch.convert.lower.layers import Layer, Shape
from maixswitch.convert.quantise.quantiser import Quantiser
from maixswitch.convert.refusals import LEAVE_OUT
from maixswitch.kmodel.write.value import PlacedTensor
from maixswitch.kmodel.write.writer import KModelWriter
from maixswitch.language import tr, word

from .operator import Operator
from .views import flat

VIEWS = (
    *("Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Identity"),
    *("QuantizeLinear", "DequantizeLinear"),
)
"""Operators that may come behind a node that is left out at the end."""


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
    """Adds a Softmax over all elements, or leaves out one at the end of the network that goes over part of them."""
    value = importer.value(node)
    axis = importer.axis(node, value, -1)
    # The firmware's layer takes the softmax over all numbers, so all of them have to lie along the axis.
    if int(np.prod(value.shape)) != value.shape[axis]:
        _leave_out(importer, node, value, axis)
        return
    value = flat(importer, node)
    softmax = Softmax((node.name,), (value.tensor,), node.outputs[0])
    importer.produce(node, softmax, importer.shape(value), value)


def read_log(importer: Importer, node: OnnxNode) -> None:
    """Leaves out a LogSoftmax at the end of the network, which does not change which class is the best."""
    value = importer.value(node)
    _leave_out(importer, node, value, importer.axis(node, value, -1))


def _leave_out(importer: Importer, node: OnnxNode, value: Value, axis: int) -> None:
    """Makes the output its input, with a note. MaixSwitchError if another node needs the result."""
    if not _is_last(importer, node.outputs[0]):
        why = tr("it goes along axis {axis} of shape {shape}", axis=axis, shape=value.shape)
        remedy = word("end the network with the convolution: the board's programs do this themselves")
        raise node.refused(why, remedy)
    note = tr(
        "{kind} {name} is left out: output {tensor} has the numbers before it, and the best class stays the same",
        kind=node.kind,
        name=node.name,
        tensor=value.name,
    )
    importer.graph.notes.append(note)
    importer.values[node.outputs[0]] = value
    importer.uncomputed.update(_behind(importer, node.outputs[0]))


def _is_last(importer: Importer, name: str) -> bool:
    """Do only other views of the tensor, or nothing, come behind it?"""
    readers = importer.readers.get(name, [])
    return all(reader.kind in VIEWS and _is_last(importer, reader.outputs[0]) for reader in readers)


def _behind(importer: Importer, name: str) -> Iterator[str]:
    """Yields the names of all tensors made of one."""
    for reader in importer.readers.get(name, []):
        yield reader.outputs[0]
        yield from _behind(importer, reader.outputs[0])


OPERATORS = (
    Operator(
        ("Softmax",), read, "float32 on the CPU", "over a flat tensor; otherwise left out with a note, at the end"
    ),
    Operator(("LogSoftmax",), read_log, "left out with a note", "at the end of the network"),
)
REFUSED = {"Hardmax": LEAVE_OUT}
