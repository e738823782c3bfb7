"""The system heap of a firmware image, from the instructions that set up the stacks.

The start of every image reads the number of the hart, and takes its stack behind the end of the program. Behind the
stacks begins the system heap. `sys_brk` keeps the heap's start among the initialised data, which proves the result,
and next to it the end; in builds before v0.5.0-31 the end is the address that two instructions compute. Seen in 52
images: MaixPy v0.3.0 to v0.6.2-85, CanMV, Krux and an early MicroPython for the chip.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
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
MOST_PAIRS = 100_000
"""Most pairs of instructions that are looked at; a firmware has some thousands."""
NEAR = 4
"""Words around the heap's start within which `sys_brk` keeps the end."""
AFTER = 24
"""Bytes behind the hart's number within which the stack pointer is set."""
PC_RELATIVE = re.compile(rb"(?=([\x17\x97].[\x10-\x80]\x00[\x13\x93]...))", re.DOTALL)
"""auipc with a distance of 1 to 8 MiB, and an addi behind it."""
END_STEP = 0x10_0000
"""Every end is a multiple of this."""
PYTHON_HEAP = re.compile(rb"\xb7(...)(?:\x9b\x87(..))?\x5c\xc4", re.DOTALL)
"""lui a5, and addiw a5 for what is no multiple of 4 KiB; sw a5, 12(s0): the default of `gc_heap_size` is stored. Every
image from v0.5.0-9 on does it in two places."""
PYTHON_HEAPS = range(0x1_0000, 0x60_0000)


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


def python_heap(code: bytes) -> int | None:
    """Return the default of the bytes of the Python heap, None if the image does not say it in the known form."""
    sizes = []
    for upper, lower in islice(PYTHON_HEAP.findall(code), MOST_PAIRS):
        # The low four bits of the first byte belong to the register, and the twelve high bits of addiw are the number.
        size = (word(upper, 0, 3) >> 4 << 12) + (signed(word(lower, 0, 2) >> 4, 12) if lower else 0)
        if size in PYTHON_HEAPS:
            sizes.append(size)
    return sizes[0] if len(sizes) == 2 and sizes[0] == sizes[1] else None


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
    window = code[at : at + AFTER]
    # slli sp, sp, n in its long or its short form.
    for offset in range(0, len(window) - 3, 2):
        half, whole = word(window, offset, 2), word(window, offset, 4)
        if whole & 0xFC0FFFFF == 0x0001_1113:
            return whole >> 20 & 63
        if half & 0xEF83 == 0x0102:
            return half >> 7 & 32 | half >> 2 & 31
    return None


def break_addresses(code: bytes, heap: SystemHeap) -> tuple[int, ...]:
    """Return the addresses of the words that hold the heap's start when the image starts.

    `sys_brk` keeps the program break in one of them; the others stay as they are.
    """
    return tuple(BASE + at for at in _aligned(code, heap.start))


def _aligned(code: bytes, value: int) -> Iterator[int]:
    """Yield the offsets of the words with that value."""
    for match in islice(re.finditer(re.escape(value.to_bytes(8, "little")), code), MOST_PLACES):
        if match.start() % 8 == 0:
            yield match.start()


def _end(code: bytes, start: int) -> int | None:
    """Return the end of the heap, from the words or the instructions by which `sys_brk` knows its limits."""
    starts = list(_aligned(code, start))
    for at in starts:
        for near in range(at - 8 * NEAR, at + 8 * NEAR + 1, 8):
            end = word(code, near, 8) + UNCACHED if near >= 0 else 0
            if end in ENDS:
                return end
    return _computed_end(code) if starts else None


def _computed_end(code: bytes) -> int | None:
    """Return the one address in the range of the ends that instructions compute, None if there are several or none."""
    addresses = set()
    for match in islice(PC_RELATIVE.finditer(code), MOST_PAIRS):
        upper, lower = word(match[1], 0, 4), word(match[1], 4, 4)
        register = upper >> 7 & 31
        if match.start() % 2 or lower & 0x707F != 0x13 or (lower >> 7 & 31, lower >> 15 & 31) != (register, register):
            continue
        address = BASE + match.start() + (upper >> 12 << 12) + signed(lower >> 20, 12)
        if address in ENDS and address % END_STEP == 0:
            addresses.add(address)
    return addresses.pop() if len(addresses) == 1 else None
