"""The board's end of a transfer: frames from the REPL's line into a file. Sent to the board, never put on a card.

MicroPython v1.11 language. The ring of the line holds 2,048 bytes and drops silently what does not fit, so each frame
is answered after it was written, and the host sends no more than two ahead. A frame allocates nothing but views.
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
_GAP = 300  # ms without a byte, after which a frame counts as broken
_ASK = 1000  # ms of silence after which the host is asked again
_SILENT = 5000  # ms without a good frame after which the host is given up
_QUIET = 100  # ms without a byte, after which nothing more is under way
_SAVE = 65536  # bytes between two flushes: what is there after the power failed need not be sent again

_head = memoryview(bytearray(8))
_body = memoryview(bytearray(4096))
_full = _body[:_PAYLOAD]
UART.repl_uart()  # what has none is not MaixPy: better said now than in the middle of a file


def receive(path, offset, count):
    """Write `count` bytes from the line into the file, from `offset` on; return "done", "stopped" or "silent".

    OSError of the card, after the line has become quiet: what is under way must not reach the REPL. Ctrl-C is off
    meanwhile, since it may be any byte of a file.
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
    """Return (size, CRC32) of a file as the card gives it back; None when there is no such file, or it is damaged."""
    size = value = 0
    try:
        with open(path, "rb") as file:
            while True:
                got = file.readinto(_body)
                if not got:
                    return size, value
                value = crc32(_body[:got], value)
                size += got
                if size % _SAVE == 0:
                    print(".", end="")  # the host sees that it goes on
    except OSError as error:
        if error.args[0] not in (2, 5):
            raise


def _opened(path, offset):
    if not offset:
        return open(path, "wb")
    if os.stat(path)[6] == offset:
        return open(path, "ab")
    file = open(path, "r+b")
    file.seek(offset)
    return file


def _take(uart, file, count):
    wanted = unsaved = 0
    clean = True
    heard = asked = time.ticks_ms()
    uart.write(_NAKS[0])
    try:
        while count:
            got = _fill(uart, _head, 8, 0)
            now = time.ticks_ms()
            if not got:
                if time.ticks_diff(now, heard) > _SILENT:
                    return "silent"
                if time.ticks_diff(now, asked) > _ASK:
                    asked = now
                    clean = False
                    uart.write(_NAKS[wanted & 3])
                continue
            length, number, check = struct.unpack("<HHI", _head)
            payload = _full if length == _PAYLOAD else _body[: min(length, _PAYLOAD)]
            if (
                got < 8
                or length > _PAYLOAD
                or _fill(uart, payload, length, _GAP) < length
                or crc32(payload, crc32(_head[:4])) != check
            ):
                clean = False
                _drain(uart)
                asked = time.ticks_ms()
                if time.ticks_diff(asked, heard) > _SILENT:
                    return "silent"
                uart.write(_NAKS[wanted & 3])
                continue
            if not length:
                clean = False
                return "stopped"
            ahead = (number - wanted) & 0xFFFF
            if not ahead:
                file.write(payload)
                count -= length
                unsaved += length
                if unsaved >= _SAVE:
                    unsaved = 0
                    file.flush()
                uart.write(_ACKS[wanted & 3])
                wanted += 1
            elif ahead > 0xFFF0:  # once more: the answer was lost
                clean = False
                uart.write(_ACKS[(wanted - 1) & 3])
            else:  # one is missing
                clean = False
                uart.write(_NAKS[wanted & 3])
            heard = asked = time.ticks_ms()
        return "done"
    except BaseException:  # whatever it is, what is still under way must not reach the REPL
        clean = False
        raise
    finally:
        if not clean:
            _drain(uart)


def _fill(uart, view, size, patience):
    """Read so many bytes; return how many came before it was quiet for `patience` ms, or `_GAP` after the first."""
    at = 0
    last = time.ticks_ms()
    while at < size:
        got = uart.readinto(view[at:] if at else view)
        if got:
            at += got
            last = time.ticks_ms()
            patience = _GAP
        elif time.ticks_diff(time.ticks_ms(), last) > patience:
            break
    return at


def _drain(uart):
    start = last = time.ticks_ms()
    while time.ticks_diff(last, start) < 3000:
        now = time.ticks_ms()
        if uart.readinto(_full):
            last = now
        elif time.ticks_diff(now, last) > _QUIET:
            break
