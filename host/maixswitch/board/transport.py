"""mpremote's serial transport for K210 boards: it releases the lines that reset a board, and limits every wait.

This is the only module that imports mpremote. It keeps mpremote's raw REPL protocol and its file verbs (`fs_...`).
"""

from __future__ import annotations

import os
from typing import Any

import serial
from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport

from maixswitch.board import port_clock
from maixswitch.board.failures import translate

__all__ = ["BAUD", "FAST", "BoardTransport", "TransportError", "TransportExecError"]

BAUD = 115200
FAST = 1_500_000
"""The rate that MaixPy IDE uses, too."""
TICK = 0.05
"""The most seconds of one read; longer waits are made of these."""
WRITE_TIMEOUT = 10.0
"""Seconds after which a line that takes no more bytes counts as broken."""
BUSY = 12.0
"""Seconds that a board may stay silent while it loads a large model or looks for a camera.

Must exceed the 5 s that onboard/receiver.py waits for its host, since it ignores Ctrl-C until then."""
PROMPT = b">"
BANNER = b"raw REPL; CTRL-B to exit\r\n"


class BoardTransport(SerialTransport):  # type: ignore[misc]
    """A serial port with a board behind it. DTR and RTS are released before the port opens.

    They drive RESET and BOOT on K210 boards. (Linux still pulses both for a moment.) Never tried on a real board.
    Raises BoardError if the port is missing, busy, or not allowed.
    """

    def __init__(self, device: str, baudrate: int = BAUD) -> None:
        # The parent's constructor is not called: it opens the port with both lines asserted.
        self.in_raw_repl = False
        self.use_raw_paste = False  # the firmware's core has none
        self.device_name = device
        self.mounted = False
        self.is_pty = False  # reads below never block, so that a pty needs no special case
        self._kept = bytearray()
        try:
            self.serial: Any = opened(device, baudrate)
        except (OSError, ValueError) as error:
            raise translate(error, device) from error

    def close(self) -> None:
        """Close the port. Does nothing if the port is gone."""
        try:
            self.serial.close()
        except OSError:
            return

    def now(self) -> float:
        """Return the time in seconds by which waits are limited; a slow virtual board makes it pass more slowly."""
        return port_clock.now(self.serial)

    def read_until(
        self,
        min_num_bytes: int,
        ending: bytes,
        timeout: float | None = 10,
        data_consumer: Any = None,
        timeout_overall: float | None = None,
    ) -> bytes:
        """Return the bytes up to and including `ending`, but no byte after it.

        min_num_bytes: ignored; mpremote passes it.
        timeout: seconds of silence after which the bytes so far are returned; None for no limit.
        data_consumer: gets each byte instead; then only the last byte is returned.
        timeout_overall: seconds after which the bytes so far are returned in any case.
        """
        data = bytearray()
        start = last = self.now()
        while not data.endswith(ending):
            # One byte at a time, so that the bytes after the ending are left for the next reader.
            new = self._read(1)
            now = self.now()
            if new:
                last = now
                # Only mpremote's `follow` passes a consumer. Its output can be long, but its ending is one byte, so the
                # last byte is enough.
                if data_consumer:
                    data_consumer(new)
                    data[:] = new
                else:
                    data += new
            elif timeout is not None and now - last >= timeout:
                break
            # A program that prints without end is never silent, so the limit on silence would not end this loop.
            if timeout_overall is not None and now - start >= timeout_overall:
                break
        return bytes(data)

    def read_some(self) -> bytes:
        """Return what has arrived; waits for the first byte for at most `TICK`."""
        return self._read(len(self._kept) or max(1, self.serial.in_waiting))

    def unread(self, data: bytes) -> None:
        """Put bytes back: the next read returns them first."""
        self._kept[:0] = data

    def _read(self, size: int) -> bytes:
        if self._kept:
            kept = bytes(self._kept[:size])
            del self._kept[:size]
            return kept
        data: bytes = self.serial.read(size)
        return data

    def drain(self, quiet: float = 0.2, limit: float = 2.0) -> bytes:
        """Read until the line has been silent for `quiet` seconds, but no longer than `limit` seconds."""
        data = bytearray()
        start = last = self.now()
        while True:
            new = self.read_some()
            now = self.now()
            if new:
                data += new
                last = now
            if now - last >= quiet or now - start >= limit:
                return bytes(data)

    def exec_raw_no_follow(self, command: str | bytes) -> None:
        """Start a program in the raw REPL, without waiting for its end.

        command: at most 2,000 bytes, since the ring of the board's UART drops what does not fit.
        Raises TransportError if the raw REPL does not accept it, or is busy for too long.
        """
        source = command if isinstance(command, bytes) else command.encode()
        if not self.read_until(1, PROMPT, timeout=BUSY).endswith(PROMPT):
            raise TransportError("timeout waiting for the prompt of the raw REPL")
        self.serial.write(source + b"\x04")
        reply = self.read_until(2, b"OK", timeout=BUSY)
        # No byte means a busy board; other bytes mean that the board has left the raw REPL. SERIAL_WORDS finds the
        # row by these words.
        if not reply:
            raise TransportError("timeout waiting for the raw REPL to take a program")
        if reply != b"OK":
            raise TransportError(f"raw REPL: could not exec command (response: {reply!r})")


def opened(device: str, baudrate: int = BAUD) -> Any:
    """Open a port with pyserial: exclusive, 8N1, DTR and RTS released. Also takes pyserial's URLs (loop://)."""
    port = serial.serial_for_url(device, do_not_open=True, baudrate=baudrate, timeout=TICK, write_timeout=WRITE_TIMEOUT)
    # Two programs on one port take each other's bytes. Windows itself refuses the second one. A URL cannot be locked.
    if os.name != "nt" and "://" not in device:
        port.exclusive = True
    # Both must be set before the port opens: pyserial applies them then, and asserts both by default.
    port.dtr = False
    port.rts = False
    port.open()
    return port
