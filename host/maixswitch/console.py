"""Where words go: people read stderr, programs read stdout."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol
from unicodedata import category

if TYPE_CHECKING:
    from rich.progress import Progress


class Advance(Protocol):
    """Tells how much more of the work is done."""

    def __call__(self, amount: float = 1) -> None: ...


def say(text: str) -> None:
    """One line for people."""
    print(visible(text), file=sys.stderr, flush=True)


def visible(text: str) -> str:
    """The text with all that a terminal would obey, or not show, as escapes: names come from anybody's files.

    New lines stay, and so do spaces of every width.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" or category(c) == "Zs" else _escape(c) for c in text)


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def emit(document: dict[str, Any]) -> None:
    """One JSON document on a line of stdout, for programs."""
    print(json.dumps(document, ensure_ascii=False), flush=True)


def prepare() -> None:
    """Lets stdout and stderr show what their encoding lacks as an escape, rather than end the command."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def interactive() -> bool:
    """Is a person at a terminal that can redraw itself?"""
    return sys.stderr.isatty() and sys.stdin.isatty()


def colours() -> bool:
    """May what people read have colours: a terminal, and nobody has set NO_COLOR or TERM=dumb?"""
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def width(text: str) -> int:
    """Columns of a terminal that the text takes; a Chinese character takes two."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def left(text: str, columns: int) -> str:
    """The text with spaces behind it, up to so many columns."""
    return text + " " * (columns - width(text))


def right(text: str, columns: int) -> str:
    """The text with spaces before it, up to so many columns."""
    return " " * (columns - width(text)) + text


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Advance]:
    """A bar on stderr while long work goes on; yields the function to call with how much more is done.

    ``total`` in the same unit, None when it is not known. Nothing is drawn unless stderr is a terminal.
    """
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield lambda amount=1: None
        return
    bar = _bar()
    with bar:
        task = bar.add_task(what, total=total)
        yield lambda amount=1: bar.advance(task, amount)


def _bar() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True, no_color=not colours())
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    return Progress(*columns, TimeRemainingColumn(), console=console, transient=True)
