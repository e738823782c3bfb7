"""Plays a script on the simulated board: a generator that acts, and lets the board step wherever it waits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from maixswitch.errors import EXIT_FINDINGS, MaixSwitchError
from maixswitch.language import tr
from maixswitch.sim import actions as s
from maixswitch.sim.perform import act
from maixswitch.sim.recorder import Recorder
from maixswitch.sim.script import Line, Script
from maixswitch.sim.simulated_board import SimulatedBoard

FRAMES_LIMIT_MS = 30_000  # A model without an answer for this long will not answer at all.


class Player:
    """Plays a script.

    `play()` yields once per step of the board; `expected_fault` is the fault of the last expectation.
    """

    def __init__(self, script: Script, sim: SimulatedBoard, recorder: Recorder, base: Path) -> None:
        self.expectations = 0
        self.expected_fault = 0
        self.line: Line | None = None
        self._script = script
        self._sim = sim
        self._recorder = recorder
        self._base = base

    def check(self) -> None:
        """Refuse what only this board or this camera can tell: missing keys and photos."""
        # Before the run: a mistake in the last line must not cost the minutes before it.
        for line in self._script.lines:
            try:
                if isinstance(line.action, s.Press):
                    self._sim.pin(line.action.key, line.action.long)
                elif isinstance(line.action, s.Finger):
                    self._sim.pin(line.action.key)
                elif isinstance(line.action, s.Card) and line.action.path:
                    self._sim.can_insert(self._base / line.action.path)
                elif isinstance(line.action, s.Camera):
                    self._sim.can_look_at(line.action.path, self._base)
            except MaixSwitchError as error:
                raise MaixSwitchError(f"{self._script.name}:{line.number}: {error}", error.exit_code) from error

    def play(self) -> Iterator[None]:
        for line in self._script.lines:
            yield from self.do(line)
        self.line = None

    def do(self, line: Line) -> Iterator[None]:
        """Carry out one action of a script, which need not be one that `check` has seen."""
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
            if sim.state == "RUNNING" and not sim.looked:  # the panel still says "Loading..."
                yield from self._frames(1)
            path = self._recorder.screenshot(action.name, *sim.panel())
            self._recorder.event(sim.now, "screenshot", path=str(path))
        else:
            if isinstance(action, s.Finger) and not sim.steps:  # as in _press
                yield
            # `act` knows the board only; people need the line.
            try:
                act(sim, action, self._base)
            except MaixSwitchError as error:
                raise MaixSwitchError(f"{self._script.name}:{line.number}: {error}", error.exit_code) from error

    def _press(self, action: s.Press) -> Iterator[None]:
        sim = self._sim
        if not sim.steps:  # A key that is down at the app's first look would count as stuck.
            yield
        end = sim.press(action.key, action.long, action.hold_ms, action.after_ms or 0, action.bounce_ms)
        if action.after_ms is None:
            yield from self._until(end)

    def _until(self, end: int) -> Iterator[None]:
        while self._sim.now < end:
            yield

    def _frames(self, count: int) -> Iterator[None]:
        start, last, since = self._sim.frames, self._sim.frames, self._sim.now
        # Count from the last picture: a slow model may take long for all of them, but a stuck one gives none at all.
        while self._sim.frames < start + count:
            if self._sim.frames != last:
                last, since = self._sim.frames, self._sim.now
            if self._sim.now - since > FRAMES_LIMIT_MS:
                raise self._failed(
                    tr("{count} frames", count=count),
                    tr("{frames}, then none for {seconds} s", frames=last - start, seconds=FRAMES_LIMIT_MS // 1000),
                )
            yield

    def _expect(self, want: s.Expect) -> Iterator[None]:
        """Wait until the expectation holds, and for as long as it must hold. The failure names the last sight."""
        sim = self._sim
        self.expectations += 1
        deadline = sim.now + want.within_ms
        since: int | None = None
        while True:
            # Look before the deadline counts: what holds at the last moment is met, and `for` may then run past the
            # deadline.
            if self._holds(want):
                since = sim.now if since is None else since
                if sim.now - since >= want.for_ms:
                    break
            else:
                # `for` wants the time in one piece: every interruption starts it again.
                since = None
                if sim.now >= deadline:
                    raise self._failed(_wanted(want), self._found(want))
            yield
        # The verdict of the run must tell a fault that the script wanted from any other (session.py).
        if want.what == "fault":
            self.expected_fault = int(want.value or 0)
        elif want.what == "state" and want.value == "FAULT":
            self.expected_fault = sim.fault[0]

    def _holds(self, want: s.Expect) -> bool:
        sim = self._sim
        if want.what == "state":
            return sim.state == want.value
        if want.what == "title":
            return sim.title == want.value
        if want.what == "fault":
            return not sim.fault[0] if want.absent else str(sim.fault[0]) == want.value
        seen = any(label == want.value and want.compare(score) for label, score in sim.detections())
        # Before its first picture a model sees nothing in any case: that must not meet `no detection`.
        return seen != want.absent and (seen or sim.looked)

    def _found(self, want: s.Expect) -> str:
        sim = self._sim
        if want.what == "title":
            return sim.title or tr("no model")
        seen = ", ".join(f"{label} {score:.3f}" for label, score in sim.detections()) or tr("nothing detected")
        parts = [tr("state {state}", state=sim.state)]
        if sim.title:
            parts.append(sim.title)
        if sim.fault[0]:
            parts.append(tr("fault {fault}", fault=sim.fault[1]))
        if want.what == "detection" and sim.state == "RUNNING":
            parts.append(seen)
        return ", ".join(parts)

    def _failed(self, expected: str, actual: str) -> MaixSwitchError:
        line = self.line
        where = f"{self._script.name}:{line.number}: {line.text}" if line else self._script.name
        text = tr(
            "{where}\n  wanted: {expected}\n  found:  {actual} at {now:.2f} s of board time",
            where=where,
            expected=expected,
            actual=actual,
            now=self._sim.now / 1000,
        )
        return MaixSwitchError(text, EXIT_FINDINGS)


def _wanted(want: s.Expect) -> str:
    text = f"{'no ' if want.absent else ''}{want.what} {want.value}".rstrip()
    if want.what == "detection" and (want.score or want.comparison != ">="):
        text += f" {want.comparison} {want.score:g}"
    if want.for_ms:
        text = tr("{text} for {seconds:g} s", text=text, seconds=want.for_ms / 1000)
    return tr("{text} within {seconds:g} s", text=text, seconds=want.within_ms / 1000)
