"""`maixswitch new`: make a card."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maixswitch import console
from maixswitch.cli.editor import tell_set_up
from maixswitch.cli.parameters import Mpy
from maixswitch.language import tr


def new(
    card: Annotated[Path, typer.Argument(metavar="CARD", help="Folder of the card; created if it is missing.")],
    mpy: Mpy = False,
    empty: Annotated[bool, typer.Option("--empty", help="Leave out the sample models.")] = False,
    editor: Annotated[bool, typer.Option("--editor", help="Set the card up for editors (maixswitch editor).")] = False,
) -> None:
    """Make a card: the app, sample models and a README.txt.

    The sample models recognise shapes, digits and colours, and learn drawings at a double press of the key. There is
    none for faces: the project has no photos of faces to train one with. The command overwrites nothing: it keeps
    models/ and README.txt if they exist, and it refuses a folder that holds a part of the app.
    """
    from maixswitch.card import folders
    from maixswitch.card.glyphs.renewing import renew
    from maixswitch.card.new import create

    names = ", ".join(sorted(create(card, mpy, empty)))
    models = ", ".join(title for _, title in folders.existing(card))
    if models:
        text = tr(
            "{card}: {names}; models: {models}. Next: maixswitch sim {card}", card=card, names=names, models=models
        )
    else:
        text = tr("{card}: {names}. Next: maixswitch import EXPORT --card {card}", card=card, names=names)
    console.say(text)
    # The settings that the folder may hold already can ask for Chinese messages.
    for line in renew(card).lines(card):
        console.say(line)
    if editor:
        tell_set_up(card)
