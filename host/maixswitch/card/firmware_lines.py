"""Lines without a code that a board, the flashing tool or users write: what each means and what to do.

Sources of the board's lines: MaixPy v1 (Maix_kpu.c, sensor.c, py_sensor.c, xalloc.c, maixpy_main.c, board.py,
fpioa_manager.py), MicroPython v1.11, and users' reports of old firmwares. The flashing tool is kflash 1.1.6.
A row names the code that explains it, or has its own meaning and remedy.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """A line of a board.

    pattern: a regular expression; case does not matter.
    code: the code that explains the line; "" for a row with texts of its own.
    harmless: whether nothing has to be done, so that other lines of a log come first.
    """

    pattern: str
    example: str
    code: str = ""
    meaning: str = ""
    remedy: str = ""
    harmless: bool = False


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
        harmless=True,
    ),
    Line(
        r"but model w=0, ?h=0\b",
        "img w=320,h=240, but model w=0,h=0",
        meaning="kpu.forward of MaixPy 0.6.0 refuses every picture for a kmodel v4, because it does not read the size "
        "of the model's input.",
        remedy="Flash MaixPy 0.6.2 or later, or convert the network to kmodel v3.",
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
         remedy="Nothing to do.", harmless=True),
    Line(r"set_outputs arg value error", "set_outputs arg value error: w,c,ch size not match output size", "2012"),
    Line(r"need kpu\.set_outputs", "need kpu.set_outputs() to set shape", "2013"),
    Line(
        r"\[maixpy\]: *(no sensor|sensor reset function is null)|\w+ detect, ret id is|not found sensor",
        "[MAIXPY]: no sensor",
        "104",
    ),
    Line(r"memory overflow|out of memory for (the )?model|model (is )?too (big|large)", "memory overflow", "2006"),
    Line(
        r"failed to load (the )?k?model",
        "OSError: Failed to load model",
        meaning="CanMV could not load the model: the file is missing or damaged, is not a kmodel v3 or v4, or does not "
        "fit.",
        remedy="Run maixswitch check on the card: it names the reason.",
    ),
    Line(
        r"core dump|cause: *(load|store|instruction|illegal)|illegal instruction|misaligned (load|store)",
        "core dump: fault load",
        meaning="The chip crashed. While a model loads, the firmware read memory that is not there: the file is "
        "damaged, does not fit, or is not a kmodel that this firmware knows.",
        remedy="Switch the power off and on, and run maixswitch check on the card, with --firmware for the board's "
        "image.",
    ),
    Line(
        r"greeting fail|no va(li|il)d kendryte k210 found|response timeout|enter (the )?isp mode.*fail|"
        r"unable to enter isp mode|failed to find device",
        "Greeting fail, check serial port",
        meaning="The flashing tool got no answer from the chip's boot loader: the port is wrong, closed or in use, or "
        "the board did not enter the loader.",
        remedy="Close every other program that uses the port. Name the port and the board's kind, as in: kflash -p "
        "PORT -B dan FILE. If that does not help, hold BOOT, press RESET, and try again.",
    ),
    Line(
        r"connect to k210'?s stub|recv unknown op|failed to (initialize flash|communication with k210|reboot)|"
        r"fast mode failed|unexcepted return recevied",
        "[ERROR] Failed to Connect to K210's Stub",
        meaning="The flashing tool reached the boot loader, but lost the program that it sent to it: the rate is too "
        "high for the cable, or the board's kind is wrong.",
        remedy="Use a slower rate and name the board's kind, as in: kflash -b 115200 -B dan FILE; use a short cable.",
    ),
    Line(
        r"(write to|erase to) k210'?s flash|data checksum error|error count exceeded",
        "[ERROR] Failed to write to K210's flash",
        meaning="The flashing tool could not write the flash: data arrived damaged, or the flash does not answer.",
        remedy="Use a slower rate, such as kflash -b 115200, a short cable and a USB socket of the computer itself.",
    ),
    Line(r"no va(li|il)d com port|no device found", "[ERROR] No valid COM Port found in Auto Detect", "B600"),
    Line(r"port that is not open", "Attempting to use a port that is not open", "B614"),
    Line(
        r"not loaded from /flash/config\.json",
        "[Warning] Not loaded from /flash/config.json to board_info.",
        meaning="The board's own flash does not say which board it is.",
        remedy='Name the board on the card, in maixswitch.json: {"board": "dock"}.',
        harmless=True,
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
        harmless=True,
    ),
    Line(
        r"sdcard.*(fail|not)|mount.*fail",
        "SD card mount failed",
        "101",
    ),
)  # fmt: skip
