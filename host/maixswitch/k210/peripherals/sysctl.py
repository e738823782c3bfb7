"""SYSCTL: clocks, PLLs, resets. Its registers remember, apart from a few that tell how the chip is."""

from __future__ import annotations

from typing import ClassVar

from .page import PageDevice

CLOCK_FREQUENCY = 0x04
PLL0, PLL1, PLL2, PLL_LOCK = 0x08, 0x0C, 0x10, 0x18
CLOCK_SELECT_0, CLOCK_CENTRAL, CLOCK_PERIPHERAL = 0x20, 0x28, 0x2C
SOFT_RESET = 0x30
CRYSTAL = 26_000_000
"""Hz."""
LOCKED = 0x10103
"""Both lock bits of PLL0, and those of PLL1 and PLL2: the driver waits until it reads them."""


class Sysctl(PageDevice):
    """The clock tree, as far as other devices ask for it."""

    NAME = "SYSCTL"
    RESET: ClassVar[dict[int, int]] = {
        CLOCK_FREQUENCY: CRYSTAL,
        PLL_LOCK: LOCKED,
        CLOCK_CENTRAL: 0xFFFF_FFFF,
        CLOCK_PERIPHERAL: 0xFFFF_FFFF,
    }

    def stored(self, offset: int, value: int) -> None:
        if offset in (CLOCK_FREQUENCY, PLL_LOCK):
            self.set(offset, self.RESET[offset])
        elif offset == SOFT_RESET and value & 1:
            self.chip.reset_requested = True
            self.chip.stop()

    def pll(self, offset: int) -> int:
        """Return the frequency of a PLL in Hz; `offset` is that of its register."""
        value = self.get(offset)
        divider, factor, output = value & 15, value >> 4 & 63, value >> 10 & 15
        return CRYSTAL * (factor + 1) // (divider + 1) // (output + 1)

    def cpu_clock(self) -> int:
        """Return the clock of the CPU in Hz."""
        select = self.get(CLOCK_SELECT_0)
        return self.pll(PLL0) // (2 << (select >> 1 & 3)) if select & 1 else CRYSTAL
