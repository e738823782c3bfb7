"""`maixswitch remove`: delete a model from a card."""

from __future__ import annotations

from typing import Annotated

import typer

from maixswitch import console
from maixswitch.cli import completion
from maixswitch.cli.parameters import CardFolder
from maixswitch.language import tr


def remove(
    card: CardFolder,
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL", autocompletion=completion.models, help="Folder or title of the model.", show_default=False
        ),
    ],
) -> None:
    """Delete one model's folder from a card."""
    from maixswitch.card import folders, ordering

    folder = ordering.find(folders.existing(card), model)
    folders.remove(card, folder)
    console.say(tr("removed models/{folder}", folder=folder))
