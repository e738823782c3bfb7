"""`maixswitch editor`: completion and type checks for scripts on a card."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maixswitch import console
from maixswitch.language import tr


def editor(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A card, or another folder with scripts.")],
) -> None:
    """Set up a folder for editors: they then complete and check the names of MaixPy.

    The command writes type stubs of all modules of MaixPy into .typings/, and pyrightconfig.json, which VS Code with
    Pylance, pyright, basedpyright and editors that use them read. The board needs neither, so sync does not send them.
    """
    tell_set_up(folder)


def tell_set_up(folder: Path) -> None:
    """Set up a folder for editors, and say what the user may have to do."""
    from maixswitch.card import editor as card_editor

    if card_editor.set_up(folder):
        text = tr("{folder}: stubs of MaixPy in .typings/. Next: open {folder} in VS Code with Pylance", folder=folder)
    else:
        text = tr(
            "{folder}: stubs of MaixPy in .typings/; your pyrightconfig.json stays. Give it these lines:\n{lines}",
            folder=folder,
            lines=card_editor.config_text().decode().strip(),
        )
    console.say(text)
