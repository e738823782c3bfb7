"""Parses single words of a script's line, and says what is wrong with them."""

from __future__ import annotations

import re

from maixswitch.language import tr


class Mistake(Exception):
    """A mistake in a line, in words for people."""


def duration_ms(text: str) -> int:
    """Return the milliseconds of `2s`, `1.5s` or `500ms`. Raises ValueError otherwise."""
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)(ms|s)", text)
    if match is None:
        raise ValueError(tr("{text!r} is not a time; wanted such as 2s or 500ms", text=text))
    return round(float(match[1]) * (1000 if match[2] == "s" else 1))


def read_duration(text: str) -> int:
    """Do the same; raise Mistake otherwise."""
    try:
        return duration_ms(text)
    except ValueError as error:
        raise Mistake(str(error)) from error


def read_number(text: str, what: str) -> int:
    """Return a whole number of up to nine digits. Raises Mistake, which names it as `what`, otherwise."""
    if not re.fullmatch(r"\d{1,9}", text):
        raise Mistake(tr("{text!r} is not a {what}", text=text, what=what))
    return int(text)


def take_one(verb: str, words: list[str], what: str) -> str:
    """Return the only word. Raises Mistake unless there is exactly one."""
    if len(words) != 1:
        raise Mistake(
            tr("{verb} takes {what}, found {words!r}", verb=verb, what=what, words=" ".join(words) or tr("nothing"))
        )
    return words[0]


def take_none(verb: str, words: list[str]) -> None:
    """Raise Mistake if there are words."""
    if words:
        raise Mistake(tr("{verb} takes nothing, found {words!r}", verb=verb, words=" ".join(words)))
