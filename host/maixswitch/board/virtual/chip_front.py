"""The process between the serial port and a real firmware: `python -m maixswitch.board.virtual.chip_front OPTIONS`.

The firmware runs on the virtual K210 in this process, as fast as the PC can while it works. While it only waits, its
time passes no faster than ours, and the process sleeps.
"""

from __future__ import annotations

import select
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maixswitch.board import port_clock
from maixswitch.board.virtual.cable import Cable, main
from maixswitch.k210.board.wiring import WIRINGS
from maixswitch.k210.clock import SLICE
from maixswitch.k210.image import read_image
from maixswitch.k210.virtual_board import PROMPT, SECOND, VirtualBoard
from maixswitch.k210.waiting import Waiting
from maixswitch.sim import scene

TURN = 10 * SLICE
"""Cycles of a turn of the loop: some 5 to 20 ms of work of the PC."""
SHORT_TURN = 2 * SLICE
"""The same while it waits, to see an event that ends the waiting."""
REST = 0.02
"""Seconds that the process sleeps at most while the firmware waits; a byte from the PC wakes it at once."""
LOOK = 0.05
"""Seconds between two looks whether the firmware waits."""
MOST_BEHIND = 0.005
"""Seconds of the board's time that a rest may be behind ours; more is given up, or the board would race to catch up."""
QUIET = 1.0
"""Seconds without a write after which the card's files are put into its folder."""
MOST_WAITING = 4096
"""Bytes for the firmware that are taken from the port; more wait in the PC's driver."""
PROMPTS = (PROMPT, b"raw REPL; CTRL-B to exit\r\n>")
CTRL_C = 3


