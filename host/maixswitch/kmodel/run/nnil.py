"""Runs the programs of kmodel v4's nnil_unary_method on whole arrays. Source: nncase 0.2 nnil.h."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from maixswitch.kmodel.format.arrays import Array, Floats
from maixswitch.kmodel.format.v4_nnil import OPERATIONS, Nnil

from .chip import Chip
from .cpu_arithmetic import Function
from .v4_float import floats, larger, smaller, store

PIECE = 1 << 16
"""Elements that are computed at a time."""


def _clamp(value: Array, low: Array, high: Array) -> Array:
    return np.where(value < low, low, np.where(high < value, high, value))


OF_SEVERAL: dict[str, Callable[..., Array]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "min": smaller,
    "max": larger,
    "clamp": _clamp,
}


def evaluate(code: tuple[tuple[int, float], ...], values: Floats, functions: Mapping[str, Function]) -> Array:
    """The value on top of the stack when the program returns.

    code: (operation, immediate value) pairs.
    values: the input.
    functions: the functions of one argument, by name.
    """
    stack: list[Array] = []
    for operation, immediate in code:
        if operation in OPERATIONS:
            name, count = OPERATIONS[operation]
            # Functions of one argument depend on the runtime. All others are the same everywhere.
            function = functions.get(name) or OF_SEVERAL[name]
            arguments = stack[-count:]
            del stack[-count:]
            stack.append(function(*arguments))
        elif operation == 1:
            stack.append(stack[-1])
        elif operation == 2:
            stack.pop()
        # ``nop`` leaves the stack as it is. All other operations push one value.
        elif operation:
            number = {4: 0.0, 5: 1.0}.get(operation, immediate)
            stack.append(values if operation == 3 else np.full(values.shape, number, np.float32))
    return stack[-1]


def run(spec: Nnil, chip: Chip) -> None:
    """Runs a node piece by piece, because the stack may hold 64 values for every element."""
    values = floats(chip, spec.input)
    starts, functions = range(0, values.size, PIECE), chip.arithmetic.functions
    pieces = [evaluate(spec.code, values[start : start + PIECE], functions) for start in starts]
    if pieces:
        store(chip, spec.output, np.concatenate(pieces))
