"""`maixswitch ls`: list a card's models."""

from __future__ import annotations

from maixswitch import console
from maixswitch.cli.parameters import CardFolder, Json
from maixswitch.language import tr


def ls(card: CardFolder, json: Json = False) -> None:
    """List a card's models in the button's order: title, kind, size, and how many firmwares it fits."""
    from maixswitch.card import folders, inventory

    folders.existing(card)
    rows = inventory.rows(card)
    if json:
        console.emit({"schema": 1, "command": "ls", "card": str(card), "models": rows})
    elif rows:
        print("\n".join(inventory.table(rows)))
    else:
        console.say(tr("{card}: no models yet. Next: maixswitch import EXPORT --card {card}", card=card))
