"""Pseudo terminals: serial ports of this PC with a board of this package at the other end. Linux and macOS only."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr
from maixswitch.stub_types import Wire


def open_port(link: str) -> tuple[int, int]:
    """Make a pseudo terminal; return its two ends (the board's, the PC's).

    link: the path of the PC's end.
    """
    import termios
    import tty

    master, slave = os.openpty()
    tty.setraw(slave)
    speed = termios.tcgetattr(slave)
    speed[4] = speed[5] = termios.B115200
    termios.tcsetattr(slave, termios.TCSANOW, speed)
    os.set_blocking(master, False)
    # A link cannot be overwritten, but renaming replaces one at once.
    with contextlib.suppress(FileNotFoundError):
        os.unlink(link + "~")
    os.symlink(os.ttyname(slave), link + "~")
    os.replace(link + "~", link)
    return master, slave


def check_link(link: Path) -> None:
    """Raise MaixSwitchError (usage) if no port can be made at a path: there is a file, or no pseudo terminal at all."""
    if sys.platform == "win32":
        raise MaixSwitchError(tr("the virtual board needs Linux or macOS: there is no pseudo terminal"), EXIT_USAGE)
    # A link was left by an earlier run and may be replaced. A file belongs to the user.
    if os.path.lexists(link) and not link.is_symlink():
        raise MaixSwitchError(tr("{path}: there is a file already", path=link), EXIT_USAGE)


class Port:
    """A serial port whose other end is in this process: call `pump` often. `path` is that of the port."""

    def __init__(self, link: Path) -> None:
        """Make the port at a path. Raises MaixSwitchError (usage) if that cannot be."""
        check_link(link)
        self.path = str(Path.cwd() / link)
        self._master, self._slave = open_port(self.path)
        self._out = bytearray()

    def read(self) -> bytes:
        """Return what a program has written to the port."""
        try:
            return os.read(self._master, 4096)
        except BlockingIOError:
            return b""

    def write(self, data: bytes) -> None:
        """Give bytes to the program that has the port open; too many that nobody reads are lost, as in a driver."""
        self._out = (self._out + data)[-65536:]
        if self._out:
            with contextlib.suppress(BlockingIOError):
                del self._out[: os.write(self._master, self._out)]

    def pump(self, wire: Wire) -> None:
        """Carry bytes between the port and the far end of a UART of the fakes (benchlib/wire.py)."""
        if data := self.read():
            wire.say(data)
        self.write(wire.leave())

    def close(self) -> None:
        """Remove the port; a program that has it open gets an error."""
        if self._master < 0:
            return
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        os.close(self._slave)
        os.close(self._master)
        self._master = self._slave = -1

    def __enter__(self) -> Port:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
