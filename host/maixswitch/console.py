"""The outputs of a command: stderr for people, stdout for programs."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol
from unicodedata import category

if TYPE_CHECKING:
    from rich.progress import Progress


_listener: Callable[[str, float | None], None] | None = None


class Advance(Protocol):
    """Report that a further amount of the work has been done."""

    def __call__(self, amount: float = 1) -> None: ...


def say(text: str) -> None:
    """Print one line for people."""
    print(visible(text), file=sys.stderr, flush=True)


def show(text: str, end: str = "\n") -> None:
    """Print a result of the command on stdout, for people and programs."""
    print(visible(text), end=end, flush=True)


def visible(text: str) -> str:
    """Return the text with escapes for characters that control the terminal or cannot be seen.

    Texts may contain names from files of strangers. Line ends and spaces of every width stay.
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
        # Tests and notebooks replace the streams with objects that cannot be reconfigured.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def interactive() -> bool:
    """Return whether a person is at a terminal that can redraw itself."""
    return sys.stderr.isatty() and sys.stdin.isatty()


def colours() -> bool:
    """Return whether to print colours: only on a terminal, and not with NO_COLOR or TERM=dumb."""
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def width(text: str) -> int:
    """Return the number of columns of the text in a terminal; a Chinese character takes two."""
    if text.isascii():
        return len(text)
    # Import it late: most texts are ASCII, and importing rich would slow every command down.
    from rich.cells import cell_len

    return cell_len(text)


def left(text: str, columns: int) -> str:
    """Return the text padded on the right with spaces to a number of columns."""
    return text + " " * (columns - width(text))


def right(text: str, columns: int) -> str:
    """Return the text padded on the left with spaces to a number of columns."""
    return " " * (columns - width(text)) + text


def report_progress(listener: Callable[[str, float | None], None]) -> None:
    """From now on tell `listener` of the progress of long work, in place of bars.

    listener: called with the label, and the share that is done, 0 to 1, None if that is unknown.
    """
    global _listener
    _listener = listener


def bars() -> bool:
    """Return whether progress bars are drawn: only on a terminal that can redraw a line."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


@contextmanager
def progress(label: str, total: int | None = None, unit: str = "") -> Iterator[Advance]:
    """Show a progress bar on stderr during long work; yield the function that reports further work.

    label: the text before the bar.
    total: the amount of all work in the same unit, None if it is unknown.
    unit: what is counted; then the bar shows how many a second. Nothing is drawn unless `bars`.
    """
    if _listener is not None:
        yield _told(_listener, label, total)
        return
    if not bars():
        yield lambda amount=1: None
        return
    bar = _bar(unit)
    with bar:
        task = bar.add_task(label, total=total)
        yield lambda amount=1: bar.advance(task, amount)


def _told(listener: Callable[[str, float | None], None], label: str, total: int | None) -> Advance:
    done = 0.0

    def advance(amount: float = 1) -> None:
        nonlocal done
        done += amount
        listener(label, done / total if total else None)

    advance(0)
    return advance


def _bar(unit: str = "") -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:,.0f} {unit}/s" if task.speed else "")

    console = Console(stderr=True, no_color=not colours())
    columns = [TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.percentage:>3.0f} %")]
    rate: list[ProgressColumn] = [Rate()] if unit else []
    return Progress(*columns, *rate, TimeRemainingColumn(), console=console, transient=True)
