"""Functions of one number: what an activation computes, and how one function follows another."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Formula = Callable[[Numbers], Numbers]


@dataclass(frozen=True)
class Curve:
    """A function of one number, such as leaky_relu.

    name: for the report and for messages.
    evaluate: takes and returns arrays of float64.
    low, high: the ends if the function only clamps its argument (relu: 0 and inf); else None.
    rising: True if the function never falls, so that a maximum may come before or after it.
    """

    name: str
    evaluate: Formula = field(compare=False)
    low: float | None = None
    high: float | None = None
    rising: bool = False

    @property
    def is_clamp(self) -> bool:
        """Does the function do nothing but hold its argument between two ends?"""
        return self.low is not None and self.high is not None


def limits_of(curve: Curve | None) -> tuple[float, float]:
    """Returns the least and the greatest possible result of the curve; infinite if there is no limit."""
    if curve is None:
        return -math.inf, math.inf
    return (
        -math.inf if curve.low is None else curve.low,
        math.inf if curve.high is None else curve.high,
    )


@dataclass(frozen=True)
class Function:
    """A curve and its origin.

    curve: the function itself.
    line: (factor, offset) if the function is the straight line x * factor + offset, else None.
    sources: names of the ONNX nodes in it.
    """

    curve: Curve
    line: tuple[float, float] | None = None
    sources: tuple[str, ...] = ()

    @property
    def is_identity(self) -> bool:
        """Does it change nothing, and come from no node?"""
        return self.sources == () and self.line == (1.0, 0.0)


def straight(factor: float, offset: float, source: str = "") -> Function:
    """Returns the line x * factor + offset."""
    curve = Curve("line", lambda x: x * factor + offset, rising=factor >= 0)
    return Function(curve, (factor, offset), (source,) if source else ())


SAME = straight(1.0, 0.0)


def clamp(low: float, high: float, source: str = "") -> Function:
    """Returns the function that holds its argument between low and high."""
    name = "relu" if (low, high) == (0.0, math.inf) else "relu6" if (low, high) == (0.0, 6.0) else "clip"
    curve = Curve(name, lambda x: np.clip(x, low, high), low, high, rising=True)
    return Function(curve, None, (source,) if source else ())


def bend(name: str, formula: Formula, rising: bool = False, source: str = "") -> Function:
    """Returns any other function."""
    return Function(Curve(name, formula, rising=rising), None, (source,) if source else ())


def after(outer: Function, inner: Function) -> Function:
    """Returns outer(inner(x)). Two lines give a line, and two clamps give a clamp."""
    sources = _united(inner, outer)
    # A line that stays a line can still be folded into weights, which costs the board nothing.
    if outer.line and inner.line:
        (a, b), (c, d) = outer.line, inner.line
        return Function(straight(a * c, a * d + b).curve, (a * c, a * d + b), sources)
    # If one of the two is the identity, the result is the other one, which may stay a clamp.
    if inner.line == (1.0, 0.0) or outer.line == (1.0, 0.0):
        other = outer if inner.line == (1.0, 0.0) else inner
        return Function(other.curve, other.line, sources)
    # A clamp needs no table, because the ends of the scale clamp, or exact layers of floats do.
    first, second = inner.curve, outer.curve
    if first.low is not None and first.high is not None and second.low is not None and second.high is not None:
        low, high = (float(np.clip(limit, second.low, second.high)) for limit in (first.low, first.high))
        return Function(clamp(low, high).curve, None, sources)
    # Anything else becomes one curve for the table. Lines in it tell a reader little, so its name leaves them out.
    f, g = second.evaluate, first.evaluate
    names = [curve.name for curve in (first, second) if curve.name != "line"]
    curve = Curve("+".join(names), lambda x: f(g(x)), rising=first.rising and second.rising)
    return Function(curve, None, sources)


def both(formula: Callable[[Numbers, Numbers], Any], left: Function, right: Function, name: str) -> Function:
    """Returns formula(left(x), right(x)), such as x * sigmoid(x)."""
    f, g = left.curve.evaluate, right.curve.evaluate
    names = [curve.name for curve in (left.curve, right.curve) if curve.name != "line"]
    # A product or a sum of two curves may fall, so it does not count as rising.
    curve = Curve("*".join([*names, name]), lambda x: formula(f(x), g(x)))
    return Function(curve, None, _united(left, right))


def _united(first: Function, second: Function) -> tuple[str, ...]:
    return first.sources + tuple(source for source in second.sources if source not in first.sources)
