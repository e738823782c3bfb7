"""Tells whether a script stopped on the fakes because they lack a name that a firmware has."""

from __future__ import annotations

import re

MODULES = frozenset(
    (
        "_thread", "array", "audio", "binascii", "board", "builtins", "cmath", "collections", "errno", "fpioa_manager",
        "gc", "hashlib", "heapq", "ide_debug", "image", "io", "json", "KPU", "lcd", "lvgl", "lvgl_helper", "machine",
        "Maix", "math", "micropython", "modules", "nes", "network", "os", "pmu", "pye_mp", "random", "re", "sensor",
        "socket", "speech_recognizer", "select", "ssl", "struct", "sys", "time", "touchscreen", "ubinascii",
        "ucollections", "ucryptolib", "uctypes", "uerrno", "uhashlib", "uheapq", "uio", "ujson", "ulab", "uos",
        "urandom", "ure", "uselect", "usocket", "ussl", "ustruct", "utime", "utimeq", "uzlib", "video", "zlib",
    )
)  # fmt: skip
"""Modules inside the firmware images, full, lvgl and speech builds together (help("modules"))."""
NO_MODULE = re.compile(r"ImportError: no module named '([\w.]+)'")
NO_NAME = re.compile(r"ImportError: can(?:'t|not) import name '?(\w+)")
NO_ATTRIBUTE = re.compile(r"AttributeError: (?:type object )?'(\w+)' object has no attribute '(\w+)'")


def missing_name(error: str, source: str) -> str:
    """Return the name that the fakes lack and a firmware may have, "" if the exception has another cause.

    error: the last line of the traceback.
    source: the text of the script.
    """
    if match := NO_MODULE.match(error):
        return match[1] if match[1].partition(".")[0] in MODULES else ""
    if match := NO_NAME.match(error):
        return match[1]
    if match := NO_ATTRIBUTE.match(error):
        owner, name = match.groups()
        # The fakes do not handle objects of the script's own classes.
        return "" if re.search(rf"^\s*class {owner}\b", source, re.MULTILINE) else name
    return ""
