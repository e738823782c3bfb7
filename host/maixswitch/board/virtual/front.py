"""The process between the serial port and the board's interpreter: `python -m maixswitch.board.virtual.front OPTIONS`.

It holds the pseudo terminal, paces the line, keeps the receive ring of the board's UART and handles Ctrl-C as the
interrupt handler does.
"""

from __future__ import annotations

import select
import time
from typing import Any

from maixswitch.board.virtual.cable import Cable, main
from maixswitch.board.virtual.child import RESET, SOFT, SOFT_RAW, Child
from maixswitch.board.virtual.line import BAUD, garbled
from maixswitch.board.virtual.side import Side

RING = 2048
LATENCY = 0.002  # seconds until the running program sees Ctrl-C; a second one meanwhile cancels the first
POLITE = 0.15  # seconds that a program has to see the flag before a signal stops it
APART = 2.0  # seconds between two signals: a second one, before the first was seen, kills the interpreter
READ, REPL, ANY, WRITE, INTERRUPT, BAUD_RATE, MODE, SYNC, TAKEN = b"RQAWKBMZT"
SIDE_TAKE, SIDE_SEND, SIDE_PLUG = b"DGV"  # of UART 1 to 3
SIDE_PAUSE = 0.002  # seconds between two looks at their ports
STDERR = 2  # the log of the handle
CONTROLS = b"\x01\x02\x03\x04\x05"


