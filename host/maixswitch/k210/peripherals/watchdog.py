"""WDT0 and WDT1: they reset the chip when nobody feeds them."""

from __future__ import annotations

from typing import Any

from .page import PageDevice
from .sysctl import CRYSTAL

CONTROL, TIMEOUT, FEED, STATUS, END_OF_INTERRUPT = 0x00, 0x04, 0x0C, 0x10, 0x14
ON, INTERRUPT_FIRST = 1, 2
FOOD = 0x76


class Watchdog(PageDevice):
    """`run` counts starts and feeds, so that old events are void; `warned` is set between interrupt and reset."""

    NAME = "WDT"
    STATE = ("run", "warned")

    def __init__(self, chip: Any, base: int, name: str = "", source: int = 0) -> None:
        super().__init__(chip, base, name)
        self.source = source
        self.run = 0
        self.warned = False

    def period(self) -> int:
        """Return the cycles of the CPU from a feed to the time-out: 2 ** (16 + n) ticks of half the crystal."""
        ticks = 1 << 16 + (self.get(TIMEOUT) & 15)
        period: int = ticks * self.chip.sysctl.cpu_clock() // (CRYSTAL // 2)
        return period

    def stored(self, offset: int, value: int) -> None:
        if (offset == FEED and value & 0xFF == FOOD) or offset in (CONTROL, TIMEOUT):
            self.warned = False
            self.chip.plic.set_level(self.source, False)
            self._schedule()
        elif offset == END_OF_INTERRUPT:
            self.chip.plic.set_level(self.source, False)

    def _schedule(self) -> None:
        self.run += 1
        if self.get(CONTROL) & ON:
            self.chip.later(self.period(), self, "expire", self.run)

    def happen(self, action: str, argument: int) -> None:
        if argument != self.run:
            return
        if self.get(CONTROL) & INTERRUPT_FIRST and not self.warned:
            self.warned = True
            self.chip.plic.set_level(self.source, True)
            self._schedule()
        else:
            self.chip.reset_requested = True
            self.chip.stop()
