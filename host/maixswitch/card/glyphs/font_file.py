"""maixswitch.fnt, the file of glyphs on a card: a line "glyphs 16x16", a line of letters, 32 bytes for each letter.

A record is what the firmware's Image.draw_font takes: the left column of eight pixels from the top down, then the right
one. A letter whose right column is empty takes one cell of the panel's text, any other takes two.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

NAME = "maixswitch.fnt"
HEAD = b"glyphs 16x16\n"
SIDE = 16
RECORD = 32
ASCII_END = "~"
"""The last letter of the panel's own font."""


@dataclass(frozen=True)
class Glyphs:
    """The letters of a file, and their records."""

    records: Mapping[str, bytes] = field(default_factory=dict)

    def covers(self, text: str) -> bool:
        """Can the panel show every letter of the text?"""
        return all(" " <= letter <= ASCII_END or letter in self.records for letter in text)

    def cells(self, text: str) -> int:
        """Return how many cells of eight pixels the text takes."""
        return sum(2 if any(self.records.get(letter, b"")[RECORD // 2 :]) else 1 for letter in text)

    def cut(self, text: str, columns: int) -> str:
        """Return the beginning of the text that fits into `columns` cells."""
        while text and self.cells(text) > columns:
            text = text[:-1]
        return text


def foreign(texts: Iterable[str]) -> set[str]:
    """Return the printable letters of the texts that the panel's own font lacks."""
    return {letter for text in texts for letter in text if letter > ASCII_END and letter.isprintable()}


def dump(records: Mapping[str, bytes]) -> bytes:
    """Return the bytes of a file. The same glyphs give the same bytes."""
    letters = "".join(sorted(records))
    return HEAD + letters.encode() + b"\n" + b"".join(records[letter] for letter in letters)


def parse(data: bytes) -> Glyphs | None:
    """Return the glyphs in a file; None if it is damaged."""
    head, _, rest = data.partition(b"\n")
    line, end, records = rest.partition(b"\n")
    try:
        letters = line.decode()
    except UnicodeDecodeError:
        return None
    if head + b"\n" != HEAD or not end or len(records) != len(letters) * RECORD:
        return None
    return Glyphs({letter: records[at * RECORD : (at + 1) * RECORD] for at, letter in enumerate(letters)})
