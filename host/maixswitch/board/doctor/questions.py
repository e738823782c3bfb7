"""Calls the functions of onboard/look.py on a board. Their answers are literals, which the PC reads but never runs."""

from __future__ import annotations

import ast
from typing import Protocol

from maixswitch.board.failures import BoardError
from maixswitch.board.transport import BUSY

MARK = "=> "


class Askable(Protocol):
    """The methods of a board that are needed here; `board.connection.Board` has them."""

    port: str

    def exec(self, code: str, timeout: float = BUSY) -> str: ...

    def load(self, name: str) -> None: ...


def ask(board: Askable, call: str, timeout: float = BUSY) -> list[object]:
    """Return the values that a call of onboard/look.py prints.

    timeout: seconds without a byte from the board.
    Raises BoardError if the call raises an exception or does not answer in time, B609 if an answer is not a literal.
    """
    board.load("look")
    return answers(board.exec(call, timeout), board.port)


def answers(output: str, port: str) -> list[object]:
    """Return the values on the marked lines of a board's output. Other lines come from the firmware."""
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
    """Return the last value that a call prints. Raises BoardError B609 if it prints none."""
    values = ask(board, call, timeout)
    if not values:
        raise BoardError("B609", port=board.port, found=call)
    return values[-1]
