"""A table of the firmware images, and the system heap that a model, a camera and a panel take.

The fakes, the package on the PC and the tests share it. Sizes are bytes of the system heap (malloc of newlib) unless
they say that they are of the Python heap.
"""

# The columns of a row. VERSION: the tag and the number of commits after it. IMAGE: the
# first 12 digits of the SHA-256 of
# the image that the figures are from, "" without one. V4: whether it loads kmodel v4. FREE_KIB: the result of
# heap_free() at the first prompt, with a main.py that does nothing. BANNER_KIB: the
# memory behind the Python heap by the
# boot banner, of which files and modules of the start take a part. GC_KIB: the Python
# heap. THREADS, IDE: whether it has
# them. API: "maixpy" or "canmv". PANEL: (width, height) of the panel that the firmware starts by itself. FONT: whether
# it has font_load and draw_font. BLOBS: whether it has find_blobs. SIZE: bytes of the image file, 0 if it is unknown.
# NOTE: how FREE_KIB was found where the image did not report it.
NAME, VERSION, IMAGE, V4, FREE_KIB, BANNER_KIB, GC_KIB, THREADS, IDE, API, PANEL, FONT, BLOBS, SIZE, NOTE = range(15)

_QVGA = (320, 240)
_STICK = (240, 135)
_AMIGO = (480, 320)
# How FREE_KIB was found where the image did not report it.
_NOTES = {
    "memory": "read from its memory, because it has no heap_free",
    "others": "a build of a third party",
    "version": "no image of this version was found: as the one before it, else the oldest",
    "tft": "no image of it was found: as amigo_tft",
    "full": "no image of it was found: an estimate, as MaixPy's full less the larger Python heap",
}

