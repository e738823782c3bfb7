"""Changes the rate of the REPL's line, and changes it back unless the host proves that it hears and is heard.

MicroPython v1.11 language; sent to the board, never put on a card.
"""

import time

import micropython
from machine import UART


def change(rate):
    """Change to `rate` after a test pattern in both directions; return True, or False and stay at 115200."""
    uart = UART.repl_uart()
    micropython.kbd_intr(-1)
    good = False
    try:
        uart.write(b"change\n")
        time.sleep_ms(50)  # let it go out at the old rate
        uart.init(rate, 8, None, 1, read_buf_len=4096)
        while uart.readinto(bytearray(64)):  # what the change itself made of the line
            pass
        pattern = bytes(range(256))
        if _heard(uart, 256, 1500) == pattern:
            uart.write(pattern)
            good = _heard(uart, 4, 1500) == b"good"
    finally:
        if not good:
            back(0)
        micropython.kbd_intr(3)
    return good


def back(delay):
    """Back to 115200 after `delay` ms."""
    time.sleep_ms(delay)
    UART.repl_uart().init(115200, 8, None, 1, read_buf_len=2048)


def _heard(uart, size, patience):
    data = bytearray()
    piece = bytearray(1)
    start = time.ticks_ms()
    while len(data) < size and time.ticks_diff(time.ticks_ms(), start) < patience:
        if uart.readinto(piece):
            data.extend(piece)
    return bytes(data)
