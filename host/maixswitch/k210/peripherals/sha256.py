"""SHA256: takes the padded message a word at a time and gives the digest with its words in reverse order."""

from __future__ import annotations

import hashlib
import struct

from .chip_view import ChipView
from .device import Device

RESULT_LAST, DATA, COUNT, ENABLE, DMA = 0x1C, 0x20, 0x28, 0x2C, 0x34
ON, BIG_ENDIAN = 1, 1 << 16


class Sha256(Device):
    """`words` are those of the message so far."""

    NAME = "SHA256"
    STATE = ("words", "digest")
    KNOWN = frozenset((COUNT, DMA, 0x30, 0x38))

    def __init__(self, chip: ChipView, base: int, name: str = "") -> None:
        super().__init__(chip, base, name)
        self.words: list[int] = []
        self.digest = bytes(32)

    def read(self, offset: int) -> int:
        if offset <= RESULT_LAST:
            at = 28 - offset
            return int.from_bytes(self.digest[at : at + 4], "little")
        if offset == ENABLE:
            return self.registers.get(ENABLE, 0) | ON
        return super().read(offset)

    def write(self, offset: int, value: int) -> None:
        if offset == DATA:
            self.words.append(value)
            if len(self.words) >= 16 * (self.registers.get(COUNT, 0) & 0xFFFF):
                self._finish()
        elif offset == ENABLE:
            self.registers[ENABLE] = value
            if value & ON:
                self.words.clear()
        else:
            super().write(offset, value)

    def _finish(self) -> None:
        data = struct.pack(f"<{len(self.words)}I", *self.words)
        # The message comes padded; its length in bits stands in the last eight bytes.
        length = int.from_bytes(data[-8:], "big") // 8
        self.digest = hashlib.sha256(data[: min(length, len(data))]).digest()
        self.words.clear()
