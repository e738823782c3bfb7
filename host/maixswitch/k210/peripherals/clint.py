"""CLINT: the software and timer interrupts of the two harts."""

from __future__ import annotations

from typing import Any

from .device import WORD, Device

MSIP = 0x0000
MTIMECMP = 0x4000
MTIME = 0xBFF8
CYCLES_PER_TICK = 50
NEVER = (1 << 64) - 1
SOFT, TIMER = 1 << 3, 1 << 7


class Clint(Device):
    """`msip` a hart: 0 or 1. `mtimecmp` a hart: the tick of `mtime` (CPU clock / 50) at which its timer line rises."""

    NAME = "CLINT"
    SIZE = 0x10000
    STATE = ("msip", "mtimecmp")

    def __init__(self, chip: Any, base: int, name: str = "") -> None:
        super().__init__(chip, base, name)
        self.msip = [0, 0]
        self.mtimecmp = [NEVER, NEVER]

    def read(self, offset: int) -> int:
        if offset < 8:
            return self.msip[offset >> 2]
        if MTIMECMP <= offset < MTIMECMP + 16:
            return self.mtimecmp[(offset - MTIMECMP) >> 3] >> (offset & 4) * 8 & WORD
        if MTIME <= offset < MTIME + 8:
            ticks: int = self.chip.clock.read() // CYCLES_PER_TICK
            return ticks >> (offset & 4) * 8 & WORD
        return super().read(offset)

    def write(self, offset: int, value: int) -> None:
        if offset < 8:
            hart = offset >> 2
            self.msip[hart] = value & 1
            self.chip.harts[hart].set_line(SOFT, bool(value & 1))
            # A yield of FreeRTOS writes its own msip and must not run on; see Hart.stop_behind_store.
            if value & 1:
                self.chip.software_interrupt(hart)
        elif MTIMECMP <= offset < MTIMECMP + 16:
            hart, shift = (offset - MTIMECMP) >> 3, (offset & 4) * 8
            self.mtimecmp[hart] = self.mtimecmp[hart] & ~(WORD << shift) | value << shift
            self.update()
        else:
            super().write(offset, value)

    def update(self) -> None:
        """Set the timer lines by the clock."""
        now = self.chip.clock.cycles // CYCLES_PER_TICK
        for hart, when in zip(self.chip.harts, self.mtimecmp, strict=True):
            hart.set_line(TIMER, now >= when)

    def next_change(self) -> int:
        """Return the cycle at which a timer line rises next."""
        now = self.chip.clock.cycles // CYCLES_PER_TICK
        return min((when for when in self.mtimecmp if when > now), default=NEVER) * CYCLES_PER_TICK
