"""The firmware of a board: its version, its memory, and which build it is likely to be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from maixswitch import board_code, stub_types
from maixswitch.board.doctor.questions import Askable, one
from maixswitch.board.doctor.subject import SubjectReport, amount
from maixswitch.board.failures import BoardError
from maixswitch.findings.finding import Finding, finding
from maixswitch.language import tr

SMALL_KIB = 3000
"""Free system heap below which models of more than about 2 MB do not load."""
SLACK_KIB = 100
"""The most KiB by which the free heap may exceed a flavour's figure; builds of one version do not differ more."""
BANNER = re.compile(r"gc heap=0x([0-9a-fA-F]+)-0x([0-9a-fA-F]+)")
VERSION = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?(?:[-_](\d+))?(?![\d.])")
"""The version at the start of a banner. The builds around v0.6 have two numbers only (v0.6-9-g88bfd0177)."""
HEAP_END = 0x80600000


@dataclass(frozen=True)
class Firmware:
    """A board's answers about its firmware. Sizes are in bytes; None stands for a missing answer.

    ide: does the firmware support MaixPy IDE?
    v4: does it load kmodel v4?
    """

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
        """The bytes for models: before any program ran, if known, since the firmware's later figure never recovers."""
        return self.system_free if self.free_at_start is None else self.free_at_start

    @property
    def banner(self) -> str:
        """The version with its build, "" if the board does not state it."""
        return self.uname[3] if len(self.uname) > 3 else ""

    @property
    def machine(self) -> str:
        return self.uname[4] if len(self.uname) > 4 else ""

    @property
    def known(self) -> bool:
        """Is this a MaixPy or CanMV of a K210?"""
        return self.python == "micropython" and (self.platform == "MaixPy" or "k210" in self.machine.lower())

    @property
    def api(self) -> str:
        # CanMV has no top-level module KPU; its KPU is in the module maix.
        return "canmv" if "canmv" in (self.banner + self.machine).lower() or "KPU" not in self.modules else "maixpy"

    @property
    def version(self) -> tuple[int, int, int, int] | None:
        """Three numbers and the build (v0.6.2-84 is 0, 6, 2, 84); None if unknown."""
        # The banners of some builds do not name a version. The table of stubs/flavours.py lists their versions.
        untagged = table().BANNERS.get(self.banner.split(" ")[0].partition("-")[0], "")
        match = VERSION.match(untagged or self.banner)
        return (int(match[1]), int(match[2]), int(match[3] or 0), int(match[4] or 0)) if match else None


def probe(board: Askable) -> Firmware:
    """Ask the board about its firmware. Raises BoardError B606 if it is neither MaixPy nor CanMV."""
    firmware = read(one(board, "firmware()"))
    if not firmware.known:
        text = " ".join(part for part in (firmware.python, firmware.platform, firmware.machine) if part)
        raise BoardError("B606", port=board.port, found=text)
    if firmware.api == "maixpy":
        loader_words: object = ""
        # If the loader cannot be asked, `v4` stays unknown, which is not a failure.
        with suppress(BoardError):
            loader_words = one(board, "kmodel()")
        firmware = Firmware(**{**vars(firmware), "v4": v4(str(loader_words))})
    else:
        firmware = Firmware(**{**vars(firmware), "v4": True})
    return firmware


def read(answer: object) -> Firmware:
    """Return the firmware from the dict that a board answered, without values of a wrong type."""
    data: dict[Any, Any] = answer if isinstance(answer, dict) else {}

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


def v4(words: str) -> bool | None:
    """Does the loader accept version 4? None if unknown.

    words: its message about something that is not a model.
    """
    if "ERR_KMODEL_VERSION" not in words:
        return None
    return "V3/V4" in words


def started(firmware: Firmware, banner: str) -> Firmware:
    """Return the same firmware with the free memory from the banner that it printed when it started again."""
    return replace(firmware, free_at_start=free_by_banner(banner))


def free_by_banner(line: str) -> int | None:
    """Return the free bytes of the system heap, from a line such as "[MaixPy] gc heap=0x80130e20-0x801b0e20(524288)".

    Returns None if the line does not state a possible address.
    """
    match = BANNER.search(line)
    free = HEAP_END - int(match[2], 16) if match else -1
    return free if 0 <= free < HEAP_END - 0x80000000 else None


def table() -> stub_types.Flavours:
    """Return the table of the known images."""
    return board_code.flavours()


def rows(firmware: Firmware) -> list[tuple[Any, ...]]:
    """Return the image of each flavour that is closest to the board's version; the newest if that is unknown."""
    flavours = table()
    names = [str(row[flavours.NAME]) for row in flavours.newest()]
    if firmware.api == "maixpy" and firmware.version is not None:
        names = [name + "@v{}.{}.{}-{}".format(*firmware.version) for name in names]
    return [flavours.find(name) for name in names]


def guess(firmware: Firmware) -> list[str]:
    """Return the names of the flavours that fit the answers, the likeliest first.

    The API, kmodel v4, threads, IDE and the free heap decide. More free heap than a flavour leaves excludes it. Less
    free heap does not, since used heap never comes back. If no flavour fits, threads and IDE are ignored, since a
    custom build may differ there.
    """
    return _fitting(firmware, True) or _fitting(firmware, False)


