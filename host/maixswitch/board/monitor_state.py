"""The state of a board according to its messages, with the latest rates and scores."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from maixswitch.console import visible
from maixswitch.language import tr
from maixswitch.link.extras import extra_lines, extras
from maixswitch.link.serial_schema import fits

HISTORY = 40
BLOCKS = "▁▂▃▄▅▆▇█"
STATUS_EVERY = 5000
"""Milliseconds between two lines about the status when no table is drawn."""


@dataclass
class BoardState:
    """The board according to its messages.

    Sizes are in bytes, times in ms. The newest of ``rates`` and ``scores`` is last.
    results: label and score of each result, then the coordinates of its kind.
    extras: the points or outputs that the kind adds, see link/extras.py.
    """

    board: str = ""
    now: int = 0
    state: str = ""
    title: str = ""
    index: int = 0
    total: int = 0
    fps: int = 0
    ms: int = 0
    frames: int = 0
    free: int | None = None
    heap: int | None = None
    dropped: int = 0
    fault: int | None = None
    detail: str = ""
    results: list[list[Any]] = field(default_factory=list)
    extras: dict[str, Any] = field(default_factory=dict)
    rates: deque[float] = field(default_factory=lambda: deque(maxlen=HISTORY))
    scores: deque[float] = field(default_factory=lambda: deque(maxlen=HISTORY))

    def apply(self, message: dict[str, Any]) -> None:
        """Apply one message. A message that does not fit version 1 changes nothing."""
        if not fits(message):
            return
        self.now = message["t"]
        kind = message["event"]
        if kind == "start":
            self.board = message["board"]
        elif kind == "state":
            self.state = message["new"]
            # The results and the rate of the last model would look like those of the present state.
            if self.state != "RUNNING":
                self.results, self.extras, self.fps = [], {}, 0
            if self.state != "FAULT":
                self.fault, self.detail = None, ""
        elif kind == "select":
            self.title, self.index, self.total = message["title"], message["index"], message["total"]
        elif kind == "load":
            self.title, self.free = message["title"], message["free"]
            # A curve over two models would hide the change from one to the other.
            self.rates.clear()
            self.scores.clear()
        elif kind == "fault":
            self.fault, self.detail = message["code"], message.get("detail", "")
        elif kind == "results":
            self.results, self.ms, self.frames = message["found"], message["ms"], message["frame"]
            self.extras = extras(message)
            self.scores.append(max((item[1] for item in self.results), default=0.0))
        elif kind == "status":
            for name in ("state", "title", "index", "total", "fps", "frames", "free", "dropped"):
                setattr(self, name, message[name])
            self.heap = message.get("heap")
            # The status repeats the last fault even after the fault is over, so it counts only in the state FAULT.
            if self.state == "FAULT" and "fault" in message:
                self.fault = message["fault"]
            if self.state == "RUNNING":
                self.rates.append(self.fps)


def sparkline(values: deque[float], most: float | None = None) -> str:
    """Return the values as a row of blocks.

    most: the value of a full block; by default the largest of `values`.
    """
    top = max(most or max(values, default=0), 1e-9)
    return "".join(BLOCKS[max(0, min(7, int(value / top * 8)))] for value in values)


def remedy(code: int | None) -> str:
    """Return what to do about a fault, in the user's language; "" for none."""
    if code is None:
        return ""
    from maixswitch.card.explain import explain

    explanation = explain(str(code))
    return explanation.remedy if explanation else ""


class LineWriter:
    """Turns messages into lines for where no table can be drawn: every change, and the status now and then."""

    def __init__(self) -> None:
        self._seen: tuple[str, ...] | None = None
        self._last_status = -STATUS_EVERY

    def line(self, message: dict[str, Any]) -> str | None:
        """Return the line for a message; None if it holds no news or does not fit version 1."""
        if not fits(message):
            return None
        kind = message["event"]
        if kind in ("state", "start"):
            self._seen = None
        if kind == "results":
            # Scores and boxes change with every frame, so only other labels are news.
            labels = tuple(sorted(item[0] for item in message["found"]))
            if labels == self._seen:
                return None
            self._seen = labels
        elif kind == "status":
            # A negative difference means that the board has restarted; then its status is shown at once.
            if 0 <= message["t"] - self._last_status < STATUS_EVERY:
                return None
            self._last_status = message["t"]
        return f"{message['t'] / 1000:8.2f}s  {visible(describe(message))}".replace("\n", " / ")


def describe(message: dict[str, Any]) -> str:
    """Return one message in words."""
    kind = message["event"]
    if kind == "start":
        return tr("link of a {board}, {rate} results a second at most", board=message["board"], rate=message["rate"])
    if kind == "state":
        return f"{message['old']} --{message['cause']}--> {message['new']}"
    if kind == "select":
        index = message["index"] + 1
        return tr("selected {title} ({index}/{total})", title=message["title"], index=index, total=message["total"])
    if kind == "load":
        return tr("loaded {title} in {ms} ms", title=message["title"], ms=message["ms"])
    if kind == "unload":
        return tr("released {title}", title=message["title"])
    if kind == "results":
        results = ", ".join([*(f"{item[0]} {item[1]:.2f}" for item in message["found"]), *extra_lines(message)])
        return tr("sees {found}", found=results) if results else tr("sees nothing")
    if kind == "fault":
        fault = f"{message['code']} {message['name']}"
        fault += f": {message['detail']}" if message.get("detail") else ""
        return tr("fault {fault}", fault=fault) + ". " + remedy(message["code"])
    if kind == "status":
        return tr(
            "{state}, {fps} fps, {frames} frames, {free} KiB for models",
            state=message["state"],
            fps=message["fps"],
            frames=message["frames"],
            free=message["free"] // 1024,
        )
    if kind == "choice" and message["written"]:
        return tr("remembers {folder}", folder=message["folder"])
    if kind == "choice":
        return tr("cannot remember {folder}", folder=message["folder"])
    if kind == "answer":
        return tr("answer {id}", id=message["id"]) + (": " + message["error"] if "error" in message else "")
    if kind == "model":
        return tr("model {number}: {title}", number=message["index"] + 1, title=message["title"])
    # Show an event of a newer version as it came, rather than hide it.
    values = " ".join(str(value) for key, value in message.items() if key not in ("v", "t", "event"))
    return f"{kind} {values}"
