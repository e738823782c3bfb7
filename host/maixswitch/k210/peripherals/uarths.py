"""UARTHS: the fast serial port, which MaixPy gives its REPL. One byte at a time reaches its receive FIFO of eight."""

from __future__ import annotations

from typing import Any

from .clint import NEVER
from .device import Device

TXDATA, RXDATA, TXCTRL, RXCTRL, IE, IP, DIV = 0x00, 0x04, 0x08, 0x0C, 0x10, 0x14, 0x18
EMPTY = 1 << 31
FIFO = 8
SOURCE = 33
CYCLES_PER_BYTE = 20_000
"""A byte arrives no faster; at 115,200 baud it would be one in 35,000 cycles."""


class Uarths(Device):
    """`received` waits for the firmware, `incoming` for room in the FIFO; `sent` is what the firmware said so far."""

    NAME = "UARTHS"
    STATE = ("received", "incoming", "sent", "next_byte")
    KNOWN = frozenset((TXCTRL, RXCTRL, DIV))

    def __init__(self, chip: Any, base: int, name: str = "") -> None:
        super().__init__(chip, base, name)
        self.received = bytearray()
        self.incoming = bytearray()
        self.sent = bytearray()
        self.next_byte = 0

    def read(self, offset: int) -> int:
        if offset == TXDATA:
            return 0
        if offset == RXDATA:
            if not self.received:
                return EMPTY
            byte = self.received.pop(0)
            self._update()
            return byte
        if offset == IP:
            return 1 | (2 if self._receiving() else 0)
        return super().read(offset)

    def write(self, offset: int, value: int) -> None:
        if offset == TXDATA:
            self.sent.append(value & 0xFF)
            return
        if offset == IE:
            self.registers[IE] = value
            self._update()
            return
        super().write(offset, value)
        self._update()

    def _receiving(self) -> bool:
        return len(self.received) > (self.registers.get(RXCTRL, 0) >> 16 & 7)

    def _update(self) -> None:
        self.chip.plic.set_level(SOURCE, bool(self.registers.get(IE, 0) & 2) and self._receiving())

    def feed(self) -> None:
        """Move the next waiting byte into the FIFO when its time has come and there is room."""
        if self.incoming and len(self.received) < FIFO and self.chip.clock.cycles >= self.next_byte:
            self.received.append(self.incoming.pop(0))
            self.next_byte = self.chip.clock.cycles + CYCLES_PER_BYTE
            self._update()

    def next_change(self) -> int:
        """Return the cycle at which the next waiting byte may come."""
        return self.next_byte if self.incoming and len(self.received) < FIFO else NEVER

    def take_sent(self) -> bytes:
        """Return what the firmware sent since the last call, and forget it."""
        sent = bytes(self.sent)
        self.sent.clear()
        return sent
