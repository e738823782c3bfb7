"""Parses single words of a script's line; a Mistake names a word that is wrong."""

from __future__ import annotations

import re

from maixswitch.language import tr


class Mistake(Exception):
    """A mistake in a line of a script; its text is a message for the user."""


def duration_ms(text: str) -> int:
    """Return the milliseconds of `2s`, `1.5s` or `500ms`. Raises ValueError otherwise."""
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)(ms|s)", text)
    if match is None:
        raise ValueError(tr("{text!r} is not a time; expected one such as 2s or 500ms", text=text))
    return round(float(match[1]) * (1000 if match[2] == "s" else 1))


def read_duration(text: str) -> int:
    """Return the milliseconds of a duration like `duration_ms`, but raise Mistake for anything else."""
    try:
        return duration_ms(text)
    except ValueError as error:
        raise Mistake(str(error)) from error


def read_number(text: str, name: str) -> int:
    """Return a whole number of up to nine digits. Raises Mistake, which calls the number `name`, otherwise."""
    if not re.fullmatch(r"\d{1,9}", text):
        raise Mistake(tr("{text!r} is not a {name}", text=text, name=name))
    return int(text)


def take_one(verb: str, words: list[str], expected: str) -> str:
    """Return the only word. Raises Mistake, which says that `expected` is expected, unless there is exactly one."""
    if len(words) != 1:
        raise Mistake(
            tr(
                "{verb} takes {expected}, found {words!r}",
                verb=verb,
                expected=expected,
                words=" ".join(words) or tr("nothing"),
            )
        )
    return words[0]


def take_none(verb: str, words: list[str]) -> None:
    """Raise Mistake if any words follow the verb."""
    if words:
        raise Mistake(tr("{verb} takes nothing, found {words!r}", verb=verb, words=" ".join(words)))
