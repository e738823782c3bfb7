"""The lines DTR and RTS, which on K210 boards drive RESET and BOOT, and how kflash moves them for each kind of board.

Sequences of kflash.py 7307f75 (github.com/kendryte/kflash.py). Never tried on a board.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from maixswitch.board.failures import BoardError, translate
from maixswitch.board.transport import opened
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr

STEP = 0.1
"""Seconds that each step stays."""
LISTEN = 3.0
"""Seconds in which a board that starts says something: its boot takes about one."""
SIGNS = (b"[MAIXPY]", b"[MaixPy]", b"MicroPython")

Step = tuple[bool, bool]
"""(DTR, RTS), True for asserted: pulled low."""


@dataclass(frozen=True)
class Kind:
    """How the lines of a board are wired. ``restart`` and ``bootloader``: steps; ``others``: names of the same."""

    name: str
    restart: tuple[Step, ...]
    bootloader: tuple[Step, ...]
    others: tuple[str, ...] = ()


NONE, DTR, RTS, BOTH = (False, False), (True, False), (False, True), (True, True)
KINDS = (
    Kind("dan", (NONE, RTS, NONE), (NONE, RTS, DTR), ("bit", "trainer", "dock")),
    Kind("goE", (NONE, DTR, NONE), (NONE, DTR, RTS), ("kd233", "maixduino", "bit_mic", "cube", "amigo")),
    Kind("goD", (NONE, DTR, BOTH), (BOTH, DTR, DTR)),
)
TRIED = ("dan", "goE")
"""Kinds to try when none is known: to restart with the wrong one of these two only moves BOOT while the board runs."""


def kind(name: str) -> Kind:
    """The kind of that name, in any case; MaixSwitchError (usage) when there is none."""
    for found in KINDS:
        if name.lower() in (found.name.lower(), *found.others):
            return found
    known = ", ".join(" ".join((found.name, *found.others)) for found in KINDS)
    raise MaixSwitchError(
        tr("--kind {name}: no such kind of board; there are: {known}", name=name, known=known), EXIT_USAGE
    )


def move(line: Any, steps: tuple[Step, ...], port: str, wait: Callable[[float], None] = time.sleep) -> None:
    """Puts DTR and RTS of an open pyserial port through the steps.

    BoardError: B617 the port has no such lines, B608 it broke.
    """
    for dtr, rts in steps:
        try:
            line.dtr = dtr
            line.rts = rts
        except OSError as error:
            raise _failure(error, port) from error
        wait(STEP)


def restart(port: str, names: tuple[str, ...] = TRIED, listen: float = LISTEN) -> str:
    """Restarts the board by its RESET line; the name of the kind after whose steps it said its first words.

    BoardError: B605 it stayed silent after all of them, B617 the port has no such lines, or it cannot be opened.
    """
    line = _opened(port)
    try:
        for name in names:
            found = kind(name)
            line.reset_input_buffer()
            move(line, found.restart, port)
            if _heard(line, listen, port):
                return found.name
    finally:
        line.close()
    raise BoardError("B605", port=port)


def bootloader(port: str, name: str) -> str:
    """Starts the chip's boot loader, which takes firmware and says nothing; the name of the kind."""
    found = kind(name)
    line = _opened(port)
    try:
        move(line, found.bootloader, port)
    finally:
        line.close()
    return found.name


def _opened(port: str) -> Any:
    try:
        return opened(port)
    except (OSError, ValueError) as error:
        raise translate(error, port) from error


def _heard(line: Any, seconds: float, port: str) -> bool:
    end = time.monotonic() + seconds
    said = b""
    while time.monotonic() < end:
        try:
            said = (said + line.read(max(1, line.in_waiting)))[-4096:]
        except OSError as error:
            raise translate(error, port) from error
        if any(sign in said for sign in SIGNS):
            return True
    return False


def _failure(error: OSError, port: str) -> BoardError:
    from errno import EINVAL, ENOTTY

    number = error.errno if error.errno is not None else (error.args or [0])[0]
    return BoardError("B617", port=port) if number in (EINVAL, ENOTTY) else translate(error, port)
