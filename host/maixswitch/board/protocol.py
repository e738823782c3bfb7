"""Frames that carry a file to a board, and what it answers: pure bytes, no line; docs/sync.md describes them.

The board asks, the host obeys: after an answer the host sends at most two frames, and never one on its own. A board
that has left its receiver gets nothing more, so that no file's bytes can reach its REPL as a program.
"""

from __future__ import annotations

import struct
from binascii import crc32
from collections.abc import Callable

HEADER = struct.Struct("<HHI")
"""Length of the payload, sequence number, CRC32 of these four bytes and the payload."""
PAYLOAD = 1000
"""Bytes of payload at most: two frames fit into the board's ring of 2,048 bytes, which drops what does not fit."""
WINDOW = 2
"""Frames that may be without an answer."""
RETRIES = 10
"""Requests for the same frame after which the line counts as too bad."""
ACKS = (0xAA, 0xCC, 0xF0, 0x99)
NAKS = (0xC3, 0xA5, 0x96, 0xFF)
"""One byte an answer, by the sequence number modulo 4: written; or: send from this one on. Any two differ in four bits
at least, and none is ASCII, so that neither noise nor a printed text passes for one."""
_MEANING = {code: (True, at) for at, code in enumerate(ACKS)} | {code: (False, at) for at, code in enumerate(NAKS)}


class TooManyRetries(Exception):
    """The board asked for the same frame `RETRIES` times."""


def frame(sequence: int, payload: bytes) -> bytes:
    """One frame; `payload` 0 to 1,000 bytes, without any it means: stop. Sequence numbers count modulo 65536."""
    if len(payload) > PAYLOAD:
        raise ValueError(f"a payload of {len(payload)} bytes; at most {PAYLOAD}")
    start = HEADER.pack(len(payload), sequence & 0xFFFF, 0)[:4]
    return start + struct.pack("<I", crc32(payload, crc32(start))) + payload


def answer(byte: int) -> tuple[bool, int] | None:
    """Written (True) or wanted (False), with the sequence number modulo 4; None for a byte that is no answer."""
    return _MEANING.get(byte)


class Sender:
    """The sliding window: which frames to send after each answer of the board.

    ``payload``: gives the payload of a frame by its number; ``count``: how many there are. It starts when the board
    asks for frame 0. ``acknowledged``: frames that the board has written; ``resent``: how many went out again.
    """

    def __init__(self, payload: Callable[[int], bytes], count: int) -> None:
        self.count = count
        self.acknowledged = 0
        self.resent = 0
        self._payload = payload
        self._next = 0
        self._highest = 0
        self._asked = 0

    @property
    def done(self) -> bool:
        """Has the board written all?"""
        return self.acknowledged == self.count

    def take(self, byte: int) -> bytes:
        """The frames to send now that this byte came, none for most; TooManyRetries when it makes no progress."""
        meaning = answer(byte)
        if meaning is None:
            return b""
        written, number = meaning
        ahead = (number - self.acknowledged) & 3
        if written:
            if ahead >= self._next - self.acknowledged:
                return b""  # an old answer once more
            self.acknowledged += ahead + 1
            self._asked = 0
        else:
            if ahead > self._next - self.acknowledged:
                return b""
            self.acknowledged += ahead
            self._next = self.acknowledged
            self._asked = 0 if ahead else self._asked + 1
            if self._asked > RETRIES:
                raise TooManyRetries
        return self._window()

    def _window(self) -> bytes:
        out = bytearray()
        while self._next < min(self.acknowledged + WINDOW, self.count):
            out += frame(self._next, self._payload(self._next))
            self.resent += self._next < self._highest
            self._next += 1
            self._highest = max(self._highest, self._next)
        return bytes(out)
