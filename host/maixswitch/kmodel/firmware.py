"""The board's firmware flavours as typed rows, from the very table and formulas that the fakes use.

The table is loaded by its path, so that asking for it puts none of the fakes' names (`image`, `machine` ...) on
sys.path.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from functools import cache
from types import ModuleType

from maixswitch.language import tr

from ..errors import EXIT_USAGE, MaixSwitchError
from ..resources import board_root
from .runtimes import CANMV, MAIXPY

RUNTIME_OF = {"maixpy": MAIXPY.name, "canmv": CANMV.name}
"""The runtime that each of the firmwares' two Python interfaces comes with."""


@dataclass(frozen=True)
class Firmware:
    """One image that a board can run.

    ``free_kib``: system heap that is free after boot with a Python heap of ``gc_kib``, before camera and LCD;
    ``source`` says where that figure comes from. ``v4``: does it run kmodel v4? ``api``: "maixpy" or "canmv".
    """

    name: str
    v4: bool
    free_kib: int
    gc_kib: int
    threads: bool
    ide: bool
    api: str
    source: str

    @property
    def doubles(self) -> bool:
        """Was it built with the camera's second buffer? Without, asking for one changes nothing."""
        return bool(table().doubles(self.name))

    @property
    def runtime(self) -> str:
        """Whose arithmetic its models follow: a name of ``runtimes.RUNTIMES``."""
        return RUNTIME_OF[self.api]

    def free_bytes(self, gc_kib: int | None = None) -> int:
        """System heap after boot with a Python heap of that many KiB; the two share one memory."""
        smaller = 0 if gc_kib is None else self.gc_kib - gc_kib
        return (self.free_kib + smaller) * 1024


@cache
def table() -> ModuleType:
    """The module `flavours` of the board's side; MaixSwitchError when the installation lacks it."""
    path = board_root() / "stubs" / "flavours.py"
    spec = importlib.util.spec_from_file_location("maixswitch._flavours", path)
    if spec is None or spec.loader is None:
        raise MaixSwitchError(tr("cannot load {path}; install maixswitch again", path=path))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def firmwares() -> tuple[Firmware, ...]:
    """Every flavour, in the order of the table."""
    return tuple(Firmware(*row) for row in table().FLAVOURS)


def find(name: str) -> Firmware:
    """The flavour of that name; MaixSwitchError (usage) lists the known ones."""
    for firmware in firmwares():
        if firmware.name == name:
            return firmware
    known = ", ".join(firmware.name for firmware in firmwares())
    raise MaixSwitchError(tr("no firmware {name!r}; there are {known}", name=name, known=known), EXIT_USAGE)


def need_parts(version: int, file_size: int, main_memory: int) -> dict[str, int]:
    """System heap that kpu.load takes for a file of that size, block by block: name -> bytes."""
    return dict(table().need_parts(version, file_size, main_memory))


def region_bytes(width: int, height: int, anchors: int, classes: int) -> int:
    """System heap that one run_yolo2 on a grid of width x height cells takes for its time."""
    return int(table().region_bytes(width, height, anchors, classes))


def camera_bytes(width: int, height: int, dual: bool = False) -> int:
    """System heap that sensor.set_framesize takes; ``dual``: two buffers."""
    return int(table().camera_bytes(width, height, dual))


def lcd_bytes(width: int, height: int) -> int:
    """System heap that lcd.init keeps."""
    return int(table().lcd_bytes(width, height))


def file_limit() -> int:
    """The largest file that kpu.load takes, in bytes."""
    return int(table().MODEL_LIMIT)
