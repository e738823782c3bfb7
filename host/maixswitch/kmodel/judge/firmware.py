"""The board's firmware images as typed rows, from the same table and formulas that the simulated board uses.

`maixswitch.k210.contents` makes such a row from an image file.

The table is loaded by its path, so that the modules of the simulated firmware (`image`, `machine` ...) do not come onto
sys.path.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from maixswitch.board_code import flavours
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.kmodel.run.runtimes import CANMV, MAIXPY
from maixswitch.language import meant, series, tr, word

RUNTIME_OF = {"maixpy": MAIXPY.name, "canmv": CANMV.name}
"""Python interface of a firmware -> the runtime that comes with it."""
POWER_CHIPS = {"m5stickv": "AXP192", "amigo_tft": "AXP173", "amigo_ips": "AXP173", "amigo_minimum": "AXP173"}
"""Flavour -> the power chip that it sets up when the board starts. No other flavour sets one up."""


@dataclass(frozen=True)
class Firmware:
    """One image that a board can run, as a row of the table.

    flavour, version: its name, such as "full" and "v0.6.2-85"; the version is "" if it is unknown.
    image: first 12 digits of the SHA-256 of the image with these figures, "" if ``note`` says their source.
    v4: True if it runs kmodel v4.
    free_kib: free system heap at the prompt, with a Python heap of ``gc_kib``, before camera and LCD.
    banner_kib: free system heap that the boot banner tells, which is printed earlier.
    api: "maixpy" or "canmv".
    panel: width and height of the LCD that it was made for.
    font: True if it draws fonts from a file.
    blobs: True if it has find_blobs.
    bytes: size of the image file, 0 if it is unknown.
    file: path of the image file that the figures were read from, "" for a row of the table.
    lacking: features that it does not have, None if the version decides.
    chip: power chip that an image file has code for, "" for none and for a row of the table.
    """

    flavour: str
    version: str
    image: str
    v4: bool
    free_kib: int
    banner_kib: int
    gc_kib: int
    threads: bool
    ide: bool
    api: str
    panel: tuple[int, int]
    font: bool
    blobs: bool
    bytes: int
    note: str
    file: str = ""
    lacking: tuple[str, ...] | None = None
    chip: str = ""

    @property
    def name(self) -> str:
        """The name for messages: the path of an image file, otherwise `row_name`."""
        return self.file or self.row_name

    @property
    def row_name(self) -> str:
        """The name that `find` takes: the flavour alone for its newest image. For a custom build, the default one."""
        if not self.flavour:
            return flavours().DEFAULT
        # The newest image of a flavour is what most users have, so it needs no version in its name.
        newest = any(item.flavour == self.flavour and item.version == self.version for item in firmwares())
        return self.flavour if newest or not self.version else f"{self.flavour}@{self.version}"

    @property
    def source(self) -> str:
        """Which image the figures were read from, and how, in words."""
        texts = [tr("image {image}", image=self.image)] if self.image else []
        return series([*texts, word(self.note)] if self.note else texts)

    @property
    def power_chip(self) -> str:
        """The power chip that it sets up, "" for none."""
        return self.chip if self.file else POWER_CHIPS.get(self.flavour, "")

    @property
    def interface(self) -> str:
        """What its Python modules for the KPU are: "maixpy", "canmv", or "canmv_new" for CanMV's newer class."""
        return "canmv_new" if self.flavour in flavours().NEWER_KPU else self.api

    @property
    def flash_end(self) -> int:
        """The first address in the flash chip behind the image, 0 if its size is unknown."""
        return self.bytes + flavours().FLASH_PREFIX if self.bytes else 0

    @property
    def doubles(self) -> bool:
        """True if it can give the camera a second buffer; any other firmware ignores the request for one."""
        return flavours().doubles(self.flavour)

    @property
    def runtime(self) -> str:
        """The name of the runtime (``runtimes.RUNTIMES``) whose arithmetic its models follow."""
        return RUNTIME_OF[self.api]

    def free_bytes(self, gc_kib: int | None = None) -> int:
        """System heap at the prompt with a Python heap of that many KiB; the two share one memory."""
        # A smaller Python heap leaves its memory to the system heap.
        smaller = 0 if gc_kib is None else self.gc_kib - gc_kib
        return (self.free_kib + smaller) * 1024

    def lacks(self, needed: bool, lcd_type: bool = False) -> list[str]:
        """Names of what the app uses and this version lacks.

        needed: True for what the app needs, False for what it can do without.
        lcd_type: True if the board's panel has its own type.
        """
        rows = flavours()
        # A firmware that lacks a need is refused. Other gaps are only mentioned.
        return self._lacking(rows.NEEDED if needed else rows.WISHED + (rows.PANEL_WISHED if lcd_type else ()))

    @property
    def forwards_v4(self) -> bool:
        """True if its kpu.forward takes pictures for a kmodel v4."""
        return self.v4 and not self._lacking((flavours().FORWARD_V4,))

    def _lacking(self, names: tuple[str, ...]) -> list[str]:
        rows = flavours()
        if self.lacking is not None:
            return [name for name in names if name in self.lacking]
        # The versions of CanMV count from another start, and its interface has no such table.
        version = rows.parse(self.version) if self.api == "maixpy" else None
        return rows.lacks(version, names)


@cache
def firmwares() -> tuple[Firmware, ...]:
    """The newest image of every flavour, in the order of the table."""
    return tuple(Firmware(*row) for row in flavours().newest())


@cache
def images() -> tuple[Firmware, ...]:
    """Every image of the table, the oldest of a flavour first."""
    return tuple(Firmware(*row) for row in flavours().images())


def find(name: str) -> Firmware:
    """The newest image of a flavour, or the one of a version such as "full@v0.6.2-54".

    MaixSwitchError (usage) lists the known flavours, or says how a version is written.
    """
    flavour, _, version = name.partition("@")
    known = [item.flavour for item in firmwares()]
    if flavour not in known:
        message = tr("no firmware {name!r}; there are {known}", name=flavour, known=", ".join(known))
        raise MaixSwitchError(message + meant(flavour, known), EXIT_USAGE)
    try:
        return Firmware(*flavours().find(name))
    except ValueError as error:
        raise MaixSwitchError(
            tr("no version {version!r}; expected one such as {name}", version=version, name=f"{flavour}@v0.6.2-85"),
            EXIT_USAGE,
        ) from error


def growth(sizes: Iterable[int]) -> int:
    """Bytes by which the free system heap falls when blocks of these sizes are allocated one by one."""
    return flavours().growth(sizes)


def need_parts(version: int, file_size: int, main_memory: int) -> dict[str, int]:
    """System heap that kpu.load takes for a file of that size, block by block: name -> bytes."""
    return dict(flavours().need_parts(version, file_size, main_memory))


def region_bytes(width: int, height: int, anchors: int, classes: int) -> int:
    """System heap that one run_yolo2 on a grid of width x height cells takes for its time."""
    return flavours().region_bytes(width, height, anchors, classes)


def camera_parts(width: int, height: int, dual: bool = False) -> tuple[int, ...]:
    """Sizes in bytes of the blocks of system heap that sensor.set_framesize allocates; ``dual``: two buffers."""
    return flavours().camera_parts(width, height, dual)


def lcd_bytes(width: int, height: int) -> int:
    """System heap that lcd.init keeps."""
    return flavours().lcd_bytes(width, height)


def file_limit() -> int:
    """The largest file that kpu.load takes, in bytes."""
    return flavours().MODEL_LIMIT
