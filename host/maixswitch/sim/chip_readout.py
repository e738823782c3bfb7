"""What a person can read off an app that runs in a real firmware, from what it tells on the serial line."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from maixswitch.link.extras import extras
from maixswitch.link.serial_lines import SerialLines
from maixswitch.link.serial_schema import LABEL
from maixswitch.sim.app_readout import AppReadout
from maixswitch.sim.reports import FIELDS

EXCEPTION = re.compile(r"[A-Za-z]*(Error|Exception|Interrupt|Exit)\b")


class ChipReadout:
    """Takes the bytes of the serial line and keeps the state of the app.

    report: called as report(kind, ...) with the app's reports, as the app itself calls it on the fakes.
    alive: has the app started, and not ended? stopped: has its machine stopped?
    state: of the app, "OFF" before it has told one.
    title, selected, total: of the selected model; its index, and how many models there are.
    results: (label, score 0..1) of the last picture. looked: has the running model seen a picture?
    frames, fps, free, heap: as the app's status says; free and heap are bytes.
    fault: code and text of the fault on the panel, (0, "") for none.
    """

    def __init__(self, report: Callable[..., None]) -> None:
        self._report = report
        self._texts = AppReadout()
        self.forget()

    def forget(self) -> None:
        """Begin again, as after power-on or a restart: what was heard before means nothing."""
        self._lines = SerialLines()
        self.alive = self.stopped = self.looked = False
        self.state = "OFF"
        self.title = ""
        self.selected = self.total = self.frames = self.fps = self.free = self.heap = 0
        self.results: list[tuple[str, float]] = []
        self.extras: dict[str, Any] = {}
        self._cause = self._detail = ""
        self._code = 0

    @property
    def prompt(self) -> bool:
        """Does the firmware wait at the prompt of its REPL, so that no app runs?"""
        return self._lines.prompt

    @property
    def last_line(self) -> str:
        """The last line of a traceback, "" without one."""
        line = self._lines.last[-1] if self._lines.last else ""
        return line if EXCEPTION.match(line) else ""

    @property
    def fault(self) -> tuple[int, str]:
        """The code and text of the fault on the panel, (0, "") for none."""
        return self._texts.shown_fault(self.state, self._cause, self._code, self._detail)

    @staticmethod
    def is_cut(label: str) -> bool:
        """Is this label so long that the board may have cut it?"""
        return len(label) >= LABEL

    def hear(self, data: bytes) -> None:
        """Take what the firmware sent."""
        for message in self._lines.feed(data):
            # Before its start event an old app may still talk, which Ctrl-C has not reached yet.
            if self.alive or message["event"] == "start":
                self._take(message)
        if self._lines.prompt:
            self.alive = False

    def _take(self, message: dict[str, Any]) -> None:
        kind = message["event"]
        self.alive = True
        if kind == "results":
            self.results = [(str(row[0]), float(row[1])) for row in message["found"]]
            self.extras = extras(message)
            self.frames = int(message["frame"]) + 1
            self.looked = self.state == "RUNNING"
        elif kind == "status":
            self.fps, self.free = int(message["fps"]), int(message["free"])
            self.frames = max(self.frames, int(message["frames"]))
            self.heap = int(message.get("heap", 0))
            self.selected, self.total, self.title = message["index"], message["total"], message["title"]
        elif kind in FIELDS:
            self._note(kind, message)
            self._report(kind, *(message.get(name) for name in FIELDS[kind]))

    def _note(self, kind: str, message: dict[str, Any]) -> None:
        if kind == "state":
            self.state, self._cause = message["new"], message["cause"]
            self.stopped = self.state == "STOPPED"
            self.looked = False
            self.results, self.extras = [], {}
        elif kind == "select":
            self.title, self.selected, self.total = message["title"], message["index"], message["total"]
        elif kind == "load":
            self.free = message["free"]
        elif kind == "fault":
            self._code, self._detail = message["code"], message.get("detail") or ""