class Front(Cable):
    """The line, the port and the runs of the board."""

    def __init__(self, options: dict[str, Any]) -> None:
        super().__init__(options)
        self._start_rate = options.get("rate")
        self._child: Child | None = None
        self._boots: list[float] = []
        self._sides = {int(number): Side(link, self._paced) for number, link in options.get("uarts", {}).items()}
        self._fresh()

    def _fresh(self) -> None:
        """Set the UART to its state after a reset."""
        self._ring = bytearray()
        self._ring_size = RING
        self._baud = BAUD
        self._to_pace.rate = self._from_pace.rate = self._start_rate
        for side in self._sides.values():
            side.reset()
        self._interrupt = -1
        self._due: float | None = None  # when the program sees Ctrl-C
        self._signalled = 0.0
        self._running = True  # does a program read the line, and not the REPL?
        self._request: tuple[int, int, bytes] | None = None
        self._asked = self._arrived = 0.0

    # Power

    def powered(self) -> bool:
        return self._child is not None

    def boot(self, why: str = "power", mode: int = 0) -> None:
        self._fresh()
        self._child = Child({**self._options, "log": STDERR}, why, mode)

    def power_cut(self) -> None:
        if self._child:
            self._child.end(kill=True)
            self._child = None
        self._wire_out.clear()
        self._fresh()

    def _ended(self) -> None:
        assert self._child is not None
        # The program may have printed its last lines just before its end.
        while text := self._child.printed(65536):
            self._say(text)
        code = self._child.end()
        self._child = None
        now = time.monotonic()
        self._boots = [*(moment for moment in self._boots if now - moment < 5), now]
        if code in (SOFT, SOFT_RAW):
            self.boot("soft", int(code == SOFT_RAW))
        elif code == RESET and len(self._boots) < 50:
            self.boot("reset")
        else:  # here a real board would restart again and again
            self._say(b"core dump: the board's interpreter ended with %d\n" % code)

    # The line

    def _say(self, text: bytes) -> None:
        """Send output of the board, with MicroPython's line ends."""
        self._send(text.replace(b"\n", b"\r\n"))

    def _arrive(self, now: float) -> None:
        """Move bytes from the line into the ring of the UART. Ctrl-C also interrupts the program."""
        count = self._to_pace.through(len(self._wire_in), now)
        # On a line without a rate, the bytes wait for the REPL: a real one reads fast enough to lose none.
        if not self._paced and not self._running and now >= self._stalled:
            count = min(count, self._ring_size - len(self._ring))
        if count <= 0:
            return
        raw = bytes(self._wire_in[:count])
        del self._wire_in[:count]
        data, events = self._to.carry(raw)
        if self._child:
            data = garbled(data, self._slave, self._baud)
            if 3 in data:
                data = self._ctrl_c(data, now)
            room = self._ring_size - len(self._ring)
            self._lost += max(len(data) - room, 0)
            self._ring += data[:room]
            self._arrived = now
        self._happen(events, now)

    def _ctrl_c(self, data: bytes, now: float) -> bytes:
        kept = bytearray()
        for byte in data:
            if byte == 3 and self._swallow:
                self._swallow -= 1
                continue
            kept.append(byte)
            if byte == self._interrupt:
                # As in the firmware, a second Ctrl-C cancels one that the program has not seen yet.
                if self._due is None:
                    self._due = now + LATENCY
                elif now < max(self._due, self._stalled) and self._child:
                    self._calm(self._child)
        return bytes(kept)

    # The program

    def _serve(self, now: float) -> None:
        child = self._child
        if child is None or now < self._stalled:
            return
        # Ctrl-C is a flag first. Only a program that does not check it gets a signal, which can crash the interpreter.
        if self._due is not None and now >= self._due:
            child.flag(True)
            if now >= self._due + POLITE and now - self._signalled >= APART:
                self._due = None
                self._signalled = now
                child.flag(False)
                child.interrupt()
        for _ in range(64):
            try:
                newer = child.request()
            except EOFError:
                self._ended()
                return
            if newer:  # it replaces a request that Ctrl-C interrupted
                self._request, self._asked = newer, time.monotonic()
            if self._full():
                return
            # What the program printed before its request must reach the line before the answer.
            while not self._full() and (text := child.printed(65536 if not self._paced else 256)):
                self._say(text)
            if not self._request or self._full() or not self._answer(child, *self._request, now):
                return
            self._request = None

    def _answer(self, child: Child, letter: int, number: int, data: bytes, now: float) -> bool:
        """Answer a request; return False if it must wait."""
        if letter == READ:
            needed, pause = number >> 12, (number & 4095) / 1000
            if len(self._ring) < needed and now - max(self._asked, self._arrived) < pause:
                return False
            self._give(child, needed)
        elif letter == REPL:
            if not self._ring:
                return False
            # Only up to a control byte: after it, a program that the REPL starts may read the line itself.
            at = next((at_byte for at_byte, byte in enumerate(self._ring) if byte in CONTROLS), len(self._ring))
            self._give(child, min(at + 1, number or RING))
        elif letter == ANY:
            child.answer(len(self._ring))
        elif letter == SYNC:
            child.mark()
        elif letter in (SIDE_TAKE, SIDE_SEND, SIDE_PLUG):
            self._answer_side(child, letter, number, data, now)
        else:
            return self._change(child, letter, number, data)
        return True

    def _answer_side(self, child: Child, letter: int, number: int, data: bytes, now: float) -> None:
        side = self._sides.get(number)
        taken = b""
        if side is not None and letter == SIDE_TAKE:
            side.move(now)
            taken = bytes(side.ring)
            side.ring.clear()
        elif side is not None and letter == SIDE_SEND:
            side.send(data, now)
            side.move(now)
        elif side is not None:
            baud, limit = data.split()
            side.plug(int(baud), int(limit))
        child.answer(0, taken)

    def _give(self, child: Child, count: int) -> None:
        child.answer(0, bytes(self._ring[:count]))
        del self._ring[:count]

    def _calm(self, child: Child) -> None:
        self._due = None
        child.flag(False)

    def _change(self, child: Child, letter: int, number: int, data: bytes) -> bool:
        if letter == WRITE:
            self._send(data)
        elif letter == INTERRUPT:
            self._interrupt = number
            if number < 0:
                self._calm(child)
        elif letter == TAKEN:
            self._calm(child)
        elif letter == MODE:
            self._running = bool(number)
        elif letter == BAUD_RATE:
            # The bytes printed so far still go out at the old rate.
            if self._wire_out:
                return False
            self._baud, self._ring_size = number, int(data)
            self._ring.clear()
            if self._paced:
                self._to_pace.rate = self._from_pace.rate = number
        child.answer()
        return True

    def end(self) -> None:
        super().end()
        for side in self._sides.values():
            side.close()

    # The loop

    def run(self) -> None:
        while True:
            now = time.monotonic()
            self._arrive(now)
            self._leave(now)  # before `_serve`, which may be waiting for room on the line
            for side in self._sides.values():
                side.move(now)
            self._serve(now)
            # A descriptor that is not listed here keeps its bytes waiting: the PC or the program must not run ahead.
            read: list[int] = [0]
            if self._master >= 0 and len(self._wire_in) < 4096:
                read.append(self._master)
            if self._child and now >= self._stalled:
                read.append(self._child.requests)
                if not self._full():
                    read.append(self._child.text)
            write = [self._master] if self._pc and self._master >= 0 else []
            ready, _, _ = select.select(read, write, [], self._pause(now))
            if self._master in ready and self._master >= 0:
                self._take()
            if 0 in ready and not self._command():
                return

    def _next_signal(self) -> float:
        assert self._due is not None
        if self._child and not self._child.flagged:
            return self._due
        return max(self._due + POLITE, self._signalled + APART)

    def _pause(self, now: float) -> float:
        waits = [
            1.0,
            self._to_pace.next(len(self._wire_in), now),
            self._from_pace.next(len(self._wire_out), now),
            self._stalled - now if now < self._stalled else None,
            self._next_signal() - now if self._due is not None else None,
        ]
        if self._request and self._request[0] == READ:
            waits.append(max(self._asked, self._arrived) + (self._request[1] & 4095) / 1000 - now)
        if not self._paced and self._wire_out:
            waits.append(0.0)
        if self._sides:
            waits.append(SIDE_PAUSE)
        return max(min(wait for wait in waits if wait is not None), 0.0)


if __name__ == "__main__":
    main(Front)
