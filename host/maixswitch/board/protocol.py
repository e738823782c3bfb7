"""The frames that carry a file to a board, and its answers, as bytes without a line. docs/sync.md describes them.

The board asks and the host obeys: after an answer the host sends at most two frames, and it never sends one unasked. A
board that has left its receiver gets nothing more, so the bytes of a file never reach its REPL as a program.
"""

from __future__ import annotations

import struct
from binascii import crc32
from collections.abc import Callable

HEADER = struct.Struct("<HHI")
"""The length of the payload, the sequence number, and the CRC32 of these four bytes and the payload."""
PAYLOAD = 1000
"""The most bytes of payload. Two frames fit into the board's ring of 2,048 bytes, which drops what does not fit."""
WINDOW = 2
"""The most frames without an answer."""
RETRIES = 10
"""Requests for the same frame after which the line counts as unusable."""
ACKS = (0xAA, 0xCC, 0xF0, 0x99)
NAKS = (0xC3, 0xA5, 0x96, 0xFF)
"""Answers of one byte, by the sequence number modulo 4: "written", or "send from this one on". Any two differ in at
least
four bits, and none is ASCII, so that neither noise nor printed text looks like one."""
_MEANING = {code: (True, at) for at, code in enumerate(ACKS)} | {code: (False, at) for at, code in enumerate(NAKS)}


class TooManyRetries(Exception):
    """The board asked for the same frame more than `RETRIES` times."""


def frame(sequence: int, payload: bytes) -> bytes:
    """Return one frame.

    A payload has 0 to 1,000 bytes; an empty one means "stop". Sequence numbers count modulo 65536.
    """
    if len(payload) > PAYLOAD:
        raise ValueError(f"a payload of {len(payload)} bytes; at most {PAYLOAD}")
    # The CRC32 covers the length and the number as well: a damaged length would make the board take the next frame for
    # payload.
    start = HEADER.pack(len(payload), sequence & 0xFFFF, 0)[:4]
    return start + struct.pack("<I", crc32(payload, crc32(start))) + payload


def answer(byte: int) -> tuple[bool, int] | None:
    """Return whether an answer means "written" or "send", and its sequence number modulo 4; None for any other byte."""
    return _MEANING.get(byte)


class Sender:
    """The sliding window: it decides which frames to send after each answer. It starts when the board asks for frame 0.

    payload: returns the payload of a frame by its number.
    count: how many frames there are.
    acknowledged: how many the board has written.
    resent: how many were sent again.
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
        """Has the board written all frames?"""
        return self.acknowledged == self.count

    def take(self, byte: int) -> bytes:
        """Return the frames to send after this byte, often none.

        Raises TooManyRetries if the board makes no progress.
        """
        meaning = answer(byte)
        if meaning is None:
            return b""
        written, number = meaning
        # An answer has only two bits of its number. They suffice, since at most two frames are under way.
        ahead = (number - self.acknowledged) & 3
        if written:
            if ahead >= self._next - self.acknowledged:
                return b""  # an old answer once more
            self.acknowledged += ahead + 1
            self._asked = 0
        else:
            # A request for a frame that was never sent can only be noise.
            if ahead > self._next - self.acknowledged:
                return b""
            # A request confirms every frame before the one it asks for, so an answer that got lost does no harm.
            self.acknowledged += ahead
            self._next = self.acknowledged
            # A request that confirms earlier frames is progress. Only repeated requests for one frame show a bad line.
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
