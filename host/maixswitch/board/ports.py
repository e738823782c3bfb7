"""The serial ports of this PC, and which of them are boards, judged by their USB chips. No port is opened."""

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
"""USB vendor ids of the chips on K210 boards, as in kflash."""

NAMES = {(0x0403, 0x6010): "FT2232", (0x0403, 0x6001): "FT232", (0x1A86, 0x55D4): "CH9102"}
KINDS = {"FT2232": "goE", "CH340": "dan"}
"""A guess of how DTR and RTS are wired; only a try can confirm it.

An FT2232 has two ports: boards of kind goE listen on the second, the trainer on the first."""
FIRST_OF_TWO = ("trainer",)


@dataclass(frozen=True)
class Port:
    """A serial port.

    device: the name to open.
    chip: the USB chip, "" for one that K210 boards do not have.
    kind_guess: the wiring of DTR and RTS, for `maixswitch reset`; "" if unknown.
    serial: the chip's serial number.
    location: the USB socket, as the system names it; "" if unknown.
    """

    device: str
    chip: str
    kind_guess: str
    serial: str
    description: str
    location: str = ""

    @property
    def known(self) -> bool:
        """Is its chip one that K210 boards have?"""
        return bool(self.chip)


def ports() -> list[Port]:
    """Return every USB serial port, sorted by name."""
    from serial.tools import list_ports

    return sort(list_ports.comports())


def sort(devices: Iterable[Any]) -> list[Port]:
    """Return the USB ports of what pyserial lists (device, vid, pid, serial_number, description), sorted by name."""
    usb_ports = []
    for item in sorted(devices, key=lambda item: _natural(item.device)):
        # A port without a USB id is built into the PC or a Bluetooth port, never a board.
        if item.vid is None:
            continue
        chip = NAMES.get((item.vid, item.pid), CHIPS.get(item.vid, ""))
        serial, location = item.serial_number or "", getattr(item, "location", None) or ""
        usb_ports.append(Port(item.device, chip, KINDS.get(chip, ""), serial, item.description or "", location))
    return usb_ports


def boards(usb_ports: Iterable[Port], kind: str = "") -> list[Port]:
    """Return one port per board, sorted by name.

    kind: decides which of the two ports of an FT2232 counts: the first for FIRST_OF_TWO, otherwise the second.
    """
    chosen: list[Port] = []
    pairs: dict[str, list[Port]] = {}
    for port in usb_ports:
        # The two ports share a serial number, to which Windows appends A and B. Chips without a number are grouped by
        # the names of their ports.
        if port.chip == "FT2232":
            pairs.setdefault(port.serial.rstrip("AB") or _stem(port.device), []).append(port)
        elif port.known and not any(_same_chip(port, other) for other in chosen):
            chosen.append(port)
    for pair in pairs.values():
        # Several boards can have the same number or none. The ports of a board follow each other, so take them in twos.
        for at in range(0, len(pair), 2):
            two = pair[at : at + 2]
            chosen.append(two[0] if kind in FIRST_OF_TWO else two[-1])
    return sorted(chosen, key=lambda port: _natural(port.device))


def _same_chip(port: Port, other: Port) -> bool:
    """Are these two names of one chip? macOS lists a CH340 under the names of Apple's and of the maker's driver."""
    # Two chips cannot be in one socket. Only an FT2232 has two ports, and `boards` treats it separately.
    return bool(port.location) and (port.chip, port.serial, port.location) == (other.chip, other.serial, other.location)


def all_boards(kind: str = "") -> list[Port]:
    """Return the port of every attached board, sorted by name."""
    return boards(ports(), kind)


def choose(port: str = "", kind: str = "") -> str:
    """Return the port to open: `port` itself, or that of the only board.

    Raises BoardError B600 without a board, B601 if `port` does not exist, B602 for several boards.
    """
    if port:
        # COM ports and pyserial's URLs are not paths; only opening them shows whether they exist.
        if sys.platform != "win32" and "://" not in port and not Path(port).exists():
            raise BoardError("B601", port=port, found=_listed(all_boards(kind)))
        return port
    candidates = all_boards(kind)
    if not candidates:
        raise BoardError("B600")
    if len(candidates) > 1:
        raise BoardError("B602", found=_listed(candidates))
    return candidates[0].device


def usable(device: str) -> bool:
    """May this user open the port? Always True on Windows, where only opening it can tell."""
    return sys.platform == "win32" or os.access(device, os.R_OK | os.W_OK)


def _listed(usb_ports: Iterable[Port]) -> str:
    return ", ".join(port.device for port in usb_ports)


def _natural(device: str) -> tuple[str, int, str]:
    """Return a key that sorts ttyUSB2 before ttyUSB10."""
    stem = _stem(device)
    digits = device[len(stem) :]
    return stem, int(digits) if digits else -1, device


def _stem(device: str) -> str:
    return device.rstrip("0123456789")
