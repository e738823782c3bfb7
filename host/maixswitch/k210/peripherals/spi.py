"""SPI0, SPI1 and SPI3: DesignWare SSI controllers.

Transfers happen as a whole: what is sent reaches the part at once, what is received waits in a queue that the CPU or
the DMA empties. A transfer begins when `ser` selects a slave and ends when it selects none.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .chip_view import ChipView
from .device import Device

Frames = NDArray[np.uint32]
NO_FRAMES: Frames = np.empty(0, "<u4")

CTRLR0, CTRLR1, SSIENR, SER, BAUDR = 0x00, 0x04, 0x08, 0x10, 0x14
TXFLR, RXFLR, SR, DR, DR_LAST, SPI_CTRLR0, ENDIAN = 0x20, 0x24, 0x28, 0x60, 0xEC, 0xF4, 0x118
NOT_FULL, EMPTY, NOT_EMPTY = 2, 4, 8
BOTH, SEND, RECEIVE, COMMAND_THEN_RECEIVE = range(4)
SINGLE = 0
FIFO = 32


class Slave(Protocol):
    """A part at an SPI controller. It sees the bytes on the wire, whatever the frames of the controller are."""

    def send(self, data: bytes) -> None:
        """Take bytes; nothing comes back."""

    def receive(self, count: int) -> bytes:
        """Return `count` bytes."""

    def exchange(self, byte: int) -> int:
        """Take a byte and return the one that comes back meanwhile."""

    def end(self) -> None:
        """The controller selects nobody any more."""


class Spi(Device):
    """`slave` is the part; `late` says that the fields of ctrlr0 lie where SPI3 has them."""

    NAME = "SPI"
    STATE = ("waiting", "queue", "started")
    KNOWN = frozenset(
        (CTRLR0, CTRLR1, BAUDR, 0x0C, 0x18, 0x1C, 0x2C, 0x4C, 0x50, 0x54, 0xF0, SPI_CTRLR0, ENDIAN, 0x30, 0x34, 0x38)
    )

    def __init__(self, chip: ChipView, base: int, name: str = "", late: bool = False) -> None:
        super().__init__(chip, base, name)
        self.slave: Slave | None = None
        self.bits_at, self.mode_at, self.format_at = (0, 10, 22) if late else (16, 8, 21)
        self.waiting = NO_FRAMES
        self.queue = NO_FRAMES
        self.started = False
        self._in_data = False

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
            return NOT_FULL | EMPTY | (NOT_EMPTY if len(self.queue) else 0)
        if DR <= offset <= DR_LAST:
            if not len(self.queue):
                return 0
            frame, self.queue = int(self.queue[0]), self.queue[1:]
            return frame
        if offset == RXFLR:
            return min(len(self.queue), FIFO)
        if offset == TXFLR:
            return 0
        if offset in (SER, SSIENR):
            return self.registers.get(offset, 0)
        return super().read(offset)

    def write(self, offset: int, value: int) -> None:
        if DR <= offset <= DR_LAST:
            self.put(np.array([value], "<u4"))
        elif offset == SER:
            self.registers[SER] = value
            if value:
                self._start()
            elif self.started:
                self.started = self._in_data = False
                if self.slave is not None:
                    self.slave.end()
        elif offset == SSIENR:
            self.registers[SSIENR] = value
            if not value & 1:
                self.waiting = self.queue = NO_FRAMES
            elif self.registers.get(SER):
                self._start()
        else:
            super().write(offset, value)

    def put(self, frames: Frames) -> None:
        """Take frames from the CPU or the DMA."""
        self.waiting = np.concatenate((self.waiting, np.asarray(frames, "<u4")))
        if self.registers.get(SER) and self.registers.get(SSIENR, 0) & 1:
            self._shift()

    def take(self, count: int) -> Frames | None:
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
        frames, self.waiting = self.waiting, NO_FRAMES
        mode, slave = self.mode, self.slave
        if slave is None:
            slave = self.slave = Nobody()
        if mode == SEND:
            if len(frames):
                slave.send(self._on_the_wire(frames))
            return
        if mode == BOTH:
            data = self._frames_to_bytes(frames)
            self._received(bytes(slave.exchange(byte) for byte in data))
        elif len(frames):
            # A receiver starts with one frame that means nothing; a command goes to the part first.
            if mode == COMMAND_THEN_RECEIVE or self.format != SINGLE:
                slave.send(self._on_the_wire(frames))
            count = (self.registers.get(CTRLR1, 0) & 0xFFFF) + 1
            self._received(slave.receive(count * self._frame_bytes()))
        self.chip.dmac.pump()

    def _frame_bytes(self) -> int:
        return (self.bits + 7) // 8

    def _received(self, data: bytes) -> None:
        size = self._frame_bytes()
        order = "<" if self.registers.get(ENDIAN, 0) & 1 else ">"
        frames = np.frombuffer(data, f"{order}u{size}") if size != 3 else np.frombuffer(data, np.uint8)
        self.queue = np.concatenate((self.queue, frames.astype("<u4")))

    def _frames_to_bytes(self, frames: Frames) -> bytes:
        size = self._frame_bytes()
        order = "<" if self.registers.get(ENDIAN, 0) & 1 else ">"
        return frames.astype(f"{order}u{4 if size == 3 else size}").tobytes()

    def _on_the_wire(self, frames: Frames) -> bytes:
        """Return the bytes of a transfer; on several lines the first frame is a command, the second an address."""
        form = self.registers.get(SPI_CTRLR0, 0)
        command_bytes = (0, 1, 1, 2)[form >> 8 & 3]
        if self.format == SINGLE or not command_bytes or self._in_data:
            return self._frames_to_bytes(frames)
        self._in_data = True
        address_bytes = (form >> 2 & 15) // 2
        head = int(frames[0]).to_bytes(4, "big")[4 - command_bytes :]
        rest = frames[1:]
        if address_bytes and len(rest):
            head += int(rest[0]).to_bytes(4, "big")[4 - address_bytes :]
            rest = rest[1:]
        return head + self._frames_to_bytes(rest)


class Nobody:
    """What a controller without a part sees: a line that stays high."""

    def send(self, data: bytes) -> None:
        """Take bytes."""

    def receive(self, count: int) -> bytes:
        """Return bytes of ones."""
        return b"\xff" * count

    def exchange(self, byte: int) -> int:
        """Return a byte of ones."""
        return 0xFF

    def end(self) -> None:
        """Nothing ends."""
