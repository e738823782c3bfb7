"""TIMER0 to TIMER2: four channels each, which count down and start again."""

from __future__ import annotations

from .chip_view import ChipView
from .device import WORD, Device
from .sysctl import CLOCK_SELECT_0, CRYSTAL, PLL0

LOAD, CURRENT, CONTROL, END_OF_INTERRUPT, STATUS = 0x00, 0x04, 0x08, 0x0C, 0x10
CHANNEL_SIZE = 0x14
ALL_STATUS, ALL_CLEAR, ALL_RAW, ALL_RAW_2 = 0xA0, 0xA4, 0xA8, 0xAC
RUNNING, MASKED = 1, 4
THRESHOLD = 0x40
"""Offset in SYSCTL of the register with the dividers of the timers' clocks, a byte each."""


class Timer(Device):
    """`raised` holds the channels whose interrupt waits, `run` a number for each start, so that old events are void."""

    NAME = "TIMER"
    STATE = ("raised", "run", "started")
    KNOWN = frozenset(CHANNEL_SIZE * c + r for c in range(4) for r in (LOAD, CONTROL)) | frozenset(range(0xB0, 0xC0, 4))

    def __init__(self, chip: ChipView, base: int, name: str = "", number: int = 0) -> None:
        super().__init__(chip, base, name)
        self.number = number
        self.raised = 0
        self.run = [0] * 4
        self.started = [0] * 4

    def period(self, channel: int) -> int:
        """Return the period of a channel in cycles of the CPU."""
        sysctl = self.chip.sysctl
        selected = sysctl.get(CLOCK_SELECT_0) >> 13 + self.number & 1
        divider = (sysctl.get(THRESHOLD) >> 8 * self.number & 0xFF) + 1
        clock = (sysctl.pll(PLL0) if selected else CRYSTAL) // (2 * divider)
        load = self.registers.get(CHANNEL_SIZE * channel + LOAD, 0)
        period: int = (load + 1) * sysctl.cpu_clock() // max(clock, 1)
        return max(period, 1)

    def read(self, offset: int) -> int:
        if offset == ALL_CLEAR:
            self.raised = 0
            self._update()
            return 0
        if offset in (ALL_STATUS, ALL_RAW):
            return self.raised
        channel, register = divmod(offset, CHANNEL_SIZE)
        if channel < 4:
            if register == CURRENT:
                period = self.period(channel)
                past = (self.chip.clock.cycles - self.started[channel]) % period
                left: int = self.registers.get(CHANNEL_SIZE * channel, 0) * (period - past) // period
                return left & WORD
            if register == END_OF_INTERRUPT:
                self.raised &= ~(1 << channel)
                self._update()
                return 0
            if register == STATUS:
                return self.raised >> channel & 1
        return super().read(offset)

    def write(self, offset: int, value: int) -> None:
        channel, register = divmod(offset, CHANNEL_SIZE)
        was = self.registers.get(offset, 0)
        super().write(offset, value)
        if channel < 4 and register == CONTROL and (was ^ value) & (RUNNING | MASKED):
            self.run[channel] += 1
            if value & RUNNING:
                self.started[channel] = self.chip.clock.cycles
                # Nobody hears a masked one, such as that of a PWM, whose 500,000 events a second would stop every wait.
                if not value & MASKED:
                    self._schedule(channel)

    def _schedule(self, channel: int) -> None:
        late = self.chip.clock.cycles - self.started[channel]
        self.chip.later(max(self.period(channel) - late, 1), self, "expire", self.run[channel] * 4 + channel)

    def happen(self, action: str, argument: int) -> None:
        run, channel = divmod(argument, 4)
        if run != self.run[channel]:
            return
        # Events come up to a slice late. The next period counts from the end of this one, or the timer would be slow;
        # a timer faster than the slices leaves periods out.
        period = self.period(channel)
        self.started[channel] += (self.chip.clock.cycles - self.started[channel]) // period * period
        self.raised |= 1 << channel
        self._update()
        self._schedule(channel)

    def _update(self) -> None:
        first = 14 + 2 * self.number
        self.chip.plic.set_level(first, bool(self.raised & 3))
        self.chip.plic.set_level(first + 1, bool(self.raised & 12))
