"""Helpers that talk to a virtual board by hand: a serial port that reads until an expected answer, and mpremote."""

from __future__ import annotations

import subprocess
import sys
import time
from types import TracebackType
from uuid import uuid4

import serial

from maixswitch.board.virtual import VirtualBoard

LIMIT = 60.0  # seconds; far longer than anything here takes, because the PC may be busy


class Talk:
    """The serial port of a board. A wait that times out raises an AssertionError that shows the bytes received."""

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
        """Returns the bytes up to and including the first `end`; keeps the bytes after it for the next call."""
        limit = time.monotonic() + LIMIT
        while end not in self._heard:
            self._heard += self.port.read(max(self.port.in_waiting, 1))
            assert time.monotonic() < limit, f"no {end!r} in {self._heard[-500:]!r}"
        at = self._heard.index(end) + len(end)
        heard, self._heard = self._heard[:at], self._heard[at:]
        return heard

    def raw(self) -> None:
        """Interrupts the running program and enters the raw REPL; returns when the board has echoed a unique word."""
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
        """Starts a program in the raw REPL."""
        self.port.write(code.encode() + b"\x04")
        assert self.until(b"OK") == b"OK"

    def run(self, code: str) -> tuple[str, str]:
        """Runs a program; returns its output and the traceback of its exception, or "" if it raised none."""
        self.start(code)
        out, error, _ = self.until(b"\x04>").split(b"\x04")
        return out.decode(), error.decode()


def mpremote(board: VirtualBoard, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the real mpremote on the port of the board with these arguments."""
    return subprocess.run(
        [sys.executable, "-m", "mpremote", "connect", board.port, *arguments],
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
    )
