"""The live table of `maixswitch monitor`, drawn by rich: state, model, results, rates, memory, faults, last events."""

from __future__ import annotations

import time
from collections import deque
from types import TracebackType
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from maixswitch.board.monitor_state import BoardState, LineWriter, remedy, sparkline
from maixswitch.console import visible
from maixswitch.language import tr
from maixswitch.link.extras import extra_lines

REFRESHES_PER_SECOND = 8
_BAR = 20
_STYLES = {"RUNNING": "bold green", "FAULT": "bold red", "NO_CARD": "bold yellow", "EMPTY": "bold yellow"}


def render(state: BoardState, port: str, events: list[str], note: str = "") -> RenderableType:
    """Return the table. Control characters in texts of the board are made visible, so they cannot act on the terminal.

    events: the last lines about events, oldest first.
    note: a note for the user, "" for none.
    """
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column()
    facts.add_row(tr("state"), Text(visible(state.state) or "-", _STYLES.get(state.state, "bold")))
    # Titles are put into a Text, because rich would take brackets in a plain str for markup.
    position = f"  ({state.index + 1}/{state.total})" if state.total else ""
    facts.add_row(tr("model"), Text((visible(state.title) or "-") + position))
    facts.add_row(tr("board time"), f"{state.now / 1000:.1f} s")
    rates = Text(tr("{fps} fps, {ms} ms a frame", fps=state.fps, ms=state.ms)).append("  ")
    facts.add_row(tr("frames"), rates.append(sparkline(state.rates), "cyan"))
    for index, item in enumerate(state.results[:10]):
        facts.add_row(tr("sees") if index == 0 else "", _score(item[0], item[1]))
    for index, line in enumerate(extra_lines(state.extras)):
        facts.add_row("" if index or state.results else tr("sees"), line)
    if state.scores:
        facts.add_row(tr("best score"), Text(sparkline(state.scores, 1.0), "cyan"))
    facts.add_row(tr("memory"), _memory(state))
    # These rows are empty most of the time, so they appear only when they are needed.
    if state.dropped:
        facts.add_row(tr("dropped"), tr("{count} messages gave way to newer ones", count=state.dropped))
    if state.fault is not None:
        facts.add_row(tr("fault"), Text(f"{state.fault} {visible(state.detail)}".strip(), "red"))
        facts.add_row("", Text(remedy(state.fault), "yellow"))
    parts: list[RenderableType] = [facts, Text()]
    parts += [Text(line, style="dim", no_wrap=True, overflow="ellipsis") for line in events]
    if note:
        parts += [Text(), Text(note, style="yellow")]
    name = f"maixswitch monitor  {port}  {visible(state.board)}".strip()
    return Panel(Group(*parts), title=Text(name), border_style="blue")


def _score(label: str, score: float) -> Text:
    filled = max(0, min(_BAR, round(score * _BAR)))
    text = Text(f"{visible(label)} ", "bold").append("█" * filled, "cyan").append("░" * (_BAR - filled), "dim")
    return text.append(f" {score:.2f}")


def _memory(state: BoardState) -> str:
    if state.free is None:
        return "-"
    if state.heap is None:
        return tr("{free} KiB for models", free=state.free // 1024)
    return tr("{free} KiB for models, {heap} KiB of Python heap", free=state.free // 1024, heap=state.heap // 1024)


class MonitorView:
    """The table on a terminal, redrawn at most eight times a second."""

    def __init__(self, console: Console, port: str) -> None:
        self._port = port
        self._state = BoardState()
        self._line_writer = LineWriter()
        self._events: deque[str] = deque(maxlen=6)
        self._note = ""
        # rich needs no thread to refresh: the listener yields several times a second even if nothing arrives, and
        # `draw` is called each time.
        self._live = Live(console=console, auto_refresh=False)
        self._next = 0.0

    def message(self, message: dict[str, Any]) -> None:
        """Show a message of the board."""
        self._state.apply(message)
        self._note = ""
        # These two come at least every second and are in the table anyway. They would push all else out of the list.
        if message.get("event") not in ("results", "status"):
            line = self._line_writer.line(message)
            if line:
                self._events.append(line)

    def note(self, text: str) -> None:
        """Show a note for the user until the next message."""
        self._events.append(text)
        self._note = text

    def draw(self) -> None:
        """Draw the table, at most `REFRESHES_PER_SECOND` times a second."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + 1 / REFRESHES_PER_SECOND
        self._live.update(render(self._state, self._port, list(self._events), self._note), refresh=True)

    def __enter__(self) -> MonitorView:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Draw the last state even if the last drawing was a moment ago.
        self._next = 0.0
        self.draw()
        self._live.stop()
