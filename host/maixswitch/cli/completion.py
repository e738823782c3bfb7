"""What the shell completes behind options and arguments; typer asks for it when the user presses Tab.

A function gets the beginning of the word and returns all words that begin so. It never fails: a wrong card or table has
nothing to complete, and the command itself says what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Iterable

import typer

from maixswitch.errors import MaixSwitchError


def boards(incomplete: str) -> list[str]:
    """Return the names of boards."""
    from maixswitch import board_code

    return _beginning(incomplete, board_code.boards().names())


def firmwares(incomplete: str) -> list[str]:
    """Return the flavours of the firmware."""
    from maixswitch.kmodel.judge.firmware import firmwares as rows

    return _beginning(incomplete, (row.flavour for row in rows()))


def kinds(incomplete: str) -> list[str]:
    """Return the kinds of models."""
    from maixswitch import board_code

    return _beginning(incomplete, board_code.kinds())


def codes(incomplete: str) -> list[str]:
    """Return the codes of findings and of the panel."""
    from maixswitch import board_code
    from maixswitch.findings.table import rules

    return _beginning(incomplete, [*rules(), *map(str, board_code.error_codes())])


def models(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return the folders of the models on the card that the line names before."""
    from maixswitch.card.folders import existing

    card = ctx.params.get("card")
    try:
        return _beginning(incomplete, (folder for folder, _ in existing(card))) if card else []
    except (MaixSwitchError, OSError):
        return []


def _beginning(incomplete: str, words: Iterable[str]) -> list[str]:
    return [word for word in words if word.startswith(incomplete)]
