"""Changes the rate of the REPL's line, and changes it back unless a test succeeds in both directions.

MicroPython v1.11 language. Sent to the board, never put on a card.
"""

import time

import micropython
from machine import UART


def change(rate):
    """Change to `rate` bits a second and test it with a pattern in both directions.

    Returns True, or False after going back to 115200.
    """
    uart = UART.repl_uart()
    micropython.kbd_intr(-1)  # the pattern contains the byte of Ctrl-C
    good = False
    try:
        uart.write(b"change\n")
        time.sleep_ms(50)  # until the line above has gone out at the old rate
        uart.init(rate, 8, None, 1, read_buf_len=4096)
        while uart.readinto(bytearray(64)):  # drop the noise that the change of rate caused
            pass
        pattern = bytes(range(256))
        if _heard(uart, 256, 1500) == pattern:
            uart.write(pattern)
            # Only this answer proves that the host received the pattern.
            good = _heard(uart, 4, 1500) == b"good"
    finally:
        if not good:
            back(0)
        micropython.kbd_intr(3)
    return good


def back(delay):
    """Go back to 115200 after `delay` ms."""
    time.sleep_ms(delay)
    UART.repl_uart().init(115200, 8, None, 1, read_buf_len=2048)


def _heard(uart, size, limit):
    """Return `size` bytes, or those that arrived within `limit` ms."""
    data = bytearray()
    piece = bytearray(1)
    start = time.ticks_ms()
    while len(data) < size and time.ticks_diff(time.ticks_ms(), start) < limit:
        if uart.readinto(piece):
            data.extend(piece)
    return bytes(data)
