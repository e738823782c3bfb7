"""Camera sensors, as far as a firmware sees them over I2C: their address, their ids, registers that remember."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class SensorKind:
    """A sensor: 7-bit address, bytes of a register's number, the registers that tell its id."""

    name: str
    address: int
    number_bytes: int
    ids: dict[int, int]


KINDS = {
    kind.name: kind
    for kind in (
        SensorKind("OV2640", 0x30, 1, {0x10A: 0x26, 0x10B: 0x42, 0x11C: 0x7F, 0x11D: 0xA2}),
        SensorKind("OV7740", 0x21, 1, {0x0A: 0x77, 0x0B: 0x42, 0x1C: 0x7F, 0x1D: 0xA2}),
        SensorKind("GC0328", 0x21, 1, {0xF0: 0x9D}),
        SensorKind("GC2145", 0x3C, 1, {0xF0: 0x21, 0xF1: 0x45}),
        SensorKind("OV5640", 0x3C, 2, {0x300A: 0x56, 0x300B: 0x40}),
    )
}
OV2640_BANK = 0xFF


class Sensor:
    """A sensor at an I2C bus; the OV2640 has two banks of registers, chosen by register FF."""

    def __init__(self, kind: SensorKind) -> None:
        self.kind = kind
        self.values: dict[int, int] = {}
        self.reset()

    def reset(self) -> None:
        """Forget what was written, as after a pulse on the reset line."""
        self.values.clear()
        self.bank = 1  # register FF reads 7F after a reset: the bank with the ids
        self.at = 0

    def state(self) -> dict[str, Any]:
        """Return what a saved state keeps."""
        return {"values": dict(self.values), "bank": self.bank, "at": self.at}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state` returned."""
        self.values, self.bank, self.at = state["values"], state["bank"], state["at"]

    def write(self, data: bytes) -> None:
        """Take a register's number and perhaps a value."""
        size = self.kind.number_bytes
        if len(data) < size:
            return
        self.at = int.from_bytes(data[:size], "big")
        for value in data[size:]:
            if self.kind.name == "OV2640" and self.at == OV2640_BANK:
                self.bank = value & 1
            self.values[self._key()] = value
            self.at += 1

    def read(self) -> int:
        """Return the register that was named last."""
        key = self._key()
        self.at += self.kind.number_bytes - 1
        return self.kind.ids.get(key, self.values.get(key, 0))

    def _key(self) -> int:
        return self.at | self.bank << 8 if self.kind.name == "OV2640" else self.at
