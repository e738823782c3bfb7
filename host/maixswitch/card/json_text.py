"""Finds the first place where a text is not JSON, with the reason in the user's words.

Python's json module names a place as well, but not the mistake: for 0x300000 it expects a comma behind the 0.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from maixswitch.language import tr

BOM = b"\xef\xbb\xbf"
NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
OTHER_BASE = re.compile(r"[+-]?0([xX][0-9a-fA-F_]+|[oO][0-7_]+|[bB][01_]+)")
LOOSE_NUMBER = re.compile(r"\+?(-?)(\d[\d_]*)?(?:\.(\d*))?([eE][+-]?\d+)?", re.ASCII)
PIECE = re.compile(r"""[^\s{}\[\]:,"'/#]+""")
ESCAPE = re.compile(r'\\(["\\/bfnrt]|u[0-9a-fA-F]{4})')
WORDS = {"true": "true", "false": "false", "null": "null", "none": "null", "undefined": "null", "nil": "null"}
"""Words of other languages, in small letters, and what JSON writes for them."""
WIDE = {
    **dict(zip("\uff0c\u3001\uff1a\uff5b\uff5d\u3010\u3011\uff3b\uff3d", ",,:{}[][]", strict=True)),
    **dict.fromkeys("\u201c\u201d\u201e\u2018\u2019\uff02\u00ab\u00bb", '"'),
}
"""Signs that word processors and Chinese keyboards write, and what JSON needs."""
CLOSING = {"{": "}", "[": "]"}


@dataclass(frozen=True)
class Mistake:
    """A place that is not JSON.

    line, column: counted from 1, in characters.
    reason: what is wrong, and what to write.
    """

    line: int
    column: int
    reason: str

    def __str__(self) -> str:
        return tr("line {line}, column {column}: {reason}", line=self.line, column=self.column, reason=self.reason)


class _Found(Exception):
    """Ends the search: args are the index and the reason."""


@dataclass(frozen=True)
class _Token:
    """A part of the text. kind: a bracket, ":" or ",", "text", or "value" for a number or a word."""

    kind: str
    at: int
    text: str


def mistake(data: bytes) -> Mistake | None:
    """Return the first mistake of a JSON file, None if there is none."""
    data = data.removeprefix(BOM)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()
        reason = tr("byte 0x{byte} is not UTF-8: save the file as UTF-8", byte=f"{data[error.start]:02X}")
        return _at(before, len(before), reason)
    try:
        json.loads(text, parse_constant=_constant)
    except json.JSONDecodeError as error:
        offset = error.pos
    except (ValueError, RecursionError):
        offset = 0
    else:
        return None
    try:
        _search(text)
    except _Found as found:
        return _at(text, *found.args)
    # Only depth or a number of thousands of digits, which the search does not judge, can lead here.
    return _at(text, offset, tr("this cannot be read"))


def _at(text: str, index: int, reason: str) -> Mistake:
    before = text[:index]
    return Mistake(before.count("\n") + 1, index - (before.rfind("\n") + 1) + 1, reason)


def _constant(name: str) -> NoReturn:
    # Python takes NaN and Infinity for JSON.
    raise ValueError(name)


def _search(text: str) -> None:
    """Raise _Found at the first mistake."""
    tokens = [*_tokens(text), _Token("end", len(text), "")]
    opened: list[_Token] = []
    # `expected` is "value", "name", ":" or ",": what must come next.
    expected = "value"
    for position, token in enumerate(tokens):
        last = tokens[position - 1] if position else None
        if token.kind == "end":
            _judge_end(text, opened, expected, last)
        elif not opened and expected == ",":
            raise _Found(token.at, tr("text behind the end of the JSON object"))
        elif token.kind in ("}", "]"):
            _judge_closing(text, token, opened, expected, last)
            opened.pop()
            expected = ","
        elif expected == ",":
            if token.kind != ",":
                raise _Found(token.at, tr("a comma is missing before {text}", text=_short(token)))
            expected = "name" if opened[-1].kind == "{" else "value"
        elif token.kind == ",":
            if expected == ":" or (last is not None and last.kind == ":"):
                raise _Found(token.at, tr("a value is missing before {bracket}", bracket=","))
            raise _Found(token.at, tr("a comma too many"))
        elif expected == ":":
            if token.kind != ":":
                raise _Found(token.at, tr("a colon is missing before {text}", text=_short(token)))
            expected = "value"
        elif expected == "name":
            if token.kind != "text":
                raise _Found(token.at, tr("expected a name in double quotes, found {text}", text=_short(token)))
            expected = ":"
        elif token.kind == ":":
            raise _Found(token.at, tr("a colon too many"))
        elif token.kind in CLOSING:
            opened.append(token)
            expected = "name" if token.kind == "{" else "value"
        else:
            _judge_value(token)
            expected = ","


