"""The firmware flavours as rows, and the formulas of what a model, a camera and a screen take from the system heap.

Pure tables and functions: the fakes, the host's card checker and the tests import the same ones.
All byte counts are of the *system* heap (newlib malloc), not of the Python heap.
"""

# name, kmodel v4?, free system heap at boot in KiB, Python heap in KiB, _thread?, IDE?, api, where the free heap
# comes from
FLAVOURS = (
    ("full", True, 2560, 512, True, True, "maixpy", "boot banner of v0.6.2-75, reported by a user"),
    ("with_lvgl", False, 2560, 512, True, True, "maixpy", "estimate: as full"),
    ("minimum", False, 4412, 512, False, False, "maixpy", "estimate: as minimum_with_kmodel_v4_support"),
    (
        "minimum_with_ide_support",
        False,
        4389,
        512,
        False,
        True,
        "maixpy",
        "estimate: as minimum_with_kmodel_v4_support, less the IDE's 23 KiB picture buffer",
    ),
    (
        "minimum_with_kmodel_v4_support",
        True,
        4412,
        512,
        False,
        False,
        "maixpy",
        "boot banner of a v0.6.1 build, reported by a user",
    ),
    (
        "minimum_speech_with_ide_support",
        True,
        4389,
        512,
        False,
        True,
        "maixpy",
        "estimate: as minimum_with_ide_support",
    ),
    ("openmv_kmodel_v4_with_ide_support", True, 2560, 512, False, True, "maixpy", "estimate: as full"),
    ("m5stickv", True, 2560, 512, True, True, "maixpy", "estimate: as full"),
    ("amigo_tft", True, 2560, 512, False, True, "maixpy", "estimate: as full"),
    ("amigo_ips", True, 2560, 512, False, True, "maixpy", "estimate: as full"),
    ("amigo_minimum", True, 4389, 512, False, True, "maixpy", "estimate: as minimum_with_ide_support"),
    ("canmv", True, 2322, 750, True, True, "canmv", "estimate: as full, less the larger Python heap"),
)

DEFAULT = "minimum_with_kmodel_v4_support"

# Columns of a row.
NAME, V4, FREE_KIB, GC_KIB, THREADS, IDE, API, SOURCE = range(8)

MODEL_LIMIT = 0x600000  # largest file the loader takes, bytes
MODEL_SLOTS = 5
MODEL_ALIGN = 256  # the loader asks for the file's size plus this, to align it
MODEL_CONTEXT = 192
OVERHEAD_V3 = 1024  # small blocks beside the file, measured by nobody: an estimate
OVERHEAD_V4 = 4096  # the interpreter's node and memory tables: an estimate


def find(name: str) -> tuple:
    """Return the row of a flavour; ValueError names the known ones."""
    for row in FLAVOURS:
        if row[NAME] == name:
            return row
    raise ValueError("unknown flavour %r, known: %s" % (name, ", ".join([str(row[NAME]) for row in FLAVOURS])))


def need_parts(version: int, file_size: int, main_mem: int) -> tuple:
    """Return the blocks of system heap that the loader asks for, in its order: ((name, bytes), ...).

    `file_size` and `main_mem` in bytes; `main_mem` stands in the file's header. From the disassembly of the firmware's
    KPU library; OVERHEAD_V3 and OVERHEAD_V4 are estimates.
    """
    extra = OVERHEAD_V4 if version == 4 else OVERHEAD_V3
    return (
        ("model file", file_size + MODEL_ALIGN),
        ("model context", MODEL_CONTEXT + extra),
        ("main memory", main_mem),
    )


def need_bytes(version: int, file_size: int, main_mem: int) -> int:
    """Return the system heap that loading a model of kmodel version 3 or 4 takes, in bytes: the sum of need_parts."""
    total = 0
    for part in need_parts(version, file_size, main_mem):
        total += part[1]
    return total


def region_bytes(w: int, h: int, anchors: int, classes: int) -> int:
    """Return what one run_yolo2 takes and gives back: boxes, their scores, their order (sipeed_yolo2.c)."""
    boxes = w * h * anchors
    return boxes * 16 + boxes * (classes + 1) * 4 + boxes * 8


def doubles(name: str) -> bool:
    """Return whether the flavour of that name was built with the camera's second buffer (its config_defaults.mk)."""
    return name != "amigo_minimum"


def camera_bytes(w: int, h: int, dual: bool = False) -> int:
    """Return what sensor.set_framesize takes for w x h pixels: RGB565 plus three 8-bit planes per buffer (sensor.c)."""
    one = (w * h * 2 + 127) // 128 * 128 + (w * h * 3 + 63) // 64 * 64
    return one * 2 if dual else one


def lcd_bytes(w: int, h: int) -> int:
    """Return what lcd.init keeps for a w x h panel."""
    return w * h * 2
