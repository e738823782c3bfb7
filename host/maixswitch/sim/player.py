"""Plays a script against the rig: a generator that acts, and gives the board a step wherever it waits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from maixswitch.errors import EXIT_FINDINGS, MaixSwitchError
from maixswitch.language import tr
from maixswitch.sim import actions as s
from maixswitch.sim.hands import act
from maixswitch.sim.recorder import Recorder
from maixswitch.sim.rig import Rig
from maixswitch.sim.script import Line, Script

FRAMES_LIMIT_MS = 30_000  # a model that answers nothing for so long will not answer at all


class Player:
    """`play()` yields once for each step the board shall make; `expected_fault` tells which fault was wanted last."""

    def __init__(self, script: Script, rig: Rig, recorder: Recorder, base: Path) -> None:
        self.expectations = 0
        self.expected_fault = 0
        self.line: Line | None = None
        self._script = script
        self._rig = rig
        self._recorder = recorder
        self._base = base

    def check(self) -> None:
        """Refuses what only this board or this camera can tell: keys and photos that there are not."""
        for line in self._script.lines:
            try:
                if isinstance(line.action, s.Press):
                    self._rig.pin(line.action.key, line.action.long)
                elif isinstance(line.action, s.Finger):
                    self._rig.pin(line.action.key)
                elif isinstance(line.action, s.Card) and line.action.path:
                    self._rig.can_insert(self._base / line.action.path)
                elif isinstance(line.action, s.Camera):
                    self._rig.can_look_at(line.action.path, self._base)
            except MaixSwitchError as error:
                raise MaixSwitchError(f"{self._script.name}:{line.number}: {error}", error.exit_code) from error

    def play(self) -> Iterator[None]:
        for line in self._script.lines:
            yield from self.do(line)
        self.line = None

    def do(self, line: Line) -> Iterator[None]:
        """One action of a script, which need not be the one that `check` has seen."""
        self.line = line
        action = line.action
        if isinstance(action, s.Say):
            self._recorder.event(self._rig.now, "say", text=action.text)
            return
        rig = self._rig
        self._recorder.event(rig.now, "script", line=line.number, text=line.text)
        if isinstance(action, s.Wait):
            yield from self._until(rig.now + action.ms)
        elif isinstance(action, s.Frames):
            yield from self._frames(action.count)
        elif isinstance(action, s.Press):
            yield from self._press(action)
        elif isinstance(action, s.Expect):
            yield from self._expect(action)
        elif isinstance(action, s.Screenshot):
            if rig.state == "RUNNING" and not rig.looked:  # the panel still says "Loading..."
                yield from self._frames(1)
            path = self._recorder.screenshot(action.name, *rig.panel())
            self._recorder.event(rig.now, "screenshot", path=str(path))
        else:
            if isinstance(action, s.Finger) and not rig.steps:  # as in _press
                yield
            try:
                act(rig, action, self._base)
            except MaixSwitchError as error:
                raise MaixSwitchError(f"{self._script.name}:{line.number}: {error}", error.exit_code) from error

    def _press(self, action: s.Press) -> Iterator[None]:
        rig = self._rig
        if not rig.steps:  # a key that is down when the app first looks counts as stuck
            yield
        end = rig.press(action.key, action.long, action.hold_ms, action.after_ms or 0, action.bounce_ms)
        if action.after_ms is None:
            yield from self._until(end)

    def _until(self, end: int) -> Iterator[None]:
        while self._rig.now < end:
            yield

    def _frames(self, count: int) -> Iterator[None]:
        start, last, since = self._rig.frames, self._rig.frames, self._rig.now
        while self._rig.frames < start + count:
            if self._rig.frames != last:
                last, since = self._rig.frames, self._rig.now
            if self._rig.now - since > FRAMES_LIMIT_MS:
                raise self._failed(
                    tr("{count} frames", count=count),
                    tr("{frames}, then none for {seconds} s", frames=last - start, seconds=FRAMES_LIMIT_MS // 1000),
                )
            yield

    def _expect(self, want: s.Expect) -> Iterator[None]:
        """Waits until the expectation holds, and for as long as it shall hold; the failure tells the last sight."""
        rig = self._rig
        self.expectations += 1
        deadline = rig.now + want.within_ms
        since: int | None = None
        while True:
            if self._holds(want):
                since = rig.now if since is None else since
                if rig.now - since >= want.for_ms:
                    break
            else:
                since = None
                if rig.now >= deadline:
                    raise self._failed(_wanted(want), self._found(want))
            yield
        if want.what == "fault":
            self.expected_fault = int(want.value or 0)
        elif want.what == "state" and want.value == "FAULT":
            self.expected_fault = rig.fault[0]

    def _holds(self, want: s.Expect) -> bool:
        rig = self._rig
        if want.what == "state":
            return rig.state == want.value
        if want.what == "title":
            return rig.title == want.value
        if want.what == "fault":
            return not rig.fault[0] if want.absent else str(rig.fault[0]) == want.value
        seen = any(label == want.value and want.compare(score) for label, score in rig.detections())
        return seen != want.absent and (seen or rig.looked)

    def _found(self, want: s.Expect) -> str:
        rig = self._rig
        if want.what == "title":
            return rig.title or tr("no model")
        seen = ", ".join(f"{label} {score:.3f}" for label, score in rig.detections()) or tr("nothing detected")
        parts = [tr("state {state}", state=rig.state)]
        if rig.title:
            parts.append(rig.title)
        if rig.fault[0]:
            parts.append(tr("fault {fault}", fault=rig.fault[1]))
        if want.what == "detection" and rig.state == "RUNNING":
            parts.append(seen)
        return ", ".join(parts)

    def _failed(self, wanted: str, found: str) -> MaixSwitchError:
        line = self.line
        place = f"{self._script.name}:{line.number}: {line.text}" if line else self._script.name
        text = tr(
            "{place}\n  wanted: {wanted}\n  found:  {found} at {now:.2f} s of board time",
            place=place,
            wanted=wanted,
            found=found,
            now=self._rig.now / 1000,
        )
        return MaixSwitchError(text, EXIT_FINDINGS)


def _wanted(want: s.Expect) -> str:
    text = f"{'no ' if want.absent else ''}{want.what} {want.value}".rstrip()
    if want.what == "detection" and (want.score or want.comparison != ">="):
        text += f" {want.comparison} {want.score:g}"
    if want.for_ms:
        text = tr("{text} for {seconds:g} s", text=text, seconds=want.for_ms / 1000)
    return tr("{text} within {seconds:g} s", text=text, seconds=want.within_ms / 1000)
