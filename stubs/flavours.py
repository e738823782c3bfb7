"""The firmware images as rows, and the formulas of what a model, a camera and a screen take from the system heap.

Pure tables and functions: the fakes, the host's card checker and the tests import the same ones.
All byte counts are of the *system* heap (newlib malloc), not of the Python heap.
"""

# Columns of a row. VERSION: tag and number of commits behind it. IMAGE: first 12 digits of the SHA-256 of the image
# that the row was read from, "" without one. FREE_KIB: what heap_free() answers at the first prompt with a main.py that
# does nothing. BANNER_KIB: what lies behind the Python heap as the boot banner prints it; files and modules of the
# start take the difference. PANEL: (width, height) of the panel that the firmware starts by itself. FONT: font_load and
# draw_font; BLOBS: find_blobs. NOTE: how the figures were got where the image did not tell FREE_KIB itself.
NAME, VERSION, IMAGE, V4, FREE_KIB, BANNER_KIB, GC_KIB, THREADS, IDE, API, PANEL, FONT, BLOBS, NOTE = range(14)

_QVGA = (320, 240)
_STICK = (240, 135)
_AMIGO = (480, 320)
# How figures were got that the image did not tell itself.
_NOTES = {
    "screen": "read behind the image's own main.py, which keeps a screen of 152 KiB",
    "banner": "by its boot banner, less 28 KiB; it has no heap_free",
    "others": "a build of a third party",
    "version": "no image of this version was found: as the one before it, else the oldest",
    "tft": "no image of it was found: as amigo_tft",
    "full": "no image of it was found: an estimate, as MaixPy's full less the larger Python heap",
}

# Builds: what all their images share (name, v4, Python heap, threads, IDE, API, panel, font, blobs), then the images,
# oldest first: version, image, FREE_KIB, BANNER_KIB, key of a note; "-" for what is not there. As text, since it
# takes a third of the Python heap that tuples take.
_BUILDS = (
    (
        ("full", False, 512, True, False, "maixpy", _QVGA, False, True),
        """v0.5.0-9 929b4d3652c9 3016 3044 banner
        v0.5.0-12 514bc8c08b19 3016 3044 banner
        """,
    ),
    (("full", True, 512, True, True, "maixpy", _QVGA, False, True), "v0.5.0-89 2d24e326f605 3002 3030 banner"),
    (
        ("full", True, 512, True, True, "maixpy", _QVGA, True, True),
        """v0.5.1-103 a8b6e166efa0 2564 2594 screen
        v0.6.0-2 f6e4979c7015 2544 2572
        v0.6.2-15 5f0168438028 2544 2571 screen
        v0.6.2-16 cfceb943b557 2428 2459 screen
        v0.6.2-41 ded56fc28590 2532 2562 screen
        v0.6.2-44 c79bcbcb0a67 2532 2562 screen
        v0.6.2-54 9105ec730db1 2532 2562 screen
        v0.6.2-84 edbdd364c2a2 2532 2560 screen
        v0.6.2-85 ce3f4786a5a8 2532 2560
        """,
    ),
    (
        ("with_lvgl", False, 512, True, True, "maixpy", _QVGA, True, True),
        """v0.6.0-2 2b605a0e42b3 2356 2385
        v0.6.2-54 4b00f455e194 2344 2375 screen
        v0.6.2-72 4b1a113ac615 2344 2373
        """,
    ),
    (("minimum", False, 512, False, False, "maixpy", _QVGA, True, False), "v0.6.0-2 77ca330606eb 4812 4840"),
    (
        ("minimum_with_ide_support", False, 512, False, True, "maixpy", _QVGA, True, False),
        """v0.5.1-106 a2f6ce820db5 4788 4814
        v0.6.0-2 3dc700f57589 4788 4813
        v0.6.2-44 42b08175c0cb 4780 4805 screen
        v0.6.2-54 a368ccf09dc4 4780 4804
        """,
    ),
    (
        ("minimum_with_kmodel_v4_support", True, 512, False, False, "maixpy", _QVGA, True, False),
        """v0.5.1-106 3a76f6004738 4388 4412 screen
        v0.6.0-2 1e50835a0691 4384 4411
        v0.6.2-20 04aacfc7d5d3 4380 4404
        v0.6.2-32 7310f19bc581 4376 4403 screen
        v0.6.2-72 69d5faa65910 4376 4401
        """,
    ),
    (
        ("minimum_speech_with_ide_support", True, 512, False, True, "maixpy", _QVGA, True, False),
        """v0.6.0-2 443fda1b54e6 3492 3516
        v0.6.2-32 921bf30682f4 3484 3508 screen
        v0.6.2-60 4af88d04d221 3480 3506 screen
        v0.6.2-83 1ea0279f8569 3480 3506
        """,
    ),
    (
        ("openmv_kmodel_v4_with_ide_support", True, 512, False, True, "maixpy", _QVGA, True, True),
        """v0.6.0-2 03b6bb656126 3924 3949
        v0.6.2-32 0e48c2e6d543 3916 3941 screen
        v0.6.2-72 7f1bf685753d 3912 3939
        v0.6.2-83 4f41a28fbda1 3912 3939
        """,
    ),
    (
        ("m5stickv", True, 512, True, True, "maixpy", _STICK, True, True),
        """v0.6.0-2 eac2c71b8be5 2560 2589
        v0.6.2-16 deeee1dba241 2464 2492 others
        """,
    ),
    (("amigo_tft", True, 512, False, True, "maixpy", _AMIGO, True, True), "v0.6.0-2 f64db59aef60 1640 1665"),
    (("amigo_ips", True, 512, False, True, "maixpy", _AMIGO, True, True), "v0.6.0-2 - 1640 1665 tft"),
    (("amigo_minimum", True, 512, False, True, "maixpy", _AMIGO, True, True), "v0.6.0-2 412bf0a53a9d 3832 3859"),
    (("canmv", True, 750, True, True, "canmv", _QVGA, True, True), "- - 2294 2322 full"),
    (("canmv_lite", True, 750, True, True, "canmv", _QVGA, True, True), "v1.0.7 a70dd5812e7b 3264 3292"),
)

