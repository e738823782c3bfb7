"""The system heap of a firmware image, from the instructions that set up the stacks.

The start of every image reads the number of the hart, and takes its stack behind the end of the program. Behind the
stacks begins the system heap. `sys_brk` keeps the heap's start twice and its end among the initialised data, which
proves the result. Seen in 50 images of MaixPy v0.3.0 to v0.6.2-85 and of CanMV.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice

from .words import BASE, signed, word

CSRR_A0_MHARTID = bytes.fromhex("732540f1")
START = 0x400
"""Bytes of the image in which the start must lie."""
BEFORE = 0x60
"""Bytes before the hart's number in which tp is set."""
UNCACHED = 0x4000_0000
"""What the address of the same memory without the cache is lower by."""
ENDS = range(0x8040_0000, 0x8080_0001)
MOST_PLACES = 1000
"""Most places that are looked at; a firmware has a handful."""
NEAR = 4
"""Words around the heap's start within which `sys_brk` keeps the end."""


@dataclass(frozen=True)
class SystemHeap:
    """Addresses of the first byte of the system heap and of the byte behind the last one."""

    start: int
    end: int

    @property
    def size(self) -> int:
        """Bytes of the heap, with the Python heap that lies in it."""
        return self.end - self.start


def system_heap(code: bytes) -> SystemHeap | None:
    """Return the system heap of an image, None if the image does not have the form of a MaixPy firmware.

    code: the image from 0x80000000 on.
    """
    at = code.find(CSRR_A0_MHARTID, 0, START)
    if at < 0:
        return None
    program_end, shift = _program_end(code, at), _stack_shift(code, at + len(CSRR_A0_MHARTID))
    if program_end is None or shift is None:
        return None
    start = program_end + (2 << shift)
    end = _end(code, start)
    return SystemHeap(start, end) if end is not None and end > start else None


def _program_end(code: bytes, before: int) -> int | None:
    """Return the address behind the program and its data, from the pair of instructions that puts it into tp."""
    for at in range(before - 8, max(before - BEFORE, -1), -2):
        upper, lower = word(code, at, 4), word(code, at + 4, 4)
        if upper & 0xFFF == 0x217 and lower & 0xFFFFF == 0x20213:  # auipc tp / addi tp, tp
            pointer = BASE + at + signed(upper >> 12, 20) * 4096 + signed(lower >> 20, 12)
            return pointer // 64 * 64
    return None


def _stack_shift(code: bytes, at: int) -> int | None:
    """Return n, where the stack of a hart has 1 << n bytes, from the instructions behind the hart's number."""
    window = code[at : at + 16]
    # slli sp, sp, n in its long or its short form.
    for offset in range(0, len(window) - 3, 2):
        half, whole = word(window, offset, 2), word(window, offset, 4)
        if whole & 0xFC0FFFFF == 0x0001_1113:
            return whole >> 20 & 63
        if half & 0xEF83 == 0x0102:
            return half >> 7 & 32 | half >> 2 & 31
    return None


def _end(code: bytes, start: int) -> int | None:
    """Return the end of the heap, from the words in which `sys_brk` keeps its limits."""
    for match in islice(re.finditer(re.escape(start.to_bytes(8, "little")), code), MOST_PLACES):
        at = match.start()
        if at % 8:
            continue
        for near in range(at - 8 * NEAR, at + 8 * NEAR + 1, 8):
            end = word(code, near, 8) + UNCACHED if near >= 0 else 0
            if end in ENDS:
                return end
    return None
