"""The facts of a firmware image: version, interface, features and memory."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from maixswitch.board_code import flavours

from .heap import SystemHeap, python_heap, system_heap
from .names import names

BANNER = re.compile(rb"MicroPython ([^\0;\r\n]{1,80}) on (\d{4}-\d\d-\d\d); ([^\0\r\n]{1,80})")
TAG = re.compile(r"v?(\d+\.\d+\.\d+)(?:[-_](\d+))?")
V4_TEXT = b"kmodel V3/V4"
"""The loader's message for a wrong version names the versions that it takes."""
CPP_TEXT = b"terminate called recursively"
"""A message of the C++ runtime, which takes a pool from the system heap at the start."""
POWER_CHIPS = {"AXP202": b"AXP202", "AXP173": b"AXP173", "AXP192": b"axp192"}
"""Power chip -> a text of its driver. The driver of the AXP202 names the AXP192 as well, and some builds for the usual
boards contain axp173_addr without a driver, so the order and the letters count."""

PYTHON_HEAP = {"maixpy": 512 * 1024, "canmv": 768_432}
"""Bytes of the Python heap of each interface, for an image that does not say it in the known form."""
IN_FRONT = {(False, False): 16, (False, True): 53_680, (True, False): 72_736, (True, True): 126_400}
"""(C++ runtime, threads) -> bytes of the system heap before the Python heap: the pool of the one, a stack of the
other."""
STARTED = {False: 24_800, True: 28_300}
"""Threads -> bytes that file systems and objects of the start take behind the Python heap. With 24,689 to 24,864 and
28,097 to 28,544, the figure at the prompt is exact for all but one of the 45 images of v0.5.0 and later that were
asked; the one, a build of a third party, has 56 KiB more."""
STARTED_BEFORE = {(0, 3): 24_000, (0, 4): 40_000}
"""Version -> bytes of the system heap that are taken at the prompt where the Python heap lies outside it."""
PAGE = 4096
SEPARATE_HEAP = (0, 5, 0, 0)
"""Up to here the Python heap was not a part of the system heap."""


@dataclass(frozen=True)
class Facts:
    """What an image says about itself.

    id: first 12 digits of its SHA-256.
    tag, date: version and day of the build as the boot banner prints them, "" without one.
    api: "maixpy", "canmv", or "" if it is another program.
    python: whether it contains MicroPython.
    cpp: whether it contains the runtime of C++.
    power_chip: "AXP173", "AXP192" or "AXP202" if it has code for one, otherwise "".
    modules: name -> the names in the module; a module written in Python has none here.
    lacking: features of stubs/flavours.py that it does not have; None for CanMV.
    heap: None if the image does not have the usual start.
    python_heap: bytes of the Python heap, unless the board's settings change it; 0 if `api` is "".
    """

    id: str
    bytes: int
    tag: str
    date: str
    machine: str
    api: str
    python: bool
    cpp: bool
    python_heap: int
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
    def in_front(self) -> int:
        """Bytes of the system heap before the Python heap."""
        return IN_FRONT[self.cpp, self.threads]

    @property
    def separate_heap(self) -> bool:
        """Whether the Python heap lies outside the system heap."""
        return bool(self.api == "maixpy" and self.version and flavours().parse(self.version) < SEPARATE_HEAP)

    @property
    def free(self) -> int | None:
        """Bytes of the system heap that are free at the first prompt; None if the heap was not found."""
        if self.heap is None or not self.api:
            return None
        if self.separate_heap:
            major, minor = flavours().parse(self.version)[:2]
            oldest = min(STARTED_BEFORE)
            size = self.heap.size - STARTED_BEFORE[max((major, minor), oldest)]
        else:
            size = self.heap.size - self.in_front - self.python_heap - STARTED[self.threads]
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
    api = _api(bool(match), machine, modules)
    item = Facts(
        id=hashlib.sha256(code).hexdigest()[:12],
        bytes=len(code),
        tag=tag,
        date=date,
        machine=machine,
        api=api,
        python="micropython" in modules,
        cpp=CPP_TEXT in code,
        python_heap=(python_heap(code) or PYTHON_HEAP[api]) if api else 0,
        v4=api == "canmv" or V4_TEXT in code,
        threads="_thread" in modules,
        ide="set_jb_quality" in modules.get("sensor", ()),
        font="font_load" in modules.get("image", ()),
        blobs="find_blobs" in name_tables.pool,
        power_chip=next((chip for chip, text in POWER_CHIPS.items() if text in code), ""),
        modules=modules,
        lacking=None,
        heap=system_heap(code),
    )
    return item if api != "maixpy" else Facts(**{**vars(item), "lacking": _lacking(item, name_tables.pool)})


def _api(banner: bool, machine: str, modules: Mapping[str, frozenset[str]]) -> str:
    """Return the interface of an image. The module of the KPU decides: other ports of MicroPython have none."""
    if not banner:
        return ""
    if "canmv" in machine.lower() or "KPU" in modules.get("maix", ()):
        return "canmv"
    return "maixpy" if "KPU" in modules else ""


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
    # No name shows whether main.py is started and what kpu.forward takes, so the version has to tell it.
    by_version = rows.lacks(version, (rows.STARTS_MAIN, rows.FORWARD_V4))
    return (*(name for name, has in present.items() if not has), *by_version)
