"""The names that a script knows without defining them, and the modules that are in the firmware."""

from __future__ import annotations

from .values import Firmware

_FUNCTIONS = (
    "abs all any bool bytearray bytes callable chr dict dir divmod enumerate eval filter float format frozenset "
    "getattr hasattr hex id input int isinstance issubclass iter len list map max min next object open ord pow "
    "print range repr reversed round set setattr sorted str sum super tuple type zip staticmethod classmethod "
    "property exit quit"
)
_ERRORS = (
    "Exception BaseException OSError IOError ValueError TypeError KeyError IndexError ImportError AttributeError "
    "NameError RuntimeError MemoryError KeyboardInterrupt SystemExit StopIteration AssertionError ZeroDivisionError "
    "NotImplementedError LookupError ArithmeticError OverflowError EnvironmentError FileNotFoundError"
)
_MODULES = (
    "lcd time utime gc machine board fpioa_manager io uio re ure struct ustruct array uarray random urandom "
    "binascii ubinascii hashlib uhashlib socket usocket network _thread touchscreen video audio pmu modbus micropython "
    "errno uerrno select uselect zlib uzlib ctypes uctypes heapq uheapq ssl ussl lvgl"
)

ERRORS = frozenset(_ERRORS.split())
BUILTINS = {name: Firmware("python." + name) for name in (*_FUNCTIONS.split(), *ERRORS)}
# A part of a script may have lost its imports.
BUILTINS.update(kpu=Firmware("KPU"), KPU=Firmware("KPU"), sensor=Firmware("sensor"), image=Firmware("image"))

MODULES = {
    "KPU": "KPU",
    "kpu": "KPU",
    "sensor": "sensor",
    "image": "image",
    "maix": "maix",
    "Maix": "maix",
    "k210": "maix",
    "json": "json",
    "ujson": "json",
    "math": "math",
    "umath": "math",
    "os": "os",
    "uos": "os",
    "sys": "sys",
    "usys": "sys",
    "collections": "collections",
    "ucollections": "collections",
    "ulab": "ulab",
    "numpy": "ulab",
}
"""The modules whose names mean something here."""

OTHER_MODULES = frozenset(_MODULES.split())
"""Modules of the firmware that tell nothing about a model; they come before files of the same name."""

LOADS = ("load", "load_flash", "load_kmodel", "kpu_load")
"""The functions that load a model."""

RUNS = ("init_yolo2", "run_yolo2", "forward", "run_with_output")
"""The functions whose arguments and results tell most about a model."""

PARENTS = {
    "KeyError": ("LookupError",),
    "IndexError": ("LookupError",),
    "OSError": ("IOError", "EnvironmentError", "FileNotFoundError"),
    "ZeroDivisionError": ("ArithmeticError",),
    "OverflowError": ("ArithmeticError",),
}
"""The other names under which a script can catch an exception."""
