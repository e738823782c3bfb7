"""The board's end of a transfer: writes frames from the REPL's line into a file.

MicroPython v1.11 language. Sent to the board, never put on a card.

The ring of the UART holds 2,048 bytes and silently drops what does not fit. Therefore each
frame is answered only after it was written, and the host sends at most two ahead. A frame allocates only views.
"""

import os
import struct
import time
from binascii import crc32

import micropython
from machine import UART

_ACKS = (b"\xaa", b"\xcc", b"\xf0", b"\x99")
_NAKS = (b"\xc3", b"\xa5", b"\x96", b"\xff")
_PAYLOAD = 1000
_GAP = 300  # ms of silence after which a frame counts as broken
_ASK = 1000  # ms of silence after which the host is asked again for the frame
_SILENT = 5000  # ms without an undamaged frame after which the transfer ends
_QUIET = 100  # ms of silence after which no more bytes are under way
_SAVE = 65536  # bytes between two flushes: after a power cut, flushed bytes need not be sent again

_head = memoryview(bytearray(8))
_body = memoryview(bytearray(4096))
_full = _body[:_PAYLOAD]
UART.repl_uart()  # only MaixPy has it; another firmware fails here, before a file is opened


def receive(path, offset, count):
    """Write bytes from the line into a file.

    offset: where in the file to start, in bytes.
    count: how many bytes will arrive.
    Returns "done", "stopped" (by the host) or "silent" (the host sent no undamaged frame for _SILENT ms). Raises
    OSError of the card, but only once the line is silent: bytes that are under way must not reach the REPL.
    Ctrl-C is off meanwhile, since a file may contain its byte.
    """
    uart = UART.repl_uart()
    micropython.kbd_intr(-1)
    try:
        file = _opened(path, offset)
        try:
            return _take(uart, file, count)
        finally:
            file.close()
    finally:
        micropython.kbd_intr(3)


def checksum(path):
    """Return (size, CRC32) of a file, read from the card; None if it is missing or unreadable."""
    size = crc = 0
    try:
        with open(path, "rb") as file:
            while True:
                length = file.readinto(_body)
                if not length:
                    return size, crc
                crc = crc32(_body[:length], crc)
                size += length
                if size % _SAVE == 0:
                    print(".", end="")  # so that the host does not take a long file for a board that hangs
    except OSError as error:
        if error.args[0] not in (2, 5):  # ENOENT, EIO
            raise


def _opened(path, offset):
    """Open a file for writing at `offset`; 0 makes it empty."""
    if not offset:
        return open(path, "wb")
    if os.stat(path)[6] == offset:
        return open(path, "ab")
    file = open(path, "r+b")
    file.seek(offset)
    return file


def _take(uart, file, count):
    number = unsaved = 0  # number: of the frame that is expected next
    # False once bytes may be under way that this function will not read.
    clean = True
    heard = asked = time.ticks_ms()
    uart.write(_NAKS[0])
    try:
        while count:
            size = _fill(uart, _head, 8, 0)
            now = time.ticks_ms()
            # Without a byte, the frame or the request for it may be lost, so ask again.
            if not size:
                if time.ticks_diff(now, heard) > _SILENT:
                    return "silent"
                if time.ticks_diff(now, asked) > _ASK:
                    asked = now
                    clean = False
                    uart.write(_NAKS[number & 3])
                continue
            # A damaged frame may have a wrong length, so its end is unknown: wait for silence, then ask for it again.
            length, sequence, check = struct.unpack("<HHI", _head)
            payload = _full if length == _PAYLOAD else _body[: min(length, _PAYLOAD)]
            if (
                size < 8
                or length > _PAYLOAD
                or _fill(uart, payload, length, _GAP) < length
                or crc32(payload, crc32(_head[:4])) != check
            ):
                clean = False
                _drain(uart)
                asked = time.ticks_ms()
                if time.ticks_diff(asked, heard) > _SILENT:
                    return "silent"
                uart.write(_NAKS[number & 3])
                continue
            if not length:
                clean = False
                return "stopped"
            ahead = (sequence - number) & 0xFFFF
            if not ahead:
                file.write(payload)
                count -= length
                unsaved += length
                if unsaved >= _SAVE:
                    unsaved = 0
                    file.flush()
                uart.write(_ACKS[number & 3])
                number += 1
            elif ahead > 0xFFF0:  # an earlier frame again: its answer was lost
                clean = False
                uart.write(_ACKS[(number - 1) & 3])
            else:  # a later frame: at least one is missing
                clean = False
                uart.write(_NAKS[number & 3])
            heard = asked = time.ticks_ms()
        return "done"
    except BaseException:  # after any exception, bytes that are under way must not reach the REPL
        clean = False
        raise
    finally:
        if not clean:
            _drain(uart)


def _fill(uart, view, size, patience):
    """Read `size` bytes into `view`; return how many arrived.

    patience: ms to wait for the first byte. After it, _GAP ms of silence end the reading.
    """
    at = 0
    last = time.ticks_ms()
    while at < size:
        length = uart.readinto(view[at:] if at else view)
        if length:
            at += length
            last = time.ticks_ms()
            patience = _GAP
        elif time.ticks_diff(time.ticks_ms(), last) > patience:
            break
    return at


def _drain(uart):
    """Read until the line is silent, for 3 s at most."""
    start = last = time.ticks_ms()
    while time.ticks_diff(last, start) < 3000:
        now = time.ticks_ms()
        if uart.readinto(_full):
            last = now
        elif time.ticks_diff(now, last) > _QUIET:
            break
