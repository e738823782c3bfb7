"""Finds the app's messages in what a board's serial line says: takes bytes in any pieces, gives messages.

Our lines are RS, one JSON object, LF (RFC 7464). Anything else on the line is the firmware's, or a torn line of ours.
"""

from __future__ import annotations

import json
from collections import deque
from typing import Any

from maixswitch.board.serial_schema import VERSION, fits

RS = 0x1E
LONGEST = 4096
"""The most bytes of a line. Longer lines are not ours."""
KEPT = 5
REPL = (b">>>", b"raw REPL; CTRL-B to exit")
APP = b"[maixswitch]"


class SerialLines:
    """Takes bytes and gives messages.

    messages, broken, foreign: how many messages, torn messages and other lines came.
    received: how many bytes came.
    newest: the highest version seen.
    last: the last foreign lines.
    app: have lines that the app prints appeared?
    prompt: is the prompt of the REPL the last thing on the line, so that no program runs?
    """

    def __init__(self) -> None:
        self.messages = self.broken = self.foreign = self.received = 0
        self.newest = VERSION
        self.last: deque[str] = deque(maxlen=KEPT)
        self.app = self.prompt = False
        self._open = bytearray()
        self._skipping = False

    def feed(self, data: bytes) -> list[dict[str, Any]]:
        """Return the messages that these bytes complete."""
        self.received += len(data)
        messages = []
        *lines, rest = data.split(b"\n")
        for line in lines:
            self._open += line
            # The beginning of a skipped line was counted when it became too long, so its end is not counted again.
            message = None if self._skipping else self._line(bytes(self._open))
            self._open.clear()
            self._skipping = False
            if message is not None:
                messages.append(message)
        if not self._skipping:
            self._open += rest
            if len(self._open) > LONGEST:
                self._count(bytes(self._open))
                self._open.clear()
                self._skipping = True
        if self._open.startswith(REPL):  # a prompt has no line end
            self.prompt = True
        return messages

    def cut(self) -> None:
        """Drop an incomplete line, after the port was gone."""
        if self._open:
            self._count(bytes(self._open))
        self._open.clear()
        self._skipping = False

    def _line(self, line: bytes) -> dict[str, Any] | None:
        if len(line) > LONGEST:
            self._count(line)
            return None
        # The last RS counts: text before it is a print without an end, or the beginning of a line that was cut.
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
        """Count a line that is not a message: a torn one of ours, or somebody else's."""
        self.prompt = line.startswith(REPL)
        # With an RS it was meant as a message. A very long line is not ours, whatever it holds.
        if RS in line and len(line) <= LONGEST:
            self.broken += 1
            return
        self.foreign += 1
        self.last.append(line[:200].decode(errors="replace").strip())
        self.app = self.app or APP in line[:200]


def _message(text: bytes) -> dict[str, Any] | None:
    """Return the message in a line's text; None for a torn message, or for something else."""
    try:
        document = json.loads(text)
    # Noise with many brackets nests too deeply for json, which raises RecursionError.
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or not isinstance(document.get("v"), int) or document["v"] < 1:
        return None
    # A newer version may have other fields and cannot be judged here. In our own version, a misfit is damage.
    return document if document["v"] > VERSION or fits(document) else None
