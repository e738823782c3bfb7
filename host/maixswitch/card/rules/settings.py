"""maixswitch.json, as the board's own reader judges it."""

from __future__ import annotations

from collections.abc import Iterator

from maixswitch.card.options import Options
from maixswitch.card.reading import Card
from maixswitch.findings.finding import Finding, finding


def look(card: Card, options: Options) -> Iterator[Finding]:
    """Every problem that the board would show, by its kind."""
    if card.settings is None:
        return
    for file, field, found, wanted in card.settings.problems:
        yield finding(code(field, found), file, field, found, wanted)


def code(field: str, found: str) -> str:
    """The code of a problem of device/once/settings.py."""
    if not field:
        return "C480"
    if found == "unknown":
        return "C481"
    return "C483" if field == "board" else "C482"