DEFAULT = "minimum_with_kmodel_v4_support"

# What not every version of MaixPy has: name, first version with it, versions without it behind that (first, last). From
# the firmware's history, and seen in the images on both sides of each.
CONFIG = "Maix.config"
WATCHDOG = "machine.WDT"
HEAP_FREE = "Maix.utils.heap_free"
LCD_TYPE = "lcd.init(lcd_type)"
REMOUNT = "machine.SDCard"
STARTS_MAIN = "main.py"
FEATURES = (
    (WATCHDOG, (0, 5, 0, 104), None),
    (CONFIG, (0, 5, 0, 107), None),
    (HEAP_FREE, (0, 5, 0, 140), None),
    (LCD_TYPE, (0, 6, 2, 18), None),
    (REMOUNT, (0, 6, 2, 41), None),
    (STARTS_MAIN, (0, 0, 0, 0), ((0, 6, 2, 76), (0, 6, 2, 77))),
)
NEEDED = (CONFIG, WATCHDOG, HEAP_FREE, STARTS_MAIN)  # without one of them the app does not start
WISHED = (REMOUNT,)  # without it a card that was pulled comes back at the next start only
PANEL_WISHED = (LCD_TYPE,)  # on a board whose panel has a type of its own

# Builds whose banner gives the commit alone.
BANNERS = {"9720594": "v0.6.0-2"}

MODEL_LIMIT = 0x600000  # largest file the loader takes, bytes
MODEL_SLOTS = 5
MODEL_ALIGN = 256  # the loader asks for the file's size plus this, to align it
MODEL_CONTEXT = 192
OVERHEAD_V3 = 1024  # small blocks beside the file, measured by nobody: an estimate
OVERHEAD_V4 = 2048  # the interpreter's tables: an estimate, below the 2.4 KiB that seven measured loads leave for it

# newlib's malloc: a block is a multiple of 16 with its header of 8; where the free space under the program break does
# not hold it and a rest of 32, the break moves up by the whole block in pages. Freed space of 128 KiB and more
# under the break goes back.
PAGE = 4096
REST = 32
TRIM = 128 * 1024
UNDER_BREAK = 3072  # free under the break at the prompt: measured is what needs 2,097 to 4,096 bytes


def parse(version: str) -> tuple:
    """Return (0, 6, 2, 41) of "v0.6.2-41", "0.6.2_41" or "v0.6.2-41-g02d12688e"; ValueError for anything else."""
    fields = version.replace("_", "-").lstrip("v").split("-")
    try:
        numbers = tuple([int(part) for part in fields[0].split(".")])
        build = int(fields[1]) if len(fields) > 1 else 0
    except ValueError:
        numbers = ()
        build = 0
    if len(numbers) != 3:
        raise ValueError("unknown version %r, wanted such as v0.6.2-41" % version)
    return numbers + (build,)


