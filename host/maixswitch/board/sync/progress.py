"""Progress bars on stderr, one per card, with rate and time left. There are none if stderr is not a terminal."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from maixswitch import console
from maixswitch.board.sync.inventory import Tell

if TYPE_CHECKING:
    from rich.progress import Progress


class Bars:
    """The bars of several cards. After `stop`, the next call for a card raises KeyboardInterrupt in its thread."""

    def __init__(self, bars: Progress | None) -> None:
        self._bars = bars
        self._stopped = threading.Event()

    def stop(self) -> None:
        self._stopped.set()

    def start(self, label: str, total: int | None) -> Tell:
        """Start a bar and return the function that advances it by a number of bytes.

        total: the bytes of a full bar, None if unknown.
        """
        task = self._bars.add_task(label, total=total) if self._bars and total != 0 else None

        def tell(size: int) -> None:
            if self._stopped.is_set():
                raise KeyboardInterrupt
            if self._bars and task is not None:
                self._bars.advance(task, size)

        return tell


@contextlib.contextmanager
def bars() -> Iterator[Bars]:
    """Draw the bars during the `with` block, and remove them at its end."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield Bars(None)
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    shown = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(binary_units=True),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True, no_color=not console.colours()),
        transient=True,
    )
    with shown:
        yield Bars(shown)
