"""The messages between page and simulator: commands and documents, both as JSON texts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.language import LANGUAGES, tr
from maixswitch.web.subject import DESKS

MOST_TEXT = 4 * 1024
MOST_BYTES = 8 * 1024 * 1024
MOST_KEYS = 8
MOST_NAME = 64
FASTEST = 16.0
SLOWS = (1, 10, 100)

Check = Callable[[Any], bool]


@dataclass(frozen=True)
class Command:
    """A command of a page.

    do: its name, a key of KNOWN or a kind of binary message.
    values: in the order of KNOWN.
    client: number of the page.
    """

    do: str
    values: tuple[Any, ...] = ()
    client: int = 0


def _whole(low: int, high: int) -> Check:
    # isinstance would accept true as an int.
    return lambda value: type(value) is int and low <= value <= high


def _truth(value: Any) -> bool:
    return type(value) is bool


def _speed(value: Any) -> bool:
    return type(value) in (int, float) and (value == 0 or 0.05 <= value <= FASTEST)


def _name(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MOST_NAME and re.fullmatch(r"\w*", value) is not None


def _share(value: Any) -> bool:
    return type(value) in (int, float) and 0 <= value < 1


# Command -> its fields -> the check of the value.
KNOWN: Mapping[str, Mapping[str, Check]] = {
    "key": {"key": _whole(1, MOST_KEYS), "down": _truth},
    "select": {"index": _whole(0, 9999)},
    "card": {"in": _truth},
    "camera": {"on": _truth},
    "fail": {"what": lambda value: value in ("load", "run"), "code": _whole(2001, 2015)},
    "damage": {"index": _whole(0, 9999), "on": _truth},
    "slow": {"factor": lambda value: type(value) is int and value in SLOWS},
    "heal": {},
    "threshold": {"value": _share},
    "keep": {},
    "compare": {"index": _whole(-1, 9999)},
    "power": {},
    "pause": {"on": _truth},
    "step": {},
    "speed": {"speed": _speed},
    "scene": {},
    "desk": {"what": lambda value: value in DESKS},
    "film": {},
    "turn": {"index": _whole(-1, 9999)},
    "record": {"on": _truth},
    "board": {"name": _name, "firmware": _name},
    "language": {"name": lambda value: value in LANGUAGES},
}


def read_command(text: str, client: int = 0) -> Command:
    """Return the command in a text such as {"do": "key", "key": 1, "down": true}, with exactly its fields.

    Raises MaixSwitchError (usage), which says what was expected, for anything else.
    """
    # Check the size before parsing: the parser would build an object for every value.
    if len(text.encode("utf-8", "replace")) > MOST_TEXT:
        raise MaixSwitchError(tr("a message of more than {most} bytes", most=MOST_TEXT), EXIT_USAGE)
    try:
        document = json.loads(text)
    # Deeply nested lists raise RecursionError.
    except (ValueError, RecursionError) as error:
        raise MaixSwitchError(tr("a message that is not JSON"), EXIT_USAGE) from error
    if not isinstance(document, dict) or not isinstance(document.get("do"), str) or document["do"] not in KNOWN:
        known = ", ".join(KNOWN)
        raise MaixSwitchError(tr('a message without a known "do"; known: {known}', known=known), EXIT_USAGE)
    do = document.pop("do")
    checks = KNOWN[do]
    # Require exactly the known fields: half a command from another version of the page must not be carried out.
    if document.keys() != checks.keys() or not all(_holds(check, document[name]) for name, check in checks.items()):
        fields = ", ".join(checks) or tr("none")
        raise MaixSwitchError(
            tr("{do}: fields are missing, unknown or out of range; expected: {fields}", do=do, fields=fields),
            EXIT_USAGE,
        )
    return Command(do, tuple(document[name] for name in checks), client)


def _holds(check: Check, value: Any) -> bool:
    try:
        return check(value)
    except TypeError:  # a list or an object instead of a name
        return False


def write_text(kind: str, /, **fields: Any) -> str:
    """Return a text for the page: {"type": kind, ...}. Lone surrogates, which a card may contain, become "?"."""
    text = json.dumps({"type": kind, **fields}, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace").decode()
