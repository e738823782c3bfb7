"""PLIC: the interrupts of all devices, by priority, to the two harts.

Sources are levels: one that is still high after its completion is pending again. A source that a hart has claimed is
not offered to the other hart until it is completed.
"""

from __future__ import annotations

from .chip_view import ChipView
from .device import WORD, Device

EXTERNAL = 1 << 11
SOURCES = 66
PENDING = 0x1000
ENABLE, ENABLE_OF_HART = 0x2000, 0x100
"""Contexts 0 and 2 of the chip are the machine modes of the harts."""
THRESHOLD, THRESHOLD_OF_HART = 0x20_0000, 0x2000
CLAIM = 4


class Plic(Device):
    """`levels`, `claimed` and `enabled` are sets of sources as bits of an integer."""

    NAME = "PLIC"
    SIZE = 0x40_0000
    STATE = ("levels", "claimed", "enabled", "priority", "threshold")

    def __init__(self, chip: ChipView, base: int, name: str = "") -> None:
        super().__init__(chip, base, name)
        self.levels = 0
        self.claimed = 0
        self.enabled = [0, 0]
        self.priority = [0] * SOURCES
        self.threshold = [0, 0]

    def set_level(self, source: int, high: bool) -> None:
        """Set the line of a source."""
        levels = self.levels | 1 << source if high else self.levels & ~(1 << source)
        if levels != self.levels:
            self.levels = levels
            self.update()

    def best(self, hart: int) -> int:
        """Return the source that a hart would claim now, 0 for none: the highest priority, then the lowest number."""
        waiting = self.levels & ~self.claimed & self.enabled[hart]
        source, priority = 0, 0
        while waiting:
            lowest = (waiting & -waiting).bit_length() - 1
            if self.priority[lowest] > priority:
                source, priority = lowest, self.priority[lowest]
            waiting &= waiting - 1
        return source

    def update(self) -> None:
        """Raise or lower the external line of both harts."""
        for hart in self.chip.harts:
            source = self.best(hart.number)
            hart.set_line(EXTERNAL, self.priority[source] > self.threshold[hart.number] if source else False)

    def read(self, offset: int) -> int:
        if offset < 4 * SOURCES:
            return self.priority[offset >> 2]
        if PENDING <= offset < PENDING + 12:
            return self.levels >> (offset - PENDING) * 8 & WORD
        if ENABLE <= offset < ENABLE + 2 * ENABLE_OF_HART:
            hart, word = divmod(offset - ENABLE, ENABLE_OF_HART)
            return self.enabled[hart] >> word * 8 & WORD
        if THRESHOLD <= offset < THRESHOLD + 2 * THRESHOLD_OF_HART:
            hart, register = divmod(offset - THRESHOLD, THRESHOLD_OF_HART)
            if register == 0:
                return self.threshold[hart]
            if register == CLAIM:
                return self._claim(hart)
        return super().read(offset)

    def _claim(self, hart: int) -> int:
        source = self.best(hart)
        if source:
            self.claimed |= 1 << source
            self.update()
        return source

    def write(self, offset: int, value: int) -> None:
        if offset < 4 * SOURCES:
            self.priority[offset >> 2] = value & 7
        elif ENABLE <= offset < ENABLE + 2 * ENABLE_OF_HART:
            hart, word = divmod(offset - ENABLE, ENABLE_OF_HART)
            self.enabled[hart] = self.enabled[hart] & ~(WORD << word * 8) | value << word * 8
        elif THRESHOLD <= offset < THRESHOLD + 2 * THRESHOLD_OF_HART:
            hart, register = divmod(offset - THRESHOLD, THRESHOLD_OF_HART)
            if register == 0:
                self.threshold[hart] = value & 7
            elif register == CLAIM:
                self.claimed &= ~(1 << value % SOURCES)
            else:
                super().write(offset, value)
        else:
            super().write(offset, value)
        self.update()
