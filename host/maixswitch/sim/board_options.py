"""What a board with card and camera is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from maixswitch import board_code
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.language import meant, tr
from maixswitch.link.pseudo_terminal import Port


@dataclass
class BoardOptions:
    """The options of one board.

    card: the folder that stands for the card.
    board: id of the board; "" for the one in the card's settings.
    flavour: a value of `--firmware`: a flavour, "" for the one that the board most likely has, or the path of an image.
    camera: a picture, or a folder of pictures; None for the drawn scene.
    fit: how a picture is fitted to the camera's frame, see camera.FITS.
    rounding: how the emulated KPU rounds; an image computes by itself.
    write_back: whether what the app writes reaches the folder.
    flash: contents of the flash chip beside the firmware, by address.
    serial: a serial port of this PC for the UART that the card's settings give to the link, None for none.
    scripted: whether bench.kpu.boxes and .scores are the answers, in place of emulated networks.
    """

    card: Path
    board: str = ""
    flavour: str = ""
    camera: Path | None = None
    fit: str = "stretch"
    rounding: str = "v0.2"
    write_back: bool = False
    scripted: bool = False
    flash: Mapping[int, bytes] = field(default_factory=dict)
    serial: Port | None = None


def check_board(name: str) -> None:
    """Raise MaixSwitchError (usage), which lists the known boards, for one that is not in device/once/boards.py."""
    boards = board_code.boards()
    try:
        boards.find(name)
    except ValueError as error:
        known = " ".join(boards.names())
        message = tr("--board: no board {name}; known: {known}", name=name, known=known)
        raise MaixSwitchError(message + meant(name, boards.names()), EXIT_USAGE) from error
