"""A board's serial port and REPL in simulated time, so that a test of twelve seconds takes milliseconds.

The raw and the friendly REPL imitate MicroPython v1.11 (lib/utils/pyexec.c) as far as `connect` needs them.
Ctrl-C acts on arrival and also stays in the receive buffer. A second Ctrl-C cancels the first if the program has not
seen the first yet.
"""

from __future__ import annotations

import contextlib
import io
import traceback

BANNER = b"MicroPython v0.6.3 on 2024-05-05; Sipeed_M1 with kendryte-k210\r\n"
RAW_BANNER = b"raw REPL; CTRL-B to exit\r\n"
TRACEBACK = b'Traceback (most recent call last):\r\n  File "main.py", line 9, in <module>\r\nKeyboardInterrupt: \r\n'
RING = 2048
BYTE = 10 / 115200
"""The time of one byte on the line, in seconds."""
APP, FRIENDLY, RAW = "app", "friendly", "raw"
STATES = (APP, FRIENDLY, RAW)


class SimulatedBoard:
    """The open port of pyserial and the board behind it; `monotonic` is the time of both.

    ``state``: APP, FRIENDLY or RAW, whichever has the line.
    ``stall``: (position of a byte to the board, seconds); from that byte on the board does nothing for these seconds.
    ``period``: seconds between two lines of the app, None for an app that prints nothing.
    ``murmur``: seconds between two lines that the firmware prints during the stall, without a look at Ctrl-C.
    ``ending``: seconds that the app takes to end after Ctrl-C.
    ``left``: the unfinished line that another program left in the REPL.
    ``swallowed``: how many Ctrl-C are lost.
    ``resets``: soft resets so far.
    """

    def __init__(
        self,
        state: str = APP,
        *,
        stall: tuple[int, float] | None = None,
        period: float | None = None,
        murmur: float | None = None,
        ending: float = 0.0,
        left: bytes = b"",
        swallowed: int = 0,
    ) -> None:
        self.port = ""
        self.timeout = 0.05
        self.baudrate = 115200
        self.dtr = self.rts = self.exclusive = False
        self.resets = 0
        self._now = 0.0
        self._state = state
        self._stall = stall
        self._busy_until = 0.0
        self._period, self._printed = period, 0.0
        self._murmur, self._murmured = murmur, 0.0
        self._ending = ending
        self._interrupted = False
        self._swallowed = swallowed
        self._received = 0
        self._ring = bytearray()
        self._line = bytearray(left)
        self._out = bytearray()
        self._last_words = b""
        self._names: dict[str, object] = {}

    def monotonic(self) -> float:
        return self._now

    def board_seconds(self) -> float:
        """Returns the time by which waits at this port are limited."""
        return self._now

    # The interface of pyserial's port

    def open(self) -> None:
        """Does nothing: the simulated port is always open."""

    def close(self) -> None:
        """Does nothing: the simulated port is always open."""

    @property
    def in_waiting(self) -> int:
        self._work()
        return len(self._out)

    def write(self, data: bytes) -> int:
        for byte in data:
            self._now += BYTE
            self._work()
            self._arrive(byte if self.baudrate == 115200 else byte * 7 + 0x81 & 0xFF)
        self._work()
        return len(data)

    def read(self, size: int = 1) -> bytes:
        end = self._now + self.timeout
        self._work()
        while not self._out and self._now < end:
            self._now = min(end, self._now + 0.005)
            self._work()
        data = bytes(self._out[:size])
        del self._out[:size]
        self._now += len(data) * BYTE
        return data if self.baudrate == 115200 else bytes(byte * 7 + 0x81 & 0xFF for byte in data)

    # The board

    def _arrive(self, byte: int) -> None:
        position, self._received = self._received, self._received + 1
        if byte == 3 and self._swallowed:
            self._swallowed -= 1
            return
        if byte == 3 and self._state == APP:
            self._interrupted = not self._interrupted
        if len(self._ring) < RING:
            self._ring.append(byte)
        if self._stall and position >= self._stall[0]:
            self._busy_until = self._now + self._stall[1]
            self._stall = None

    def _work(self) -> None:
        """Brings the board up to the current time."""
        if self._now < self._busy_until:
            if self._murmur is not None and self._now - self._murmured >= self._murmur:
                self._murmured = self._now
                self._out += b"[MAIXPY]: find ov2640\r\n"
            return
        if self._state == APP:
            # A print waits for room on the line, so that a flood does not pile up.
            if self._period is not None and self._now - self._printed >= self._period and len(self._out) < RING:
                self._printed = self._now
                self._out += b'\x1e{"v": 1, "event": "status", "state": "RUNNING"}\r\n[maixswitch] >>> model 1 OK\r\n'
            if not self._interrupted:
                return
            self._interrupted = False
            self._state = FRIENDLY
            self._out += b"[maixswitch] ends\r\n"
            if self._ending:
                self._busy_until = self._now + self._ending
            self._last_words = TRACEBACK + BANNER + b">>> "
            return
        self._out += self._last_words
        self._last_words = b""
        while self._ring:
            byte = self._ring.pop(0)
            (self._raw if self._state == RAW else self._friendly)(byte)

    def _friendly(self, byte: int) -> None:
        if byte == 1 and not self._line:
            self._state = RAW
            self._out += RAW_BANNER + b">"
        elif byte == 2 and not self._line:
            self._out += b"\r\n" + BANNER + b">>> "
        elif byte == 3:
            self._line.clear()
            self._out += b"\r\n>>> "
        elif byte == 4 and not self._line:
            self.resets += 1
        elif byte == 13:
            self._out += b"\r\nTraceback (most recent call last):\r\nNameError\r\n>>> " if self._line else b"\r\n>>> "
            self._line.clear()
        elif byte >= 32:
            self._line.append(byte)
            self._out.append(byte)

    def _raw(self, byte: int) -> None:
        if byte == 1:
            self._line.clear()
            self._out += RAW_BANNER + b">"
        elif byte == 2:
            self._line.clear()
            self._state = FRIENDLY
            self._out += b"\r\n" + BANNER + b">>> "
        elif byte == 3:
            self._line.clear()
        elif byte == 4:
            self.resets += not self._line
            self._run(self._line.decode(errors="replace"))
            self._line.clear()
        else:
            self._line.append(byte)

    def _run(self, code: str) -> None:
        output, error = io.StringIO(), ""
        with contextlib.redirect_stdout(output):
            try:
                exec(code, self._names)
            except BaseException as raised:
                error = "".join(traceback.format_exception_only(raised))
        self._out += b"OK" + output.getvalue().replace("\n", "\r\n").encode() + b"\x04" + error.encode() + b"\x04>"
