"""The live view of a run, drawn by rich: the panel in half blocks, the state, the memory and the last events."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import numpy as np
from PIL import Image
from rich.color import Color
from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.segment import Segment
from rich.style import Style
from rich.table import Table
from rich.text import Text

from maixswitch.console import visible
from maixswitch.language import tr, word
from maixswitch.link.extras import extra_lines
from maixswitch.sim.camera import Picture

REFRESHES_PER_SECOND = 8
SHARE = 0.2  # of all time that drawing may take
PICTURE_COLUMNS = 64
SMALL_COLUMNS = 36
LEAST = (80, 24)  # columns and lines of a terminal with a picture
_BAR = 24
_STATE_STYLES = {"RUNNING": "bold green", "FAULT": "bold red", "NO_CARD": "bold yellow", "EMPTY": "bold yellow"}


@dataclass
class Status:
    """What the view shows at one moment.

    now: board time in ms.
    index, total: of the selected model, from 0, and the number of models.
    used: (name, bytes) of the blocks in the system heap; free: bytes.
    results: (label, score 0..1).
    extras: lines on what the kind shows beside the results.
    picture: the panel (height, width, 3), None to leave it out.
    """

    now: int
    state: str
    title: str
    index: int
    total: int
    fps: int
    frames: int
    used: list[tuple[str, int]]
    free: int
    results: list[tuple[str, float]]
    fault: str = ""
    card: bool = True
    picture: Picture | None = None
    notes: list[str] = field(default_factory=list)
    extras: list[str] = field(default_factory=list)


def describe(document: dict[str, Any]) -> str:
    """Return one event as a line for people, for the plain output, the live view and the page."""
    t = f"{document['t'] / 1000:8.2f}s"
    kind = document["event"]
    if kind == "state":
        text = f"{document['old']} --{document['cause']}--> {document['new']}"
    elif kind == "results":
        results = ", ".join([*(f"{label} {score:.2f}" for label, score in document["found"]), *extra_lines(document)])
        text = tr("sees {found}", found=results) if results else tr("sees nothing")
    elif kind == "select":
        text = tr(
            "selected {title} ({index}/{total})",
            title=document["title"],
            index=document["index"] + 1,
            total=document["total"],
        )
    elif kind == "load":
        text = tr("loaded {title} in {ms} ms", title=document["title"], ms=document["ms"])
    elif kind == "unload":
        text = tr("released {title}", title=document["title"])
        text += f": {document['error']}" if document.get("error") else ""
    elif kind == "camera":
        text = tr("camera is there") if document["what"] == "ok" else tr("camera is missing")
        text += f": {document['detail']}" if document.get("detail") else ""
    elif kind == "fault":
        fault = f"{document['code']} {document['name']}"
        fault += f": {document['detail']}" if document.get("detail") else ""
        text = tr("fault {fault}", fault=fault)
    elif kind == "choice":
        text = (
            tr("remembers {folder}", folder=document["folder"])
            if document["written"]
            else tr("cannot remember {folder}", folder=document["folder"])
        )
    elif kind == "say":
        text = word(document["text"])
    elif kind in ("script", "hands"):
        text = f"> {document['text']}"
    elif kind == "start":
        text = tr(
            "{board} with {firmware}, card {card}, camera {camera}",
            board=document["board"],
            firmware=document["firmware"],
            card=document["card"],
            camera=document["camera"],
        )
    elif kind == "end":
        text = tr(
            "end in {state} after {frames} frame"
            if document["frames"] == 1
            else "end in {state} after {frames} frames",
            state=document["state"],
            frames=document["frames"],
        )
    else:
        # An event of a newer app has no text yet: show its values.
        values = " ".join(str(value) for key, value in document.items() if key not in ("t", "event"))
        text = f"{kind} {values}"
    return f"{t}  {text}"


class HalfBlocks:
    """A picture as text for rich: each character shows two pixels, one above the other."""

    def __init__(self, picture: Picture, columns: int) -> None:
        height, width = picture.shape[:2]
        rows = max(1, round(columns * height / width / 2))
        small = Image.fromarray(picture).resize((columns, rows * 2), Image.Resampling.BOX)
        self._pixels = np.asarray(small, np.uint8)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        for upper, lower in zip(self._pixels[::2], self._pixels[1::2], strict=True):
            for top, bottom in zip(upper.tolist(), lower.tolist(), strict=True):
                yield Segment("▀", Style(color=Color.from_rgb(*top), bgcolor=Color.from_rgb(*bottom)))
            yield Segment.line()


def render(
    status: Status, events: list[str], hint: str = "", width: int = 120, caption: str = "", height: int = 50
) -> RenderableType:
    """Return the whole view as one rich renderable, for a terminal of width x height characters.

    Control characters in texts of the card are made visible, so they cannot act on the terminal.
    """
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim")
    facts.add_column()
    facts.add_row(tr("state"), Text(status.state, _STATE_STYLES.get(status.state, "bold")))
    # A title is put into a Text, because rich would take brackets in a plain str for markup.
    title = f"{visible(status.title) or '-'}  ({status.index + 1}/{status.total})" if status.total else "-"
    facts.add_row(tr("model"), Text(title))
    facts.add_row(tr("board time"), f"{status.now / 1000:.1f} s")
    facts.add_row(tr("frames"), f"{status.frames}  ({status.fps} fps)")
    columns = _columns(width, height) if status.picture is not None else 0
    facts.add_row(tr("system heap"), _gauge(status, 6 if columns == SMALL_COLUMNS else _BAR))
    facts.add_row("", Text(visible(", ".join(f"{name} {size // 1024}K" for name, size in status.used)), style="dim"))
    # More results would push the events off a low terminal.
    for label, score in status.results[:5]:
        facts.add_row(tr("sees") if (label, score) == status.results[0] else "", _score(label, score))
    for line in status.extras[:5]:
        facts.add_row("", line)
    if status.fault:
        facts.add_row(tr("fault"), Text(visible(status.fault), "red"))
    if not status.card:
        facts.add_row(tr("card"), Text(tr("taken out"), "yellow"))
    top: RenderableType = facts
    # In a small terminal the picture is beside the facts only, and the events have the whole width.
    if status.picture is not None and columns == SMALL_COLUMNS:
        top = _beside(status.picture, columns, facts)
    parts: list[RenderableType] = [top, Text()]
    if status.picture is not None and not columns:
        have, need = f"{width}x{height}", "x".join(map(str, LEAST))
        text = tr("no picture: the terminal has {have}, it needs {need}", have=have, need=need)
        parts[1:] = [Text(text, "yellow", no_wrap=True, overflow="ellipsis")]
    if caption:
        parts += [Text("» " + visible(caption), "bold magenta"), Text()]
    parts += [Text(visible(line), style="dim", no_wrap=True, overflow="ellipsis") for line in events]
    if hint:
        parts += [Text(), Text(hint, style="cyan")]
    body: RenderableType = Group(*parts)
    if status.picture is not None and columns == PICTURE_COLUMNS:
        body = _beside(status.picture, columns, body)
    return Panel(body, title="maixswitch sim", border_style="blue")


def _columns(width: int, height: int) -> int:
    """Return how wide the picture is, 0 for none: its lines must not wrap, and must all be seen."""
    if width >= PICTURE_COLUMNS + 40 and height >= 30:
        return PICTURE_COLUMNS
    return SMALL_COLUMNS if width >= LEAST[0] and height >= LEAST[1] else 0


def _beside(picture: Picture, columns: int, body: RenderableType) -> Table:
    sides = Table.grid(padding=(0, 2), expand=True)
    sides.add_column(width=columns)
    sides.add_column(ratio=1)
    sides.add_row(HalfBlocks(picture, columns), body)
    return sides


def _gauge(status: Status, length: int) -> Text:
    used = sum(size for _, size in status.used)
    total = max(1, used + status.free)
    filled = min(length, round(length * used / total))
    style = "green" if status.free > total // 4 else "yellow" if status.free > total // 10 else "red"
    bar = Text("█" * filled, style)
    return bar.append("░" * (length - filled), "dim").append(" " + tr("{free} KiB free", free=status.free // 1024))


def _score(label: str, score: float) -> Text:
    filled = max(0, min(10, round(score * 10)))
    return (
        Text(f"{visible(label)} ", "bold")
        .append("█" * filled, "cyan")
        .append("░" * (10 - filled), "dim")
        .append(f" {score:.2f}")
    )


class View:
    """The view on a terminal, redrawn at most eight times a second, and less often on a slow terminal."""

    def __init__(self, console: Console, hint: str = "", transient: bool = False) -> None:
        self._console = console
        self._hint = hint
        self._events: deque[str] = deque(maxlen=8)
        self._caption = ""
        self._kind = ""  # of the last event
        self._live = Live(console=console, auto_refresh=False, transient=transient)
        self._next = 0.0
        self._last: Status | None = None

    def event(self, document: dict[str, Any]) -> None:
        kind = document["event"]
        if kind == "say":
            self._caption = word(document["text"])
            return
        # Results come and go several times a second. Only the latest of them in a row stays, or the rest would be lost.
        if kind == "results" == self._kind:
            self._events.pop()
        self._events.append(describe(document))
        self._kind = kind

    def due(self) -> bool:
        """Is it time to draw again?"""
        return time.monotonic() >= self._next

    def update(self, status: Status) -> None:
        # Half blocks need colours: without them every character would look the same.
        if self._console.no_color:
            status.picture = None
        began = time.monotonic()
        self._live.update(self._fitting(status), refresh=True)
        ended = time.monotonic()
        # Let the pause grow with the time of drawing: a slow terminal must not slow the board down.
        self._next = ended + max(1 / REFRESHES_PER_SECOND, (ended - began) / SHARE)

    def _fitting(self, status: Status) -> RenderableType:
        """Return the view with as many of the last events as the terminal has lines for, at least one."""
        console, events = self._console, list(self._events)
        # rich cuts off the bottom of a view that is too high. Leave out old events instead, as many as there are lines
        # too many: how lines wrap is known only after drawing.
        view = render(status, events, self._hint, console.width, self._caption, console.height)
        over = len(console.render_lines(view, pad=False)) - console.height
        if over <= 0 or len(events) < 2:
            return view
        kept = events[min(over, len(events) - 1) :]
        return render(status, kept, self._hint, console.width, self._caption, console.height)

    def __enter__(self) -> View:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()
