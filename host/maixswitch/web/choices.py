"""The boards and firmwares that a page may choose in place of the present ones."""

from __future__ import annotations

from typing import Any

from maixswitch import board_code
from maixswitch.k210.board_firmware import usual
from maixswitch.k210.choice import image_path
from maixswitch.sim.app_board import AppBoard


def choices(sim: AppBoard) -> dict[str, Any]:
    """Return {"boards": ids, "firmwares": names of flavours, "usual": the board's own}, empty lists for no choice.

    There is none while a script runs, which is written for its board, or a firmware image, which is what the user wants
    to see. All flavours and boards are of the present interface: the process has imported the fakes of just one.
    """
    if sim.runs_script or image_path(sim.flavour) is not None:
        return {"boards": [], "firmwares": [], "usual": ""}
    flavours = board_code.flavours()
    interface = flavours.find(sim.flavour)[flavours.API]
    firmwares = [row[flavours.NAME] for row in flavours.newest() if row[flavours.API] == interface]
    boards = [name for name in board_code.boards().names() if flavours.find(usual(name))[flavours.API] == interface]
    return {"boards": boards, "firmwares": firmwares, "usual": usual(sim.board)}
