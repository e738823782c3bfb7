"""What all blocks of the chip have in common: a page of registers, a state to save, and the chip they belong to."""

from __future__ import annotations

from typing import Any, ClassVar

WORD = 0xFFFF_FFFF


class Device:
    """A block of the chip.

    ``SIZE`` is the length of its addresses, ``STATE`` names the attributes that a saved state holds. ``registers``
    remembers what was written, by offset. ``chip`` is the Chip that made the device.
    """

    NAME: ClassVar[str]
    SIZE: ClassVar[int] = 0x1000
    STATE: ClassVar[tuple[str, ...]] = ()
    KNOWN: ClassVar[frozenset[int]] = frozenset()
    """Offsets that do no more than remember; any other offset that `get` or `put` leaves to this class is counted."""

    def __init__(self, chip: Any, base: int, name: str = "") -> None:
        self.chip = chip
        self.base = base
        self.name = name or self.NAME
        self.registers: dict[int, int] = {}

    def read(self, offset: int) -> int:
        """Return the 32-bit register at an offset; overridden by devices whose registers do more than remember."""
        if offset not in self.KNOWN and offset not in self.registers:
            self.chip.unmodelled.count(self.name, offset, "read")
        return self.registers.get(offset, 0)

    def write(self, offset: int, value: int) -> None:
        """Take a 32-bit value for the register at an offset."""
        if offset not in self.KNOWN:
            self.chip.unmodelled.count(self.name, offset, "write")
        self.registers[offset] = value

    def duration(self, items: int, receives: bool) -> int:
        """Return the cycles that a DMA transfer takes, 0 for one that is done at once.

        receives: the transfer goes from this device into the memory.
        """
        return 0

    def happen(self, action: str, argument: int) -> None:
        """Do what this device scheduled with `chip.later`."""
        raise NotImplementedError(f"{self.name} has no action {action}")

    def state(self) -> dict[str, Any]:
        """Return what a saved state keeps of this device: numbers, strings, bytes, lists and dictionaries of them."""
        return {"registers": dict(self.registers), **{name: getattr(self, name) for name in self.STATE}}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state` returned."""
        for name, value in state.items():
            setattr(self, name, value)
