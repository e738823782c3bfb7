"""The time that limits waits at a port: the board's own, where a virtual board runs on a PC that is slower than it.

A virtual board tells how much time it has lost through the window size of its pseudo terminal, which nothing else uses.
The window size of a real port is 0, so nothing is lost there.
"""

from __future__ import annotations

import struct
import sys
import time

if sys.platform != "win32":
    import fcntl
    import termios

_SIZE = struct.Struct("=HHI")
"""Rows, columns, and the two sizes in pixels as one number."""
_MARK = (0xB0A2, 0xDC1C)
"""Rows and columns that no terminal has: the number is a lost time in ms."""


def tell_lost(descriptor: int, seconds: float) -> None:
    """Tell at the board's end of a pseudo terminal how many seconds the board has lost since its start."""
    if sys.platform != "win32":
        fcntl.ioctl(descriptor, termios.TIOCSWINSZ, _SIZE.pack(*_MARK, int(seconds * 1000) & 0xFFFFFFFF))


def lost(descriptor: int) -> float:
    """Return how many seconds the board behind an open port has lost since its start; 0 for a real one.

    Raises OSError if the port is gone.
    """
    if sys.platform == "win32":
        return 0.0
    rows, columns, ms = _SIZE.unpack(fcntl.ioctl(descriptor, termios.TIOCGWINSZ, bytes(_SIZE.size)))
    return ms / 1000 if (rows, columns) == _MARK else 0.0


def now(port: object) -> float:
    """Return a time in seconds that passes as fast as the board works. Only differences mean something.

    port: a port of pyserial; one without a descriptor, such as loop://, passes as fast as the PC, unless the board
        behind it runs in this process and the port tells its time in `board_seconds`.
    """
    if hasattr(port, "board_seconds"):
        return float(port.board_seconds())
    try:
        descriptor = port.fileno()  # type: ignore[attr-defined]
        return time.monotonic() - lost(descriptor)
    except (AttributeError, OSError, ValueError):  # the next read or write tells that the port is gone
        return time.monotonic()
