"""The facts of a firmware image: version, interface, features and memory."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from maixswitch.board_code import flavours

from .heap import SystemHeap, system_heap
from .names import names

BANNER = re.compile(rb"MicroPython ([^\0;\r\n]{1,80}) on (\d{4}-\d\d-\d\d); ([^\0\r\n]{1,80})")
TAG = re.compile(r"v?(\d+\.\d+\.\d+)(?:[-_](\d+))?")
V4_TEXT = b"kmodel V3/V4"
"""The loader's message for a wrong version names the versions that it takes."""
POWER_CHIPS = ("AXP173", "AXP192", "AXP202")

PYTHON_HEAP = {"maixpy": 512 * 1024, "canmv": 768_432}
"""Bytes of the Python heap that the boot banner of each interface tells."""
IN_FRONT = {(False, False): 16, (False, True): 53_680, (True, False): 72_736, (True, True): 126_400}
"""(kmodel v4, threads) -> bytes of the system heap before the Python heap, mostly the pool of the C++ runtime."""
STARTED = {False: 25_000, True: 28_000}
"""Threads -> bytes that file systems and objects of the start take behind the Python heap. With 24,689 to 25,392 and
26,561 to 28,896, the figure at the prompt is exact for the 21 images that were asked."""
PAGE = 4096
SEPARATE_HEAP = (0, 5, 0, 0)
"""Up to here the Python heap was not a part of the system heap."""


@dataclass(frozen=True)
class Facts:
    """What an image says about itself.

    id: first 12 digits of its SHA-256.
    tag, date: version and day of the build as the boot banner prints them, "" without one.
    api: "maixpy", "canmv", or "" if it is another program.
    power_chip: "AXP173", "AXP192" or "AXP202" if it has code for one, otherwise "".
    modules: name -> the names in the module; a module written in Python has none here.
    lacking: features of stubs/flavours.py that it does not have; None for CanMV.
    heap: None if the image does not have the usual start.
    """

    id: str
    bytes: int
    tag: str
    date: str
    machine: str
    api: str
    v4: bool
    threads: bool
    ide: bool
    font: bool
    blobs: bool
    power_chip: str
    modules: Mapping[str, frozenset[str]]
    lacking: tuple[str, ...] | None
    heap: SystemHeap | None

    @property
    def version(self) -> str:
        """The version as the table of flavours writes it, such as "v0.6.2-85"; "" if it is unknown."""
        # The banners of some builds name the commit alone.
        tag = flavours().BANNERS.get(self.tag.partition("-")[0], self.tag)
        match = TAG.match(tag)
        return f"v{match[1]}" + (f"-{match[2]}" if match[2] else "") if match else ""

    @property
    def python_heap(self) -> int:
        """Bytes of the Python heap, unless the board's settings change it."""
        return PYTHON_HEAP.get(self.api, 0)

    @property
    def in_front(self) -> int:
        """Bytes of the system heap before the Python heap."""
        return IN_FRONT[self.v4, self.threads]

    @property
    def free(self) -> int | None:
        """Bytes of the system heap that are free at the first prompt; None if the heap was not found."""
        if self.heap is None or not self.api:
            return None
        size = self.heap.size - self.in_front - STARTED[self.threads]
        if not (self.api == "maixpy" and self.version and flavours().parse(self.version) < SEPARATE_HEAP):
            size -= self.python_heap
        # The program break moves in pages, and the heap ends at one.
        return max(size, 0) // PAGE * PAGE


def facts(code: bytes) -> Facts:
    """Return the facts of an image.

    code: the image from 0x80000000 on. Nothing is run, and any bytes give an answer.
    """
    match = BANNER.search(code)
    tag, date, machine = (part.decode("ascii", "replace") for part in match.groups()) if match else ("", "", "")
    name_tables = names(code)
    modules = name_tables.modules
    # CanMV keeps its KPU in the module maix.
    api = "" if not match else "canmv" if "canmv" in machine.lower() or "KPU" not in modules else "maixpy"
    chips = (chip for chip in POWER_CHIPS if chip.encode() in code or chip.lower().encode() in code)
    item = Facts(
        id=hashlib.sha256(code).hexdigest()[:12],
        bytes=len(code),
        tag=tag,
        date=date,
        machine=machine,
        api=api,
        v4=api == "canmv" or V4_TEXT in code,
        threads="_thread" in modules,
        ide="set_jb_quality" in modules.get("sensor", ()),
        font="font_load" in modules.get("image", ()),
        blobs="find_blobs" in name_tables.pool,
        power_chip=next(chips, ""),
        modules=modules,
        lacking=None,
        heap=system_heap(code),
    )
    return item if api != "maixpy" else Facts(**{**vars(item), "lacking": _lacking(item, name_tables.pool)})


def _lacking(item: Facts, pool: frozenset[str]) -> tuple[str, ...]:
    """Return the features that a MaixPy image does not have, in the order of the table."""
    rows = flavours()
    machine, maix = item.modules.get("machine", frozenset()), item.modules.get("Maix", frozenset())
    # The names tell more than the version, because third parties build from any commit.
    present = {
        rows.WATCHDOG: "WDT" in machine,
        rows.CONFIG: "config" in maix,
        rows.HEAP_FREE: "heap_free" in pool,
        rows.LCD_TYPE: "lcd_type" in pool,
        rows.REMOUNT: "SDCard" in machine,
    }
    version = rows.parse(item.version) if item.version else None
    # No name shows whether main.py is started, so the version has to tell it.
    starts = not rows.lacks(version, (rows.STARTS_MAIN,))
    return (*(name for name, has in present.items() if not has), *(() if starts else (rows.STARTS_MAIN,)))
