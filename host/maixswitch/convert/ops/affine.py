"""BatchNormalization: a factor and an offset for each channel, which are folded into a neighbouring operation."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from maixswitch.convert.graph.curve import Function, after, bend, straight
from maixswitch.convert.graph.float_math import Array
from maixswitch.convert.graph.graph import Graph, Node, Phase
from maixswitch.convert.graph.importer import Importer
from maixswitch.convert.graph.onnx_node import OnnxNode
from maixswitch.convert.graph.value import Value, per_channel, spread
from maixswitch.convert.lower.layers import Shape
from maixswitch.convert.refusals import AGAIN, DIVERGED, ONE_NUMBER
from maixswitch.language import tr, word

from .conv import depthwise
from .fully_connected import FullyConnected
from .operator import Operator
from .unary import Unary
from .views import flat

LARGEST_DIAGONAL = 1024


@dataclass(frozen=True, eq=False)
class Affine(Node):
    """x * factor + offset, one number each for a channel, or for an element of a flat tensor.

    It never outlives the phase SCALING_LEFT, so it needs no evaluation.
    """

    factor: Array
    offset: Array

    @property
    def uniform(self) -> bool:
        """Are factor and offset the same everywhere?"""
        return bool((self.factor == self.factor[0]).all() and (self.offset == self.offset[0]).all())

    def line(self) -> Function:
        """Returns the function of a uniform one."""
        return straight(float(self.factor[0]), float(self.offset[0]))

    def scaled_behind(self, factor: Array, offset: Array) -> Node | None:
        return replace(self, factor=self.factor * factor, offset=self.offset * factor + offset)

    def rewrite(self, graph: Graph, phase: Phase) -> bool:
        if phase is Phase.SCALING:
            # The operation before comes first. The one after may pad with zeros, which an offset would change.
            return self._into_maker(graph) or self._into_reader(graph) or self._into_curve(graph)
        if phase is Phase.SCALING_LEFT:
            graph.swap(self, [self._alone(graph)])
            return True
        return False

    def _into_maker(self, graph: Graph) -> bool:
        """Moves into the operation before it, or past a pool towards a convolution."""
        maker = graph.sole_maker(self)
        # If other nodes read the tensor before, scaling it would change their input.
        if maker is None:
            return False
        # A convolution without an activation takes factor and offset into its weights, at no cost on the board.
        scaled = maker.scaled_behind(self.factor, self.offset)
        if scaled is not None:
            graph.join(maker, self, scaled)
            return True
        # Passing a pool is only useful if the convolution before it can take the scaling in.
        above = graph.sole_maker(maker) if maker.lets_scaling_pass(self.factor) else None
        if above is None or not above.on_kpu:
            return False
        graph.exchange(maker, self)
        return True

    def _into_reader(self, graph: Graph) -> bool:
        """Moves into the operation after it, or past a mean or a flattening towards one."""
        # With several readers, each would need the scaling. One separate operation is cheaper.
        reader = graph.only_reader(self.output)
        if reader is None:
            return False
        # The reader takes the factor into its weights, if its padding does not depend on the offset.
        scaled = reader.scaled_before(self.factor, self.offset)
        if scaled is not None:
            graph.join(self, reader, replace(scaled, inputs=self.inputs))
            return True
        # A mean or a flattening keeps channels apart, so the scaling may come after it.
        behind = graph.only_reader(reader.output) if reader.keeps_channels_apart else None
        if behind is None:
            return False
        # Flattening makes several elements of each channel, which all get the numbers of their channel.
        times = graph.shapes[reader.output][0] // len(self.factor)
        factor, offset = np.repeat(self.factor, times), np.repeat(self.offset, times)
        # The exchange is only worth it if the scaling then disappears.
        if behind.scaled_before(factor, offset) is None:
            return False
        name = graph.name(reader.output, "before")
        graph.shapes[name] = graph.shapes[reader.output]
        graph.nodes.remove(self)
        later = replace(self, inputs=(name,), output=reader.output, factor=factor, offset=offset)
        graph.swap(reader, [replace(reader, inputs=self.inputs, output=name), later])
        return True

    def _into_curve(self, graph: Graph) -> bool:
        maker = graph.sole_maker(self)
        # A table can take in one line for all bytes, but not one for each channel.
        if not isinstance(maker, Unary) or not self.uniform:
            return False
        # The ends of a clamp are not those of the clamp times a factor, so the curve is any curve from now on.
        inner = bend(maker.curve.name, maker.curve.evaluate, maker.curve.rising)
        graph.join(maker, self, replace(maker, curve=after(self.line(), inner).curve))
        return True

    def _alone(self, graph: Graph) -> Node:
        """Returns an operation for the scaling alone."""
        # A uniform line is a table of 256. Numbers that differ by channel need a depthwise layer.
        if self.uniform:
            return Unary(self.sources, self.inputs, self.output, self.line().curve)
        if len(graph.shapes[self.output]) == 3:
            return replace(depthwise(self.sources, self.inputs[0], self.output, self.factor), bias=self.offset)
        # A diagonal matrix has the square of its length, so a long one would fill the board's memory with zeros.
        if len(self.factor) > LARGEST_DIAGONAL:
            why = tr("it scales {count} numbers one by one", count=len(self.factor))
            remedy = word("put it right after a convolution or a fully connected layer")
            raise graph.refused(self, why, remedy)
        return FullyConnected(self.sources, self.inputs, self.output, np.diag(self.factor), self.offset)


def settle(function: Function, tensor: str, name: str, shape: Shape) -> Node:
    """Returns the node that applies a function to a tensor of this shape, and makes the tensor ``name``."""
    # A line stays an affine node for now, because it may be folded into a convolution. A curve has to be a table.
    if function.line:
        ones = np.ones(shape[0])
        return Affine(function.sources, (tensor,), name, ones * function.line[0], ones * function.line[1])
    return Unary(function.sources, (tensor,), name, function.curve)


def scale(importer: Importer, node: OnnxNode, value: Value, factor: Array, offset: Array) -> None:
    """Adds a factor and an offset, each of the shape of the value's tensor; they must be the same within a channel."""
    # A flattened map may have a number for each pixel, because then each pixel is a separate element.
    if len(importer.shape(value)) == 3 and len(value.shape) == 2 and per_channel(factor) is None:
        value = flat(importer, node)
        factor, offset = factor.ravel(), offset.ravel()
    factors, offsets = per_channel(factor), per_channel(offset)
    if factors is None or offsets is None:
        raise node.refused(tr("its numbers differ from pixel to pixel"), word(ONE_NUMBER))
    affine = Affine((node.name,), (value.tensor,), node.outputs[0], factors, offsets)
    importer.produce(node, affine, importer.shape(value), value)


