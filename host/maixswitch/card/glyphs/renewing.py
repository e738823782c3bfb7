"""Brings the glyphs of a card up to date with its texts: after an import, a build, a new card, and before a sync."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maixswitch import files
from maixswitch.card.reading import MODELS, Card
from maixswitch.language import tr

from . import drawing, font_file, messages

ALL_LABELS = 1000
"""The most labels of a model that are read; no network on the chip has more."""


@dataclass(frozen=True)
class Renewed:
    """What became of a card's glyphs.

    letters: how many the card has now.
    missing: those of its texts that the font lacks.
    without_font: whether the font is not installed, although letters are missing on the card.
    """

    letters: int
    missing: tuple[str, ...] = ()
    without_font: bool = False

    def lines(self, card: Path) -> list[str]:
        """Return what to tell people; nothing for a card that needs no glyphs."""
        if self.without_font:
            return [
                tr(
                    "for {count} letters the panel shows the ASCII forms; to draw the letters themselves: {install}, "
                    "then: maixswitch build {card}",
                    count=len(self.missing),
                    install=drawing.INSTALL,
                    card=card,
                )
            ]
        lines = []
        if self.letters:
            lines.append(tr("{file}: glyphs for the panel: {count}", file=card / font_file.NAME, count=self.letters))
        if self.missing:
            lines.append(
                tr("letters that the font lacks, shown in their ASCII form: {letters}", letters=" ".join(self.missing))
            )
        return lines


def renew(card: Path) -> Renewed:
    """Write the glyphs and messages that a card needs, and delete those of a card that needs none.

    A card that has all its letters stays as it is, so that a PC without the font changes nothing.
    Raises MaixSwitchError if the card cannot be read or written.
    """
    if not (card / MODELS).is_dir():  # `build` can also write into a folder that is not a card
        return Renewed(0)
    contents = Card(card, None)
    table = messages.table() if contents.settings is not None and contents.settings.language == "zh" else ""
    needed = font_file.foreign([*texts(contents), table])
    present = read(card)
    wanted: dict[str, bytes | None] = {messages.NAME: table.encode() or None}
    path = drawing.font_path()
    have = {letter: present.records[letter] for letter in sorted(needed) if letter in present.records}
    if len(have) < len(needed) and path is not None:
        have = drawing.draw(sorted(needed), path)
    missing = sorted(needed - set(have))
    wanted[font_file.NAME] = font_file.dump(have) if have else None
    for name, data in wanted.items():
        file = card / name
        if data is None:
            with files.writing(file):
                file.unlink(missing_ok=True)
        elif not file.is_file() or files.read(file) != data:
            files.write(file, data)
    return Renewed(len(have), tuple(missing), bool(missing) and path is None)


def read(card: Path) -> font_file.Glyphs:
    """Return the glyphs of a card; none if it has no file, or a damaged one."""
    file = card / font_file.NAME
    return (font_file.parse(files.read(file)) if file.is_file() else None) or font_file.Glyphs()


def texts(card: Card) -> Iterator[str]:
    """Yield the titles and labels of all models of a card."""
    for model in card.networks:
        spec = model.spec
        if spec is None:
            continue
        yield str(spec.title or "")
        yield from labels(spec)


def labels(spec: Any) -> Iterator[str]:
    """Yield the labels of a network as model.json has them."""
    for at in range(min(len(spec.labels), ALL_LABELS)):
        yield str(spec.labels.get(at))
