"""The small stack language of kmodel v4's nnil_unary_method: checked when it is read, then run on whole arrays.

Source: nncase 0.2 nnil.h.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from maixswitch.kmodel.format.arrays import Array, Floats
from maixswitch.kmodel.format.cursor import Cursor
from maixswitch.kmodel.format.record import read
from maixswitch.kmodel.format.v4_node import CALL_COST, Node, Problem, Range, at_least
from maixswitch.language import tr

from .cpu_arithmetic import Function
from .machine import Machine
from .v4_float import UNARY, floats, larger, smaller, store

STACK = 64
PIECE = 1 << 16
"""Elements that are worked out at a time."""
RETURN = 0xA0
IMMEDIATE = 6


def _clamp(value: Array, low: Array, high: Array) -> Array:
    return np.where(value < low, low, np.where(high < value, high, value))


OPERATIONS: dict[int, tuple[str, int]] = {
    # code: name, values taken (the last one on top)
    **{0x20 + index: (name, 1) for index, name in enumerate(UNARY)},
    **{0x40 + index: (name, 2) for index, name in enumerate(("add", "sub", "mul", "div", "min", "max"))},
    0x80: ("clamp", 3),
}
OF_SEVERAL: dict[str, Callable[..., Array]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "min": smaller,
    "max": larger,
    "clamp": _clamp,
}
STACK_MOVES: dict[int, tuple[str, int, int]] = {
    # code: name, values that must be there, values more afterwards
    0: ("nop", 0, 0),
    1: ("dup", 1, 1),
    2: ("pop", 1, -1),
    3: ("input", 0, 1),
    4: ("zero", 0, 1),
    5: ("one", 0, 1),
    6: ("value", 0, 1),
}


@dataclass(frozen=True, eq=False)
class _Ends(Node):
    input: Range
    output: Range


@dataclass(frozen=True, eq=False)
class Nnil(_Ends):
    """``code``: (operation, immediate value) pairs up to the return."""

    code: tuple[tuple[int, float], ...]

    def work(self) -> int:
        return len(self.code) * (self.input.size + CALL_COST)

    def trouble(self) -> Problem | None:
        return at_least(tr("size of output"), self.output.size, self.input.size // 4 * 4)


def parse(cursor: Cursor) -> Nnil:
    """Reads and checks a program: known operations, a stack of 0..64 values, a return."""
    ends = read(_Ends, cursor)
    code: list[tuple[int, float]] = []
    depth = 0
    while True:
        if not cursor.left:
            raise cursor.refuse(tr("a program without return"), tr("nnil code"), tr("the end"), hex(RETURN))
        operation = cursor.take(1, tr("nnil code"))[0]
        if operation in OPERATIONS:
            needed = OPERATIONS[operation][1]
            change = 1 - needed
        elif operation in STACK_MOVES:
            _, needed, change = STACK_MOVES[operation]
        elif operation == RETURN:
            needed, change = 1, -1
        else:
            raise cursor.refuse(tr("an unknown operation"), tr("nnil code"), hex(operation), tr("a known one"))
        if depth < needed or depth + change > STACK:
            raise cursor.refuse(tr("a stack that runs dry or over"), tr("nnil code"), depth, f"{needed}..{STACK}")
        if operation == RETURN:
            return Nnil(ends.input, ends.output, tuple(code))
        depth += change
        immediate = struct.unpack("<f", cursor.take(4, tr("nnil value")))[0] if operation == IMMEDIATE else 0.0
        code.append((operation, immediate))


def evaluate(code: tuple[tuple[int, float], ...], values: Floats, functions: Mapping[str, Function]) -> Array:
    """The value on top of the stack when the program returns; ``functions``: those of one argument."""
    stack: list[Array] = []
    for operation, immediate in code:
        if operation in OPERATIONS:
            name, count = OPERATIONS[operation]
            function = functions.get(name) or OF_SEVERAL[name]
            arguments = stack[-count:]
            del stack[-count:]
            stack.append(function(*arguments))
        elif operation == 1:
            stack.append(stack[-1])
        elif operation == 2:
            stack.pop()
        elif operation:
            number = {4: 0.0, 5: 1.0}.get(operation, immediate)
            stack.append(values if operation == 3 else np.full(values.shape, number, np.float32))
    return stack[-1]


def run(spec: Nnil, chip: Machine) -> None:
    """Piece by piece: the stack may hold 64 values for every element."""
    values = floats(chip, spec.input)
    starts, functions = range(0, values.size, PIECE), chip.arithmetic.functions
    pieces = [evaluate(spec.code, values[start : start + PIECE], functions) for start in starts]
    if pieces:
        store(chip, spec.output, np.concatenate(pieces))
