"""The small stack language of kmodel v4's nnil_unary_method, checked when it is read; ``run.nnil`` runs it.

Source: nncase 0.2 nnil.h.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from maixswitch.language import tr

from .binary_record import read, write
from .budget import CALL_COST
from .byte_reader import Cursor
from .program import Problem
from .v4_layers import UNARY_NAMES
from .v4_node import Node, Range, at_least

STACK = 64
RETURN = 0xA0
IMMEDIATE = 6


OPERATIONS: dict[int, tuple[str, int]] = {
    # code: name, number of values that it takes from the stack
    **{0x20 + index: (name, 1) for index, name in enumerate(UNARY_NAMES)},
    **{0x40 + index: (name, 2) for index, name in enumerate(("add", "sub", "mul", "div", "min", "max"))},
    0x80: ("clamp", 3),
}
STACK_MOVES: dict[int, tuple[str, int, int]] = {
    # code: name, values that must be on the stack, change of their number
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

    def own_problem(self) -> Problem | None:
        return at_least(tr("size of output"), self.output.size, self.input.size // 4 * 4)


def parse_nnil(cursor: Cursor, context: object) -> Nnil:
    """Reads and checks a program: known operations, a stack of 0..64 values, a return."""
    ends = read(_Ends, cursor)
    code: list[tuple[int, float]] = []
    depth = 0
    # The depth of the stack is followed while reading, so that running needs no checks.
    while True:
        # A program without a return would read the next node as code.
        if not cursor.left:
            raise cursor.refuse(tr("a program without return"), tr("nnil code"), tr("the end"), hex(RETURN))
        operation = cursor.take(1, tr("nnil code"))[0]
        # Every operation takes its values from the stack and leaves one.
        if operation in OPERATIONS:
            needed = OPERATIONS[operation][1]
            change = 1 - needed
        elif operation in STACK_MOVES:
            _, needed, change = STACK_MOVES[operation]
        elif operation == RETURN:
            needed, change = 1, -1
        else:
            raise cursor.refuse(tr("an unknown operation"), tr("nnil code"), hex(operation), tr("a known one"))
        # The reference does not check its stack of 64 values, so such a program would overwrite memory on the chip.
        if depth < needed or depth + change > STACK:
            raise cursor.refuse(tr("a stack that runs dry or over"), tr("nnil code"), depth, f"{needed}..{STACK}")
        if operation == RETURN:
            return Nnil(ends.input, ends.output, tuple(code))
        depth += change
        immediate = struct.unpack("<f", cursor.take(4, tr("nnil value")))[0] if operation == IMMEDIATE else 0.0
        code.append((operation, immediate))


def encode_nnil(spec: Nnil) -> bytes:
    """The bytes of a body, as ``parse_nnil`` takes them."""
    code = b"".join(
        bytes([operation]) + (struct.pack("<f", value) if operation == IMMEDIATE else b"")
        for operation, value in spec.code
    )
    return write(_Ends(spec.input, spec.output)) + code + bytes([RETURN])
