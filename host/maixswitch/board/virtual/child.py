"""The process of the board's interpreter: its start, its requests and its output."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

from maixswitch.board.virtual.confine import Confinement

HEAP = "heapsize=64m"
MARK = b"\x00\xffmaixswitch-mark"  # as in stubs/virtual/wire.py
LARGE = b"PCLXFOSEU"
"""Requests whose number is the length of their data."""
SOFT, SOFT_RAW, RESET, LOST = 42, 43, 44, 45
PR_SET_PDEATHSIG = 1


def _die_with_parent() -> None:
    # A front process that is killed cannot clean up, and without this the interpreter would keep running.
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Child:
    """One run of the board's program, from a boot to a reset."""

    def __init__(self, options: dict[str, Any], why: str, mode: int) -> None:
        stubs = Path(options["stubs"])
        answers, self._answers = os.pipe()
        self.requests, requests = os.pipe()
        self.text, text = os.pipe()
        # Shared memory instead of a request, because the fakes check it in every call, which must cost next to nothing.
        self._flag = os.memfd_create("interrupt")
        self.flagged = False
        os.write(self._flag, b"\0")
        space = options.get("space")
        arguments = (
            str(stubs),
            str(answers),
            str(requests),
            options.get("card") or "",
            options["flash"],
            options.get("chip") or "",
            options["flavour"],
            why,
            str(mode),
            "" if space is None else str(space),
            "1" if options.get("readonly") else "",
            str(self._flag),
        )
        writable = [folder for folder in (options.get("card"), options["flash"]) if folder]
        # A script of a stranger gets no other files, no network and no programs; a board's owner trusts the card.
        rules = Confinement(options["interpreter"], [str(stubs)], writable) if why == "script" else None

        def prepare() -> None:
            _die_with_parent()
            if rules:
                rules.enter()

        self._process = subprocess.Popen(
            [options["interpreter"], "-X", HEAP, str(stubs / "virtual" / "start.py"), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=text,
            stderr=options["log"],
            pass_fds=(answers, requests, self._flag),
            preexec_fn=prepare,
            start_new_session=True,  # Ctrl-C in the terminal must not hit it in the middle of an answer
        )
        if rules:
            rules.close()
        # The child has its own copies. If ours stayed open, the end of the program would not cause an end of file.
        for descriptor in (answers, requests, text):
            os.close(descriptor)
        for descriptor in (self.requests, self.text):
            os.set_blocking(descriptor, False)
        self._heard = b""

    def request(self) -> tuple[int, int, bytes] | None:
        """Return the next request (letter, number, data); None if there is none.

        Raises EOFError if the program has ended.
        """
        while True:
            # A request may arrive in pieces, so an incomplete one waits for the next read.
            if len(self._heard) >= 8:
                letter, size, number = struct.unpack("<BxHi", self._heard[:8])
                if letter in LARGE:
                    size = number
                if len(self._heard) >= 8 + size:
                    data, self._heard = self._heard[8 : 8 + size], self._heard[8 + size :]
                    return letter, number, data
            try:
                more = os.read(self.requests, 65536)
            except BlockingIOError:
                return None
            if not more:
                raise EOFError
            self._heard += more

    def answer(self, number: int = 0, data: bytes = b"") -> None:
        """Answer the request; do nothing if the program has ended."""
        with contextlib.suppress(BrokenPipeError):
            rest = memoryview(struct.pack("<Ii", len(data), number) + data)
            while rest:  # a signal may end a long write early
                rest = rest[os.write(self._answers, rest) :]

    def mark(self) -> None:
        """Mark for an interrupted program where the answers continue."""
        with contextlib.suppress(BrokenPipeError):
            os.write(self._answers, MARK)

    def printed(self, most: int) -> bytes:
        """Return the output since the last call, at most `most` bytes."""
        try:
            return os.read(self.text, most) if most > 0 else b""
        except BlockingIOError:
            return b""

    def flag(self, up: bool) -> None:
        """Set or clear the flag that the fakes check. It delivers Ctrl-C at a safe moment, within a call of a fake."""
        if up != self.flagged:
            os.pwrite(self._flag, bytes([up]), 0)
            self.flagged = up

    def interrupt(self) -> None:
        """Send Ctrl-C as a signal, for a program that calls no fake.

        The signal can hit the interpreter during a garbage collection and crash it, so try `flag` first.
        """
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGINT)

    def end(self, kill: bool = False) -> int:
        """Wait for the end of the program, or cause it; return its exit code.

        kill: end it at once; otherwise it has 5 s.
        """
        if kill:
            self._process.kill()
        try:
            code = self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        for descriptor in (self.requests, self._answers, self.text, self._flag):
            os.close(descriptor)
        return code