# The builds: first what their images have in common (name, v4, Python heap, threads, IDE,
# API, panel, font, blobs), then
# the images, oldest first, with version, image, SIZE, FREE_KIB, BANNER_KIB and the key
# of a note; "-" for a missing value. They
# are text, because it takes a third of the memory of tuples.
_BUILDS = (
    (
        ("full", False, 512, True, False, "maixpy", _QVGA, False, True),
        """v0.5.0-9 929b4d3652c9 1680064 3016 3044 memory
        v0.5.0-12 514bc8c08b19 1680064 3016 3044 memory
        """,
    ),
    (("full", True, 512, True, True, "maixpy", _QVGA, False, True), "v0.5.0-89 2d24e326f605 1694720 3000 3030 memory"),
    (
        ("full", True, 512, True, True, "maixpy", _QVGA, True, True),
        """v0.5.1-103 a8b6e166efa0 2081664 2564 2594
        v0.6.0-2 f6e4979c7015 2103424 2544 2572
        v0.6.2-15 5f0168438028 2103936 2544 2571
        v0.6.2-16 cfceb943b557 2130432 2428 2459
        v0.6.2-41 ded56fc28590 2112960 2532 2562
        v0.6.2-44 c79bcbcb0a67 2113216 2532 2562
        v0.6.2-54 9105ec730db1 2113472 2532 2562
        v0.6.2-84 edbdd364c2a2 2115264 2532 2560
        v0.6.2-85 ce3f4786a5a8 2115264 2532 2560
        """,
    ),
    (
        ("with_lvgl", False, 512, True, True, "maixpy", _QVGA, True, True),
        """v0.6.0-2 2b605a0e42b3 2344320 2356 2385
        v0.6.2-54 4b00f455e194 2354624 2344 2375
        v0.6.2-72 4b1a113ac615 2356160 2344 2373
        """,
    ),
    (("minimum", False, 512, False, False, "maixpy", _QVGA, True, False), "v0.6.0-2 77ca330606eb 706368 4812 4840"),
    (
        ("minimum_with_ide_support", False, 512, False, True, "maixpy", _QVGA, True, False),
        """v0.5.1-106 a2f6ce820db5 708864 4788 4814
        v0.6.0-2 3dc700f57589 709824 4788 4813
        v0.6.2-44 42b08175c0cb 718592 4780 4805
        v0.6.2-54 a368ccf09dc4 718848 4780 4804
        """,
    ),
    (
        ("minimum_with_kmodel_v4_support", True, 512, False, False, "maixpy", _QVGA, True, False),
        """v0.5.1-106 3a76f6004738 1061952 4388 4412
        v0.6.0-2 1e50835a0691 1062720 4384 4411
        v0.6.2-20 04aacfc7d5d3 1069696 4380 4404
        v0.6.2-32 7310f19bc581 1071232 4376 4403
        v0.6.2-72 69d5faa65910 1073280 4376 4401
        """,
    ),
    (
        ("minimum_speech_with_ide_support", True, 512, False, True, "maixpy", _QVGA, True, False),
        """v0.6.0-2 443fda1b54e6 1122304 3492 3516
        v0.6.2-32 921bf30682f4 1130816 3484 3508
        v0.6.2-60 4af88d04d221 1132608 3480 3506
        v0.6.2-83 1ea0279f8569 1133120 3480 3506
        """,
    ),
    (
        ("openmv_kmodel_v4_with_ide_support", True, 512, False, True, "maixpy", _QVGA, True, True),
        """v0.6.0-2 03b6bb656126 1511040 3924 3949
        v0.6.2-32 0e48c2e6d543 1519552 3916 3941
        v0.6.2-72 7f1bf685753d 1521600 3912 3939
        v0.6.2-83 4f41a28fbda1 1521856 3912 3939
        """,
    ),
    (
        ("m5stickv", True, 512, True, True, "maixpy", _STICK, True, True),
        """v0.6.0-2 eac2c71b8be5 2086016 2560 2589
        v0.6.2-16 deeee1dba241 2115328 2464 2492 others
        """,
    ),
    (("amigo_tft", True, 512, False, True, "maixpy", _AMIGO, True, True), "v0.6.0-2 f64db59aef60 2272320 1640 1665"),
    (("amigo_ips", True, 512, False, True, "maixpy", _AMIGO, True, True), "v0.6.0-2 - 2272320 1640 1665 tft"),
    (
        ("amigo_minimum", True, 512, False, True, "maixpy", _AMIGO, True, True),
        "v0.6.0-2 412bf0a53a9d 1603456 3832 3859",
    ),
    (("canmv", True, 750, True, True, "canmv", _QVGA, True, True), "- - - 2294 2322 full"),
    (("canmv_new", True, 750, True, True, "canmv", _QVGA, True, True), "v1.0.5-5 - - 2294 2322 full"),
    (("canmv_lite", True, 750, True, True, "canmv", _QVGA, True, True), "v1.0.7 a70dd5812e7b 1867392 3264 3292"),
)
NEWER_KPU = ("canmv_new",)  # flavours of CanMV whose KPU class is the newer one (stubs/canmv_new)

DEFAULT = "minimum_with_kmodel_v4_support"

# Features that not every version of MaixPy has: the name, the first version with it, and
# (first, last) of later versions
# without it. They are from the history of the firmware, and were checked with the images before and after each change.
CONFIG = "Maix.config"
WATCHDOG = "machine.WDT"
HEAP_FREE = "Maix.utils.heap_free"
LCD_TYPE = "lcd.init(lcd_type)"
REMOUNT = "machine.SDCard"
STARTS_MAIN = "main.py"
FORWARD_V4 = "KPU.forward(picture) with kmodel v4"
PANEL_POINTER = "lcd: a pointer to the driver"
FILL_RECTANGLE = "lcd.fill_rectangle"
CROP = "Image.crop"
I2C_SPEED = "the speed of I2C in the text of sensor.reset()"
FEATURE_LENGTH = "KPU.classifier(fea_len)"
FEATURES = (
    (WATCHDOG, (0, 5, 0, 104), None),
    (CONFIG, (0, 5, 0, 107), None),
    (HEAP_FREE, (0, 5, 0, 140), None),
    (LCD_TYPE, (0, 6, 2, 18), None),
    (REMOUNT, (0, 6, 2, 41), None),
    (STARTS_MAIN, (0, 0, 0, 0), ((0, 6, 2, 76), (0, 6, 2, 77))),
    (FORWARD_V4, (0, 0, 0, 0), ((0, 5, 1, 129), (0, 6, 0, 6))),
)
# More changes, which only the fakes ask for; as FEATURES.
CHANGES = (
    (PANEL_POINTER, (0, 6, 2, 18), None),
    (FILL_RECTANGLE, (0, 6, 2, 27), None),
    (FEATURE_LENGTH, (0, 6, 2, 28), None),
    (CROP, (0, 6, 2, 31), None),
    (I2C_SPEED, (0, 6, 2, 53), None),
)
NEEDED = (CONFIG, WATCHDOG, HEAP_FREE, STARTS_MAIN)  # without any one of them the app does not start
WISHED = (REMOUNT,)  # without it a card that was pulled is back only after a restart
PANEL_WISHED = (LCD_TYPE,)  # for a board whose panel has another type

