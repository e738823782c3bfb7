"""One run of the simulator from power-on to the exit code: steps, pace, script, recording, view, interruption."""

from __future__ import annotations

import gc
import itertools
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maixswitch import __version__, console
from maixswitch.errors import EXIT_DEVICE, EXIT_FINDINGS, EXIT_INTERRUPTED, EXIT_OK, MaixSwitchError
from maixswitch.language import tr, word
from maixswitch.sim import recorder as recording
from maixswitch.sim import reports
from maixswitch.sim.actions import Boxes, Card, Scores
from maixswitch.sim.hands import act
from maixswitch.sim.keyboard import KEYS, Keyboard
from maixswitch.sim.player import Player
from maixswitch.sim.recorder import Recorder
from maixswitch.sim.rig import Rig
from maixswitch.sim.script import Script, parse
from maixswitch.sim.view import View, describe

_MAX_NAP_S = 0.05
_ENDED = object()


@dataclass
class Options:
    """What the command line says; paths as given, seconds of board time, speed 0 as fast as the PC can."""

    card: Path
    board: str = ""
    flavour: str = ""
    camera: Path | None = None
    fit: str = "stretch"
    script: Script | None = None
    script_base: Path = Path()
    frames: int | None = None
    seconds: float | None = None
    speed: float = 0.0
    out: Path | None = None
    json: bool = False
    rounding: str = "v0.2"
    write_back: bool = False
    zoom: int = 1
    live: bool = False
    narrator: Callable[[dict[str, Any]], None] | None = None
    """Of a demonstration: hears the events in place of the terminal; the view goes at the end, and keys but q rest."""
    rig: Callable[..., Rig] = Rig
    recorder: Callable[[Path | None, int], Recorder] = Recorder
    quiet: bool = False  # tells nobody what happens


