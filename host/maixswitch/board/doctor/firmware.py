"""The firmware of a board: who answers, its version, its memory, and which flavour that is likely to be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from maixswitch import board_code, stub_types
from maixswitch.board.doctor.asking import Asked, one
from maixswitch.board.doctor.looks import Look, amount
from maixswitch.board.failures import BoardError
from maixswitch.findings.finding import Finding, finding
from maixswitch.language import tr

SMALL_KIB = 3000
"""Free system heap below which models of more than about 2 MB do not load."""
SLACK_KIB = 100
"""By how much the free heap may exceed a flavour's figure: no two builds of one version differ by more."""
BANNER = re.compile(r"gc heap=0x([0-9a-fA-F]+)-0x([0-9a-fA-F]+)")
HEAP_END = 0x80600000


@dataclass(frozen=True)
class Firmware:
    """What a board said of itself; numbers None where it does not say. ``v4``: does it load kmodels of version 4?"""

    platform: str = ""
    python: str = ""
    uname: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    gc_heap: int | None = None
    system_free: int | None = None
    free_at_start: int | None = None
    python_free: int | None = None
    ide: bool | None = None
    v4: bool | None = None

    @property
    def free(self) -> int | None:
        """Bytes for models: what was free before anything ran, since what the firmware counts never comes back."""
        return self.system_free if self.free_at_start is None else self.free_at_start

    @property
    def banner(self) -> str:
        """The version with its build, as far as the board says it."""
        return self.uname[3] if len(self.uname) > 3 else ""

    @property
    def machine(self) -> str:
        return self.uname[4] if len(self.uname) > 4 else ""

    @property
    def known(self) -> bool:
        """Is it a MaixPy or CanMV of a K210?"""
        return self.python == "micropython" and (self.platform == "MaixPy" or "k210" in self.machine.lower())

    @property
    def api(self) -> str:
        return "canmv" if "canmv" in (self.banner + self.machine).lower() or "KPU" not in self.modules else "maixpy"

    @property
    def version(self) -> tuple[int, int, int, int] | None:
        """Three numbers and the build (v0.6.2-84 is 0, 6, 2, 84), None when there are none."""
        untagged = table().BANNERS.get(self.banner.split(" ")[0].partition("-")[0], "")
        match = re.search(r"v?(\d+)\.(\d+)\.(\d+)(?:[-_](\d+))?", untagged or self.banner)
        return (int(match[1]), int(match[2]), int(match[3]), int(match[4] or 0)) if match else None


def probe(board: Asked) -> Firmware:
    """Asks the board; BoardError B606 when what answers is no MaixPy."""
    found = read(one(board, "firmware()"))
    if not found.known:
        said = " ".join(part for part in (found.python, found.platform, found.machine) if part)
        raise BoardError("B606", port=board.port, found=said)
    if found.api == "maixpy":
        said_of_models: object = ""
        with suppress(BoardError):
            said_of_models = one(board, "kmodel()")
        found = Firmware(**{**vars(found), "v4": v4(str(said_of_models))})
    else:
        found = Firmware(**{**vars(found), "v4": True})
    return found


def read(said: object) -> Firmware:
    """The board's dict, where everything that is not of its kind is left out."""
    data: dict[Any, Any] = said if isinstance(said, dict) else {}

    def number(name: str) -> int | None:
        value = data.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def texts(name: str) -> tuple[str, ...]:
        value = data.get(name)
        return tuple(str(part) for part in value) if isinstance(value, tuple | list) else ()

    return Firmware(
        platform=str(data.get("platform", "")),
        python=str(data.get("python", "")),
        uname=texts("uname"),
        modules=texts("modules"),
        gc_heap=number("gc_heap"),
        system_free=number("system_free"),
        python_free=number("python_free"),
        ide=data["ide"] if isinstance(data.get("ide"), bool) else None,
    )


def v4(said: str) -> bool | None:
    """Does the loader take version 4, by its words for what is no model at all? None when it says nothing of it."""
    if "ERR_KMODEL_VERSION" not in said:
        return None
    return "V3/V4" in said


def started(found: Firmware, said: str) -> Firmware:
    """The same with what the firmware said when it started again."""
    return replace(found, free_at_start=free_by_banner(said))


def free_by_banner(line: str) -> int | None:
    """Free bytes of the system heap by a line such as "[MaixPy] gc heap=0x80130e20-0x801b0e20(524288)"."""
    match = BANNER.search(line)
    free = HEAP_END - int(match[2], 16) if match else -1
    return free if 0 <= free < HEAP_END - 0x80000000 else None


def table() -> stub_types.Flavours:
    """The table of the known images."""
    return board_code.flavours()


