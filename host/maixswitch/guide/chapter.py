"""What a chapter of the guide is, and the tables that its texts are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from maixswitch import console
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr, word

Settings = Mapping[str, float]


def _nothing() -> dict[str, str]:
    return {}


def _no_files() -> dict[str, bytes]:
    return {}


@dataclass(frozen=True)
class Chapter:
    """A chapter.

    title: English, translated when it is shown.
    settings: the numbers that a reader may change, with their usual values.
    text: returns what `maixswitch guide` prints for all settings, without a line end after the last line.
    values: returns the numbers that the pages name, as text; the same in every language.
    pictures: returns the pictures of the pages, file name -> SVG; without words, for every language.
    listings: returns texts that the pages show as code beside the output, name -> text.
    files: returns what `maixswitch guide --out` writes, file name -> bytes.
    """

    title: str
    text: Callable[[Settings], str] | None = None
    settings: Settings = field(default_factory=dict)
    values: Callable[[], dict[str, str]] = _nothing
    pictures: Callable[[], dict[str, str]] = _nothing
    listings: Callable[[], dict[str, str]] = _nothing
    files: Callable[[], dict[str, bytes]] = _no_files

    def show(self, changed: Settings) -> str:
        """Return the text with some settings changed.

        Raises MaixSwitchError (usage) for an unknown setting, or a value that the chapter cannot take.
        """
        if self.text is None:
            raise MaixSwitchError(tr("this chapter prints nothing: its commands stand on its page"), EXIT_USAGE)
        unknown = sorted(set(changed) - set(self.settings))
        if unknown:
            known = ", ".join(self.settings) or word("none")
            raise MaixSwitchError(tr("--set {name}: no such setting; known: {known}", name=unknown[0], known=known), 2)
        return self.text({**self.settings, **changed})


def refuse(name: str, found: float, wanted: str) -> MaixSwitchError:
    """Return the error for a value of a setting that the chapter cannot take."""
    return MaixSwitchError(
        tr("--set {name}={found}: expected {wanted}", name=name, found=f"{found:g}", wanted=wanted), EXIT_USAGE
    )


def table(rows: Sequence[Sequence[str]], *left: int) -> str:
    """Return rows in columns, right-aligned but for those named by `left`; the first row is the head."""
    widths = [max(console.width(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            console.left(cell, width) if column in left else console.right(cell, width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def number(value: float, digits: int = 3) -> str:
    """Return a number with so many digits behind the point; huge ones in short, and never minus zero."""
    if abs(value) >= 1e6:
        return f"{value:.2e}"
    text = f"{value:.{digits}f}"
    return text[1:] if text.startswith("-") and not text.strip("-0.") else text