# Versions of images whose banner contains the commit only.
BANNERS = {"9720594": "v0.6.0-2"}

FLASH_PREFIX = 37  # bytes that a flasher writes around the image: a flag, its length, SHA-256
MODEL_LIMIT = 0x600000  # bytes of the largest file that the loader accepts
MODEL_SLOTS = 5
MODEL_ALIGN = 256  # bytes that the loader adds to the size of the file, to align it
MODEL_CONTEXT = 192
OVERHEAD_V3 = 1024  # small blocks beside the file: an estimate, never measured
OVERHEAD_V4 = 2048  # tables of the interpreter: an estimate; seven measured loads allow up to 2.4 KiB

# malloc of newlib: a block with its header of 8 bytes is a multiple of 16. Where the free
# memory under the program break
# does not fit the block and 32 bytes more, the break moves up by the size of the block, in pages. It moves down when
# 128 KiB or more under it are free.
PAGE = 4096
REST = 32
TRIM = 128 * 1024
UNDER_BREAK = 3072  # free bytes under the break at the prompt; by measurement they are between 2,097 and 4,096


def parse(version: str) -> tuple:
    """Return (0, 6, 2, 41) for "v0.6.2-41", "0.6.2_41" or "v0.6.2-41-g02d12688e".

    The builds around v0.6 have two numbers: v0.6-9 is (0, 6, 0, 9). Raises ValueError for other texts."""
    fields = version.replace("_", "-").lstrip("v").split("-")
    try:
        numbers = tuple([int(part) for part in fields[0].split(".")])
        build = int(fields[1]) if len(fields) > 1 else 0
    except ValueError:
        numbers = ()
        build = 0
    if len(numbers) == 2 and build:  # builds around v0.6 leave out the third number
        numbers += (0,)
    if len(numbers) != 3:
        raise ValueError("unknown version %r, expected one such as v0.6.2-41" % version)
    return numbers + (build,)


def images(flavour: str = "") -> list:
    """Return the rows of a flavour, oldest first, or of all flavours for "". Returns [] for an unknown one."""
    rows = []
    for build in _BUILDS:
        name, v4, gc_kib, threads, ide, api, panel, font, blobs = build[0]
        if flavour not in ("", name):
            continue
        for line in build[1].strip().split("\n"):
            version, image, size, free, banner, note = (line + " -").split()[:6]
            rows.append(
                (name, "" if version == "-" else version, "" if image == "-" else image, v4, int(free), int(banner))
                + (gc_kib, threads, ide, api, panel, font, blobs, 0 if size == "-" else int(size), _NOTES.get(note, ""))
            )
    return rows


def newest() -> list:
    """Return the row of the newest known image of each flavour, which is what find() returns for its name."""
    rows = images()
    names = [row[NAME] for row in rows[1:]] + [""]
    return [row for row, following in zip(rows, names) if row[NAME] != following]


