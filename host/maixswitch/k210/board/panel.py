"""The panel: the commands of its controller (ST7789, ILI9486 and the like) decoded into the pixels that a user sees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

RESET, SLEEP_IN, SLEEP_OUT = 0x01, 0x10, 0x11
INVERSION_OFF, INVERSION_ON, OFF, ON = 0x20, 0x21, 0x28, 0x29
COLUMNS, ROWS, WRITE, ACCESS, FORMAT, CONTINUE = 0x2A, 0x2B, 0x2C, 0x36, 0x3A, 0x3C
STATE = ("on", "inverted", "access", "writes", "_command", "_arguments", "_window", "_at", "_half")
"""Attributes of a Panel that a saved state holds."""
EXCHANGED = 0x20
"""Bit of the memory access register: rows and columns are exchanged, which makes the picture as wide as it is long."""


class Panel:
    """`long` and `short` are the sides of the controller's memory in pixels; `shown` tells which part the glass shows.

    data_line: tells the level of the data/command line when bytes arrive. `writes` counts pictures or parts of one.
    """

    def __init__(
        self,
        data_line: Callable[[], bool],
        width: int,
        height: int,
        offset: tuple[int, int] = (0, 0),
        inverted: bool = False,
    ) -> None:
        self.data_line = data_line
        self.width, self.height, self.offset = width, height, offset
        self.glass_inverts = inverted
        side = max(width + offset[0], height + offset[1], 320)
        self.pixels: NDArray[np.uint16] = np.zeros((side, side), np.uint16)
        self.on = False
        self.inverted = False
        self.access = 0
        self.writes = 0
        self._command = 0
        self._arguments = bytearray()
        self._window = (0, 0, side - 1, side - 1)
        self._at = 0
        self._half = b""

    def state(self) -> dict[str, Any]:
        """Return what a saved state keeps beside the pixels."""
        return {name: getattr(self, name) for name in STATE}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state` returned."""
        for name in STATE:
            setattr(self, name, state[name])

    def send(self, data: bytes) -> None:
        """Take bytes of a command or of its data."""
        if not self.data_line():
            for byte in data:
                self._start(byte)
        elif self._command in (WRITE, CONTINUE):
            self._draw(data)
        else:
            self._arguments += data
            self._set()

    def receive(self, count: int) -> bytes:
        """Return nothing useful: no firmware reads a panel."""
        return bytes(count)

    def exchange(self, byte: int) -> int:
        """Take a byte."""
        self.send(bytes((byte,)))
        return 0

    def end(self) -> None:
        """A transfer's end means nothing to a panel."""

    def _start(self, command: int) -> None:
        self._command = command
        self._arguments = bytearray()
        if command == WRITE:
            self._at = 0
            self._half = b""
            self.writes += 1
        elif command in (INVERSION_OFF, INVERSION_ON):
            self.inverted = command == INVERSION_ON
        elif command in (OFF, ON):
            self.on = command == ON
        elif command == RESET:
            self.on = self.inverted = False
            self.access = 0

    def _set(self) -> None:
        left, top, right, bottom = self._window
        arguments = self._arguments
        if self._command == ACCESS and arguments:
            self.access = arguments[0]
        elif self._command in (COLUMNS, ROWS) and len(arguments) >= 4:
            first = min(int.from_bytes(arguments[:2], "big"), self.pixels.shape[0] - 1)
            last = min(max(int.from_bytes(arguments[2:4], "big"), first), self.pixels.shape[0] - 1)
            self._window = (first, top, last, bottom) if self._command == COLUMNS else (left, first, right, last)

    def _draw(self, data: bytes) -> None:
        if self._half:
            data, self._half = self._half + data, b""
        if len(data) & 1:
            data, self._half = data[:-1], data[-1:]
        values = np.frombuffer(data, ">u2")
        left, top, right, bottom = self._window
        width, total = right - left + 1, (right - left + 1) * (bottom - top + 1)
        if self._at == 0 and len(values) == total:
            self.pixels[top : bottom + 1, left : right + 1] = values.reshape(-1, width)
            return
        done = 0
        while done < len(values):
            row, column = divmod(self._at, width)
            count = min(width - column, len(values) - done)
            self.pixels[top + row, left + column : left + column + count] = values[done : done + count]
            done += count
            self._at = (self._at + count) % total

    def words(self) -> NDArray[np.uint16]:
        """Return what the glass shows, (height, width) RGB565 words in the picture's orientation."""
        width, height, offset = self.width, self.height, self.offset
        if not self.access & EXCHANGED:
            width, height, offset = height, width, offset[::-1]
        seen = self.pixels[offset[1] : offset[1] + height, offset[0] : offset[0] + width]
        if not self.on:
            return np.zeros_like(seen)
        return ~seen if self.inverted != self.glass_inverts else seen.copy()
