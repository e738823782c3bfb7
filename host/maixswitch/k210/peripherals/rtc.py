"""RTC: date and time as the firmware set them; the seconds follow the chip's clock."""

from __future__ import annotations

import calendar
import time
from typing import ClassVar

from .chip_view import ChipView
from .page import PageDevice

DATE, TIME, INITIAL_COUNT, CONTROL, EXTENDED = 0x00, 0x04, 0x10, 0x1C, 0x28
WRITE_ENABLE = 2
TICK = 26_000_000


class Rtc(PageDevice):
    """`written` is the cycle at which the time was set last."""

    NAME = "RTC"
    RESET: ClassVar[dict[int, int]] = {INITIAL_COUNT: TICK, CONTROL: 1}
    STATE = ("ticking",)

    def __init__(self, chip: ChipView, base: int, name: str = "") -> None:
        super().__init__(chip, base, name)
        self.ticking = 0

    def stored(self, offset: int, value: int) -> None:
        if offset in (DATE, TIME, EXTENDED):
            self.ticking += 1
            self.chip.later(self.chip.sysctl.cpu_clock(), self, "second", self.ticking)

    def happen(self, action: str, argument: int) -> None:
        if argument == self.ticking:
            self._advance()
            self.chip.later(self.chip.sysctl.cpu_clock(), self, "second", self.ticking)

    def _advance(self) -> None:
        date, clock, extended = self.get(DATE), self.get(TIME), self.get(EXTENDED)
        year = (extended & 31) * 100 + (date >> 20 & 0xFFF) % 100
        fields = (year, date >> 16 & 15, date >> 8 & 31, clock >> 24 & 31, clock >> 16 & 63, clock >> 10 & 63)
        if not (year >= 1970 and 1 <= fields[1] <= 12 and 1 <= fields[2] <= 31):
            return
        now = time.gmtime(calendar.timegm((*fields, 0, 0, 0)) + 1)
        week = (now.tm_wday + 1) % 7
        leap = int(calendar.isleap(now.tm_year)) << 5
        self.set(DATE, (now.tm_year % 100) << 20 | now.tm_mon << 16 | now.tm_mday << 8 | week)
        self.set(TIME, now.tm_hour << 24 | now.tm_min << 16 | now.tm_sec << 10)
        self.set(EXTENDED, extended & ~0x3F | now.tm_year // 100 | leap)