def find(name: str) -> tuple:
    """Return the row of a flavour, or of FLAVOUR@VERSION such as "full@v0.6.2-54".

    A version of three numbers means its newest image. A version without an image has the figures of the image before
    it, or of the oldest, no IMAGE, and a NOTE about it. Raises ValueError with the known flavours for an unknown one.
    """
    flavour, at, version = name.partition("@")
    rows = images(flavour) if flavour else []
    if not rows:
        raise ValueError("unknown flavour %r, known: %s" % (name, ", ".join([row[NAME] for row in newest()])))
    if not at:
        return rows[-1]
    numbers = parse(version)
    any_build = "-" not in version.replace("_", "-")
    best = rows[0]
    same = False
    for row in rows:
        number = parse(row[VERSION]) if row[VERSION] else ()
        alike = number == numbers or (any_build and number[:3] == numbers[:3])
        if alike or (number and number <= numbers):
            best = row
            same = alike
    if same:
        return best
    # The figures are those of another image, so the row has no image and a note.
    text = "v%d.%d.%d" % numbers[:3] + ("-%d" % numbers[3] if numbers[3] else "")
    return (flavour, text, "") + best[V4:NOTE] + (_NOTES["version"],)


def version_of(row: tuple):
    """Return the version of a row as parse() does, or None for CanMV, which has other numbers."""
    return parse(row[VERSION]) if row[API] == "maixpy" else None


def lacks(version, names) -> list:
    """Return those of the FEATURES and CHANGES `names` that a version lacks; [] for None.

    version: as from parse().
    """
    missing = []
    for name, since, without in FEATURES + CHANGES:
        if name in names and version is not None:
            # A feature may be missing again in later versions, so the first version is not enough.
            if version < since or (without and without[0] <= version <= without[1]):
                missing.append(name)
    return missing


def need_parts(version: int, file_size: int, main_mem: int) -> tuple:
    """Return the blocks of system heap that the loader allocates, in its order: ((name, bytes), ...).

    version: 3 or 4. file_size: bytes of the file. main_mem: bytes of main memory, from the header of the file.
    The order and the sizes are from the disassembly of the KPU library; OVERHEAD_V3 and OVERHEAD_V4 are estimates.
    """
    extra = OVERHEAD_V4 if version == 4 else OVERHEAD_V3
    return (
        ("model file", file_size + MODEL_ALIGN),
        ("model context", MODEL_CONTEXT + extra),
        ("main memory", main_mem),
    )


def need_bytes(version: int, file_size: int, main_mem: int) -> int:
    """Return the bytes of system heap that loading a model takes: the sum of need_parts()."""
    total = 0
    for part in need_parts(version, file_size, main_mem):
        total += part[1]
    return total


def exact_grey(name: str) -> bool:
    """Return whether a flavour has the table of the grey levels of all colours (CONFIG_MAIXPY_OMV_CONV_YUV_FAST)."""
    return not (name.startswith("minimum") or name.startswith("openmv"))


def chunk(size: int) -> int:
    """Return the bytes of a block of `size` bytes with its header."""
    return max((size + 23) // 16 * 16, 32)


def pages(size: int) -> int:
    """Return the bytes by which the break moves for a chunk of `size` bytes."""
    return (size + REST + PAGE - 1) // PAGE * PAGE


def growth(sizes) -> int:
    """Return the bytes by which heap_free() falls when blocks of these sizes are allocated at the prompt."""
    under = UNDER_BREAK
    grown = 0
    for size in sizes:
        size = chunk(size)
        # malloc takes whole pages and uses what is left of them for the next block.
        if under < size + REST:
            grown += pages(size)
            under += pages(size)
        under -= size
    return grown


def region_bytes(w: int, h: int, anchors: int, classes: int) -> int:
    """Return the bytes that run_yolo2 takes during a run: boxes, scores and their order (sipeed_yolo2.c)."""
    boxes = w * h * anchors
    return boxes * 16 + boxes * (classes + 1) * 4 + boxes * 8


def doubles(name: str) -> bool:
    """Return whether the flavour has a second buffer for the camera (config_defaults.mk of its project)."""
    return name != "amigo_minimum"


def camera_parts(w: int, h: int, dual: bool = False) -> tuple:
    """Return the blocks of sensor.set_framesize, in bytes: for each buffer the RGB565 pixels and the three planes."""
    return ((w * h * 2 + 127) // 128 * 128, (w * h * 3 + 63) // 64 * 64) * (2 if dual else 1)


def lcd_bytes(w: int, h: int) -> int:
    """Return the bytes that lcd.init keeps for a panel of w x h."""
    return w * h * 2