def _fitting(firmware: Firmware, closely: bool) -> list[str]:
    free = None if firmware.free is None else firmware.free // 1024
    flavours = table()
    by_difference = []
    for row in rows(firmware):
        name = str(row[flavours.NAME])
        # These images are for one board only, so they fit only if the firmware names that board.
        only_board = next((part for part in ("m5stickv", "amigo") if name.startswith(part)), "")
        if only_board and only_board not in (firmware.machine + firmware.banner).lower():
            continue
        threads, maixpy = "_thread" in firmware.modules, firmware.api == "maixpy"
        if (
            row[flavours.API] != firmware.api
            or (firmware.v4 is not None and firmware.v4 != row[flavours.V4])
            or (closely and maixpy and threads != row[flavours.THREADS])
            or (closely and firmware.ide is not None and maixpy and firmware.ide != row[flavours.IDE])
            or (name == "with_lvgl") != ("lvgl" in firmware.modules)
            or ("speech" in name) != ("speech_recognizer" in firmware.modules)
        ):
            continue
        # The banner is printed before the prompt appears, when more memory is free.
        usual = row[flavours.FREE_KIB if firmware.free_at_start is None else flavours.BANNER_KIB]
        # The Python heap is part of the same memory, so a smaller one leaves more for models.
        usual += row[flavours.GC_KIB] - (row[flavours.GC_KIB] if firmware.gc_heap is None else firmware.gc_heap // 1024)
        if free is not None and free > usual + SLACK_KIB:
            continue
        by_difference.append((abs(usual - free) if free is not None else 0, name))
    return [name for _, name in sorted(by_difference, key=lambda row: row[0])]


def judge(firmware: Firmware, port: str) -> SubjectReport:
    """Return facts and findings about the firmware."""
    report = SubjectReport()
    name = {"maixpy": "MaixPy", "canmv": "CanMV"}[firmware.api]
    report.fact("firmware", tr("firmware"), " ".join(part for part in (name, firmware.banner) if part))
    if firmware.machine:
        report.fact("machine", tr("machine"), firmware.machine)
    flavours = guess(firmware)
    if flavours:
        report.fact("flavour", tr("flavour, a guess"), ", ".join(flavours))
    kmodel_versions = {True: tr("3 and 4"), False: tr("3"), None: tr("3; 4 is unknown")}[firmware.v4]
    report.fact("kmodel", tr("kmodel versions"), kmodel_versions)
    if firmware.gc_heap is not None:
        report.fact("python_heap", tr("Python heap"), amount(firmware.gc_heap))
    if firmware.system_free is not None:
        report.fact("system_heap", tr("system heap free now"), amount(firmware.system_free))
    if firmware.free_at_start is not None:
        report.fact("system_heap_at_start", tr("system heap free at start"), amount(firmware.free_at_start))
    version = firmware.version
    # Without a version it is unknown what the firmware lacks, so the missing version is the finding.
    if version is None:
        report.findings.append(finding("B635", found=firmware.banner, port=port))
    elif firmware.api == "maixpy":
        report.findings.extend(_lacking(firmware.banner, version))
        images = table()
        if firmware.v4 and images.lacks(version, (images.FORWARD_V4,)):
            report.findings.append(finding("B638", found=firmware.banner, wanted=tr("v0.6.2 or later")))
    # `is False`, because None means unknown.
    if firmware.v4 is False:
        report.findings.append(finding("B631"))
    # An unusual Python heap is a finding: somebody has changed it, so models or programs may run out of memory.
    images = table()
    usual = next((row[images.GC_KIB] for row in images.newest() if row[images.API] == firmware.api), 512)
    if firmware.gc_heap is not None and firmware.gc_heap // 1024 != usual:
        code = "B632" if firmware.gc_heap // 1024 < usual else "B633"
        report.findings.append(finding(code, found=amount(firmware.gc_heap), wanted=amount(usual * 1024)))
    # `free` is the figure at the restart, if known: memory that programs took later is not the firmware's fault.
    if firmware.free is not None and firmware.free < SMALL_KIB * 1024:
        report.findings.append(finding("B634", found=amount(firmware.free)))
    return report


def _lacking(banner: str, version: tuple[int, int, int, int]) -> Iterator[Finding]:
    """Yield findings about the functions that this version lacks, except those for panels with a type of their own."""
    flavours = table()
    needed_version = tr("v0.6.2-78 or later")
    missing = flavours.lacks(version, flavours.NEEDED)
    # If the firmware does not start main.py, it does not matter what else it lacks.
    if flavours.STARTS_MAIN in missing:
        yield finding("B630", found=banner, wanted=needed_version)
    elif missing:
        yield finding("B636", found=f"{banner}: {', '.join(missing)}", wanted=needed_version)
    optional = flavours.lacks(version, flavours.WISHED)
    if optional:
        yield finding("B637", found=f"{banner}: {', '.join(optional)}", wanted=needed_version)
