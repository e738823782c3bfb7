"""A TF card in SPI mode, over blocks that somebody else keeps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

BLOCK = 512
IDLE, READY = 1, 0
START, START_OF_MANY, STOP = 0xFE, 0xFC, 0xFD
ACCEPTED = 0x05
NOTHING = 0xFF
ILLEGAL = 4
STATE = ("_command", "_answer", "_state", "_application", "_reading", "_writing", "_many", "_data")
"""Attributes of an SdCard that a saved state holds."""
CID = bytes.fromhex("035344535530324780aabbccdd0155d7")


class Blocks(Protocol):
    """What is on the card."""

    count: int

    def read(self, block: int) -> bytes:
        """Return the 512 bytes of a block."""

    def write(self, block: int, data: bytes) -> None:
        """Replace the 512 bytes of a block."""


class SdCard:
    """A card of the SDHC kind.

    blocks: what is on it, None while no card is in the slot.
    selected: tells the level of its select line.
    used: whether a block was read or written since the card was put in.
    """

    def __init__(self, selected: Callable[[], bool], blocks: Blocks | None = None) -> None:
        self.blocks = blocks
        self.selected = selected
        self.used = False
        self._reset()

    def _reset(self) -> None:
        self._command = bytearray()
        self._answer = bytearray()
        self._state = IDLE
        self._application = False
        self._reading: int | None = None
        self._writing: int | None = None
        self._many = False
        self._data: bytearray | None = None

    def state(self) -> dict[str, Any]:
        """Return what a saved state keeps beside the blocks."""
        return {name: getattr(self, name) for name in STATE}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state` returned."""
        for name in STATE:
            setattr(self, name, state[name])

    def insert(self, blocks: Blocks | None) -> None:
        """Put a card into the slot, or pull it with None. A card starts anew when it gets power."""
        self.blocks = blocks
        self.used = False
        self._reset()

    def send(self, data: bytes) -> None:
        """Take bytes and drop what comes back."""
        if self.blocks is None or not self.selected():
            return
        if self._data is not None and len(data) >= BLOCK and not self._command:
            # The usual block comes in one piece.
            room = BLOCK + 2 - len(self._data)
            self._data += data[:room]
            if len(self._data) == BLOCK + 2:
                self._store()
            data = data[room:]
        for byte in data:
            self.exchange(byte)

    def receive(self, count: int) -> bytes:
        """Return bytes while the host sends FF."""
        if self.blocks is None or not self.selected():
            return bytes([NOTHING]) * count
        answer = bytearray()
        while len(answer) < count:
            if not self._answer:
                self._refill()
            if not self._answer:
                answer += bytes([NOTHING]) * (count - len(answer))
                break
            taken = self._answer[: count - len(answer)]
            del self._answer[: len(taken)]
            answer += taken
        return bytes(answer)

    def exchange(self, byte: int) -> int:
        """Take a byte and return the one that comes back meanwhile."""
        if self.blocks is None or not self.selected():
            return NOTHING
        back = self.receive(1)[0] if byte == NOTHING and not self._command and self._data is None else NOTHING
        self._take(byte)
        return back

    def end(self) -> None:
        """The controller pauses between the bytes of one transfer too, so this means nothing to a card."""

    def _take(self, byte: int) -> None:
        if self._data is not None:
            self._data.append(byte)
            if len(self._data) == BLOCK + 2:
                self._store()
            return
        if self._command or byte & 0xC0 == 0x40:
            self._command.append(byte)
            if len(self._command) == 6:
                command, self._command = bytes(self._command), bytearray()
                self._obey(command[0] & 63, int.from_bytes(command[1:5], "big"))
            return
        if self._writing is not None and byte in (START, START_OF_MANY):
            self._data = bytearray()
        elif self._writing is not None and byte == STOP:
            self._writing = None
            self._answer = bytearray((NOTHING, 0, NOTHING))

    def _store(self) -> None:
        assert self.blocks is not None
        assert self._writing is not None
        assert self._data is not None
        data, self._data = bytes(self._data[:BLOCK]), None
        self.used = True
        if self._writing < self.blocks.count:
            self.blocks.write(self._writing, data)
        self._answer = bytearray((ACCEPTED, 0, 0, NOTHING))
        self._writing = self._writing + 1 if self._many else None

    def _refill(self) -> None:
        """Add the next block of a read of many blocks."""
        if self._reading is not None:
            self._answer += self._block(self._reading)
            self._reading += 1

    def _block(self, number: int) -> bytes:
        assert self.blocks is not None
        self.used = True
        data = self.blocks.read(number) if number < self.blocks.count else bytes(BLOCK)
        return bytes((NOTHING, START)) + data + b"\xff\xff"

    def _obey(self, command: int, argument: int) -> None:
        application, self._application = self._application, False
        self._reading = None
        answer = bytearray((NOTHING, self._state))
        if command == 0:
            self._reset()
            answer[1] = IDLE
        elif command == 8:
            answer += bytes((0, 0, argument >> 8 & 15, argument & 0xFF))
        elif command == 55:
            self._application = True
        elif command == 41 and application:
            self._state = READY
            answer[1] = READY
        elif command == 58:
            answer += bytes((0xC0, 0xFF, 0x80, 0))
        elif command == 9:
            answer += bytes((NOTHING, START)) + self._csd() + b"\xff\xff"
        elif command == 10:
            answer += bytes((NOTHING, START)) + CID + b"\xff\xff"
        elif command == 13:
            answer.append(0)
        elif command == 17:
            answer += self._block(argument)
        elif command == 18:
            answer += self._block(argument)
            self._reading = argument + 1
        elif command == 12:
            answer = bytearray((NOTHING, NOTHING, self._state, NOTHING))
        elif command in (24, 25):
            self._writing, self._many = argument, command == 25
        elif command not in (16, 23, 59, 1, 32, 33, 38):
            answer[1] |= ILLEGAL
        self._answer = answer

    def _csd(self) -> bytes:
        assert self.blocks is not None
        size = max(self.blocks.count // 1024, 1) - 1
        return bytes((0x40, 0x0E, 0, 0x32, 0x5B, 0x59, 0, size >> 16 & 63, size >> 8 & 0xFF, size & 0xFF, 0x7F, 0x80,
                      0x0A, 0x40, 0, 1))  # fmt: skip
