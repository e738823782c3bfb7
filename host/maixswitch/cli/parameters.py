"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maixswitch.cli import completion
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr

CardFolder = Annotated[Path, typer.Argument(metavar="CARD", help="Folder of the card.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, and nothing else.")]
Mpy = Annotated[
    bool, typer.Option("--mpy", help="Compile device/ with mpy-cross 1.11: it starts faster and needs less heap.")
]
Board = Annotated[
    str,
    typer.Option(
        metavar="BOARD",
        autocompletion=completion.boards,
        help="Board, such as cube; default: what the card's settings say.",
    ),
]
Firmware = Annotated[
    str,
    typer.Option(
        metavar="NAME|FILE",
        autocompletion=completion.firmwares,
        help="Flavour, or an image to run (.bin, .kfpkg); default: what suits the board.",
    ),
]
Camera = Annotated[Path | None, typer.Option(help="Photo, animation, or folder of photos; default: a drawn scene.")]
Fit = Annotated[
    str, typer.Option(metavar="stretch|cover|contain", help="How a photo fills the frame: stretch, cover or contain.")
]
FlashContents = Annotated[
    list[str] | None,
    typer.Option("--flash", metavar="ADDRESS=FILE", help="A file in the flash chip, or a .kfpkg; may be repeated."),
]


def numbers(option: str, text: str) -> tuple[float, ...]:
    """Return the numbers of an option, separated by commas. Raises MaixSwitchError (usage) for another text."""
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        message = tr("{option} {text}: expected one number, or one per channel with commas", option=option, text=text)
        raise MaixSwitchError(message, EXIT_USAGE) from error
