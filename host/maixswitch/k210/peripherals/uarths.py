"""UARTHS: the fast serial port, which MaixPy gives its REPL. Its receive FIFO holds eight bytes."""

from __future__ import annotations

from .chip_view import ChipView
from .clint import NEVER
from .device import Device

TXDATA, RXDATA, TXCTRL, RXCTRL, IE, IP, DIV = 0x00, 0x04, 0x08, 0x0C, 0x10, 0x14, 0x18
EMPTY = 1 << 31
FIFO = 8
SOURCE = 33
CYCLES_PER_BYTE = 1_000
"""A byte in so many cycles, on average. The REPL takes one in about 700, so its ring never runs over."""
BURST = 512
"""Bytes that may come at once after a silence: a quarter of the ring in which the firmware keeps them."""
CTRL_C = 3
CYCLES_BETWEEN_CTRL_C = 35_000
"""The time of a byte at 115,200 baud. A second Ctrl-C takes back the first if the firmware has not seen that yet."""


class Uarths(Device):
    """`received` waits for the firmware, `incoming` for room in the FIFO; `sent` is what the firmware said so far."""

    NAME = "UARTHS"
    STATE = ("received", "incoming", "sent", "next_byte", "last_byte", "next_ctrl_c")
    KNOWN = frozenset((TXCTRL, RXCTRL, IE, DIV))

    def __init__(self, chip: ChipView, base: int, name: str = "") -> None:
        super().__init__(chip, base, name)
        self.received = bytearray()
        self.incoming = bytearray()
        self.sent = bytearray()
        self.next_byte = 0
        self.last_byte = 0
        self.next_ctrl_c = 0

    def read(self, offset: int) -> int:
        if offset == TXDATA:
            return 0
        if offset == RXDATA:
            if not self.received:
                return EMPTY
            byte = self.received.pop(0)
            # The interrupt handler reads until the FIFO is empty, so it can take a burst in one go.
            if self.incoming:
                self._fill()
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
        if offset != IP:
            super().write(offset, value)
        self._update()

    def _receiving(self) -> bool:
        return len(self.received) > (self.registers.get(RXCTRL, 0) >> 16 & 7)

    def _update(self) -> None:
        self.chip.plic.set_level(SOURCE, bool(self.registers.get(IE, 0) & 2) and self._receiving())

    def feed(self) -> None:
        """Move waiting bytes into the FIFO, as far as their time has come and there is room."""
        if self.incoming and self._fill():
            self._update()

    def _due(self) -> int:
        if self.incoming[0] == CTRL_C == self.last_byte:
            return max(self.next_byte, self.next_ctrl_c)
        return self.next_byte

    def _fill(self) -> bool:
        now = self.chip.clock.cycles
        moved = False
        while self.incoming and len(self.received) < FIFO and now >= self._due():
            byte = self.incoming.pop(0)
            self.received.append(byte)
            self.last_byte = byte
            if byte == CTRL_C:
                self.next_ctrl_c = now + CYCLES_BETWEEN_CTRL_C
            self.next_byte = max(self.next_byte, now - BURST * CYCLES_PER_BYTE) + CYCLES_PER_BYTE
            moved = True
        return moved

    def next_change(self) -> int:
        """Return the cycle at which the next waiting byte may come."""
        return self._due() if self.incoming and len(self.received) < FIFO else NEVER

    def take_sent(self) -> bytes:
        """Return what the firmware sent since the last call, and forget it."""
        sent = bytes(self.sent)
        self.sent.clear()
        return sent
