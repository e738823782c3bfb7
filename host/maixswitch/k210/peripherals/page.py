"""Blocks whose registers read as they were written: a page that the CPU reads as plain memory.

A read costs the emulator nothing then, and only a write stops it. That matters: `utime` reads two registers of SYSCTL
for every tick it computes, 3.7 million times during a camera's reset (seen with v0.6.2-72).
"""

from __future__ import annotations

import mmap
from typing import Any, ClassVar

from maixswitch.k210.memory import PAGE

from .device import WORD, Device


class PageDevice(Device):
    """A block whose registers live in a page of memory. `stored` sees each write after it was done."""

    RESET: ClassVar[dict[int, int]] = {}
    """Registers that are not zero at the start."""

    def __init__(self, chip: Any, base: int, name: str = "") -> None:
        super().__init__(chip, base, name)
        self.page = mmap.mmap(-1, PAGE, access=mmap.ACCESS_COPY)  # as in memory.py
        for offset, value in self.RESET.items():
            self.set(offset, value)

    def get(self, offset: int) -> int:
        """Return the register at an offset."""
        return int.from_bytes(self.page[offset : offset + 4], "little")

    def set(self, offset: int, value: int) -> None:
        """Set the register at an offset without any effect."""
        self.page[offset : offset + 4] = (value & WORD).to_bytes(4, "little")

    def write(self, offset: int, value: int) -> None:
        self.set(offset, value)
        self.stored(offset, value)

    def read(self, offset: int) -> int:
        return self.get(offset)

    def stored(self, offset: int, value: int) -> None:
        """React to a write; the default remembers and does nothing."""

    def state(self) -> dict[str, Any]:
        return {**super().state(), "page": bytes(self.page[:])}

    def restore(self, state: dict[str, Any]) -> None:
        kept = dict(state)
        self.page[:] = kept.pop("page")
        super().restore(kept)
