"""The SPI flash: a W25Q128 of 16 MiB."""

from __future__ import annotations

from typing import Any

SIZE = 16 << 20
SECTOR, PAGE = 0x1000, 0x100
MANUFACTURER_ID = b"\xef\x17"
JEDEC_ID = b"\xef\x40\x18"
UNIQUE_ID = b"\x00" * 4 + b"MXSWITCH"
WRITE_ENABLED, QUAD = 2, 2
READS = {0x03: 0, 0x0B: 1, 0x3B: 1, 0x6B: 1, 0xBB: 1, 0xEB: 1}
"""Command -> bytes between address and data."""
PROGRAMS = (0x02, 0x32)
ERASES = {0x20: SECTOR, 0x52: 0x8000, 0xD8: 0x10000}


class Flash:
    """`content` is what the flash holds; programming only clears bits, erasing sets them.

    `changed` counts programs and erases, so that an owner of a file knows when to write it.
    """

    def __init__(self, content: bytes | bytearray = b"") -> None:
        self.content = bytearray(content[:SIZE]) + bytearray(b"\xff") * (SIZE - min(len(content), SIZE))
        self.changed = 0
        self._command = bytearray()
        self._position = 0

    def state(self) -> dict[str, Any]:
        """Return what a saved state keeps beside the content."""
        return {"command": bytes(self._command), "position": self._position}

    def restore(self, state: dict[str, Any]) -> None:
        """Take back what `state` returned."""
        self._command, self._position = bytearray(state["command"]), state["position"]

    def put(self, address: int, data: bytes) -> None:
        """Store bytes, as a flashing tool does.

        Raises ValueError when they do not fit.
        """
        if not 0 <= address <= SIZE - len(data):
            raise ValueError(f"{len(data)} bytes at {address:#x} do not fit into a flash of {SIZE} bytes")
        self.content[address : address + len(data)] = data

    def send(self, data: bytes) -> None:
        """Take bytes of a command: its code, the address, data to program."""
        self._command += data
        self._position = 0

    def receive(self, count: int) -> bytes:
        """Return the answer's next bytes."""
        answer = self._answer(self._position, count)
        self._position += count
        return answer

    def exchange(self, byte: int) -> int:
        """Take a byte and return the one that comes back: nothing before the answer's first byte."""
        before = self._length_of_question()
        if before is not None and len(self._command) >= before:
            return self.receive(1)[0]
        self._command.append(byte)
        return 0xFF

    def end(self) -> None:
        """Carry out what was sent."""
        command, self._command = bytes(self._command), bytearray()
        self._position = 0
        if not command:
            return
        if command[0] in PROGRAMS and len(command) > 4:
            self._program(int.from_bytes(command[1:4], "big"), command[4:])
        elif command[0] in ERASES and len(command) >= 4:
            size = ERASES[command[0]]
            start = int.from_bytes(command[1:4], "big") // size * size % SIZE
            self.content[start : start + size] = b"\xff" * size
            self.changed += 1
        elif command[0] in (0xC7, 0x60):
            self.content[:] = b"\xff" * SIZE
            self.changed += 1

    def _program(self, address: int, data: bytes) -> None:
        # A program wraps around inside its page.
        page, at = address // PAGE * PAGE % SIZE, address % PAGE
        for byte in data:
            self.content[page + at] &= byte
            at = (at + 1) % PAGE
        self.changed += 1

    def _length_of_question(self) -> int | None:
        if not self._command:
            return None
        code = self._command[0]
        if code in READS:
            return 4 + READS[code]
        return {0x90: 4, 0x4B: 5}.get(code, 1)

    def _answer(self, position: int, count: int) -> bytes:
        if not self._command:
            return b"\xff" * count
        code = self._command[0]
        if code in READS:
            address = int.from_bytes(self._command[1:4], "big")
            start = (address + position) % SIZE
            data = self.content[start : start + count]
            return bytes(data) + bytes(self.content[: count - len(data)])
        answer = {0x05: b"\x00", 0x35: bytes((QUAD,)), 0x15: b"\x00"}.get(code)
        if answer is not None:
            return answer * count
        answer = {0x90: MANUFACTURER_ID, 0x9F: JEDEC_ID, 0x4B: UNIQUE_ID, 0xAB: b"\x17"}.get(code, b"")
        repeated = answer * (1 + (position + count) // max(len(answer), 1)) if answer else b"\xff" * (position + count)
        return repeated[position : position + count]
