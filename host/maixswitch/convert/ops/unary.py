"""Activations: functions of one number, whichever operators they consist of.

A function waits in a value while all its readers can become part of it. So x * sigmoid(x) becomes one curve.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from maixswitch.convert.graph.curve import Curve, Formula, Function, Numbers, after, bend, clamp, limits_of, straight
from maixswitch.convert.graph.float_math import Values, apply
from maixswitch.convert.graph.graph import Graph, Node, Phase
from maixswitch.convert.graph.importer import Importer
from maixswitch.convert.graph.onnx_node import OnnxNode
from maixswitch.convert.graph.value import Value
from maixswitch.convert.lower.layers import Layer, Shape
from maixswitch.convert.quantise.quantiser import Quantiser
from maixswitch.convert.refusals import AGAIN, DIVERGED
from maixswitch.kmodel.write.value import PlacedTensor
from maixswitch.kmodel.write.writer import KModelWriter
from maixswitch.language import tr, word

from .operator import Operator

LONGEST = 14
"""The largest number of nodes in one curve; each may double the work of evaluating it."""
LEVELS = 256
LOGISTIC = ("sigmoid", "logistic")
"""Curves for which the firmware has a layer of floats."""


@dataclass(frozen=True, eq=False)
class Unary(Node):
    """A curve that is not part of a convolution."""

    curve: Curve

    def evaluate(self, values: Sequence[Values]) -> Values:
        return apply(self.curve, values[0])

    def makes_bytes(self, shape: Shape) -> bool:
        return True

    @property
    def limits(self) -> tuple[float, float]:
        return limits_of(self.curve)

    def rewrite(self, graph: Graph, phase: Phase) -> bool:
        """Moves into the operation before it, past a maximum or a Resize if that does not change the result."""
        if phase is not Phase.CURVES:
            return False
        # Before the pool, the curve is part of the convolution and costs nothing. After it, the curve is a layer.
        curve, moved = self, False
        while (maker := graph.sole_maker(curve)) is not None and _may_pass(graph, maker, curve.curve):
            exchanged = graph.exchange(maker, curve)
            assert isinstance(exchanged, Unary)
            curve, moved = exchanged, True
        joined = None if maker is None else maker.with_curve(curve.curve)
        if maker is None or joined is None:
            return moved
        graph.join(maker, curve, joined)
        return True

    def quantise(self, quantiser: Quantiser) -> None:
        name = self.inputs[0]
        # A table needs bytes. It is used if the tensor already is bytes, or if the curve has no layer of floats.
        if name in quantiser.scales or not (self.curve.name in LOGISTIC or self.curve.is_clamp):
            quantiser.look_up(self, quantiser.as_byte(name), self.curve)
            return
        # These two curves of floats give floats, although the plan of scales expected bytes.
        del quantiser.scales[self.output]
        if self.curve.is_clamp:
            quantiser.clamp(self, name, self.curve)
        else:
            quantiser.put(FloatLogistic(self.sources, (name,), self.output), quantiser.shapes[name])


@dataclass(frozen=True, eq=False)
class FloatLogistic(Layer):
    """Layer 25 of v3."""

    title = "logistic"

    def write(self, writer: KModelWriter, inputs: Sequence[PlacedTensor], shape: Shape) -> PlacedTensor:
        return writer.logistic(inputs[0])


def _may_pass(graph: Graph, maker: Node, curve: Curve) -> bool:
    """Can the curve move before the maker, and does a KPU layer further up take it in?"""
    if not maker.lets_curve_pass(curve):
        return False
    above = graph.sole_maker(maker)
    if above is None:
        return False
    # Moving up is only useful if a KPU layer takes the curve in at the end.
    return _may_pass(graph, above, curve) or (above.on_kpu and above.with_curve(curve) is not None)


def sigmoid(x: Numbers) -> Numbers:
    """Returns 1 / (1 + e^-x)."""
    result: Numbers = 0.5 * (1 + np.tanh(0.5 * np.asarray(x, np.float64)))
    return result


def softplus(x: Numbers) -> Numbers:
    """Returns log(1 + e^x)."""
    result: Numbers = np.logaddexp(0.0, x)
    return result


def erf(x: Numbers) -> Numbers:
    """Returns the error function."""
    flat = [math.erf(value) for value in np.asarray(x, np.float64).ravel()]
    return np.asarray(flat, np.float64).reshape(np.shape(x))


def _elu(alpha: float) -> Formula:
    return lambda x: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def _leaky(slope: float) -> Formula:
    return lambda x: np.where(x < 0, x * slope, x)


def _selu(alpha: float, gamma: float) -> Formula:
    return lambda x: gamma * _elu(alpha)(x)


def _celu(alpha: float) -> Formula:
    return lambda x: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0) / alpha))


def _hard_sigmoid(alpha: float, beta: float) -> Formula:
    return lambda x: np.clip(alpha * x + beta, 0, 1)


def leaky(slope: float, source: str = "") -> Function:
    """Returns the function x, below zero x * slope."""
    if slope == 0:
        return clamp(0.0, math.inf, source)
    return bend("leaky_relu", _leaky(slope), slope >= 0, source)


def _gelu(approximate: str) -> Formula:
    if approximate == "tanh":
        return lambda x: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return lambda x: 0.5 * x * (1 + erf(x / math.sqrt(2)))


def _thresholded(alpha: float) -> Formula:
    return lambda x: np.where(x > alpha, x, 0.0)


def _shrink(bias: float, limit: float) -> Formula:
    return lambda x: np.where(x < -limit, x + bias, np.where(x > limit, x - bias, 0.0))


def _get(name: str, default: float) -> Callable[[dict[str, Any]], float]:
    return lambda attributes: float(attributes.get(name, default))


_alpha1, _gamma, _bias = _get("alpha", 1.0), _get("gamma", 1.0507009873554805), _get("bias", 0.0)

FUNCTIONS: dict[str, Callable[[dict[str, Any], str], Function]] = {
    "Relu": lambda a, n: clamp(0.0, math.inf, n),
    "LeakyRelu": lambda a, n: leaky(float(a.get("alpha", 0.01)), n),
    "Sigmoid": lambda a, n: bend("sigmoid", sigmoid, True, n),
    "Tanh": lambda a, n: bend("tanh", np.tanh, True, n),
    "Elu": lambda a, n: bend("elu", _elu(_alpha1(a)), _alpha1(a) >= 0, n),
    "Selu": lambda a, n: bend("selu", _selu(float(a.get("alpha", 1.6732632423543772)), _gamma(a)), False, n),
    "Celu": lambda a, n: bend("celu", _celu(_alpha1(a)), True, n),
    "Softplus": lambda a, n: bend("softplus", softplus, True, n),
    "Softsign": lambda a, n: bend("softsign", lambda x: x / (1 + np.abs(x)), True, n),
    "HardSigmoid": lambda a, n: bend(
        "hard_sigmoid", _hard_sigmoid(float(a.get("alpha", 0.2)), float(a.get("beta", 0.5))), True, n
    ),
    "HardSwish": lambda a, n: bend("hard_swish", lambda x: x * np.clip(x / 6 + 0.5, 0, 1), False, n),
    "Mish": lambda a, n: bend("mish", lambda x: x * np.tanh(softplus(x)), False, n),
    "Gelu": lambda a, n: bend("gelu", _gelu(str(a.get("approximate", "none"))), False, n),
    "ThresholdedRelu": lambda a, n: bend("thresholded_relu", _thresholded(_alpha1(a)), False, n),
    "Shrink": lambda a, n: bend("shrink", _shrink(_bias(a), float(a.get("lambd", 0.5))), False, n),
    "Abs": lambda a, n: bend("abs", np.abs, False, n),
    "Neg": lambda a, n: straight(-1.0, 0.0, n),
    "Exp": lambda a, n: bend("exp", np.exp, True, n),
    "Erf": lambda a, n: bend("erf", erf, True, n),
    "Sqrt": lambda a, n: bend("sqrt", lambda x: np.sqrt(np.maximum(x, 0)), True, n),
    "Sin": lambda a, n: bend("sin", np.sin, False, n),
    "Cos": lambda a, n: bend("cos", np.cos, False, n),
    "Reciprocal": lambda a, n: bend("reciprocal", lambda x: 1 / x, False, n),
    "Atan": lambda a, n: bend("atan", np.arctan, True, n),
}
"""Operator -> function that makes the activation from the attributes and the name of a node."""


def read(importer: Importer, node: OnnxNode) -> None:
    """Applies a function to the input, which may already be a function."""
    follow(importer, node, importer.waiting(node), FUNCTIONS[node.kind](node.attributes, node.name))


def read_clip(importer: Importer, node: OnnxNode) -> None:
    """Adds a clamp; its ends are inputs, or attributes before opset 11."""
    ends = []
    for index, (name, default) in enumerate((("min", -math.inf), ("max", math.inf)), 1):
        array = importer.constant(node, index)
        if array is not None and (array.dtype.kind not in "fiu" or not array.size):
            raise node.refused(tr("its input {number} is missing or holds no numbers", number=index + 1), word(AGAIN))
        if array is not None and np.isnan(array.ravel()[0]):
            raise node.refused(tr("its weights hold numbers that are not finite"), word(DIVERGED))
        ends.append(float(node.attributes.get(name, default)) if array is None else float(array.ravel()[0]))
    follow(importer, node, importer.waiting(node), clamp(ends[0], ends[1], node.name))


def follow(importer: Importer, node: OnnxNode, value: Value, function: Function) -> None:
    """Makes the output the function of the value, which may already be a function."""
    # The function of a range that the file states is a range as well.
    stated = importer.graph.ranges.get(value.tensor if value.function.is_identity else value.name)
    if stated is not None:
        with np.errstate(all="ignore"):
            ends = np.nan_to_num(np.asarray(function.curve.evaluate(np.linspace(*stated, LEVELS)), np.float64))
        importer.graph.ranges[node.outputs[0]] = (float(ends.min()), float(ends.max()))
    leave(importer, node, value, after(function, value.function))


def leave(importer: Importer, node: OnnxNode, value: Value, function: Function) -> None:
    """Makes the output this function of the value's tensor. It waits if only elementwise nodes read it."""
    name = node.outputs[0]
    result = Value(name, value.tensor, value.shape, value.order, function)
    readers = {reader.kind for reader in importer.readers.get(name, [])}
    # A function that occurs twice in another, as in x * sigmoid(x), is evaluated twice. So a long one becomes a tensor.
    waits = readers and readers <= importer.elementwise and name not in importer.network.outputs
    importer.values[name] = result if waits and len(function.sources) < LONGEST else importer.settled(result)


_BECOMES = (
    "the table of 16 pieces in the KPU layer before it; of floats, as behind a dense layer: a clamp (`Relu`, "
    "`Clip`) is exact, `Sigmoid` float32; else a table of 256"
)
OPERATORS = (
    Operator(tuple(FUNCTIONS), read, _BECOMES, elementwise=True),
    Operator(("Clip",), read_clip, _BECOMES, elementwise=True),
)
