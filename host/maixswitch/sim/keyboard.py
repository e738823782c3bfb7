"""Reads single key presses from the terminal while the live view runs."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

KEYS = "space press   h hold   1 2 3 press key   e card out/in   q quit"


class Keyboard:
    """Reads keys without waiting and without Enter; leaving the context restores the terminal.

    If the terminal cannot do that, `read` always returns "".
    """

    def __init__(self, enabled: bool = True) -> None:
        self._enabled = enabled
        self._before: list[Any] | None = None

    def __enter__(self) -> Keyboard:
        if self._enabled and sys.platform != "win32":
            # Import them here: Windows has neither module.
            import termios
            import tty

            # stdin may be a pipe or a file: then the run goes on without keys.
            try:
                self._before = termios.tcgetattr(sys.stdin)
                tty.setcbreak(sys.stdin)
            except termios.error:
                self._before = None
        return self

    def read(self) -> str:
        """Return the next key pressed, "" if there is none."""
        if not self._enabled:
            return ""
        if sys.platform == "win32":
            import msvcrt

            return msvcrt.getwch() if msvcrt.kbhit() else ""
        if self._before is None:
            return ""
        import os
        import select

        # os.read, because Python's own buffer would hide a second key from select.
        if select.select([sys.stdin], [], [], 0)[0]:
            return os.read(sys.stdin.fileno(), 1).decode("ascii", "ignore")
        return ""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if sys.platform != "win32" and self._before is not None:
            import termios

            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._before)
