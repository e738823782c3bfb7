"""The firmware images of the folder that MAIXSWITCH_FIRMWARE names, and virtual boards that run them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from maixswitch.board.virtual import VirtualBoard
from tests.host.board.virtual_helpers import Talk

VARIABLE = "MAIXSWITCH_FIRMWARE"
FOLDER = Path(os.environ.get(VARIABLE) or "/nowhere")
IMAGES = sorted(FOLDER.glob("*.bin"))
BOARDS = (("m5stickv", "m5stickv"), ("amigo", "amigo_tft"), ("canmv", "canmv_k210_01studio"))
"""Part of an image's name -> the board that it is made for; all others are for the usual ones."""


def board_name(image: Path) -> str:
    """Returns the board for an image."""
    return next((board for part, board in BOARDS if part in image.name), "bit")


def with_each(images: list[Path]) -> pytest.MarkDecorator:
    """Runs a test with each of these images, or skips it and says why."""
    reason = f"no firmware image: set {VARIABLE} to a folder with .bin files"
    rows = [pytest.param(image, id=image.stem) for image in images]
    rows = rows or [pytest.param(None, id="no-image", marks=pytest.mark.skip(reason=reason))]
    return pytest.mark.parametrize("image", rows)


def real_board(image: Path, card: Path) -> VirtualBoard:
    """Returns a board with an image, ready for `with`."""
    return VirtualBoard(card, image=image, board=board_name(image))


def smallest() -> list[Path]:
    """Returns the smallest image, for tests that take minutes."""
    return sorted(IMAGES, key=lambda image: image.stat().st_size)[:1]


def at_prompt(board: VirtualBoard) -> None:
    """Waits until the REPL answers, whatever the card's program does."""
    with Talk(board) as talk:
        talk.raw()
        talk.port.write(b"\x02")
        talk.until(b">>> ")
