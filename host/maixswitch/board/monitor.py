"""Listens to a board without disturbing it: opens the port, reads, waits for it to come back, and sends commands.

DTR and RTS stay released, since they drive RESET and BOOT on these boards. (Linux pulses both for a moment when a port
opens. Whether that resets a board has not been tried on one.)
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from maixswitch.board.failures import translate
from maixswitch.board.monitor_commands import Commands
from maixswitch.board.transport import BAUD, opened
from maixswitch.language import tr
from maixswitch.link.serial_lines import SerialLines
from maixswitch.link.serial_schema import VERSION

SILENCE = 4.0
"""Seconds without a message before the user hears why. The app sends one a second unless it loads a model."""
PAUSE = 12.0
"""The same after earlier messages: a large model on a slow card takes its time."""
AGAIN = 0.3
"""Seconds between two attempts to open a port that is gone."""


@dataclass(frozen=True)
class Note:
    """A note for the user that does not come from the board."""

    text: str


class Listener:
    """Listens to one port. ``lines`` counts what has arrived; ``commands`` holds what is to be sent."""

    def __init__(self, port: str, baud: int = BAUD, commands: Commands | None = None) -> None:
        self.port = port
        self.baud = baud
        self.commands = commands or Commands()
        self.lines = SerialLines()
        self._serial: Any = None
        self._shown: set[str] = set()
        self._heard = 0.0
        self._last_board_time = 0

    def listen(self, seconds: float | None = None) -> Iterator[dict[str, Any] | Note | None]:
        """Yield messages and notes, and None if nothing arrived for a moment.

        seconds: when to end; None for never.
        Raises BoardError if the port cannot be opened at the start. If it goes away later, this waits for it.
        """
        end = None if seconds is None else time.monotonic() + seconds
        try:
            self._serial = opened(self.port, self.baud)
        except (OSError, ValueError) as error:
            raise translate(error, self.port) from error
        self._heard = time.monotonic()
        try:
            while end is None or time.monotonic() < end:
                # The listener outlives its port: somebody may pull the cable and put it back.
                if self._serial is None:
                    yield from self._wait()
                    continue
                try:
                    data = self._serial.read(max(1, self._serial.in_waiting))
                except (OSError, TypeError):  # pyserial raises TypeError if the port was closed meanwhile
                    yield from self._lost()
                    continue
                yield from self._take(data)
                yield from self._command()
        finally:
            self._close()

    def _take(self, data: bytes) -> Iterator[dict[str, Any] | Note | None]:
        newest = self.lines.newest
        messages = self.lines.feed(data)
        # True only for the first newer message: afterwards `newest` differs from VERSION, and one note is enough.
        if self.lines.newest > newest == VERSION:
            yield Note(
                tr(
                    "the board's messages are of version {newest}, but this program knows only version {known} and "
                    "shows nothing newer; update it: pip install -U maixswitch",
                    newest=self.lines.newest,
                    known=VERSION,
                )
            )
        for message in messages:
            board_time = message.get("t")
            if isinstance(board_time, int):  # A newer version may have another clock.
                # Board time runs on over a soft reset (serial_schema.COMMON), so going back means power or RESET.
                if board_time < self._last_board_time:
                    yield Note(tr("the board has restarted"))
                self._last_board_time = board_time
            yield message
            if text := self.commands.hear(message):
                yield Note(text)
        now = time.monotonic()
        if messages:
            self._heard = now
            self._shown.clear()
            return
        if now - self._heard >= (PAUSE if self.lines.messages else SILENCE):
            text = self._reason()
            # Each reason is shown once. As the line shows more, the reason changes, and the new one is shown.
            if text not in self._shown:
                self._shown.add(text)
                yield Note(text)
        if not data:
            yield None

    def _command(self) -> Iterator[Note]:
        """Send the commands that wait, once the app has been heard; say whose answer is late."""
        if self.lines.messages and self._serial is not None and (line := self.commands.take()):
            try:
                self._serial.write(line)
            except OSError:
                yield from self._lost()
        if text := self.commands.late():
            yield Note(text)

    def _reason(self) -> str:
        """Return why no message arrives, as far as the line shows it, and what to do."""
        # From the surest sign to the vaguest. A prompt proves that no program runs; silence can have many causes.
        lines = self.lines
        if lines.prompt:
            return tr(
                "the app does not run: the board waits at its prompt. Start it: maixswitch reset --port {port}",
                port=self.port,
            )
        if lines.messages:
            return tr(
                "the messages have stopped: a large model is loading, or the app does not run any more. Start it "
                "again: maixswitch reset --port {port}",
                port=self.port,
            )
        if lines.broken:
            return tr(
                "only torn messages arrive. Is --baud {baud} the line's rate? Does another program read this port?",
                baud=self.baud,
            )
        if lines.app:
            return tr(
                'the app runs, but sends nothing here: write "link": true into maixswitch.json on the card, then '
                'restart (a link with "uart" sends on pins of its own)'
            )
        if lines.foreign:
            return tr(
                "another program prints here, not the app; the last line: {line}. Is the app on the card? Is --baud "
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
        # The line that the unplugging cut must not be joined with the first bytes after the return.
        self.lines.cut()
        self._close()
        yield Note(tr("{port} is gone; waiting for it to come back", port=self.port))

    def _wait(self) -> Iterator[Note | None]:
        try:
            self._serial = opened(self.port, self.baud)
        except (OSError, ValueError):  # The port is missing, or udev has not given it to this user yet.
            time.sleep(AGAIN)
            yield None
            return
        self._heard = time.monotonic()
        self._shown.clear()
        yield Note(tr("{port} is back", port=self.port))

    def _close(self) -> None:
        port, self._serial = self._serial, None
        if port is not None:
            try:
                port.close()
            except OSError:
                return
