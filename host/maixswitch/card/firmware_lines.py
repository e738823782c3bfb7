"""Lines without a code that a board prints: what each means and what to do.

Sources: MaixPy v1 (Maix_kpu.c, sensor.c, py_sensor.c, xalloc.c, maixpy_main.c, board.py, fpioa_manager.py), MicroPython
v1.11, and users' reports of old firmwares. A row names the code that explains it, or has its own meaning and remedy.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """A line of a board.

    pattern: a regular expression; case does not matter.
    code: the code that explains the line; "" for a row with texts of its own.
    """

    pattern: str
    example: str
    code: str = ""
    meaning: str = ""
    remedy: str = ""


LINES = (
    Line(r"syscall: out of memory", "SYSCALL: Out of memory", "2006"),
    Line(
        r"error:? *-[1-9]\b|^-[1-9]$",
        "load error -3",
        meaning="An old firmware could not load the model and does not say why. Most often it does not know the "
        "kmodel's version, or there is no model at that flash address.",
        remedy="Check the file with maixswitch check, then flash MaixPy 0.6 with kmodel v4 support.",
    ),
    Line(r"only support v3 now, get v", "err: we only support V3 now, get V596458738", "2002"),
    Line(r"gc heap size .*too large", "GC heap size 1048576 is too large, reset GC heap size", "106"),
    Line(r"out of normal micropython heap|out of memory! please", "Out of normal MicroPython Heap Memory!", "106"),
    Line(
        r"kpu_net __del__|classifier __del__",
        "kpu_net __del__",
        meaning="Harmless: Python freed the memory of a model that was unloaded before.",
        remedy="Nothing to do.",
    ),
    Line(r"img w=\d+, ?h=\d+, but model", "img w=320,h=240, but model w=224,h=224", "107"),
    Line(r"(grayscale|rgb) img, but model channel", "RGB img, but model channel=1", "107"),
    Line(r"img bpp not support|multiple of 8|outside the bounds of the frame|window is too small",
         "value must be multiple of 8", "107"),
    Line(
        r"pix_ai is null",
        "pix_ai is NULL!",
        meaning="A program made the picture, not the camera, so the KPU's copy of it is missing.",
        remedy="In a script of your own, call img.pix_to_ai() before kpu.forward(). This app does so.",
    ),
    Line(r"set_outputs ctx error", "set_outputs ctx error, maybe init err:2002",
         meaning="Harmless: kpu.set_outputs() was called for a kmodel v3, which does not need it.",
         remedy="Nothing to do."),
    Line(r"set_outputs arg value error", "set_outputs arg value error: w,c,ch size not match output size", "2012"),
    Line(r"need kpu\.set_outputs", "need kpu.set_outputs() to set shape", "2013"),
    Line(r"\[maixpy\]: *no sensor", "[MAIXPY]: no sensor", "104"),
    Line(
        r"not loaded from /flash/config\.json",
        "[Warning] Not loaded from /flash/config.json to board_info.",
        meaning="The board's own flash does not say which board it is.",
        remedy='Name the board on the card, in maixswitch.json: {"board": "dock"}.',
    ),
    Line(r"incompatible \.mpy", "ValueError: incompatible .mpy file", "C005"),
    Line(r"syntaxerror", "SyntaxError: invalid syntax", "C004"),
    Line(r"no module named '?(device|main)", "ImportError: no module named 'device'", "C002"),
    Line(
        r"could not enter raw repl",
        "could not enter raw repl",
        meaning="The board's own program keeps the cable busy, most often because its boot.py or main.py never ends.",
        remedy="Take the card out and reset the board, or press Ctrl-C right after the reset.",
    ),
    Line(
        r"function is used by fm\.fpioa",
        "[Warning] function is used by fm.fpioa.GPIOHS0(pin:16)",
        meaning="Two pins were assigned the same function of the chip. The later one has it now.",
        remedy="Nothing to do in this app. In a script of your own, use another GPIOHS number.",
    ),
    Line(
        r"sdcard.*(fail|not)|mount.*fail",
        "SD card mount failed",
        "101",
    ),
)  # fmt: skip
