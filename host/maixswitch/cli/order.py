"""`maixswitch order`: change the order of a card's models."""

from __future__ import annotations

from typing import Annotated

import typer

from maixswitch import console
from maixswitch.cli import completion
from maixswitch.cli.parameters import CardFolder, Json
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr


def order(
    card: CardFolder,
    models: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[MODEL]...", autocompletion=completion.models, help="Folders or titles, the first ones first."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Change the order of a card's models, by renumbering the names of their folders.

    Models that you do not name follow in their present order. Without MODEL, the command only shows the order.
    """
    from maixswitch.card import folders, ordering
    from maixswitch.card.reading import MODELS

    present = folders.existing(card)
    folder_names = [folder for folder, _ in present]
    renamed: list[tuple[str, str]] = []
    if models:
        first = [ordering.find(present, model) for model in models]
        for folder in first:
            if first.count(folder) > 1:
                raise MaixSwitchError(tr("{name} is named twice", name=folder), EXIT_USAGE)
        # Models that are not named keep their order behind the named ones.
        ordered = [*first, *(folder for folder in folder_names if folder not in first)]
        renamed = ordering.rename(card / MODELS, ordering.renumbered(ordered))
        # Read again, because the folders have other names now.
        present = folders.existing(card)
    if json:
        rows = [{"position": at, "folder": folder, "title": title} for at, (folder, title) in enumerate(present, 1)]
        pairs = [list(pair) for pair in renamed]
        console.emit({"schema": 1, "command": "order", "card": str(card), "models": rows, "renamed": pairs})
        return
    for old, now in renamed:
        console.say(tr("renamed {old} to {new}", old=old, new=now))
    for at, (folder, title) in enumerate(present, 1):
        console.show(f"{at}  {folder}  {title}")
