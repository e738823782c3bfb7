"""Serial ports of this computer, and which of them are boards; judged by the USB chip, nothing is opened."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maixswitch.board.failures import BoardError

CHIPS = {
    0x1A86: "CH340",
    0x0403: "FTDI",
    0x067B: "PL2303",
    0x10C4: "CP210x",
    0xC251: "DAPLink",
}
"""USB vendor ids of the chips on K210 boards, as kflash looks for them."""

NAMES = {(0x0403, 0x6010): "FT2232", (0x0403, 0x6001): "FT232", (0x1A86, 0x55D4): "CH9102"}
KINDS = {"FT2232": "goE", "CH340": "dan"}
"""A guess at how DTR and RTS are wired; the truth can only be tried. FT2232: boards of kind goE listen at the second of
its two ports, the trainer at the first."""
FIRST_OF_TWO = ("trainer",)


@dataclass(frozen=True)
class Port:
    """A serial port. ``device``: what to open; ``chip``: "" for none that boards have; ``kind_guess``: for `reset`."""

    device: str
    chip: str
    kind_guess: str
    serial: str
    description: str

    @property
    def known(self) -> bool:
        """Has it a chip that Maix boards have?"""
        return bool(self.chip)


def ports() -> list[Port]:
    """Every USB serial port, sorted by name; those of other chips have chip ""."""
    from serial.tools import list_ports

    return sort(list_ports.comports())


def sort(found: Iterable[Any]) -> list[Port]:
    """Ports from what pyserial lists (device, vid, pid, serial_number, description); those without USB are left out."""
    made = []
    for item in sorted(found, key=lambda item: _natural(item.device)):
        if item.vid is None:
            continue
        chip = NAMES.get((item.vid, item.pid), CHIPS.get(item.vid, ""))
        made.append(Port(item.device, chip, KINDS.get(chip, ""), item.serial_number or "", item.description or ""))
    return made


def boards(found: Iterable[Port], kind: str = "") -> list[Port]:
    """One port a board: of an FT2232's two the second, or the first for the kinds of FIRST_OF_TWO."""
    made: list[Port] = []
    pairs: dict[str, list[Port]] = {}
    for port in found:
        if port.chip == "FT2232":
            pairs.setdefault(port.serial.rstrip("AB") or _stem(port.device), []).append(port)
        elif port.known:
            made.append(port)
    for pair in pairs.values():
        for at in range(0, len(pair), 2):
            two = pair[at : at + 2]
            made.append(two[0] if kind in FIRST_OF_TWO else two[-1])
    return sorted(made, key=lambda port: _natural(port.device))


def all_boards(kind: str = "") -> list[Port]:
    """The port of every attached board, sorted by name; empty when there is none."""
    return boards(ports(), kind)


def choose(port: str = "", kind: str = "") -> str:
    """The port to open: the given one, else that of the only board.

    BoardError: B600 no board, B601 the given port is not there, B602 several boards.
    """
    if port:
        if sys.platform != "win32" and "://" not in port and not Path(port).exists():
            raise BoardError("B601", port=port, found=_listed(all_boards(kind)))
        return port
    found = all_boards(kind)
    if not found:
        raise BoardError("B600")
    if len(found) > 1:
        raise BoardError("B602", found=_listed(found))
    return found[0].device


def usable(device: str) -> bool:
    """May this user open the port? True where only trying tells (Windows)."""
    return sys.platform == "win32" or os.access(device, os.R_OK | os.W_OK)


def _listed(found: Iterable[Port]) -> str:
    return ", ".join(port.device for port in found)


def _natural(device: str) -> tuple[str, int, str]:
    """ttyUSB2 before ttyUSB10."""
    stem = _stem(device)
    digits = device[len(stem) :]
    return stem, int(digits) if digits else -1, device


def _stem(device: str) -> str:
    return device.rstrip("0123456789")
