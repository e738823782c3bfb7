"""The chip's time: cycles of the CPU, which follow the instructions that it executes."""

from __future__ import annotations

import ctypes

SLICE = 20_000
"""Instructions and cycles that a hart runs between two looks at events and the other hart."""
LONGEST_JUMP = 50 * SLICE
"""Cycles by which the clock moves on at most when all harts only wait, so that whoever drives the chip gets a turn."""
CYCLES_OF_A_READ = 60
READS_OF_A_DELAY = 10
"""So many reads of the cycle counter in one slice, with no other access of a device, are a delay loop."""


CYCLES, READS, DELAY, STOP = range(4)
"""What `Clock.words` holds: the cycles, the reads since another access of a device, 1 in a delay loop, uc_emu_stop."""


class Clock:
    """The cycles since the start. A read of the counter takes time itself, so that a loop that only reads it ends.

    words: the numbers, in memory that the machine code of `native.counter` shares.
    """

    def __init__(self) -> None:
        self.words = (ctypes.c_int64 * 4)()

    @property
    def cycles(self) -> int:
        """Cycles since the start."""
        return self.words[CYCLES]

    @cycles.setter
    def cycles(self, cycles: int) -> None:
        self.words[CYCLES] = cycles

    @property
    def reads(self) -> int:
        """Reads of the counter since the last access of another device."""
        return self.words[READS]

    @reads.setter
    def reads(self, reads: int) -> None:
        self.words[READS] = reads

    @property
    def delay(self) -> bool:
        """Whether a delay loop ended the run of a hart."""
        return bool(self.words[DELAY])

    @delay.setter
    def delay(self, delay: bool) -> None:
        self.words[DELAY] = delay

    def read(self) -> int:
        """Return the cycle counter, as the firmware's `mcycle` reads it."""
        self.cycles += CYCLES_OF_A_READ
        self.reads += 1
        return self.cycles
