"""`maixswitch ls`: list a card's models."""

from __future__ import annotations

from typing import Annotated

import typer

from maixswitch import console
from maixswitch.cli import completion
from maixswitch.cli.parameters import Board, CardFolder, Json
from maixswitch.language import tr


def ls(
    card: CardFolder,
    board: Board = "",
    firmware: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME|FILE",
            autocompletion=completion.firmwares,
            help="Flavour or image file; may be repeated. Default: all flavours that suit the board.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """List a card's models in the button's order: title, kind, size, and how many firmwares it fits."""
    from maixswitch.card import folders, inventory
    from maixswitch.card.options import Options
    from maixswitch.sim.card import board_of_card

    folders.existing(card)
    options = Options(board or board_of_card(card), tuple(firmware or ()))
    options.check()
    rows = inventory.rows(card, options)
    if json:
        console.emit({"schema": 1, "command": "ls", "card": str(card), "models": rows})
    elif rows:
        console.show("\n".join(inventory.table(rows, options)))
    else:
        console.say(tr("{card}: no models yet. Next: maixswitch import EXPORT --card {card}", card=card))
