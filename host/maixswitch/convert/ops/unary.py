"""Functions of one number, and how one follows another: the activations of a network, however it spells them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maixswitch.convert.graph.node import Curve

Numbers = NDArray[np.float64]
Formula = Callable[[Numbers], Numbers]


@dataclass(frozen=True)
class Function:
    """A curve, or with ``line`` the straight line ``x * line[0] + line[1]``; ``nodes``: those it comes from."""

    curve: Curve
    line: tuple[float, float] | None = None
    nodes: tuple[str, ...] = ()


def straight(factor: float, offset: float, node: str = "") -> Function:
    """The line x * factor + offset."""
    curve = Curve("line", lambda x: x * factor + offset, rising=factor >= 0)
    return Function(curve, (factor, offset), (node,) if node else ())


SAME = straight(1.0, 0.0)


def clamp(low: float, high: float, node: str = "") -> Function:
    """The argument held between low and high."""
    name = "relu" if (low, high) == (0.0, math.inf) else "relu6" if (low, high) == (0.0, 6.0) else "clip"
    return Function(Curve(name, lambda x: np.clip(x, low, high), low, high, rising=True), None, (node,) if node else ())


def bend(name: str, formula: Formula, rising: bool = False, node: str = "") -> Function:
    """Any other function."""
    return Function(Curve(name, formula, rising=rising), None, (node,) if node else ())


def after(outer: Function, inner: Function) -> Function:
    """outer(inner(x)); two lines stay a line, two clamps a clamp."""
    nodes = inner.nodes + tuple(node for node in outer.nodes if node not in inner.nodes)
    if outer.line and inner.line:
        (a, b), (c, d) = outer.line, inner.line
        return Function(straight(a * c, a * d + b).curve, (a * c, a * d + b), nodes)
    if inner.line == (1.0, 0.0) or outer.line == (1.0, 0.0):
        found = outer if inner.line == (1.0, 0.0) else inner
        return Function(found.curve, found.line, nodes)
    first, second = inner.curve, outer.curve
    if first.low is not None and first.high is not None and second.low is not None and second.high is not None:
        low, high = (float(np.clip(limit, second.low, second.high)) for limit in (first.low, first.high))
        return Function(clamp(low, high).curve, None, nodes)
    f, g = second.evaluate, first.evaluate
    names = [curve.name for curve in (first, second) if curve.name != "line"]
    curve = Curve("+".join(names), lambda x: f(g(x)), rising=first.rising and second.rising)
    return Function(curve, None, nodes)


def both(formula: Callable[[Numbers, Numbers], Any], left: Function, right: Function, name: str) -> Function:
    """formula(left(x), right(x)), such as x * sigmoid(x)."""
    f, g = left.curve.evaluate, right.curve.evaluate
    nodes = left.nodes + tuple(node for node in right.nodes if node not in left.nodes)
    names = [curve.name for curve in (left.curve, right.curve) if curve.name != "line"]
    return Function(Curve("*".join([*names, name]), lambda x: formula(f(x), g(x))), None, nodes)


def sigmoid(x: Numbers) -> Numbers:
    """1 / (1 + e^-x)."""
    found: Numbers = 0.5 * (1 + np.tanh(0.5 * np.asarray(x, np.float64)))
    return found


def softplus(x: Numbers) -> Numbers:
    """log(1 + e^x)."""
    found: Numbers = np.logaddexp(0.0, x)
    return found


def erf(x: Numbers) -> Numbers:
    """The error function."""
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


def leaky(slope: float, node: str = "") -> Function:
    """x, below zero x * slope."""
    if slope == 0:
        return clamp(0.0, math.inf, node)
    return bend("leaky_relu", _leaky(slope), slope >= 0, node)


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

UNARY: dict[str, Callable[[dict[str, Any], str], Function]] = {
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
    "Atan": lambda a, n: bend("atan", np.arctan, True, n),
}
"""By operator: its attributes and the node's name to the function."""
