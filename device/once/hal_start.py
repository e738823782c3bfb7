"""The part of the hardware layer that only the start needs, for the panel; dropped when the app has started.

It follows MaixPy py_lcd.c and was never tried on a board.
"""

import lcd
import machine
import uos
from fpioa_manager import fm

from device.hal import GPIO, maix


def too_old():
    """Return the version of a firmware that is too old for the app (all before v0.5.0-140), else ""."""
    # Look for the functions and not at the version: other people's builds have any version text.
    if hasattr(maix, "config") and hasattr(maix.utils, "heap_free") and hasattr(machine, "WDT"):
        return ""
    return uos.uname()[3].split(" ")[0]


def advice():
    """Return what to do if the firmware looks for a card only at its start (before v0.6.2-41), else ""."""
    return "" if hasattr(machine, "SDCard") else "With this firmware: put it in, then switch off and on."


def flash_read(address, size):
    """Return bytes of the flash chip."""
    return maix.utils.flash_read(address, size)


def config_value(key):
    """Return a section of /flash/config.json, None if it is missing; v0.5.0 does not read that file."""
    return maix.config.get_value(key, None) if hasattr(maix, "config") else None


def size(path):
    """Return the size of a file, 0 when there is none."""
    try:
        return uos.stat(path)[6]
    except OSError:
        return 0


def panel(board, settings):
    """Start the panel of a boards.Board; return what went wrong, or "".

    settings: a dict of what differs from the board's row. For a panel of type 1 the firmware lets the "lcd" section of
    /flash/config.json override these arguments. Nothing can tell whether a panel is connected.
    """
    if board.lcd is None:
        return ""
    width, height, kind, freq, invert, lcd_type, pins = board.lcd
    args = {"type": kind, "freq": freq, "width": width, "height": height}
    args["invert"] = int(settings.get("invert", invert))
    if lcd_type:
        args["lcd_type"] = lcd_type
    if pins:
        args["rst"], args["dcx"], args["ss"], args["clk"] = pins
    rotation = settings.get("rotation", board.rotation)
    try:
        try:
            lcd.init(**args)
        except TypeError:  # before v0.6.2-18 a firmware knows the type of its panel and does not take it
            args.pop("lcd_type", None)
            lcd.init(**args)
        if board.direction is not None:
            lcd.direction(board.direction)
        # mirror(True) takes effect at once, and init() has turned it off (py_lcd.c): False needs no call.
        if settings.get("mirror"):
            lcd.mirror(True)
        if rotation:
            lcd.rotation(rotation)
        if board.backlight:
            # GPIOHS8 is free: the keys take the first four, the firmware the last three (card and panel).
            fm.register(board.backlight[0], fm.fpioa.GPIOHS8)
            GPIO(GPIO.GPIOHS8, GPIO.OUT).value(board.backlight[1])
    except (OSError, ValueError, TypeError) as error:
        return "screen: %s" % error
    return ""