class ChipFront(Cable):
    """The line, the port and the chip."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._on = False
        card, flash = options.get("card"), options.get("flash_file")
        self._flash = Path(flash) if flash else None
        content = self._flash.read_bytes() if self._flash and self._flash.exists() else b""
        self._board = VirtualBoard(
            read_image(Path(options["image"])), options["board"], Path(card) if card else None, content
        )
        for part in Path(options["chip"]).iterdir() if options.get("chip") else ():
            self._board.flash.put(int(part.name, 16), part.read_bytes())
        # As with the fakes, the camera sees the drawn scene; its things move in the board's time.
        sensor = WIRINGS[options["board"]].sensor
        self._board.connect_camera(self._seen, sensor)
        self._saved_flash = self._board.flash.changed
        self._waiting = Waiting(self._board.chip)
        self._tail = b""
        self._resting = False
        self._next_look = self._wrote = 0.0
        self._writes = self._saved = self._board.card_writes
        self._started: tuple[float, int] = (time.monotonic(), 0)
        self._lost_time = 0.0  # seconds that the board stayed behind ours since the start
        self._told = (-1, 0.0)  # port and lost time that the PC knows
        super().__init__(options)

    def _seen(self, width: int, height: int) -> NDArray[np.uint8]:
        """Return what the camera sees now, (height, width, 3)."""
        return scene.draw(self._board.chip.clock.cycles * 1000 // SECOND, width, height)

    # Power and card

    def powered(self) -> bool:
        return self._on

    def boot(self) -> None:
        """Switch the power on."""
        self._board.power_cycle()
        self._wire_in.clear()
        self._tail = b""
        self._on = True
        self._begin(time.monotonic())

    def power_cut(self) -> None:
        """Stop the chip where it is. The card keeps the blocks that were written up to now."""
        self._on = False
        self._wire_out.clear()
        self._save()

    def change(self, options: dict[str, Any]) -> None:
        """Change options while the power is off. A new card is read from its folder as it is now."""
        super().change(options)
        if "card" in options:
            self._board.pull_card()
            if options["card"]:
                self._board.insert_card(Path(options["card"]))
            self._writes = self._saved = self._board.card_writes

    def _save(self) -> None:
        """Put what the firmware wrote into the card's folder and the flash's file."""
        board = self._board
        if board.card_writes != self._saved:
            self._saved = board.card_writes
            if not board.save_card():
                print("the card's file system is damaged; its folder keeps the last whole state", file=sys.stderr)
        if self._flash and board.flash.changed != self._saved_flash:
            self._saved_flash = board.flash.changed
            self._flash.write_bytes(bytes(board.flash.content))

    def _save_when_quiet(self, now: float) -> None:
        writes = self._board.card_writes
        if writes != self._writes:
            self._writes, self._wrote = writes, now
        elif writes != self._saved and now - self._wrote >= QUIET:
            self._save()

    # The line

    def _arrive(self, now: float) -> None:
        """Move bytes from the line to the chip's serial port."""
        raw = bytes(self._wire_in[: self._to_pace.through(len(self._wire_in), now)])
        if not raw:
            return
        del self._wire_in[: len(raw)]
        data, events = self._to.carry(raw)
        while self._swallow and CTRL_C in data:
            data = data.replace(b"\x03", b"", 1)
            self._swallow -= 1
        if self._on:
            self._board.type(data)
        self._happen(events, now)

    def _hear(self) -> None:
        """Move what the firmware said to the line."""
        sent = self._board.heard()
        if sent:
            self._tail = (self._tail + sent)[-64:]
            self._send(sent)

    # Time

    def _begin(self, now: float) -> None:
        """Compare the board's time with ours from now on."""
        self._started = now, self._board.chip.clock.cycles

    def _ahead(self, now: float) -> float:
        """Return by how many seconds the board's time is ahead of ours."""
        since, cycles = self._started
        ahead = (self._board.chip.clock.cycles - cycles) / SECOND - (now - since)
        # A firmware at work is behind. What it lost then is not made up for while it waits.
        if ahead < -MOST_BEHIND:
            self._begin(now)
            self._lost_time -= ahead
            return 0.0
        return ahead

    def _tell_time(self, now: float) -> None:
        """Tell the PC how much time the board has lost: waits of the PC's programs are meant in the board's time."""
        # Without power, in a stall that was ordered and while it rests, a board loses nothing that anybody waits for.
        if not self._on or now < self._stalled or self._resting:
            self._begin(now)
            return
        self._ahead(now)
        # A port that was plugged in again is a new one, and knows nothing yet.
        if (self._master, self._lost_time) != self._told and self._master >= 0:
            port_clock.tell_lost(self._master, self._lost_time)
            self._told = self._master, self._lost_time

    def _work(self, now: float) -> float:
        """Let the firmware run for a turn; return how long it may rest afterwards, in seconds."""
        board = self._board
        uarths = board.chip.uarths
        board.chip.run(SHORT_TURN if self._resting else TURN, lambda: bool(uarths.sent))
        if uarths.sent or uarths.incoming or uarths.received:
            self._resting = False
            return 0.0
        if self._resting or now >= self._next_look:
            if not self._waiting.known and self._tail.endswith(PROMPTS):
                self._waiting.learn()
                if uarths.sent:
                    return 0.0
            self._resting = self._waiting.holds()
            if self._resting:
                board.chip.pass_time(int((REST - MOST_BEHIND) * SECOND))
                return REST
            self._next_look = now + LOOK
        return min(max(self._ahead(time.monotonic()), 0.0), REST)

    # The loop

    def run(self) -> None:
        """Run until the end of stdin."""
        while True:
            now = time.monotonic()
            self._arrive(now)
            pause = 1.0
            if self._on and now >= self._stalled:
                pause = 0.0 if self._full() else self._work(now)
                self._hear()
            now = time.monotonic()
            self._tell_time(now)
            self._leave(now)
            self._save_when_quiet(now)
            if not self._listen(self._pause(pause, now)):
                return

    def _pause(self, pause: float, now: float) -> float:
        """Return how long to wait for the PC: not at all if a byte that is on its way is due."""
        waits = [
            pause,
            self._to_pace.next(len(self._wire_in), now),
            self._from_pace.next(len(self._wire_out), now),
            self._stalled - now if now < self._stalled else None,
        ]
        if not self._paced and (self._wire_out or self._wire_in):
            waits.append(0.0)
        return max(min(wait for wait in waits if wait is not None), 0.0)

    def _listen(self, pause: float) -> bool:
        """Wait for the PC; return False at the end of stdin."""
        read: list[int] = [0]
        # While the chip has enough to read, the PC must wait, as at a line that is slower.
        if self._master >= 0 and len(self._wire_in) + len(self._board.chip.uarths.incoming) < MOST_WAITING:
            read.append(self._master)
        write = [self._master] if self._pc and self._master >= 0 and pause else []
        ready, _, _ = select.select(read, write, [], pause)
        if self._master in ready and self._master >= 0:
            self._take()
        return 0 not in ready or self._command()


if __name__ == "__main__":
    main(ChipFront)
