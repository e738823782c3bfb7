"""Finds the app's messages in the bytes of a board's serial line, in whatever pieces they arrive.

A line of ours is RS, one JSON object, LF (RFC 7464). Any other line is the firmware's, or a torn one of ours.
"""

from __future__ import annotations

import json
from collections import deque
from typing import Any

from maixswitch.link.serial_schema import VERSION, fits

RS = 0x1E
LONGEST = 4096
"""The most bytes of a line. Longer lines are not ours."""
KEPT = 5
REPL = (b">>>", b"raw REPL; CTRL-B to exit")
APP = b"[maixswitch]"


class SerialLines:
    """Takes bytes and returns messages.

    messages, broken, foreign: how many messages, torn messages and other lines have arrived.
    received: how many bytes have arrived.
    newest: the highest version seen.
    last: the last foreign lines.
    app: has a line arrived that the app prints?
    prompt: does the line end with the prompt of the REPL, so that no program runs?
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
        *lines, unfinished = data.split(b"\n")
        for line in lines:
            self._open += line
            # A line that was too long has been counted already, so its end is not counted again.
            message = None if self._skipping else self._line(bytes(self._open))
            self._open.clear()
            self._skipping = False
            if message is not None:
                messages.append(message)
        if not self._skipping:
            self._open += unfinished
            if len(self._open) > LONGEST:
                self._count(bytes(self._open))
                self._open.clear()
                self._skipping = True
        if self._open.startswith(REPL):  # a prompt has no line end
            self.prompt = True
        return messages

    def cut(self) -> None:
        """Drop an incomplete line, because the port is gone and its end will never arrive."""
        if self._open:
            self._count(bytes(self._open))
        self._open.clear()
        self._skipping = False

    def _line(self, line: bytes) -> dict[str, Any] | None:
        if len(line) > LONGEST:
            self._count(line)
            return None
        # Only the text after the last RS can be a message. Before it may stand a print without a line end, or a message
        # of ours that a reset cut.
        before, mark, text = line.rpartition(bytes([RS]))
        if before.strip():
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
        """Count a line that is not a message: a torn one of ours, or a foreign one."""
        self.prompt = line.startswith(REPL)
        # A line with an RS was a message of ours, unless it is longer than any of them.
        if RS in line and len(line) <= LONGEST:
            self.broken += 1
            return
        self.foreign += 1
        self.last.append(line[:200].decode(errors="replace").strip())
        self.app = self.app or APP in line[:200]


def _message(text: bytes) -> dict[str, Any] | None:
    """Return the message in a line's text; None for a torn message or any other text."""
    try:
        document = json.loads(text)
    # Noise with many brackets can nest too deeply for json, which then raises RecursionError.
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or not isinstance(document.get("v"), int) or document["v"] < 1:
        return None
    # A newer version may have other fields, so it cannot be judged here. In our version, a field that does not fit was
    # damaged.
    return document if document["v"] > VERSION or fits(document) else None
