"""The two outputs of a command: people read stderr, programs read stdout."""

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
    """Report that a further amount of the work is done."""

    def __call__(self, amount: float = 1) -> None: ...


def say(text: str) -> None:
    """Print one line for people."""
    print(visible(text), file=sys.stderr, flush=True)


def visible(text: str) -> str:
    """Return the text with everything that a terminal would obey or not show as escapes.

    Texts hold names from files of strangers. New lines and spaces of every width stay.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" or category(c) == "Zs" else _escape(c) for c in text)


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def emit(document: dict[str, Any]) -> None:
    """Print one JSON document on a line of stdout, for programs."""
    print(json.dumps(document, ensure_ascii=False), flush=True)


def prepare() -> None:
    """Let stdout and stderr show characters that their encoding lacks as escapes, instead of ending the command."""
    for stream in (sys.stdout, sys.stderr):
        # Tests and notebooks replace the streams by objects that cannot be reconfigured.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def interactive() -> bool:
    """Return whether a person is at a terminal that can redraw itself."""
    return sys.stderr.isatty() and sys.stdin.isatty()


def colours() -> bool:
    """Return whether people may see colours: at a terminal, without NO_COLOR and TERM=dumb."""
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def width(text: str) -> int:
    """Return the number of columns that the text takes in a terminal; a Chinese character takes two."""
    if text.isascii():
        return len(text)
    # Imported late: most texts are ASCII, and rich would slow every command down.
    from rich.cells import cell_len

    return cell_len(text)


def left(text: str, columns: int) -> str:
    """Return the text, filled up with spaces after it to a number of columns."""
    return text + " " * (columns - width(text))


def right(text: str, columns: int) -> str:
    """Return the text, filled up with spaces before it to a number of columns."""
    return " " * (columns - width(text)) + text


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Advance]:
    """Show a progress bar on stderr during long work; yield the function that reports further work.

    total: the whole work in the same unit, None when it is unknown. Nothing is drawn unless stderr is a terminal.
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
