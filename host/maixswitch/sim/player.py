"""Plays a script on the simulated board: a generator that acts, and lets the board step wherever it waits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from maixswitch.errors import EXIT_FINDINGS, MaixSwitchError
from maixswitch.language import tr
from maixswitch.link.extras import extra_lines
from maixswitch.sim import actions as s
from maixswitch.sim.app_board import AppBoard
from maixswitch.sim.perform import act
from maixswitch.sim.recorder import Recorder
from maixswitch.sim.script import Line, Script

FRAMES_LIMIT_MS = 30_000  # a model that gives no answer for this long will not answer at all


class Player:
    """Plays a script on a board; `play` yields once per step of the board.

    base: the folder to which paths in the script are relative.
    expectations: how many were checked so far.
    expected_fault: the fault code that the last expectation asked for, 0 for none.
    line: the line that is being played, None before the start and after the end.
    """

    def __init__(self, script: Script, sim: AppBoard, recorder: Recorder, base: Path) -> None:
        self.expectations = 0
        self.expected_fault = 0
        self.line: Line | None = None
        self._script = script
        self._sim = sim
        self._recorder = recorder
        self._base = base

    def check(self) -> None:
        """Refuse what this board cannot do or does not have. Raises MaixSwitchError that names the line."""
        # Check before the run, so that a mistake in the last line does not cost the minutes before it.
        for line in self._script.lines:
            try:
                self._sim.check(line.action, self._base)
            except MaixSwitchError as error:
                raise MaixSwitchError(f"{self._script.name}:{line.number}: {error}", error.exit_code) from error

    def play(self) -> Iterator[None]:
        """Play all lines. Raises MaixSwitchError (findings) for an expectation that fails."""
        for line in self._script.lines:
            yield from self.do(line)
        self.line = None

    def do(self, line: Line) -> Iterator[None]:
        """Carry out one line; it need not be one that `check` has seen."""
        self.line = line
        action = line.action
        if isinstance(action, s.Say):
            self._recorder.event(self._sim.now, "say", text=action.text)
            return
        sim = self._sim
        self._recorder.event(sim.now, "script", line=line.number, text=line.text)
        if isinstance(action, s.Wait):
            yield from self._until(sim.now + action.ms)
        elif isinstance(action, s.Frames):
            yield from self._frames(action.count)
        elif isinstance(action, s.Press):
            yield from self._press(action)
        elif isinstance(action, s.Expect):
            yield from self._expect(action)
        elif isinstance(action, s.Screenshot):
            # Until the model has seen its first picture, the panel still says "Loading...".
            if sim.state == "RUNNING" and not sim.looked:
                yield from self._frames(1)
            path = self._recorder.screenshot(action.name, *sim.panel())
            self._recorder.event(sim.now, "screenshot", path=str(path))
        else:
            if isinstance(action, s.Finger) and not sim.steps:  # as in _press
                yield
            # `act` knows only the board: add the script's line to its message.
            try:
                act(sim, action, self._base)
            except MaixSwitchError as error:
                raise MaixSwitchError(f"{self._script.name}:{line.number}: {error}", error.exit_code) from error

    def _press(self, action: s.Press) -> Iterator[None]:
        sim = self._sim
        if not sim.steps:  # a key that is down when the app first looks counts as stuck
            yield
        end = sim.press(action.key, action.long, action.hold_ms, action.after_ms or 0, action.bounce_ms)
        if action.after_ms is None:
            yield from self._until(end)

    def _until(self, end: int) -> Iterator[None]:
        while self._sim.now < end:
            yield

    def _frames(self, count: int) -> Iterator[None]:
        start, last, since = self._sim.frames, self._sim.frames, self._sim.now
        # Limit the time since the last picture, not the total: a slow model may take long, but a stuck one gives none.
        while self._sim.frames < start + count:
            if self._sim.frames != last:
                last, since = self._sim.frames, self._sim.now
            if self._sim.now - since > FRAMES_LIMIT_MS:
                raise self._failed(
                    tr("{count} frame" if count == 1 else "{count} frames", count=count),
                    tr("{frames}, then none for {seconds} s", frames=last - start, seconds=FRAMES_LIMIT_MS // 1000),
                )
            yield

    def _expect(self, want: s.Expect) -> Iterator[None]:
        """Wait until the expectation holds, and for as long as it must hold; the failure tells the present state."""
        sim = self._sim
        self.expectations += 1
        deadline = sim.now + want.within_ms
        since: int | None = None
        while True:
            # Look before checking the deadline: an expectation that holds at the last moment is met, and its `for` may
            # end after the deadline.
            if self._holds(want):
                since = sim.now if since is None else since
                if sim.now - since >= want.for_ms:
                    break
            else:
                # The time of `for` must have no break: start it again.
                since = None
                if sim.now >= deadline:
                    raise self._failed(_expectation_text(want), self._present_text(want))
            yield
        # The verdict of the run must distinguish a fault that the script expected from any other (session.py).
        if want.subject == "fault":
            self.expected_fault = int(want.value or 0)
        elif want.subject == "state" and want.value == "FAULT":
            self.expected_fault = sim.fault[0]

    def _holds(self, want: s.Expect) -> bool:
        sim = self._sim
        if want.subject == "state":
            return sim.state == want.value
        if want.subject == "title":
            return sim.title == want.value
        if want.subject == "fault":
            return not sim.fault[0] if want.absent else str(sim.fault[0]) == want.value
        if want.subject == "points":
            return len(sim.extras().get("points", ())) // 2 == int(want.value)
        if want.subject == "output":
            at, where = map(int, want.value.split())
            outputs = sim.extras().get("outputs", [])
            return at < len(outputs) and outputs[at][3] == where
        seen = any(label == want.value and want.compare(score) for label, score in sim.detections())
        # Before its first picture a model cannot see anything: that must not meet `no detection`.
        return seen != want.absent and (seen or sim.looked)

    def _present_text(self, want: s.Expect) -> str:
        sim = self._sim
        if want.subject == "title":
            return sim.title or tr("no model")
        rows = [*(f"{label} {score:.3f}" for label, score in sim.detections()), *extra_lines(sim.extras())]
        seen = ", ".join(rows) or tr("nothing detected")
        parts = [tr("state {state}", state=sim.state)]
        if sim.title:
            parts.append(sim.title)
        if sim.fault[0]:
            parts.append(tr("fault {fault}", fault=sim.fault[1]))
        if want.subject in ("detection", "points", "output") and sim.state == "RUNNING":
            parts.append(seen)
        return ", ".join(parts)

    def _failed(self, expected: str, actual: str) -> MaixSwitchError:
        line = self.line
        where = f"{self._script.name}:{line.number}: {line.text}" if line else self._script.name
        text = tr(
            "{where}\n  expected: {expected}\n  found:    {actual} at {now:.2f} s of board time",
            where=where,
            expected=expected,
            actual=actual,
            now=self._sim.now / 1000,
        )
        return MaixSwitchError(text, EXIT_FINDINGS)


def _expectation_text(want: s.Expect) -> str:
    text = f"{'no ' if want.absent else ''}{want.subject} {want.value}".rstrip()
    if want.subject == "detection" and (want.score or want.comparison != ">="):
        text += f" {want.comparison} {want.score:g}"
    if want.for_ms:
        text = tr("{text} for {seconds:g} s", text=text, seconds=want.for_ms / 1000)
    return tr("{text} within {seconds:g} s", text=text, seconds=want.within_ms / 1000)
