"""UART1 to UART3, 16550-like. What they send is kept; nothing is connected to their inputs but what a test feeds."""

from __future__ import annotations

from typing import Any

from .device import Device

DATA, IER, IIR, LCR, LSR = 0x00, 0x04, 0x08, 0x0C, 0x14
DIVISOR_LATCH = 0x80
NOTHING_PENDING, DATA_AVAILABLE = 1, 4
SENDER_EMPTY, NO_MORE_TO_SEND, DATA_READY = 0x20, 0x40, 1
THRESHOLD_MODE = 0x80
FIFO = 16


class Uart(Device):
    """`sent` holds what the firmware sent, `received` what waits for it."""

    NAME = "UART"
    STATE = ("sent", "received")
    KNOWN = frozenset((LCR, 0x10, 0x18, 0x1C, 0xA0, 0xA4, 0xA8, 0xC0, 0xC4, 0xC8))

    def __init__(self, chip: Any, base: int, name: str = "", source: int = 0) -> None:
        super().__init__(chip, base, name)
        self.source = source
        self.sent = bytearray()
        self.received = bytearray()

    def read(self, offset: int) -> int:
        latch = self.registers.get(LCR, 0) & DIVISOR_LATCH
        if offset == DATA and not latch:
            byte = self.received.pop(0) if self.received else 0
            self._update()
            return byte
        if offset in (DATA, IER):
            return self.registers.get(offset | (0x1000 if latch else 0), 0)
        if offset == IIR:
            return DATA_AVAILABLE if self._interrupts() else NOTHING_PENDING
        if offset == LSR:
            # In the threshold mode, which the firmware chooses, this bit says that the queue to send is full.
            threshold = self.registers.get(IER, 0) & THRESHOLD_MODE
            return NO_MORE_TO_SEND | (0 if threshold else SENDER_EMPTY) | (DATA_READY if self.received else 0)
        return super().read(offset)

    def write(self, offset: int, value: int) -> None:
        latch = self.registers.get(LCR, 0) & DIVISOR_LATCH
        if offset == DATA and not latch:
            self.sent.append(value & 0xFF)
        elif offset in (DATA, IER):
            self.registers[offset | (0x1000 if latch else 0)] = value
        elif offset != IIR:
            super().write(offset, value)
        self._update()

    def receive(self, data: bytes) -> None:
        """Hand bytes to the firmware."""
        self.received += data
        self._update()

    def _interrupts(self) -> bool:
        return bool(self.received) and bool(self.registers.get(IER, 0) & 1)

    def _update(self) -> None:
        self.chip.plic.set_level(self.source, self._interrupts())
