"""`maixswitch firmware`: tell what a firmware image is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maixswitch import console
from maixswitch.cli.parameters import Json


def firmware(
    image: Annotated[
        Path, typer.Argument(metavar="IMAGE", help="A firmware for the board, .bin or .kfpkg.", show_default=False)
    ],
    json: Json = False,
) -> None:
    """Tell what a firmware image is: version, flavour, features, modules, and the room that it leaves for a model.

    Everything is read from the file; nothing runs. Of a .kfpkg, the other parts are listed as well. The same file may
    stand behind --firmware of other commands.
    """
    from maixswitch.k210.contents.report import describe, text
    from maixswitch.k210.image import read_image

    document = describe(read_image(image))
    if json:
        console.emit(document)
    else:
        console.show(text(document))
