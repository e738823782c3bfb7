"""The live view on a real pseudo-terminal: keys of the keyboard press keys of the board."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from pathlib import Path

import pytest

from tests.host.sim_helpers import ROOT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals exist on POSIX only")


class Terminal:
    """The command in a pseudo-terminal of 130 x 40 characters."""

    def __init__(self, *words: str) -> None:
        import fcntl
        import pty
        import struct
        import termios

        self.output = ""
        self._child, self._file = pty.fork()
        if self._child == 0:
            os.environ.update(TERM="xterm-256color", COLORTERM="truecolor", PYTHONPATH=str(ROOT / "host"))
            os.environ.pop("NO_COLOR", None)
            os.execv(sys.executable, [sys.executable, "-m", "maixswitch", *words])
        fcntl.ioctl(self._file, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 130, 0, 0))

    def type(self, keys: str) -> None:
        os.write(self._file, keys.encode())

    def interrupt(self) -> None:
        os.kill(self._child, signal.SIGINT)

    def read_until(self, text: str) -> None:
        """Read until the text appears, without escape sequences; fail after a minute."""
        import select

        start, deadline = len(self.output), time.monotonic() + 60
        while text not in self.output[start:]:
            assert time.monotonic() < deadline, f"the command did not print {text!r}: {self.output[-2000:]}"
            if select.select([self._file], [], [], 0.1)[0]:
                self.output += re.sub(
                    r"\x1b\[[0-9;?]*[a-zA-Z]", "", os.read(self._file, 65536).decode(errors="replace")
                )

    def end(self) -> int:
        """Read to the end; return the exit code."""
        while True:
            try:
                if not os.read(self._file, 65536):
                    break
            except OSError:  # Linux reports a closed other end in this way
                break
        _, status = os.waitpid(self._child, 0)
        os.close(self._file)
        return os.waitstatus_to_exitcode(status)


def test_keys_of_the_keyboard(card: Path) -> None:
    terminal = Terminal("sim", str(card))
    terminal.read_until("sees blob")
    terminal.type(" ")
    terminal.read_until("loaded Colours")
    terminal.type("h")
    terminal.read_until("loaded Bright blobs")
    terminal.type("e")
    terminal.read_until("taken out")
    terminal.read_until("NO_CARD")
    terminal.type("e")
    terminal.read_until("--CARD_IN-->")
    terminal.type("q")
    assert terminal.end() == 0


def test_interruption_of_the_view(card: Path) -> None:
    terminal = Terminal("sim", str(card))
    terminal.read_until("sees blob")
    terminal.interrupt()
    assert terminal.end() == 130
