"""Add, Sub, Mul and the like: of two tensors, of two functions of one tensor, or with a constant."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from maixswitch.convert.graph import curve as functions
from maixswitch.convert.graph.curve import Curve, Function, Numbers, after, both, limits_of
from maixswitch.convert.graph.float_math import Array, Values, apply
from maixswitch.convert.graph.graph import Node, is_map
from maixswitch.convert.graph.importer import Importer
from maixswitch.convert.graph.onnx_node import OnnxNode
from maixswitch.convert.graph.value import Value, same_order, spread
from maixswitch.convert.lower.layers import FloatAdd, QuantizedAdd, Shape
from maixswitch.convert.quantise.quantiser import BYTE, Quantiser
from maixswitch.convert.quantise.ranges import TensorStatistics
from maixswitch.convert.quantise.scales import saturates
from maixswitch.convert.quantise.sums import add_numbers
from maixswitch.convert.refusals import AGAIN, ATTENTION, ONE_NUMBER
from maixswitch.language import tr, word

from .affine import scale
from .fully_connected import SUM
from .operator import Operator
from .product import OPERATIONS, combine
from .unary import follow, leave

FORMULAS: dict[str, Callable[[Numbers, Numbers], Any]] = {
    "Add": np.add,
    "Sum": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Div": np.divide,
    "Pow": np.power,
    "Min": np.minimum,
    "Max": np.maximum,
}


@dataclass(frozen=True, eq=False)
class Add(Node):
    """The sum of two tensors of one shape; ``curve`` or None."""

    curve: Curve | None = None
    operators = ("Add", "Sum", "Sub")

    def evaluate(self, values: Sequence[Values]) -> Values:
        return apply(self.curve, values[0] + values[1])

    def makes_bytes(self, shape: Shape) -> bool:
        return is_map(shape)

    @property
    def limits(self) -> tuple[float, float]:
        return limits_of(self.curve)

    def with_curve(self, curve: Curve) -> Node | None:
        return replace(self, curve=curve) if self.curve is None else None

    def quantise(self, quantiser: Quantiser) -> None:
        shape = quantiser.graph.shapes[self.output]
        # Flat tensors stay floats: they are small, and bytes would cost accuracy for next to no time.
        if not is_map(shape):
            self._quantise_floats(quantiser)
            return
        a, b = (quantiser.as_byte(name) for name in self.inputs)
        out, target = quantiser.scales[self.output], self.output
        # The addition saturates at the ends of its scale. A curve that does more gets a table after the addition.
        bent = not saturates(self.curve, out)
        if bent:
            # With a curve, the scale of the sum has to cover the input of the curve, not its output.
            out, target = quantiser.scale_for(self._sums(quantiser)), self.output + SUM
        numbers = add_numbers(quantiser.scales[a], quantiser.scales[b], out)
        quantiser.put(QuantizedAdd(self.sources, (a, b), target, numbers), shape, out)
        if bent and self.curve is not None:
            quantiser.look_up(self, target, self.curve)

    def _quantise_floats(self, quantiser: Quantiser) -> None:
        floats = tuple(quantiser.as_float(name) for name in self.inputs)
        target = self.output if self.curve is None else self.output + SUM
        quantiser.put(FloatAdd(self.sources, floats, target), quantiser.graph.shapes[self.output])
        # A clamp of floats is exact. Any other curve needs a table, so the sum becomes bytes first.
        if self.curve is not None and self.curve.is_clamp:
            quantiser.clamp(self, target, self.curve)
        elif self.curve is not None:
            quantiser.round(target, target + BYTE, quantiser.scale_for(self._sums(quantiser)))
            quantiser.scales[self.output] = quantiser.scale_for(quantiser.calibration.statistics[self.output])
            quantiser.look_up(self, target + BYTE, self.curve)

    def _sums(self, quantiser: Quantiser) -> TensorStatistics:
        """The statistics of the sums before the curve."""
        left, right = quantiser.calibration.first_tensors(self.inputs)
        return TensorStatistics.of(np.asarray(left + right))


def read(importer: Importer, node: OnnxNode) -> None:
    """Adds the sum of two tensors, or a function of one."""
    # A Sum of more tensors is possible in ONNX, but the firmware adds only two.
    if len([name for name in node.inputs if name]) != 2:
        raise node.refused(tr("it takes {count} inputs", count=len(node.inputs)), word("use nodes of two inputs"))
    left, right = importer.argument(node, 0), importer.argument(node, 1)
    # A constant is folded and costs nothing. Only a sum of two tensors needs a layer.
    if isinstance(left, Value) and isinstance(right, Value):
        _two_tensors(importer, node, importer.waiting(node, 0), importer.waiting(node, 1))
    elif isinstance(left, Value):
        _with_constant(importer, node, importer.waiting(node, 0), importer.weights(node, 1), False)
    else:
        _with_constant(importer, node, importer.waiting(node, 1), importer.weights(node, 0), True)


def _two_tensors(importer: Importer, node: OnnxNode, left: Value, right: Value) -> None:
    alike = left.shape == right.shape and same_order(left, right)
    # Two functions of one tensor are one function, such as x * sigmoid(x).
    if alike and left.tensor == right.tensor:
        leave(importer, node, left, _one_function(node, left.function, right.function))
        return
    if node.kind not in OPERATIONS:
        raise node.refused(tr("it takes two tensors"), word(ATTENTION))
    # v3 can only add two different tensors of one shape.
    if node.kind not in ("Add", "Sum", "Sub") or not alike:
        combine(importer, node, left, right)
        return
    left = importer.settled(left)
    # A subtraction adds the negative, which is folded into the layer that makes the right side.
    if node.kind == "Sub":
        minus = Function(functions.straight(-1, 0).curve, (-1.0, 0.0), (node.name,))
        name = importer.graph.name(right.name, "minus")
        right = Value(name, right.tensor, right.shape, right.order, after(minus, right.function))
    right = importer.settled(right)
    add = Add((node.name,), (left.tensor, right.tensor), node.outputs[0])
    importer.produce(node, add, importer.shape(left), left)


def _one_function(node: OnnxNode, left: Function, right: Function) -> Function:
    function = both(FORMULAS[node.kind], left, right, node.kind.lower())
    if left.line and right.line and node.kind in ("Add", "Sum", "Sub"):  # the sum of two lines is a line
        sign = -1 if node.kind == "Sub" else 1
        (a, b), (c, d) = left.line, right.line
        line = (a + sign * c, b + sign * d)
        return Function(functions.straight(*line).curve, line, (node.name,))
    return Function(function.curve, function.line, (*function.sources, node.name))


def _with_constant(importer: Importer, node: OnnxNode, value: Value, constant: Array, swapped: bool) -> None:
    """``swapped``: the constant is the first input."""
    # One number for all elements gives a function, which may wait for the next nodes.
    if constant.size == 1 and constant.ndim <= len(value.shape):
        follow(importer, node, value, _scalar(node, float(constant.ravel()[0]), swapped))
        return
    # A number for each channel can only be a factor and an offset. Any other function would need a table for each.
    if node.kind not in ("Add", "Sum", "Sub", "Mul", "Div") or (node.kind == "Div" and swapped):
        raise node.refused(tr("it takes a constant for each channel"), word("use one number for all channels"))
    value = importer.settled(value)
    numbers = spread(constant, value, importer.shape(value))
    if numbers is None:
        why = tr("its inputs have shapes {left} and {right}", left=value.shape, right=constant.shape)
        raise node.refused(why, word(ONE_NUMBER))
    # An infinite factor would pass through the folding, and the weights would then be refused in another node.
    if node.kind == "Div" and not numbers.all():
        raise node.refused(tr("it divides by zero"), word(AGAIN))
    # Every case becomes one factor and one offset, so that folding only has to know one form.
    ones = np.ones(numbers.shape)
    if node.kind in ("Mul", "Div"):
        scale(importer, node, value, numbers if node.kind == "Mul" else 1 / numbers, 0 * ones)
    elif node.kind == "Sub" and swapped:
        scale(importer, node, value, -ones, numbers)
    else:
        scale(importer, node, value, ones, -numbers if node.kind == "Sub" else numbers)


def _scalar(node: OnnxNode, number: float, swapped: bool) -> Function:
    """Returns the function of one tensor and one number."""
    name, kind = node.name, node.kind
    # Lines come first where possible, since they are folded into weights. A bend always costs a table.
    if kind in ("Add", "Sum"):
        return functions.straight(1, number, name)
    if kind == "Sub":
        return functions.straight(-1, number, name) if swapped else functions.straight(1, -number, name)
    if kind == "Mul":
        return functions.straight(number, 0, name)
    if kind == "Min":
        return functions.clamp(-math.inf, number, name)
    if kind == "Max":
        return functions.clamp(number, math.inf, name)
    # A division by the tensor is not a line, and it does not always rise.
    if kind == "Div" and swapped:
        return functions.bend("over", lambda x: number / x, False, name)
    if kind == "Div":
        if number == 0:
            raise node.refused(tr("it divides by zero"), word(AGAIN))
        return functions.straight(1 / number, 0, name)
    # A power of a constant base rises if the base is at least 1. One of a constant exponent may fall.
    if swapped:
        return functions.bend("power", lambda x: np.power(number, x), number >= 1, name)
    return functions.bend("power", lambda x: np.power(x, number), False, name)


OPERATORS = (
    Operator(
        tuple(FORMULAS),
        read,
        "with a constant: folded; a sum of two maps: an integer addition; of one tensor's functions "
        "(x * sigmoid(x)): curve; any other two tensors, such as a map and one number a channel: bytes on the CPU, in "
        "kmodel v4; the layers between a mean and such numbers (squeeze and excitation): KPU layers",
        "no quotient and no power of two different tensors; one of the two has the shape of the result",
        elementwise=True,
    ),
)
