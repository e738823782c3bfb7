"""OTP: the memory that is written once. `machine.unique_id` reads 32 bytes of it."""

from __future__ import annotations

from .chip_view import ChipView
from .device import Device

READY, ADDRESS, VALID, FAILED, DATA = 0x3C, 0x30, 0xAC, 0x60, 0x24
ID_AT = 0x3D90
SERIAL = bytes(range(0x10, 0x30))
"""The number of this chip."""


class Otp(Device):
    """Bytes are addressed by the number of their first bit."""

    NAME = "OTP"
    KNOWN = frozenset(range(0, 0x100, 4))

    def __init__(self, chip: ChipView, base: int, name: str = "") -> None:
        super().__init__(chip, base, name)

    def read(self, offset: int) -> int:
        if offset in (READY, VALID):
            return 1
        if offset == FAILED:
            return 0
        if offset == DATA:
            at = self.registers.get(ADDRESS, 0) // 8 - ID_AT
            return SERIAL[at] if 0 <= at < len(SERIAL) else 0
        return super().read(offset)
