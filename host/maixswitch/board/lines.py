"""DTR and RTS, which drive RESET and BOOT on K210 boards, and how kflash moves them for each kind of board.

Sequences of kflash.py 7307f75 (github.com/kendryte/kflash.py). Never tried on a real board.
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
"""Seconds that each step lasts."""
LISTEN = 3.0
"""Seconds in which a starting board prints something: its boot takes about one."""
SIGNS = (b"[MAIXPY]", b"[MaixPy]", b"MicroPython")

Step = tuple[bool, bool]
"""(DTR, RTS); True means asserted, that is, pulled low."""


@dataclass(frozen=True)
class Kind:
    """How the lines of a board are wired.

    restart, bootloader: the steps that restart the board, or start its boot loader.
    others: other names of the same wiring.
    """

    name: str
    restart: tuple[Step, ...]
    bootloader: tuple[Step, ...]
    others: tuple[str, ...] = ()


NONE, DTR, RTS, BOTH = (False, False), (True, False), (False, True), (True, True)
KINDS = (
    Kind("dan", (NONE, RTS, NONE), (NONE, RTS, DTR), ("bit", "trainer", "dock")),
    Kind(
        "goE",
        (NONE, DTR, NONE),
        (NONE, DTR, RTS),
        ("kd233", "maixduino", "bit_mic", "cube", "amigo", "amigo_tft", "amigo_ips", "go"),
    ),
    Kind("goD", (NONE, DTR, BOTH), (BOTH, DTR, DTR)),
)
TRIED = ("dan", "goE")
"""Kinds to try if the board's is unknown. The wrong one of these two only moves BOOT while the board runs."""


def kind(name: str) -> Kind:
    """Return the kind with this name; case does not matter. Raises MaixSwitchError (usage) for an unknown name."""
    for wiring in KINDS:
        if name.lower() in (wiring.name.lower(), *wiring.others):
            return wiring
    known = ", ".join(" ".join((wiring.name, *wiring.others)) for wiring in KINDS)
    raise MaixSwitchError(
        tr("--kind {name}: unknown kind of board; the known kinds: {known}", name=name, known=known), EXIT_USAGE
    )


def named(board: str) -> str:
    """Return the kind of a board of device/once/boards.py; "" if its wiring is not known."""
    return next((wiring.name for wiring in KINDS if board in (wiring.name, *wiring.others)), "")


def move(line: Any, steps: tuple[Step, ...], port: str, wait: Callable[[float], None] = time.sleep) -> None:
    """Move DTR and RTS of an open pyserial port through the steps.

    Raises BoardError B617 if the port lacks these lines, B608 if it broke.
    """
    for dtr, rts in steps:
        try:
            line.dtr = dtr
            line.rts = rts
        except OSError as error:
            raise _failure(error, port) from error
        wait(STEP)


def restart(port: str, names: tuple[str, ...] = TRIED, listen: float = LISTEN) -> str:
    """Restart the board by its RESET line; return the name of the kind whose steps made it print something.

    names: the kinds to try, one after the other.
    listen: seconds to wait after each for the board to print something.
    Raises BoardError B605 if it stayed silent, B617 if the port lacks these lines, or the row for a port that cannot
    be opened.
    """
    line = _opened(port)
    try:
        for name in names:
            wiring = kind(name)
            # What the board printed before must not count as a sign of this restart.
            line.reset_input_buffer()
            move(line, wiring.restart, port)
            if _heard(line, listen, port):
                return wiring.name
    finally:
        line.close()
    raise BoardError("B605", port=port)


def bootloader(port: str, name: str) -> str:
    """Start the chip's boot loader, which accepts firmware and prints nothing; return the name of the kind."""
    wiring = kind(name)
    line = _opened(port)
    try:
        move(line, wiring.bootloader, port)
    finally:
        line.close()
    return wiring.name


def _opened(port: str) -> Any:
    try:
        return opened(port)
    except (OSError, ValueError) as error:
        raise translate(error, port) from error


def _heard(line: Any, seconds: float, port: str) -> bool:
    end = time.monotonic() + seconds
    heard = b""
    while time.monotonic() < end:
        try:
            # A sign may be split between two reads, so the earlier bytes are kept. A program may print without end, so
            # only the last 4,096 are.
            heard = (heard + line.read(max(1, line.in_waiting)))[-4096:]
        except OSError as error:
            raise translate(error, port) from error
        if any(sign in heard for sign in SIGNS):
            return True
    return False


def _failure(error: OSError, port: str) -> BoardError:
    from errno import EINVAL, ENOTTY

    # A port without these lines refuses the request with ENOTTY or EINVAL. pyserial may leave errno unset and put the
    # number first in args.
    number = error.errno if error.errno is not None else (error.args or [0])[0]
    return BoardError("B617", port=port) if number in (EINVAL, ENOTTY) else translate(error, port)
