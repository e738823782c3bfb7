"""Talking to a virtual board by hand: a serial port, and reading until something was said."""

from __future__ import annotations

import subprocess
import sys
import time
from types import TracebackType
from uuid import uuid4

import serial

from maixswitch.board.virtual import VirtualBoard

LIMIT = 60.0  # seconds; nothing here takes one, unless the PC is busy with other things


class Talk:
    """The serial port of a board; every wait ends with what was heard, or an AssertionError that shows it."""

    def __init__(self, board: VirtualBoard | str) -> None:
        self.port = serial.Serial(board if isinstance(board, str) else board.port, 115200, timeout=0.05)
        self._heard = b""

    def __enter__(self) -> Talk:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.port.close()

    def until(self, end: bytes) -> bytes:
        """What is heard up to and with the first `end`; what follows it is kept for the next call."""
        limit = time.monotonic() + LIMIT
        while end not in self._heard:
            self._heard += self.port.read(max(self.port.in_waiting, 1))
            assert time.monotonic() < limit, f"no {end!r} in {self._heard[-500:]!r}"
        at = self._heard.index(end) + len(end)
        found, self._heard = self._heard[:at], self._heard[at:]
        return found

    def raw(self) -> None:
        """Into the raw REPL: whatever runs is interrupted. Ends when a word came back that was sent last of all."""
        self.port.write(b"\r\x03")
        limit = time.monotonic() + LIMIT
        heard = b""
        while b"raw REPL; CTRL-B to exit\r\n>" not in heard:
            self.port.write(b"\x01")
            heard += self.port.read(200)
            assert time.monotonic() < limit, f"no raw REPL: {heard[-500:]!r}"
        word = uuid4().hex.encode()
        self.port.write(b"print('%s')\x04" % word)
        self.until(b"OK" + word + b"\r\n\x04\x04>")

    def start(self, code: str) -> None:
        """Sends a program to the raw REPL, which begins to run it."""
        self.port.write(code.encode() + b"\x04")
        assert self.until(b"OK") == b"OK"

    def run(self, code: str) -> tuple[str, str]:
        """Runs a program: what it printed, and the traceback of what it raised."""
        self.start(code)
        out, error, _ = self.until(b"\x04>").split(b"\x04")
        return out.decode(), error.decode()


def mpremote(board: VirtualBoard, *words: str) -> subprocess.CompletedProcess[str]:
    """The real mpremote with these words."""
    return subprocess.run(
        [sys.executable, "-m", "mpremote", "connect", board.port, *words],
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
    )
