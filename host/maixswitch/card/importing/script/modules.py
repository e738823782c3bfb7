"""Python's modules that the firmware has, too: math and collections."""

from __future__ import annotations

import math
from typing import Any

from .values import Class, Score, Unknown


def mathematics(name: str, args: list[Any]) -> Any:
    """Return what a function of `math` returns."""
    function = getattr(math, name, None)
    simple = ("sqrt", "exp", "log", "floor", "ceil", "fabs", "sin", "cos", "tan", "atan2", "radians", "degrees")
    if name not in simple or not all(isinstance(arg, (int, float)) for arg in args) or function is None:
        # math.exp(score) still belongs to the class of the score, but not to its scale.
        return Score(args[0].use, math.nan) if args and isinstance(args[0], Score) else Unknown()
    try:
        return function(*args)
    except (ValueError, OverflowError, TypeError):
        return Unknown()


def collections(name: str, args: list[Any]) -> Any:
    """Return what `namedtuple` or `OrderedDict` returns."""
    if name == "namedtuple" and len(args) == 2 and isinstance(args[0], str):
        fields = args[1].replace(",", " ").split() if isinstance(args[1], str) else args[1]
        if isinstance(fields, (list, tuple)) and all(isinstance(field, str) for field in fields) and len(fields) < 100:
            return Class(args[0], [], {}, tuple(fields))
    if name == "OrderedDict":
        return dict(pair for pair in args[0] if isinstance(pair, tuple) and len(pair) == 2) if _pairs(args) else {}
    return Unknown()


def _pairs(args: list[Any]) -> bool:
    return (
        bool(args)
        and isinstance(args[0], (list, tuple))
        and all(isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], (str, int)) for pair in args[0])
    )