def rows(found: Firmware) -> list[tuple[Any, ...]]:
    """Of each flavour the image that is closest to the board's version, else the newest."""
    flavours = table()
    names = [str(row[flavours.NAME]) for row in flavours.newest()]
    if found.api == "maixpy" and found.version is not None:
        names = [name + "@v{}.{}.{}-{}".format(*found.version) for name in names]
    return [flavours.find(name) for name in names]


def guess(found: Firmware) -> list[str]:
    """Names of the flavours that the answers fit, the likeliest first; empty when none does.

    By the interface, kmodel v4, threads, IDE, and free heap: more of it than a flavour leaves speaks against that one,
    less does not, since it never comes back once it was used. Where no flavour has all of it, threads and IDE are not
    asked: a build of one's own may differ there.
    """
    return _fitting(found, True) or _fitting(found, False)


def _fitting(found: Firmware, closely: bool) -> list[str]:
    free = None if found.free is None else found.free // 1024
    flavours = table()
    fits = []
    for row in rows(found):
        name = str(row[flavours.NAME])
        own = next((part for part in ("m5stickv", "amigo") if name.startswith(part)), "")
        if own and own not in (found.machine + found.banner).lower():
            continue
        threads, maixpy = "_thread" in found.modules, found.api == "maixpy"
        if (
            row[flavours.API] != found.api
            or (found.v4 is not None and found.v4 != row[flavours.V4])
            or (closely and maixpy and threads != row[flavours.THREADS])
            or (closely and found.ide is not None and maixpy and found.ide != row[flavours.IDE])
            or (name == "with_lvgl") != ("lvgl" in found.modules)
            or ("speech" in name) != ("speech_recognizer" in found.modules)
        ):
            continue
        # the banner comes before the prompt, and so says more
        usual = row[flavours.FREE_KIB if found.free_at_start is None else flavours.BANNER_KIB]
        usual += row[flavours.GC_KIB] - (row[flavours.GC_KIB] if found.gc_heap is None else found.gc_heap // 1024)
        if free is not None and free > usual + SLACK_KIB:
            continue
        fits.append((abs(usual - free) if free is not None else 0, name))
    return [name for _, name in sorted(fits, key=lambda row: row[0])]


def judge(found: Firmware, port: str) -> Look:
    """Facts and findings of the firmware."""
    look = Look()
    name = {"maixpy": "MaixPy", "canmv": "CanMV"}[found.api]
    look.fact("firmware", tr("firmware"), " ".join(part for part in (name, found.banner) if part))
    if found.machine:
        look.fact("machine", tr("machine"), found.machine)
    flavours = guess(found)
    if flavours:
        look.fact("flavour", tr("flavour, a guess"), ", ".join(flavours))
    yes = {True: tr("3 and 4"), False: tr("3"), None: tr("3, of 4 it does not say")}[found.v4]
    look.fact("kmodel", tr("kmodel versions"), yes)
    if found.gc_heap is not None:
        look.fact("python_heap", tr("Python heap"), amount(found.gc_heap))
    if found.system_free is not None:
        look.fact("system_heap", tr("system heap free now"), amount(found.system_free))
    if found.free_at_start is not None:
        look.fact("system_heap_at_start", tr("system heap free at start"), amount(found.free_at_start))
    version = found.version
    if version is None:
        look.findings.append(finding("B635", found=found.banner, port=port))
    elif found.api == "maixpy":
        look.findings.extend(_lacking(found.banner, version))
    if found.v4 is False:
        look.findings.append(finding("B631"))
    images = table()
    usual = next((row[images.GC_KIB] for row in images.newest() if row[images.API] == found.api), 512)
    if found.gc_heap is not None and found.gc_heap // 1024 != usual:
        code = "B632" if found.gc_heap // 1024 < usual else "B633"
        look.findings.append(finding(code, found=amount(found.gc_heap), wanted=amount(usual * 1024)))
    if found.free is not None and found.free < SMALL_KIB * 1024:
        look.findings.append(finding("B634", found=amount(found.free)))
    return look


def _lacking(banner: str, version: tuple[int, int, int, int]) -> Iterator[Finding]:
    """What this version does not have; of a panel of its own type nobody knows here, so nothing is said of it."""
    flavours = table()
    wanted = tr("v0.6.2-78 or later")
    missing = flavours.lacks(version, flavours.NEEDED)
    if flavours.STARTS_MAIN in missing:
        yield finding("B630", found=banner, wanted=wanted)
    elif missing:
        yield finding("B636", found=f"{banner}: {', '.join(missing)}", wanted=wanted)
    wished = flavours.lacks(version, flavours.WISHED)
    if wished:
        yield finding("B637", found=f"{banner}: {', '.join(wished)}", wanted=wanted)
