"""SPI0, SPI1 and SPI3: DesignWare SSI controllers.

Transfers happen as a whole: what is sent reaches the part at once, what is received waits in a queue that the CPU or the
DMA empties. A transfer begins when `ser` selects a slave and ends when it selects none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from .device import Device

CTRLR0, CTRLR1, SSIENR, SER, BAUDR = 0x00, 0x04, 0x08, 0x10, 0x14
TXFLR, RXFLR, SR, DR, DR_LAST, SPI_CTRLR0, ENDIAN = 0x20, 0x24, 0x28, 0x60, 0xEC, 0xF4, 0x118
NOT_FULL, EMPTY, NOT_EMPTY = 2, 4, 8
BOTH, SEND, RECEIVE, COMMAND_THEN_RECEIVE = range(4)
SINGLE = 0
FIFO = 32


class Slave(Protocol):
    """A part at an SPI controller."""

    def send(self, frames: Sequence[int], bits: int) -> None:
        """Take frames of `bits` bits each."""

    def receive(self, count: int, bits: int) -> Sequence[int]:
        """Return `count` frames."""

    def exchange(self, frame: int, bits: int) -> int:
        """Take one frame and return the one that comes back meanwhile."""

    def end(self) -> None:
        """The controller selects nobody any more."""


class Spi(Device):
    """`slave` is the part; `late` says that the fields of ctrlr0 lie where SPI3 has them."""

    NAME = "SPI"
    STATE = ("waiting", "queue", "started")
    KNOWN = frozenset(
        (CTRLR0, CTRLR1, BAUDR, 0x0C, 0x18, 0x1C, 0x2C, 0x4C, 0x50, 0x54, 0xF0, SPI_CTRLR0, ENDIAN, 0x30, 0x34, 0x38)
    )

    def __init__(self, chip: Any, base: int, name: str = "", late: bool = False) -> None:
        super().__init__(chip, base, name)
        self.slave: Slave | None = None
        self.bits_at, self.mode_at, self.format_at = (0, 10, 22) if late else (16, 8, 21)
        self.waiting: list[int] = []
        self.queue: list[int] = []
        self.started = False

    @property
    def bits(self) -> int:
        """Bits of a frame."""
        return (self.registers.get(CTRLR0, 0) >> self.bits_at & 31) + 1

    @property
    def mode(self) -> int:
        """BOTH, SEND, RECEIVE or COMMAND_THEN_RECEIVE."""
        return self.registers.get(CTRLR0, 0) >> self.mode_at & 3

    @property
    def format(self) -> int:
        """0 for single; 1, 2 and 3 for 2, 4 and 8 data lines."""
        return self.registers.get(CTRLR0, 0) >> self.format_at & 3

    def read(self, offset: int) -> int:
        if offset == SR:
            return NOT_FULL | EMPTY | (NOT_EMPTY if self.queue else 0)
        if DR <= offset <= DR_LAST:
            return self.queue.pop(0) if self.queue else 0
        if offset == RXFLR:
            return min(len(self.queue), FIFO)
        if offset == TXFLR:
            return 0
        if offset in (SER, SSIENR):
            return self.registers.get(offset, 0)
        return super().read(offset)

    def write(self, offset: int, value: int) -> None:
        if DR <= offset <= DR_LAST:
            self.put([value])
        elif offset == SER:
            self.registers[SER] = value
            if value:
                self._start()
            elif self.started:
                self.started = False
                if self.slave is not None:
                    self.slave.end()
        elif offset == SSIENR:
            self.registers[SSIENR] = value
            if not value & 1:
                self.waiting.clear()
                self.queue.clear()
            elif self.registers.get(SER):
                self._start()
        else:
            super().write(offset, value)

    def put(self, frames: Sequence[int]) -> None:
        """Take frames from the CPU or the DMA."""
        self.waiting.extend(frames)
        if self.registers.get(SER) and self.registers.get(SSIENR, 0) & 1:
            self._shift()

    def take(self, count: int) -> list[int] | None:
        """Return `count` received frames, or None while there are fewer."""
        if len(self.queue) < count:
            return None
        taken, self.queue = self.queue[:count], self.queue[count:]
        return taken

    def _start(self) -> None:
        if self.registers.get(SSIENR, 0) & 1:
            self.started = True
            self._shift()

    def _shift(self) -> None:
        frames, self.waiting = self.waiting, []
        bits, mode = self.bits, self.mode
        if mode == SEND:
            if frames and self.slave is not None:
                self.slave.send(self._on_the_wire(frames, bits), self._wire_bits(bits))
            return
        if mode == BOTH:
            for frame in frames:
                self.queue.append(self.slave.exchange(frame, bits) if self.slave is not None else 0xFF)
        elif frames:
            # A receiver starts with one frame that means nothing; a command goes to the part first.
            if mode == COMMAND_THEN_RECEIVE and self.slave is not None:
                self.slave.send(self._on_the_wire(frames, bits), self._wire_bits(bits))
            self._receive((self.registers.get(CTRLR1, 0) & 0xFFFF) + 1, bits)
        self.chip.dmac.pump()

    def _receive(self, count: int, bits: int) -> None:
        if self.slave is None:
            self.queue += [(1 << bits) - 1] * count
        elif self.format == SINGLE or bits == 8:
            self.queue += self.slave.receive(count, bits)
        else:
            data = bytes(self.slave.receive(count * bits // 8, 8))
            self.queue += [self._from_bytes(data[at : at + bits // 8]) for at in range(0, len(data), bits // 8)]

    def _from_bytes(self, data: bytes) -> int:
        return int.from_bytes(data, "little" if self.registers.get(ENDIAN, 0) else "big")

    def _wire_bits(self, bits: int) -> int:
        return bits if self.format == SINGLE or self.mode == SEND and not self._has_command() else 8

    def _has_command(self) -> bool:
        return bool(self.registers.get(SPI_CTRLR0, 0) >> 8 & 3)

    def _on_the_wire(self, frames: Sequence[int], bits: int) -> Sequence[int]:
        """Return the bytes of a transfer on several data lines: command, address, data; single frames as they are."""
        if self.format == SINGLE or not self._has_command():
            return frames
        form = self.registers.get(SPI_CTRLR0, 0)
        command_bytes = (0, 1, 1, 2)[form >> 8 & 3]
        address_bytes = (form >> 2 & 15) // 2
        wire = bytearray()
        rest = list(frames)
        if not self.started or not getattr(self, "_in_data", False):
            wire += rest.pop(0).to_bytes(4, "big")[4 - command_bytes :]
            if address_bytes and rest:
                wire += rest.pop(0).to_bytes(4, "big")[4 - address_bytes :]
        for frame in rest:
            data = frame.to_bytes(4, "big")[4 - bits // 8 :]
            wire += data[::-1] if self.registers.get(ENDIAN, 0) else data
        return wire
