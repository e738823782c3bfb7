"""Asks the board: small functions of onboard/look.py, whose answers are literals and are never run on the PC."""

from __future__ import annotations

import ast
from typing import Protocol

from maixswitch.board.failures import BoardError
from maixswitch.board.transport import BUSY

MARK = "=> "


class Asked(Protocol):
    """What of a board is needed here; `board.connection.Board` has it."""

    port: str

    def exec(self, code: str, timeout: float = BUSY) -> str: ...

    def load(self, name: str) -> None: ...


def ask(board: Asked, call: str, timeout: float = BUSY) -> list[object]:
    """The values that a call of onboard/look.py tells; ``timeout``: seconds without a byte.

    BoardError for what the call raised, no answer in time, or an answer that is no literal (B609).
    """
    board.load("look")
    return answers(board.exec(call, timeout), board.port)


def answers(said: str, port: str) -> list[object]:
    """The values on the marked lines of what a board printed; other lines are the firmware's own."""
    found: list[object] = []
    for line in said.splitlines():
        _, mark, text = line.partition(MARK)
        if mark:
            try:
                found.append(ast.literal_eval(text))
            except (ValueError, SyntaxError, RecursionError, MemoryError) as error:
                raise BoardError("B609", port=port, found=text[:80]) from error
    return found


def one(board: Asked, call: str, timeout: float = BUSY) -> object:
    """The only value that a call tells; BoardError B609 when it tells none."""
    found = ask(board, call, timeout)
    if not found:
        raise BoardError("B609", port=board.port, found=call)
    return found[-1]
