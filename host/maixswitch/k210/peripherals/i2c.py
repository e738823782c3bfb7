"""I2C0 to I2C2: DesignWare controllers with the parts that a board connects to them."""

from __future__ import annotations

from .chip_view import ChipView, I2cPart
from .device import Device

CON, TAR, DATA_CMD, CLEAR_ABORT, ENABLE = 0x00, 0x04, 0x10, 0x54, 0x6C
RAW_INTERRUPTS, CLEAR_INTERRUPTS = 0x34, 0x40
STATUS, TXFLR, RXFLR, ABORT_SOURCE = 0x70, 0x74, 0x78, 0x80
NOT_FULL_AND_EMPTY, NOT_EMPTY = 6, 8
READ = 0x100
NO_ANSWER = 1
CLOCK_LINE = 126
"""The number of the function of I2C0's clock line; its data line and the lines of the other buses follow."""


class I2c(Device):
    """`parts` maps a 7-bit address to the part there, `pins` to the pins (clock, data) that it is on, if known."""

    NAME = "I2C"
    STATE = ("pending", "received", "abort")
    KNOWN = frozenset((CON, TAR, ENABLE, *range(0x14, 0x34, 4), 0x38, 0x3C, *range(0x88, 0xA0, 4), 0x4C, 0x7C, 0xF0))

    def __init__(self, chip: ChipView, base: int, name: str = "") -> None:
        super().__init__(chip, base, name)
        self.parts: dict[int, I2cPart] = {}
        self.pins: dict[int, tuple[int, int]] = {}
        self._lines = CLOCK_LINE + 2 * (base >> 16 & 3)
        self.pending = bytearray()
        self.received = bytearray()
        self.abort = 0

    def _part(self) -> I2cPart | None:
        address = self.registers.get(TAR, 0) & 0x7F
        part = self.parts.get(address)
        if part is not None and address in self.pins:
            clock, data = (self.chip.fpioa.function(pin) for pin in self.pins[address])
            if (clock, data) != (self._lines, self._lines + 1):
                part = None
        if part is None:
            self.abort = NO_ANSWER
        return part

    def _end_write(self) -> None:
        if self.pending:
            part = self._part()
            if part is not None:
                part.write(bytes(self.pending))
            self.pending.clear()

    def read(self, offset: int) -> int:
        if offset == DATA_CMD:
            return self.received.pop(0) if self.received else 0
        if offset == STATUS:
            self._end_write()
            return NOT_FULL_AND_EMPTY | (NOT_EMPTY if self.received else 0)
        if offset == RXFLR:
            return len(self.received)
        if offset == ABORT_SOURCE:
            return self.abort
        if offset in (CLEAR_ABORT, CLEAR_INTERRUPTS):
            self.abort = 0
            return 0
        if offset in (TXFLR, RAW_INTERRUPTS):
            return 0
        return super().read(offset)

    def write(self, offset: int, value: int) -> None:
        if offset == DATA_CMD:
            if value & READ:
                self._end_write()
                part = self._part()
                self.received.append(0xFF if part is None else part.read() & 0xFF)
            else:
                self.pending.append(value & 0xFF)
                self._part()
            return
        super().write(offset, value)
        if offset == ENABLE and not value & 1:
            self._end_write()
            self.received.clear()
