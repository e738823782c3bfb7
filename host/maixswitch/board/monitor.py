"""Listening to a board without disturbing it: opens the port, reads, waits for it to come back; sends nothing.

DTR and RTS stay released, since on these boards they drive RESET and BOOT. (Linux pulses both for a moment when a port
opens; whether that resets a board was never tried on one.)
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from maixswitch.board.failures import translate
from maixswitch.board.serial_lines import SerialLines
from maixswitch.board.serial_schema import VERSION
from maixswitch.board.transport import BAUD, opened
from maixswitch.language import tr

SILENCE = 4.0
"""Seconds without a message before we say why that may be; the app sends one a second unless it loads a model."""
PAUSE = 12.0
"""The same where messages came before: a large model on a slow card takes its time."""
AGAIN = 0.3
"""Seconds between two tries to open a port that has gone."""


@dataclass(frozen=True)
class Note:
    """Something for the user that the board did not say."""

    text: str


class Listener:
    """One port, listened to; ``lines`` counts what came."""

    def __init__(self, port: str, baud: int = BAUD) -> None:
        self.port = port
        self.baud = baud
        self.lines = SerialLines()
        self._serial: Any = None
        self._said: set[str] = set()
        self._heard = 0.0
        self._before = 0

    def listen(self, seconds: float | None = None) -> Iterator[dict[str, Any] | Note | None]:
        """Messages, notes, and None where nothing came for a moment; ends after so many seconds, None for never.

        BoardError when the port cannot be opened at the start; later it is waited for.
        """
        end = None if seconds is None else time.monotonic() + seconds
        try:
            self._serial = opened(self.port, self.baud)
        except (OSError, ValueError) as error:
            raise translate(error, self.port) from error
        self._heard = time.monotonic()
        try:
            while end is None or time.monotonic() < end:
                if self._serial is None:
                    yield from self._wait()
                    continue
                try:
                    data = self._serial.read(max(1, self._serial.in_waiting))
                except (OSError, TypeError):  # pyserial: TypeError where the port was closed meanwhile
                    yield from self._lost()
                    continue
                yield from self._take(data)
        finally:
            self._close()

    def _take(self, data: bytes) -> Iterator[dict[str, Any] | Note | None]:
        newest = self.lines.newest
        found = self.lines.feed(data)
        if self.lines.newest > newest == VERSION:
            yield Note(
                tr(
                    "the board's messages are of version {found}, this program knows {known}: update it (pip install "
                    "-U maixswitch), or what is new there is not shown",
                    found=self.lines.newest,
                    known=VERSION,
                )
            )
        for message in found:
            now_there = message.get("t")
            if isinstance(now_there, int):  # a newer version may have another clock
                if now_there < self._before:
                    yield Note(tr("the board has restarted"))
                self._before = now_there
            yield message
        now = time.monotonic()
        if found:
            self._heard = now
            self._said.clear()
            return
        if now - self._heard >= (PAUSE if self.lines.messages else SILENCE):
            text = self._reason()
            if text not in self._said:
                self._said.add(text)
                yield Note(text)
        if not data:
            yield None

    def _reason(self) -> str:
        """Why nothing comes, as far as the line tells, and what to do."""
        lines = self.lines
        if lines.prompt:
            return tr(
                "the app does not run: the board waits at its prompt. Start it: maixswitch reset --port {port}",
                port=self.port,
            )
        if lines.messages:
            return tr(
                "no message any more: a large model is loading, or the app has stopped. Start it again: maixswitch "
                "reset --port {port}",
                port=self.port,
            )
        if lines.broken:
            return tr(
                "only torn messages come: is --baud {baud} the line's rate, and does no other program read this port?",
                baud=self.baud,
            )
        if lines.app:
            return tr(
                'the app runs, but sends nothing here: write "link": true into maixswitch.json on the card, then '
                'restart (a link with "uart" sends on pins of its own)'
            )
        if lines.foreign:
            return tr(
                "something prints, but not the app of MaixSwitch; the last line: {line}. Is it on the card? Is --baud "
                "{baud} the line's rate? maixswitch doctor --port {port} says more",
                line=lines.last[-1],
                baud=self.baud,
                port=self.port,
            )
        return tr(
            'nothing comes. The board may be busy with a large model; or the link is off: write "link": true into '
            "maixswitch.json on the card, then restart; or the app does not run: maixswitch doctor --port {port} says "
            "more",
            port=self.port,
        )

    def _lost(self) -> Iterator[Note]:
        self.lines.cut()
        self._close()
        yield Note(tr("{port} is gone; waiting for it to come back", port=self.port))

    def _wait(self) -> Iterator[Note | None]:
        try:
            self._serial = opened(self.port, self.baud)
        except (OSError, ValueError):  # not there yet, or not yet ours: udev takes a moment
            time.sleep(AGAIN)
            yield None
            return
        self._heard = time.monotonic()
        self._said.clear()
        yield Note(tr("{port} is back", port=self.port))

    def _close(self) -> None:
        port, self._serial = self._serial, None
        if port is not None:
            try:
                port.close()
            except OSError:
                return
