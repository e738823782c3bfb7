"""Rules about maixswitch.json, as the board's own reader judges it."""

from __future__ import annotations

from collections.abc import Iterator

from maixswitch.card.options import Options
from maixswitch.card.reading import BROKEN, Card
from maixswitch.findings.finding import Finding, finding
from maixswitch.sim.card import SETTINGS


def look(card: Card, options: Options) -> Iterator[Finding]:
    """Yield a finding for every problem that the board would show."""
    if card.settings is None:
        return
    wrong = card.json_mistake(SETTINGS)
    for file, field, value, expected in card.settings.problems:
        found = str(wrong) if wrong is not None and not field and value in BROKEN else value
        yield finding(code(field, value), file, field, found, expected)
    if wrong is not None and all(field for _, field, _, _ in card.settings.problems):
        yield finding("C484", SETTINGS, found=wrong)


def code(field: str, value: str) -> str:
    """Return the code for a problem of device/once/settings.py."""
    if not field:
        return "C480"
    if value == "unknown":
        return "C481"
    return "C483" if field == "board" else "C482"