class Session:
    """Runs the app until the script or a limit ends, a key or Ctrl-C says so, or the app stops."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.recorder = options.recorder(options.out, options.zoom)
        self.finger: Callable[[str], str] = str  # hears the key read after each step; what it returns counts
        self.actions: list[Callable[[str], None]] = []  # hear every line that `act` does
        self.crash = ""  # why the chip would have crashed, or the app has; "" while it has not
        self._interrupted = False
        self._failure: MaixSwitchError | None = None
        self._sights = reports.Sights()
        self._changed = ""  # a state that the next picture shall show
        self._view: View | None = None
        if options.json:
            self.recorder.listeners.append(console.emit)
        if options.narrator is not None:
            self.recorder.listeners.append(options.narrator)
        self.rig = options.rig(
            options.card,
            self._report,
            board=options.board,
            flavour=options.flavour,
            camera=options.camera,
            fit=options.fit,
            rounding=options.rounding,
            write_back=options.write_back,
            scripted=any(isinstance(line.action, Boxes | Scores) for line in options.script.lines)
            if options.script
            else False,
        )
        self.player = Player(options.script or Script(""), self.rig, self.recorder, options.script_base)
        self.player.check()

    def run(self) -> int:
        """The whole run; returns the exit code: 0, 1 (an expectation failed), 3 (device fault) or 130."""
        options, rig = self.options, self.rig
        with ExitStack() as stack:
            stack.enter_context(_interruptible(self.interrupt))
            if options.live:
                from rich.console import Console

                hint = tr("q quit") if options.narrator else word(KEYS)
                view = View(Console(stderr=True), hint, transient=options.narrator is not None)
                self._view = stack.enter_context(view)
                self.recorder.listeners.append(self._view.event)
            elif not options.json and not options.quiet and options.narrator is None:
                self.recorder.listeners.append(_tell)
            keyboard = stack.enter_context(Keyboard(options.live))
            try:
                with self.guarded():
                    self.begin()
                    self._loop(keyboard)
            except MaixSwitchError as error:
                if error.exit_code != EXIT_FINDINGS:
                    raise
                self._failure = error
                self.recorder.event(rig.now, "failed", text=str(error))
            finally:
                self.finish()
        return self.verdict()

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Where the chip would have crashed, `crash` says so, and the board stands still."""
        bench = self.rig.bench
        try:
            yield
        except (bench.HardFault, bench.Reset) as error:
            self.crash = tr("the chip would have crashed here: {name}: {error}", name=type(error).__name__, error=error)

    def begin(self) -> None:
        """The first event, then power on; raises what only `guarded` catches."""
        options, rig = self.options, self.rig
        gc.collect()
        gc.freeze()  # until the end: the app collects at every switch, and need not look through the PC's libraries
        self.recorder.event(
            0,
            "start",
            schema=recording.SCHEMA,
            version=__version__,
            card=str(options.card),
            board=rig.board,
            firmware=rig.flavour,
            camera=str(options.camera or "scene"),
            rounding=options.rounding,
        )
        rig.power_on()

    def turn(self) -> bool:
        """One step of the app, and what came of it into the log; False once the app is over."""
        alive = self.rig.step()
        self._look()
        return alive

    def act(self, text: str) -> None:
        """Lets hands do one line of a script that takes no board time, between two turns; it is in the log.

        MaixSwitchError where the board is in no state for it.
        """
        line = parse(text, "hands").lines[0]
        self.recorder.event(self.rig.now, "hands", text=line.text)
        for hear in self.actions:
            hear(text)  # with its quotes: line.text is for people
        act(self.rig, line.action, self.options.script_base)

    def _loop(self, keyboard: Keyboard) -> None:
        options, rig = self.options, self.rig
        script = self.player.play() if options.script else itertools.repeat(None)
        began, pressed = time.monotonic(), keyboard.read
        while not self._interrupted and not self._over():
            if next(script, _ENDED) is _ENDED:
                return
            alive = self.turn()
            if self._view is not None and self._view.due():
                self._view.update(rig.status(picture=True))
            if (key := self.finger(pressed())) and self._key(key):
                return
            if not alive or (rig.ended and not options.script):  # a script may start it again
                break
            if options.speed > 0:
                self._sleep_until(began + rig.now / 1000 / options.speed)
        if options.script and not self._interrupted and next(script, _ENDED) is not _ENDED:
            line = self.player.line
            raise MaixSwitchError(
                tr(
                    "the run ended at {now:.2f} s before the script did, in line {number}: {text}",
                    now=rig.now / 1000,
                    number=line.number,
                    text=line.text,
                )
                if line
                else tr("the run ended at {now:.2f} s before the script did", now=rig.now / 1000),
                EXIT_FINDINGS,
            )

    def _over(self) -> bool:
        options, rig = self.options, self.rig
        if options.frames is not None and rig.frames >= options.frames:
            return True
        return options.seconds is not None and rig.now >= options.seconds * 1000

    def _sleep_until(self, moment: float) -> None:
        while not self._interrupted:
            left = moment - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, _MAX_NAP_S))

    def _key(self, key: str) -> bool:
        """Does what a key of the keyboard says; True for the end."""
        rig, count = self.rig, len(self.rig.keys)
        if key == "q":
            return True
        if self.options.narrator is not None:
            return False
        if key in (" ", "h") and count:
            rig.press("", long=key == "h")
        elif key.isdigit() and 1 <= int(key) <= count:
            rig.press(key)
        elif key == "e":
            act(rig, Card(not rig.bench.card.inserted))
        return False

    def _report(self, now: int, kind: str, *values: Any) -> None:
        fields = reports.name(kind, values)
        self.recorder.event(now, kind, **fields)
        if kind == "state":
            self._changed = str(fields.get("new", ""))
            self._sights.forget()

    def _look(self) -> None:
        """After a step: notes what is seen when that changed, and saves the panel then and after a change of state."""
        rig = self.rig
        if self.recorder.due(rig.now):
            self.recorder.sample(rig.now, *rig.panel())
        if rig.state == "RUNNING":
            if rig.looked:
                found = rig.detections()
                labels = self._sights.change(found)
                if labels is not None:
                    self.recorder.event(rig.now, "results", title=rig.title, found=[[n, round(v, 3)] for n, v in found])
                    self._save("-".join(("sees", *dict.fromkeys(labels))) if labels else "sees-nothing")
            self._changed = ""
        elif self._changed:
            self._save(self._changed.lower())
            self._changed = ""

    def _save(self, name: str) -> None:
        pixels, width, height = self.rig.panel()
        if pixels:
            safe = "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in name)[:40]
            self.recorder.picture(self.rig.now, safe, pixels, width, height)

    @property
    def interrupted(self) -> bool:
        """Did Ctrl-C, or `interrupt`, end the run?"""
        return self._interrupted

    def interrupt(self) -> None:
        """The run ends with the step that is under way, as by Ctrl-C."""
        self._interrupted = True

    def finish(self) -> None:
        """Stops the app as Ctrl-C on the board would, and completes the files."""
        rig = self.rig
        self._last = (rig.state, rig.title, rig.fault)
        if rig.ended and not self.crash:
            self.crash = tr("the app ended: {ended}", ended=rig.ended)
        self.recorder.sample(rig.now, *rig.panel(), last=True)
        status = rig.status(picture=True) if self._view is not None and rig.app is not None else None
        try:
            if rig.app is not None and not self.crash:
                rig.app.stop()
                live = list(rig.bench.kpu.live)
                if live:
                    self.crash = tr("{live} model(s) still loaded after the app stopped", live=len(live))
        finally:
            if self._view is not None and status is not None:
                self._view.update(status)
            state, title, fault = self._last
            if self.crash:
                self.recorder.event(rig.now, "crash", what=self.crash)
            self.recorder.event(
                rig.now,
                "end",
                exit=self.verdict(),
                state=state,
                title=title,
                fault=fault[0],
                frames=rig.frames,
                expectations=self.player.expectations,
            )
            self.recorder.close(rig.now)
            gc.unfreeze()

    def verdict(self) -> int:
        """The exit code of the run so far."""
        if self._interrupted:
            return EXIT_INTERRUPTED
        if self._failure is not None:
            return EXIT_FINDINGS
        state, _, fault = self._last
        if self.crash or (state == "FAULT" and fault[0] != self.player.expected_fault):
            return EXIT_DEVICE
        return EXIT_OK

    def explain(self) -> str:
        """Why the exit code is not 0, for people; "" where it is."""
        if self._failure is not None:
            return str(self._failure)
        if self._interrupted:
            return tr("interrupted")
        if self.crash:
            return self.crash
        state, _, fault = self._last
        return (
            tr("the app ended in {state}: {fault}", state=state, fault=fault[1])
            if self.verdict() == EXIT_DEVICE
            else ""
        )


def _tell(document: dict[str, Any]) -> None:
    if document["event"] not in ("failed", "crash"):  # told in full at the end
        console.say(describe(document))


@contextmanager
def _interruptible(tell: Callable[[], None]) -> Iterator[None]:
    """Ctrl-C only tells, so that the step under way ends whole; a second one breaks off as usual."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, frame: Any) -> None:
        signal.signal(signal.SIGINT, before)
        tell()

    before = signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
