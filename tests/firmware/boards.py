"""The firmware images of the folder that MAIXSWITCH_FIRMWARE names, and virtual boards that run them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import flavours
from maixswitch.board.virtual import VirtualBoard
from maixswitch.k210.contents.facts import facts
from maixswitch.k210.contents.flavour import usual_board
from maixswitch.k210.image import read_image
from tests.host.board.virtual_helpers import Talk

VARIABLE = "MAIXSWITCH_FIRMWARE"
FOLDER = Path(os.environ.get(VARIABLE) or "/nowhere")
ALL = sorted((*FOLDER.glob("*.bin"), *FOLDER.glob("*.kfpkg")))
"""Every image of the folder, whatever it holds."""
FACTS = {image: facts(read_image(image).code) for image in ALL}
LICENCE_TEXT = b":HID="
"""In images that restart the chip before the prompt until the flash holds a licence for this very chip."""


def needs_licence(image: Path) -> bool:
    """Returns whether an image comes to its prompt only on a chip that its maker unlocked."""
    return LICENCE_TEXT in read_image(image).code


def runs_the_app(image: Path) -> bool:
    """Returns whether an image comes to a prompt and has what the app needs."""
    item = FACTS[image]
    return bool(item.api) and not set(item.lacking or ()) & set(flavours.NEEDED) and not needs_licence(image)


IMAGES = [image for image in ALL if runs_the_app(image)]
"""The images that the app and its tools can be tried on."""


def board_name(image: Path) -> str:
    """Returns the board for an image."""
    return usual_board(FACTS[image])


def with_each(images: list[Path]) -> pytest.MarkDecorator:
    """Runs a test with each of these images, or skips it and says why."""
    reason = f"no firmware image: set {VARIABLE} to a folder of firmware images"
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
