"""What lies where in the flash chip of a board with MaixPy: the firmware, models, the file system."""

from __future__ import annotations

from dataclasses import dataclass

from maixswitch.k210.board.flash import SECTOR, SIZE
from maixswitch.language import tr

__all__ = ["FILE_SYSTEM", "MODELS_START", "SECTOR", "SIZE", "STEP", "Extent"]

MODELS_START = 0x300000
"""The usual place of models: no firmware is so large."""
FILE_SYSTEM = 0xD00000
"""SPIFFS begins here in all flavours, and reaches to the end of the chip."""
STEP = 0x10000
"""What the chip erases at once. Models that share no such block can be written again one by one."""


@dataclass(frozen=True)
class Extent:
    """What lies in the flash chip from `start` to below `end`."""

    name: str
    start: int
    end: int

    def __str__(self) -> str:
        return tr("{start} to {end}", start=f"0x{self.start:06X}", end=f"0x{self.end:06X}")

    @property
    def named(self) -> str:
        """The name with both ends."""
        return f"{self.name}: {self}"

    def overlaps(self, other: Extent) -> bool:
        """Do the two share a byte?"""
        return self.start < other.end and other.start < self.end
