"""Words of a script's line: what they must be, and the mistake where they are not."""

from __future__ import annotations

import re

from maixswitch.language import tr


class Mistake(Exception):
    """What is wrong with a line, for people."""


def duration_ms(text: str) -> int:
    """Milliseconds of `2s`, `1.5s` or `500ms`; ValueError otherwise."""
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)(ms|s)", text)
    if match is None:
        raise ValueError(tr("{text!r} is no time; wanted such as 2s or 500ms", text=text))
    return round(float(match[1]) * (1000 if match[2] == "s" else 1))


def read_duration(text: str) -> int:
    """As duration_ms; Mistake otherwise."""
    try:
        return duration_ms(text)
    except ValueError as error:
        raise Mistake(str(error)) from error


def read_number(text: str, what: str) -> int:
    """A whole number of up to nine digits; Mistake, which calls it `what`, otherwise."""
    if not re.fullmatch(r"\d{1,9}", text):
        raise Mistake(tr("{text!r} is no {what}", text=text, what=what))
    return int(text)


def take_one(verb: str, words: list[str], what: str) -> str:
    """The only word; Mistake unless there is just one."""
    if len(words) != 1:
        raise Mistake(
            tr("{verb} takes {what}, found {words!r}", verb=verb, what=what, words=" ".join(words) or tr("nothing"))
        )
    return words[0]


def take_none(verb: str, words: list[str]) -> None:
    """Mistake when there are words."""
    if words:
        raise Mistake(tr("{verb} takes nothing, found {words!r}", verb=verb, words=" ".join(words)))
