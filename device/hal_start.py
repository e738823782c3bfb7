"""The part of the hardware layer that is needed once, for panel and link; forgotten when the app has started.

Follows MaixPy py_lcd.c; never tried on a board.
"""

import lcd
from fpioa_manager import fm

try:
    from Maix import GPIO
except ImportError:
    from maix import GPIO

from device.hal import nothing


def panel(board, want):
    """Start the panel of a boards.Board, as `want`, a dict of settings, changes it; return what went wrong, or "".

    For a panel of type 1 the firmware lets the "lcd" section of /flash/config.json override these arguments. There is
    no way to tell whether a panel is connected.
    """
    if board.lcd is None:
        return ""
    width, height, kind, freq, invert, lcd_type, pins = board.lcd
    args = {"type": kind, "freq": freq, "width": width, "height": height, "invert": int(want.get("invert", invert))}
    if lcd_type:
        args["lcd_type"] = lcd_type
    if pins:
        args["rst"], args["dcx"], args["ss"], args["clk"] = pins
    rotation = want.get("rotation", board.rotation)
    try:
        lcd.init(**args)
        if board.direction is not None:
            lcd.direction(board.direction)
        if want.get("mirror"):
            lcd.mirror(True)
        if rotation or want.get("mirror"):
            lcd.rotation(rotation)
        if board.backlight:
            fm.register(board.backlight[0], fm.fpioa.GPIOHS8)
            GPIO(GPIO.GPIOHS8, GPIO.OUT).value(board.backlight[1])
    except (OSError, ValueError, TypeError) as error:
        return "screen: %s" % error
    return ""


def line(want):
    """Return (write, shut) of the serial port that the setting `link` names: UART 1 to 3 on pin tx, else the REPL's.

    The REPL's own object and not sys.stdout: that takes text, which is heap, and makes CR LF of LF. A port of its own
    only sends, so it is given little to receive into.
    """
    from machine import UART

    number = want.get("uart")
    if not number:
        return UART.repl_uart().write, nothing
    fm.register(want["tx"], getattr(fm.fpioa, "UART%d_TX" % number))
    uart = UART(number - 1, want.get("baud", 115200), read_buf_len=32)
    return uart.write, uart.deinit
