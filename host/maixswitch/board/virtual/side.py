"""The lines of UART 1 to 3 of a virtual board, each with a port of its own."""

from __future__ import annotations

from pathlib import Path

from maixswitch.board.virtual.line import BAUD, Pace
from maixswitch.link.pseudo_terminal import Port


class Side:
    """One such line: its port, and the ring of its UART. paced: is it as slow as the UART's rate?"""

    def __init__(self, link: str, paced: bool) -> None:
        self._port = Port(Path(link))
        self._paced = paced
        self._to, self._from = Pace(None), Pace(None)
        self._in, self._out = bytearray(), bytearray()
        self.reset()

    def reset(self) -> None:
        """Set the UART to its state after a reset."""
        self.ring = bytearray()
        self._in.clear()
        self.plug(BAUD, 0)

    def plug(self, baud: int, limit: int) -> None:
        """Take the rate, and the size of the ring, which is empty now."""
        self._limit = limit
        self.ring.clear()
        self._to.rate = self._from.rate = baud if self._paced else None

    def send(self, data: bytes, now: float) -> None:
        """Take what the board sends."""
        if not self._out:
            self._from.start(now)
        self._out += data

    def move(self, now: float) -> None:
        """Move the bytes that are due both ways; those that do not fit into the ring are lost."""
        if data := self._port.read():
            if not self._in:
                self._to.start(now)
            self._in += data
        count = self._to.through(len(self._in), now)
        self.ring += self._in[: min(count, max(self._limit - len(self.ring), 0))]
        del self._in[:count]
        count = self._from.through(len(self._out), now)
        self._port.write(bytes(self._out[:count]))
        del self._out[:count]

    def close(self) -> None:
        self._port.close()
