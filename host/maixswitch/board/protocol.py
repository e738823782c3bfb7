"""The frames that carry a file to a board, and its answers, as bytes without a line. docs/sync.md describes them.

The board requests and the host obeys: after an answer the host sends at most two frames, and none without a request. A
board that has left its receiver gets no further frame, so its REPL never takes the bytes of a file for a program.
"""

from __future__ import annotations

import struct
from binascii import crc32
from collections.abc import Callable

HEADER = struct.Struct("<HHI")
"""The length of the payload, the sequence number, and the CRC32 of these four bytes and the payload."""
PAYLOAD = 1000
"""The most bytes of payload. Two such frames fit into the ring of the board's UART (2,048 bytes)."""
WINDOW = 2
"""The most frames that may be sent ahead of an answer."""
RETRIES = 10
"""Requests for the same frame after which the line counts as unusable."""
ACKS = (0xAA, 0xCC, 0xF0, 0x99)
NAKS = (0xC3, 0xA5, 0x96, 0xFF)
"""Answers of one byte, by the sequence number modulo 4: "written", or "send from this one on".

Any two differ in at least four bits, and all are outside ASCII, so that noise and printed text do not look like one."""
_MEANING = {code: (True, at) for at, code in enumerate(ACKS)} | {code: (False, at) for at, code in enumerate(NAKS)}


class TooManyRetries(Exception):
    """The board asked for the same frame more than `RETRIES` times."""


def frame(sequence: int, payload: bytes) -> bytes:
    """Return one frame.

    sequence: the number of the frame; it counts modulo 65536.
    payload: 0 to 1,000 bytes; an empty one means "stop".
    Raises ValueError if the payload is longer.
    """
    if len(payload) > PAYLOAD:
        raise ValueError(f"a payload of {len(payload)} bytes; expected at most {PAYLOAD}")
    # The CRC32 also covers the length and the number: with a damaged length the board would take the next frame for
    # payload.
    start = HEADER.pack(len(payload), sequence & 0xFFFF, 0)[:4]
    return start + struct.pack("<I", crc32(payload, crc32(start))) + payload


def answer(byte: int) -> tuple[bool, int] | None:
    """Return whether an answer means "written" or "send", and its sequence number modulo 4; None for any other byte."""
    return _MEANING.get(byte)


class Sender:
    """The sliding window: it decides which frames to send after each answer. The board starts it by asking for frame 0.

    payload: returns the payload of a frame by its number.
    count: the number of frames.
    acknowledged: how many of them the board has written.
    resent: how many were sent more than once.
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
        """Return the frames to send after this byte; often there are none.

        Raises TooManyRetries if the board makes no progress.
        """
        meaning = answer(byte)
        if meaning is None:
            return b""
        written, number = meaning
        # An answer carries only two bits of its number. They suffice, since at most two frames are under way.
        ahead = (number - self.acknowledged) & 3
        if written:
            if ahead >= self._next - self.acknowledged:
                return b""  # an old answer that arrived twice
            self.acknowledged += ahead + 1
            self._asked = 0
        else:
            # A request for a frame that was never sent can only be noise.
            if ahead > self._next - self.acknowledged:
                return b""
            # A request confirms every frame before the requested one, so a lost answer does no harm.
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
