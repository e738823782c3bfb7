"""Which firmwares suit a board: the one place that decides it for every command that was not told a firmware."""

from __future__ import annotations

from maixswitch.board_code import boards, flavours
from maixswitch.device_types import Board
from maixswitch.kmodel.judge.firmware import POWER_CHIPS, firmwares

OWN_FIRMWARE = {
    "m5stickv": ("m5stickv",),
    "unitv": ("m5stickv",),
    "amigo_tft": ("amigo_tft", "amigo_minimum"),
    "amigo_ips": ("amigo_ips", "amigo_minimum"),
    "canmv_k210_01studio": ("canmv", "canmv_lite", "canmv_new"),
    "dnk210": ("canmv", "canmv_lite", "canmv_new"),
}
"""The flavours of boards that need their own image, the usual one first. No other starts their power chip, or exists
for them."""
OWN = frozenset(name for names in OWN_FIRMWARE.values() for name in names)


def suitable(board: str) -> tuple[str, ...]:
    """Return the names of the flavours that suit a board, "" for a board that is not known."""
    return OWN_FIRMWARE.get(board) or tuple(item.name for item in firmwares() if item.name not in OWN)


def usual(board: str) -> str:
    """Return the name of the flavour that a board most likely has; board "": the default flavour."""
    own = OWN_FIRMWARE.get(board)
    return own[0] if own else flavours().DEFAULT


def unpowered(board: Board, power_chip: str) -> str:
    """Return the power chip of a board that a firmware does not set up, "" if it sets it up or there is none.

    power_chip: what the firmware sets up, "" for none.
    """
    chip = board.needs_pmu
    return chip if chip and chip != power_chip else ""


def dark(board: str, power_chip: str) -> tuple[str, str]:
    """Return the power chip of a board that a firmware does not set up, and the flavours that do; ("", "") for none.

    board: its id. power_chip: what the firmware sets up, "" for none.
    """
    row = boards().find(board)
    chip = unpowered(row, power_chip)
    return (chip, ", ".join(powering(row))) if chip else ("", "")


def powering(board: Board) -> tuple[str, ...]:
    """Return the names of the flavours that set up the power chip of a board, those for this board first."""
    names = [name for name, chip in POWER_CHIPS.items() if chip == board.needs_pmu]
    own = [name for name in OWN_FIRMWARE.get(board.id, ()) if name in names]
    return tuple(own or names)
