"""The commands of the protocol json: what each one and its fields mean. What they take is the board's own table.

The table is COMMANDS in device/link_commands.py; docs/serial.md is generated from both, and a test keeps them equal.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

MEANINGS: Mapping[str, str] = {
    "models": "List the models of the card: the answer has their number, and a `model` message for each follows.",
    "select": "Select a model by its position or its title. It is loaded as after a press of the key.",
    "next": "Select the next model, as the key does.",
    "previous": "Select the previous model.",
    "reload": "Read the card again, then load the selected model.",
    "tune": "Change threshold or nms of the running model, which is loaded anew with them.",
    "results": "Send the results of the next frame.",
    "subscribe": "Send results at this rate from now on.",
    "snapshot": "Save the next picture on the card, in `photos`; the answer comes afterwards.",
    "status": "Send the status now.",
}
FIELDS: Mapping[str, str] = {
    "select.index": "position of the model, from 0",
    "select.title": "its title, in place of the position",
    "tune.threshold": "score that a result needs, 0 to 1; for kinds that have one",
    "tune.nms": "overlap above which the weaker of two boxes goes, 0 to 1; for kinds that have one",
    "tune.keep": "keep them on the card; they count until model.json changes",
    "subscribe.rate": "results a second, 0 to 30; 0: only those that are asked for; default: 5",
    "snapshot.screen": "true: with what the app draws on it; default: false, the camera's picture",
}
TYPES = {"text": "text", "flag": "true or false"}


def commands(rows: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return the board's table as command -> field -> rule ("0..9", "0.0..1.0", "text" or "flag").

    rows: those of board_code.command_rows().
    """
    table = {}
    for line in rows:
        name, *fields = line.split(" ")
        table[name] = dict(field.split("=") for field in fields)
    return table


def kind(rule: str) -> str:
    """Return a rule in words, for the document."""
    low, dots, high = rule.partition("..")
    if not dots:
        return TYPES[rule]
    return f"number, {float(low):g} to {float(high):g}" if "." in low else f"integer, {low} to {high}"


def command(number: int, name: str, **fields: object) -> bytes:
    """Return the line of a command. number: its id, 0 to 999,999,999. Fields that are None are left out."""
    values = {field: value for field, value in fields.items() if value is not None}
    return json.dumps({"id": number, "do": name, **values}, ensure_ascii=False).encode() + b"\n"
