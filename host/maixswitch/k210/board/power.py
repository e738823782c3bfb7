"""Power chips on I2C: AXP192 of the M5StickV and AXP173 of the Amigo. Registers remember; nothing is switched off."""

from __future__ import annotations

from typing import Any

ADDRESS = 0x34
"""Of both chips."""
CHARGED = {0x00: 0xF4, 0x01: 0x70, 0x78: 0xE2, 0x79: 0x00, 0x03: 0x03}
"""On USB, battery full (4.0 V); register 3 tells the kind of chip."""


class PowerChip:
    """A chip with 256 registers."""

    def __init__(self) -> None:
        self.values = dict(CHARGED)
        self.at = 0

    def state(self) -> dict[str, Any]:
        """Return what a saved state keeps."""
        return {"values": dict(self.values), "at": self.at}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state` returned."""
        self.values, self.at = state["values"], state["at"]

    def write(self, data: bytes) -> None:
        """Take a register's number and values."""
        self.at = data[0]
        for value in data[1:]:
            self.values[self.at & 0xFF] = value
            self.at += 1

    def read(self) -> int:
        """Return the next register."""
        value = self.values.get(self.at & 0xFF, 0)
        self.at += 1
        return value