def read(importer: Importer, node: OnnxNode) -> None:
    """Adds the factor and the offset of each channel."""
    value = importer.value(node)
    gain, bias, mean, var = (importer.weights(node, index) for index in range(1, 5))
    # In training mode, the mean and the variance are those of the batch, which does not exist on the board.
    # Before opset 14, the additional outputs are all that tells.
    if node.attributes.get("training_mode", 0) or any(node.outputs[1:]):
        raise node.refused(tr("it is in training mode"), word("export the network in its eval mode"))
    # numpy would broadcast parameters of different lengths, and hide a damaged file.
    if len({numbers.shape for numbers in (gain, bias, mean, var)}) == 1:
        variance = var + float(node.attributes.get("epsilon", 1e-5))
        # The root of a negative number would make NaN of the whole channel.
        if not (variance > 0).all():
            why = tr("its variance is {value}", value=f"{var.min():.3g}")
            raise node.refused(why, word(DIVERGED))
        factor = gain / np.sqrt(variance)
        # The parameters go along the second axis of ONNX, whatever the value's own order in the tensor is.
        rank = (-1, *([1] * (len(value.shape) - 2)))
        parts = [
            spread(numbers.reshape(rank), value, importer.shape(value)) for numbers in (factor, bias - mean * factor)
        ]
        if parts[0] is not None and parts[1] is not None:
            scale(importer, node, value, parts[0], parts[1])
            return
    why = tr("its inputs have shapes {left} and {right}", left=value.shape, right=gain.shape)
    raise node.refused(why, word(AGAIN))


OPERATORS = (
    Operator(
        ("BatchNormalization",),
        read,
        "folded into the convolution before or behind it",
        "constant parameters",
    ),
)
