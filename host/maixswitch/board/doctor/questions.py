"""Asks the board by small functions of onboard/look.py. Their answers are literals, which are never run on the PC."""

from __future__ import annotations

import ast
from typing import Protocol

from maixswitch.board.failures import BoardError
from maixswitch.board.transport import BUSY

MARK = "=> "


class Askable(Protocol):
    """What is needed of a board here; `board.connection.Board` has it."""

    port: str

    def exec(self, code: str, timeout: float = BUSY) -> str: ...

    def load(self, name: str) -> None: ...


def ask(board: Askable, call: str, timeout: float = BUSY) -> list[object]:
    """Return the values that a call of onboard/look.py prints.

    timeout: seconds without a byte.
    Raises BoardError for what the call raised, for no answer in time, and B609 for an answer that is not a literal.
    """
    board.load("look")
    return answers(board.exec(call, timeout), board.port)


def answers(output: str, port: str) -> list[object]:
    """Return the values on the marked lines of what a board printed. Other lines are the firmware's own."""
    values: list[object] = []
    for line in output.splitlines():
        # The firmware may print something without a line end before the mark.
        _, mark, text = line.partition(MARK)
        if mark:
            try:
                values.append(ast.literal_eval(text))
            except (ValueError, SyntaxError, RecursionError, MemoryError) as error:
                raise BoardError("B609", port=port, found=text[:80]) from error
    return values


def one(board: Askable, call: str, timeout: float = BUSY) -> object:
    """Return the only value that a call prints. Raises BoardError B609 if it prints none."""
    values = ask(board, call, timeout)
    if not values:
        raise BoardError("B609", port=board.port, found=call)
    return values[-1]
