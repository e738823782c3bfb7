"""`maixswitch build`: write the app's part of a card."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maixswitch import console
from maixswitch.cli.parameters import Mpy
from maixswitch.language import tr


def build(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write into; created if it is missing.")],
    mpy: Mpy = False,
) -> None:
    """Write the app's part of a card: boot.py, main.py and device/.

    Old .py and .mpy files in DIR/device are deleted. Models and settings in DIR stay as they are.
    For titles and labels with other letters than ASCII, the command writes their glyphs into maixswitch.fnt.
    """
    from maixswitch.card import build as app
    from maixswitch.card.glyphs.renewing import renew

    result = app.build(folder, mpy)
    count, removed = len(result.files), len(result.removed)
    if removed:
        text = tr(
            "{folder}: {files} files, {size} bytes, {removed} old files removed",
            folder=folder,
            files=count,
            size=result.size,
            removed=removed,
        )
    else:
        text = tr("{folder}: {files} files, {size} bytes", folder=folder, files=count, size=result.size)
    console.say(text)
    for line in renew(folder).lines(folder):
        console.say(line)
