"""The app's messages out of what a board's serial line says: bytes in any pieces in, messages out.

Our lines are RS, one JSON object, LF (RFC 7464); everything else on the line is the firmware's, or a torn line of ours.
"""

from __future__ import annotations

import json
from collections import deque
from typing import Any

from maixswitch.board.serial_schema import VERSION, fits

RS = 0x1E
LONGEST = 4096
"""Bytes of a line; what is longer is none of ours."""
KEPT = 5
REPL = (b">>>", b"raw REPL; CTRL-B to exit")
APP = b"[maixswitch]"


class SerialLines:
    """Takes bytes, gives messages. Counts: ``messages``, ``broken`` (began as ours), ``foreign`` lines, ``received``.

    ``newest``: the highest version seen. ``last``: the last foreign lines. ``app`` and ``prompt``: did the app's own
    printed lines appear, and is the last thing there the prompt of the REPL, which means that no program runs?
    """

    def __init__(self) -> None:
        self.messages = self.broken = self.foreign = self.received = 0
        self.newest = VERSION
        self.last: deque[str] = deque(maxlen=KEPT)
        self.app = self.prompt = False
        self._open = bytearray()
        self._skipping = False

    def feed(self, data: bytes) -> list[dict[str, Any]]:
        """The messages that these bytes complete."""
        self.received += len(data)
        found = []
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._open += line
            message = None if self._skipping else self._line(bytes(self._open))
            self._open.clear()
            self._skipping = False
            if message is not None:
                found.append(message)
        if not self._skipping:
            self._open += rest
            if len(self._open) > LONGEST:
                self._count(bytes(self._open))
                self._open.clear()
                self._skipping = True
        if self._open.startswith(REPL):  # a prompt has no line end
            self.prompt = True
        return found

    def cut(self) -> None:
        """The line was interrupted (port gone): what is open will not be completed."""
        if self._open:
            self._count(bytes(self._open))
        self._open.clear()
        self._skipping = False

    def _line(self, line: bytes) -> dict[str, Any] | None:
        if len(line) > LONGEST:
            self._count(line)
            return None
        before, mark, text = line.rpartition(bytes([RS]))
        if before.strip():  # a print without an end, or a line of ours that a reset cut
            self._count(before)
        if not mark:
            if text.strip():
                self._count(text)
            return None
        message = _message(text)
        if message is None:
            self.broken += 1
            return None
        self.messages += 1
        self.prompt = False
        self.newest = max(self.newest, message["v"])
        return message

    def _count(self, line: bytes) -> None:
        """Counts what is no message: a torn one of ours, or somebody else's."""
        self.prompt = line.startswith(REPL)
        if RS in line and len(line) <= LONGEST:
            self.broken += 1
            return
        self.foreign += 1
        self.last.append(line[:200].decode(errors="replace").strip())
        self.app = self.app or APP in line[:200]


def _message(text: bytes) -> dict[str, Any] | None:
    """The message in a line's text; None for what is no message of ours, or a torn one."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or not isinstance(document.get("v"), int) or document["v"] < 1:
        return None
    return document if document["v"] > VERSION or fits(document) else None
