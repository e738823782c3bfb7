"""What must be changed in a firmware's code so that Unicorn runs it in machine mode, and where interrupts may fall in.

Unicorn 2.1 does not give a firmware three registers as the chip does: the hart's number, the waiting interrupts and the
cycle counter. Reading them is the only use MaixPy makes of them, so each such instruction is replaced by one that reads
the same value from elsewhere. Data that looks like such an instruction did no harm in 50 images.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

MHARTID, MIP, MCYCLE, CYCLE = 0xF14, 0x344, 0xB00, 0xC00
MSCRATCH, SSCRATCH = 0x340, 0x140
"""CSRs that these firmwares never use; the emulator keeps the hart's number and the waiting interrupts there."""
MSTATUS = 0x300
COUNTER = 0x7E0
"""Address of the cycle counter. A null pointer is followed up to 0x60 (seen), so it lies well above that."""
CSR_READ = 0x2073
"""csrrs rd, csr, x0 without rd and csr."""
MRET = 0x3020_0073
A0, A5 = 10, 15
COUNTDOWN = bytes.fromhex("0100fd37f5ff")
"""nop; a5 -= 1; again unless a5 is 0: the drivers' delays are made of it."""
SHORT_COUNTDOWN = bytes.fromhex("19c57d35e547") + COUNTDOWN + bytes.fromhex("d5bf")
"""a0 rounds of counting 25 down to 0."""


@dataclass(frozen=True)
class Sites:
    """Offsets in the image.

    enables: the instruction behind each one that may set MIE in mstatus; a waiting interrupt is taken there.
    returns: each mret.
    delays: (the first instruction of a loop that only wastes time, the register that counts its rounds down,
        instructions of a round).
    """

    enables: tuple[int, ...]
    returns: tuple[int, ...]
    delays: tuple[tuple[int, int, int], ...] = ()


def adapt(image: bytearray) -> Sites:
    """Change the image in place and return where interrupts must be looked for."""
    padded = bytes(image) + bytes(-len(image) % 4 + 4)
    even = np.frombuffer(padded, "<u4")
    odd = np.frombuffer(padded[2 : 2 + 4 * (len(even) - 1)], "<u4")
    enables, returns = [], []
    for words, start in ((even[:-1], 0), (odd, 2)):
        system = np.nonzero((words & 0x7F) == 0x73)[0]
        for at in system:
            word, offset = int(words[at]), 4 * int(at) + start
            if offset + 4 > len(image):
                continue
            csr, operation, source = word >> 20, word >> 12 & 7, word >> 15 & 31
            if word == MRET:
                returns.append(offset)
            elif csr == MSTATUS and (operation in (1, 5) or (operation in (2, 6) and source)):
                enables.append(offset + 4)
            elif word & 0xFF07F == CSR_READ:
                rd = word & 0xF80
                if csr == MHARTID:
                    word = MSCRATCH << 20 | CSR_READ | rd
                elif csr == MIP:
                    word = SSCRATCH << 20 | CSR_READ | rd
                elif csr in (MCYCLE, CYCLE):
                    word = COUNTER << 20 | 3 << 12 | rd | 3
                else:
                    continue
                image[offset : offset + 4] = word.to_bytes(4, "little")
    return Sites(tuple(sorted(enables)), tuple(sorted(returns)), tuple(_delays(bytes(image))))


def _delays(image: bytes) -> Iterator[tuple[int, int, int]]:
    at = image.find(COUNTDOWN)
    while at >= 0:
        start = at - SHORT_COUNTDOWN.find(COUNTDOWN)
        if image[max(start, 0) :].startswith(SHORT_COUNTDOWN):
            yield start, A0, 78
        else:
            yield at, A5, 3
        at = image.find(COUNTDOWN, at + 2)
