"""Ports of pyserial with a virtual K210 of this process behind them: chip://N, the name that `offer` returns.

The board runs only while a program waits at the port, so a run is the same every time and no wait costs time of the PC.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any

import serial

from maixswitch.k210.clock import SLICE
from maixswitch.k210.virtual_board import SECOND, VirtualBoard
from maixswitch.k210.waiting import Waiting

TURN = 10 * SLICE
"""Cycles between two looks whether the firmware only waits."""
AFTER_REST = 2 * SLICE
"""Cycles that the firmware gets after a rest, to see the event that ended it."""
Gone = Callable[[], bool]
_boards: dict[str, tuple[VirtualBoard, Waiting, Gone]] = {}


def offer(board: VirtualBoard, gone: Gone = lambda: False) -> str:
    """Returns the name of a port with this board behind it, which stands at a prompt.

    gone: whether the board is unplugged by now; then every read and write fails as at a real port.
    """
    if __package__ not in serial.protocol_handler_packages:
        serial.protocol_handler_packages.append(__package__)
    waiting = Waiting(board.chip)
    waiting.learn()
    name = f"chip://{len(_boards)}"
    _boards[name] = board, waiting, gone
    return name


class Serial:
    """The methods of pyserial's port that the transport uses."""

    def __init__(self, port: str | None, baudrate: int, timeout: float, **_: Any) -> None:
        self.port = port
        self.baudrate = baudrate
        self.dtr = self.rts = False
        self._timeout = timeout

    def open(self) -> None:
        """Open the port; drops what the board said before, as a real one does."""
        self._board, self._waiting, self._gone = _boards[str(self.port)]
        self._board.heard()

    def close(self) -> None:
        """Close the port; the board stops until it is opened again."""

    def board_seconds(self) -> float:
        """Return the board's time."""
        return self._board.chip.clock.cycles / SECOND

    @property
    def in_waiting(self) -> int:
        """How many bytes a read returns at once."""
        return len(self._board.chip.uarths.sent)

    def write(self, data: bytes) -> int:
        """Send bytes to the board."""
        self._check()
        self._board.type(bytes(data))
        return len(data)

    def read(self, size: int = 1) -> bytes:
        """Let the board run until it has said something, or the timeout is over."""
        chip = self._board.chip
        end = chip.clock.cycles + int(self._timeout * SECOND)
        while not self.in_waiting and chip.clock.cycles < end:
            resting = self._waiting.holds()
            if resting:
                chip.pass_time(end - chip.clock.cycles)
            chip.run(AFTER_REST if resting else TURN, lambda: bool(chip.uarths.sent) or self._gone())
            self._check()
        sent = chip.uarths.sent
        data = bytes(sent[:size])
        del sent[:size]
        return data

    def _check(self) -> None:
        if self._gone():
            raise OSError(errno.EIO, "the board is unplugged")
