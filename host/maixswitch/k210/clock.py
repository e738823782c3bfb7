"""The chip's time: cycles of the CPU, which follow the instructions that it executes."""

from __future__ import annotations

SLICE = 20_000
"""Instructions and cycles that a hart runs between two looks at events and the other hart."""
LONGEST_JUMP = 50 * SLICE
"""Cycles by which the clock moves on at most when all harts only wait, so that whoever drives the chip gets a turn."""
CYCLES_OF_A_READ = 60
READS_OF_A_DELAY = 10
"""So many reads of the cycle counter in one slice, with no other access of a device, are a delay loop."""


class Clock:
    """`cycles` since the start. A read of the counter takes time itself, so that a loop that only reads it ends."""

    def __init__(self) -> None:
        self.cycles = 0
        self.reads = 0

    def read(self) -> int:
        """Return the cycle counter, as the firmware's `mcycle` reads it."""
        self.cycles += CYCLES_OF_A_READ
        self.reads += 1
        return self.cycles