def _judge_end(text: str, opened: list[_Token], expected: str, last: _Token | None) -> None:
    """Raise _Found if the text may not end here."""
    if opened:
        first = opened[-1]
        opening = _at(text, first.at, "")
        raise _Found(
            len(text),
            tr("the {bracket} of line {line}, column {column} is not closed: {closing} is missing",
               bracket=first.kind, line=opening.line, column=opening.column, closing=CLOSING[first.kind]),
        )  # fmt: skip
    if expected != ",":
        raise _Found(last.at if last else 0, tr("there is no JSON object in it"))


def _judge_closing(text: str, token: _Token, opened: list[_Token], expected: str, last: _Token | None) -> None:
    """Raise _Found if a closing bracket may not stand here."""
    if not opened:
        raise _Found(token.at, tr("nothing is open that {bracket} could close", bracket=token.kind))
    first = opened[-1]
    if CLOSING[first.kind] != token.kind:
        opening = _at(text, first.at, "")
        raise _Found(
            token.at,
            tr("{closing} is missing here: {bracket} of line {line}, column {column} is open",
               closing=CLOSING[first.kind], bracket=first.kind, line=opening.line, column=opening.column),
        )  # fmt: skip
    if last is not None and last.kind == ",":
        raise _Found(last.at, tr("a comma too many before {bracket}", bracket=token.kind))
    if expected == ":" or (expected == "value" and last is not None and last.kind == ":"):
        raise _Found(token.at, tr("a value is missing before {bracket}", bracket=token.kind))


def _short(token: _Token) -> str:
    text = token.text if len(token.text) <= 20 else token.text[:17] + "..."
    return text.replace("\n", " ")


def _judge_value(token: _Token) -> None:
    """Raise _Found if a number or word is not one of JSON."""
    text = token.text
    if token.kind == "text" or text in ("true", "false", "null") or NUMBER.fullmatch(text):
        return
    loose = LOOSE_NUMBER.fullmatch(text)
    if OTHER_BASE.fullmatch(text):
        try:
            raise _Found(
                token.at, tr("{text} is not a JSON number: write {value}", text=_short(token), value=int(text, 0))
            )
        except ValueError:  # underscores in wrong places
            raise _Found(token.at, tr("{text} is not a JSON number", text=_short(token))) from None
    if loose is not None and (loose[2] or loose[3]):
        whole = (loose[2] or "0").replace("_", "").lstrip("0") or "0"
        value = loose[1] + whole + (f".{loose[3] or '0'}" if loose[3] is not None else "") + (loose[4] or "")
        raise _Found(token.at, tr("{text} is not a JSON number: write {value}", text=_short(token), value=value))
    if text.lower() in WORDS:
        raise _Found(token.at, tr("{text} is not JSON: write {value}", text=text, value=WORDS[text.lower()]))
    if text.lower().lstrip("+-") in ("nan", "inf", "infinity") or text[0] in "+-.0123456789":
        raise _Found(token.at, tr("{text} is not a JSON number", text=_short(token)))
    raise _Found(token.at, tr("{text} needs double quotes", text=_short(token)))


def _tokens(text: str) -> Iterator[_Token]:
    """Yield the parts of the text. Raises _Found for a sign that JSON does not have."""
    at = 0
    while at < len(text):
        sign = text[at]
        if sign in " \t\r\n":
            at += 1
            continue
        if sign in "{}[]:,":
            yield _Token(sign, at, sign)
            at += 1
            continue
        if sign == '"':
            end = _end_of_text(text, at)
            yield _Token("text", at, text[at:end])
            at = end
            continue
        if sign in "/#":
            raise _Found(at, tr("JSON has no comments: delete it"))
        if sign in "'`":
            raise _Found(at, tr("{sign} is not a quote of JSON: write double quotes", sign=sign))
        if sign in WIDE:
            raise _Found(at, tr("{sign} is not a sign of JSON: write {value}", sign=sign, value=WIDE[sign]))
        piece = PIECE.match(text, at)
        # White space that JSON does not know, such as the wide blank of Chinese keyboards.
        if piece is None:
            raise _Found(at, tr("the character U+{code} is not a blank of JSON", code=f"{ord(sign):04X}"))
        words = re.split("[" + "".join(WIDE) + "]", piece[0])[0]
        yield _Token("value", at, words)
        at += len(words)


def _end_of_text(text: str, start: int) -> int:
    """Return the index behind the closing quote of a text. Raises _Found if the text is not one of JSON."""
    at = start + 1
    while at < len(text) and text[at] != '"':
        if text[at] == "\n":
            raise _Found(start, tr("the quotes that begin here are not closed on this line"))
        if text[at] < " ":
            raise _Found(at, tr("the character U+{code} must be escaped in a text", code=f"{ord(text[at]):04X}"))
        if text[at] == "\\":
            escape = ESCAPE.match(text, at)
            if escape is None:
                raise _Found(at, tr(r"a backslash in a text: write \\"))
            at = escape.end()
        else:
            at += 1
    if at >= len(text):
        raise _Found(start, tr("the quotes that begin here are not closed"))
    return at + 1