def images(flavour: str = "") -> list:
    """Return the rows of a flavour, oldest first, or of all of them, flavour by flavour; [] for an unknown one."""
    rows = []
    for build in _BUILDS:
        name, v4, gc_kib, threads, ide, api, panel, font, blobs = build[0]
        if flavour not in ("", name):
            continue
        for line in build[1].strip().split("\n"):
            version, image, free, banner, note = (line + " -").split()[:5]
            rows.append(
                (name, "" if version == "-" else version, "" if image == "-" else image, v4, int(free), int(banner))
                + (gc_kib, threads, ide, api, panel, font, blobs, _NOTES.get(note, ""))
            )
    return rows


def newest() -> list:
    """Return the row of the newest known image of each flavour: what its bare name means."""
    rows = images()
    names = [row[NAME] for row in rows[1:]] + [""]
    return [row for row, following in zip(rows, names) if row[NAME] != following]


def find(name: str) -> tuple:
    """Return the row of a flavour, or of FLAVOUR@VERSION such as "full@v0.6.2-54"; ValueError names the known flavours.

    A version of three numbers is its newest image; one without an image gets the figures of the image before it (else
    of the oldest), no IMAGE and a NOTE that says so.
    """
    flavour, at, version = name.partition("@")
    rows = images(flavour) if flavour else []
    if not rows:
        raise ValueError("unknown flavour %r, known: %s" % (name, ", ".join([row[NAME] for row in newest()])))
    if not at:
        return rows[-1]
    numbers = parse(version)
    whole = "-" not in version.replace("_", "-")
    best = rows[0]
    same = False
    for row in rows:
        number = parse(row[VERSION]) if row[VERSION] else ()
        alike = number == numbers or (whole and number[:3] == numbers[:3])
        if alike or (number and number <= numbers):
            best = row
            same = alike
    if same:
        return best
    # The figures come from a neighbour, so the row has no image and says in its note where it was read.
    text = "v%d.%d.%d" % numbers[:3] + ("-%d" % numbers[3] if numbers[3] else "")
    return (flavour, text, "") + best[V4:NOTE] + (_NOTES["version"],)


def version_of(row: tuple):
    """Return the version of a row as parse() gives it, None for CanMV, which counts otherwise."""
    return parse(row[VERSION]) if row[API] == "maixpy" else None


def lacks(version, names) -> list:
    """Return those of the named FEATURES that a version (as parse() gives it) has not; none for None."""
    missing = []
    for name, since, without in FEATURES:
        if name in names and version is not None:
            # Some features came, went and came back, so the first version alone does not decide.
            if version < since or (without and without[0] <= version <= without[1]):
                missing.append(name)
    return missing


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


def chunk(size: int) -> int:
    """Return the bytes that malloc takes for a block of `size` bytes."""
    return max((size + 23) // 16 * 16, 32)


def pages(size: int) -> int:
    """Return by how many bytes the break moves for a chunk of `size` bytes."""
    return (size + REST + PAGE - 1) // PAGE * PAGE


def growth(sizes) -> int:
    """Return by how many bytes heap_free falls when blocks of these sizes are asked for at the prompt, one by one."""
    under = UNDER_BREAK
    grown = 0
    for size in sizes:
        size = chunk(size)
        # malloc asks for whole pages and uses their rest for the next block, so the sum of the sizes is not the answer.
        if under < size + REST:
            grown += pages(size)
            under += pages(size)
        under -= size
    return grown


def region_bytes(w: int, h: int, anchors: int, classes: int) -> int:
    """Return what one run_yolo2 takes and gives back: boxes, their scores, their order (sipeed_yolo2.c)."""
    boxes = w * h * anchors
    return boxes * 16 + boxes * (classes + 1) * 4 + boxes * 8


def doubles(name: str) -> bool:
    """Return whether the flavour of that name was built with the camera's second buffer (its config_defaults.mk)."""
    return name != "amigo_minimum"


def camera_parts(w: int, h: int, dual: bool = False) -> tuple:
    """Return the blocks that sensor.set_framesize asks for, in bytes: per buffer RGB565, then three 8-bit planes."""
    return ((w * h * 2 + 127) // 128 * 128, (w * h * 3 + 63) // 64 * 64) * (2 if dual else 1)


def lcd_bytes(w: int, h: int) -> int:
    """Return what lcd.init keeps for a w x h panel."""
    return w * h * 2
