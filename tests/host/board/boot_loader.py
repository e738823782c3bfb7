"""A stand-in for a K210, with kflash at the other end of a pseudo-terminal.

First it is the chip's boot loader, then the program that kflash sends, which writes the flash chip. It answers what
kflash 1.1.6 sends with what kflash expects.
"""

from __future__ import annotations

import os
import pty
import struct
import threading
import tty
import zlib
from collections.abc import Mapping
from pathlib import Path

OK, BAD_CHECKSUM, BAD_INIT, BAD_WRITE = 0xE0, 0xE2, 0xE4, 0xE6
NOP, MEMORY_WRITE, MEMORY_BOOT, BAUD_OF_LOADER = 0xC2, 0xC3, 0xC5, 0xC6
STUB_NOP, FLASH_WRITE, REBOOT, BAUD, FLASH_INIT = 0xD2, 0xD4, 0xD5, 0xD6, 0xD7
FLASH = 16 << 20

LINES = '''"""Python imports this at its start: pseudo-terminals lack DTR and RTS; the changes go into a file."""
import os
from serial import serialposix

def put(port):
    with open(os.environ["PTY_LINES"], "a") as file:
        file.write("%d%d " % (port._dtr_state, port._rts_state))

serialposix.Serial._update_dtr_state = serialposix.Serial._update_rts_state = put
'''


class BootLoader:
    """A board in its boot loader; `with` closes it.

    port: the pseudo-terminal.
    flash: what the flash chip holds.
    rate: the last rate that was asked for. rebooted: whether the program was told to restart the chip.
    answers: operation -> answers that come before the good ones.
    silent: operations without an answer, as of a board that hangs. frames: how many parts of the flash were written.
    dies_after: the number of them after which nothing is answered.
    """

    def __init__(self, *, silent: tuple[int, ...] = (), answers: Mapping[int, list[int]] | None = None,
                 dies_after: int = 1 << 30) -> None:  # fmt: skip
        self._master, self._slave = pty.openpty()
        tty.setraw(self._master)
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self.flash = bytearray(b"\xff" * FLASH)
        self.memory = bytearray()
        self.rate, self.frames, self.rebooted, self.booted = 115200, 0, False, False
        self.wrong: list[str] = []
        self._silent, self._dies_after = silent, dies_after
        self._answers = {operation: list(codes) for operation, codes in (answers or {}).items()}
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __enter__(self) -> BootLoader:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._slave)
        os.close(self._master)
        self._thread.join(5)

    def _serve(self) -> None:
        waiting = b""
        while True:
            try:
                waiting += os.read(self._master, 1 << 16)
            except OSError:
                return
            while waiting.count(b"\xc0") >= 2:
                start = waiting.index(b"\xc0")
                end = waiting.index(b"\xc0", start + 1)
                frame, waiting = waiting[start + 1 : end], waiting[end + 1 :]
                if not frame:  # two marks side by side: the second begins the next frame
                    waiting = b"\xc0" + waiting
                    continue
                self._take(frame.replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb"))

    def _take(self, frame: bytes) -> None:
        operation = frame[0]
        crc, address, size = struct.unpack_from("<III", frame, 4) if len(frame) >= 16 else (0, 0, 0)
        data = frame[16 : 16 + size]
        if crc and crc != zlib.crc32(frame[8:]):
            self.wrong.append(f"checksum of {operation:#x}")
        if not self.booted and operation >= STUB_NOP:
            self.wrong.append(f"{operation:#x} before the program runs")
        code = OK
        if self._answers.get(operation):
            code = self._answers[operation].pop(0)
        elif operation == MEMORY_WRITE:
            at = address - 0x80000000
            self.memory[at : at + size] = data
        elif operation == MEMORY_BOOT:
            self.booted = True
            return
        elif operation in (BAUD, BAUD_OF_LOADER):
            self.rate = struct.unpack_from("<I", frame, 16)[0]
            return
        elif operation == FLASH_WRITE and self.frames < self._dies_after:
            self.flash[address : address + size] = data
            self.frames += 1
        elif operation == REBOOT:
            self.rebooted = True
        if operation in self._silent or self.frames >= self._dies_after:
            return
        os.write(self._master, bytes([0xC0, operation, code, 0, 0xC0]))


def environment(folder: Path) -> dict[str, str]:
    """The environment for a process that moves DTR and RTS of pseudo-terminals; `moves` reads them."""
    (folder / "sitecustomize.py").write_text(LINES)
    return {**os.environ, "PYTHONPATH": str(folder), "PTY_LINES": str(folder / "lines"), "MAIXSWITCH_LANG": "en"}


def moves(folder: Path) -> list[str]:
    """The states of DTR and RTS one after the other, as "10" for DTR alone."""
    return (folder / "lines").read_text().split()
