"""One run of the simulator from power-on to the exit code: steps, pace, script, recording, view, interruption."""

from __future__ import annotations

import gc
import itertools
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from maixswitch import __version__, console
from maixswitch.errors import EXIT_DEVICE, EXIT_FINDINGS, EXIT_INTERRUPTED, EXIT_OK, MaixSwitchError
from maixswitch.k210.board_firmware import dark
from maixswitch.language import tr, word
from maixswitch.sim import recorder as recording
from maixswitch.sim import reports
from maixswitch.sim.actions import Boxes, Card, Scores
from maixswitch.sim.app_board import AppBoard
from maixswitch.sim.board_class import board_class
from maixswitch.sim.board_options import BoardOptions
from maixswitch.sim.keyboard import KEYS, Keyboard
from maixswitch.sim.perform import act
from maixswitch.sim.player import Player
from maixswitch.sim.recorder import Recorder
from maixswitch.sim.script import Script, parse
from maixswitch.sim.view import View, describe

_MAX_NAP_S = 0.05
_ENDED = object()


@dataclass
class Options(BoardOptions):
    """What to run, and how; the board, with paths as the user typed them, is that of BoardOptions.

    script_base: the folder to which paths in the script are relative.
    frames, seconds: limits of the run, in pictures that went through a network and in board time; None for no limit.
    speed: board seconds per second, 0 for as fast as the PC can.
    out: the folder for events and pictures, None for no files.
    narrator: hears the events in place of the terminal. A live view then disappears at the end, and only the key q
        works.
    sim: makes the board, in place of the class that the flavour asks for; a replay has its own.
    recorder: makes the recorder.
    quiet: whether to print nothing.
    """

    script: Script | None = None
    script_base: Path = Path()
    frames: int | None = None
    seconds: float | None = None
    speed: float = 0.0
    out: Path | None = None
    json: bool = False
    zoom: int = 1
    live: bool = False
    narrator: Callable[[dict[str, Any]], None] | None = None
    sim: Callable[..., AppBoard] | None = None
    recorder: Callable[[Path | None, int], Recorder] = Recorder
    quiet: bool = False


class Session:
    """Runs the app until the script ends, a limit is reached, a key or Ctrl-C ends the run, or the app stops.

    finger: gets the key of the keyboard after each step, "" for none, and returns the key to act on.
    actions: called with every line that `act` carries out.
    crash: why the chip would have crashed or the app ended; "" while it runs.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self.recorder = options.recorder(options.out, options.zoom)
        self.finger: Callable[[str], str] = str
        self.actions: list[Callable[[str], None]] = []
        self.crash = ""
        self._interrupted = False
        self._failure: MaixSwitchError | None = None
        self._seen = reports.SeenLabels()
        self._changed = ""  # a new state whose picture is not saved yet
        self._view: View | None = None
        if options.json:
            self.recorder.listeners.append(console.emit)
        if options.narrator is not None:
            self.recorder.listeners.append(options.narrator)
        # One such line decides for the run: the fakes cannot mix scripted and computed answers.
        lines = options.script.lines if options.script else ()
        scripted = any(isinstance(line.action, Boxes | Scores) for line in lines)
        self.sim = (options.sim or board_class(options.flavour))(replace(options, scripted=scripted), self._report)
        self.player = Player(options.script or Script(""), self.sim, self.recorder, options.script_base)
        self.player.check()

    def run(self) -> int:
        """Run to the end; return the exit code: 0, 1 (an expectation failed), 3 (device fault) or 130 (interrupted)."""
        options, sim = self.options, self.sim
        with ExitStack() as stack:
            # Entered first, so left last: Ctrl-C must not break in while view and terminal are restored.
            stack.enter_context(_interruptible(self.interrupt))
            if options.live:
                from rich.console import Console

                hint = tr("q quit") if options.narrator else word(KEYS)
                view = View(Console(stderr=True), hint, transient=options.narrator is not None)
                self._view = stack.enter_context(view)
                self.recorder.listeners.append(self._view.event)
            # JSON and a narrator need the terminal for themselves.
            elif not options.json and not options.quiet and options.narrator is None:
                self.recorder.listeners.append(_tell)
            keyboard = stack.enter_context(Keyboard(options.live))
            try:
                with self.guarded():
                    self.begin()
                    self._loop(keyboard)
            except MaixSwitchError as error:
                # A failed expectation is a result of the run: log it. Any other error goes to the user.
                if error.exit_code != EXIT_FINDINGS:
                    raise
                self._failure = error
                self.recorder.event(sim.now, "failed", text=str(error))
            finally:
                self.finish()
        return self.verdict()

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Catch what would have crashed the chip; `crash` then says why, and the caller takes no further step."""
        try:
            yield
        except self.sim.crashes as error:
            self.crash = tr("the chip would have crashed here: {name}: {error}", name=type(error).__name__, error=error)

    def begin(self) -> None:
        """Log the first event and switch the power on. Call it inside `guarded`."""
        options, sim = self.options, self.sim
        gc.collect()
        # Until the end of the run: the app collects at every switch, and that need not scan the PC's libraries.
        gc.freeze()
        self.recorder.event(
            0,
            "start",
            schema=recording.SCHEMA,
            version=__version__,
            card=str(options.card),
            board=sim.board,
            firmware=sim.flavour,
            camera=str(options.camera or "scene"),
            rounding=options.rounding,
        )
        # The panel of the simulator is lit in any case.
        chip, images = dark(sim.board, sim.power_chip)
        if chip:
            text = tr(
                "{firmware} does not set up {chip}, the power chip of {board}: a real panel stays dark or noisy; "
                "images for this board: {images}",
                firmware=sim.flavour,
                chip=chip,
                board=sim.board,
                images=images,
            )
            self.recorder.event(0, "note", text=text)
        sim.power_on()

    def turn(self) -> bool:
        """Let the app take one step and log the result; return False once the app has ended."""
        alive = self.sim.step()
        self._look()
        return alive

    def act(self, text: str) -> None:
        """Carry out one line of a script that takes no board time, between two turns, and log it.

        Raises MaixSwitchError if the board is in the wrong state for it.
        """
        line = parse(text, "hands").lines[0]
        self.recorder.event(self.sim.now, "hands", text=line.text)
        for hear in self.actions:
            hear(text)  # the text with its quotes, which can be parsed again; line.text is for people
        act(self.sim, line.action, self.options.script_base)

    def _loop(self, keyboard: Keyboard) -> None:
        options, sim = self.options, self.sim
        script = self.player.play() if options.script else itertools.repeat(None)
        began, pressed = time.monotonic(), keyboard.read
        while not self._interrupted and not self._over():
            # The script acts before the step, so that the app sees a press in the same step.
            if next(script, _ENDED) is _ENDED:
                return
            alive = self.turn()
            if self._view is not None and self._view.due():
                self._view.update(sim.status(picture=True))
            # Call `finger` after each step, also without a key: recordings and replays act there.
            if (key := self.finger(pressed())) and self._key(key):
                return
            if not alive or (sim.ended and not options.script):  # a script may start it again
                break
            if options.speed > 0:
                self._sleep_until(began + sim.now / 1000 / options.speed)
        # The step that ended the run may have met the last expectation, so let the script look once more.
        if options.script and not self._interrupted and next(script, _ENDED) is not _ENDED:
            line = self.player.line
            raise MaixSwitchError(
                tr(
                    "the run ended at {now:.2f} s before the script did, in line {number}: {text}",
                    now=sim.now / 1000,
                    number=line.number,
                    text=line.text,
                )
                if line
                else tr("the run ended at {now:.2f} s before the script did", now=sim.now / 1000),
                EXIT_FINDINGS,
            )

    def _over(self) -> bool:
        options, sim = self.options, self.sim
        if options.frames is not None and sim.frames >= options.frames:
            return True
        return options.seconds is not None and sim.now >= options.seconds * 1000

    def _sleep_until(self, moment: float) -> None:
        # Sleep in short naps: Python resumes a sleep after a signal, and Ctrl-C must end the run at once.
        while not self._interrupted:
            left = moment - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, _MAX_NAP_S))

    def _key(self, key: str) -> bool:
        """Carry out a key of the keyboard; return True to end the run."""
        sim, count = self.sim, len(self.sim.keys)
        if key == "q":
            return True
        # A demonstration waits for the presses of its script, and others would confuse it.
        if self.options.narrator is not None:
            return False
        if key in (" ", "h") and count:
            sim.press("", long=key == "h")
        elif key.isdigit() and 1 <= int(key) <= count:
            sim.press(key)
        elif key == "e":
            act(sim, Card(not sim.card_inserted))
        return False

    def _report(self, now: int, kind: str, *values: Any) -> None:
        fields = reports.name(kind, values)
        self.recorder.event(now, kind, **fields)
        # The panel changes only after this report, so `_look` saves its picture after the step.
        if kind == "state":
            self._changed = str(fields.get("new", ""))
            self._seen.forget()

    def _look(self) -> None:
        """After a step, log the results if they changed, and save the panel then and after a change of state."""
        sim = self.sim
        if self.recorder.due(sim.now):
            self.recorder.sample(sim.now, *sim.panel())
        if sim.state == "RUNNING":
            # Before its first picture a model cannot have seen anything: the log must not call that a result.
            if sim.looked:
                results = sim.detections()
                extras = sim.extras()
                labels = self._seen.change(results, extras)
                if labels is not None:
                    self.recorder.event(
                        sim.now,
                        "results",
                        title=sim.title,
                        found=[[n, round(v, 3)] for n, v in results],
                        **extras,
                    )
                    self._save("-".join(("sees", *dict.fromkeys(labels))) if labels else "sees-nothing")
            self._changed = ""
        elif self._changed:
            self._save(self._changed.lower())
            self._changed = ""

    def _save(self, name: str) -> None:
        pixels, width, height = self.sim.panel()
        if pixels:
            safe = "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in name)[:40]
            self.recorder.picture(self.sim.now, safe, pixels, width, height)

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C or `interrupt` ended the run."""
        return self._interrupted

    def interrupt(self) -> None:
        """End the run after the present step, as Ctrl-C does."""
        self._interrupted = True

    def finish(self) -> None:
        """Stop the app as Ctrl-C on the board does, and complete the files."""
        sim = self.sim
        # Keep the state at the end of the run, and the view's status below: stopping the app changes both.
        self._last = (sim.state, sim.title, sim.fault)
        if sim.ended and not self.crash:
            self.crash = sim.ending
        self.recorder.sample(sim.now, *sim.panel(), last=True)
        status = sim.status(picture=True) if self._view is not None and sim.running else None
        try:
            if sim.running and not self.crash:
                self.crash = sim.stop()
        finally:
            if self._view is not None and status is not None:
                self._view.update(status)
            state, title, fault = self._last
            if self.crash:
                self.recorder.event(sim.now, "crash", what=self.crash)
            self.recorder.event(
                sim.now,
                "end",
                exit=self.verdict(),
                state=state,
                title=title,
                fault=fault[0],
                frames=sim.frames,
                expectations=self.player.expectations,
            )
            self.recorder.close(sim.now)
            gc.unfreeze()

    def verdict(self) -> int:
        """Return the exit code of the run so far."""
        # Ctrl-C comes first: an interrupted run proves nothing.
        if self._interrupted:
            return EXIT_INTERRUPTED
        if self._failure is not None:
            return EXIT_FINDINGS
        state, _, fault = self._last
        # A fault is a failure unless the last expectation asked for this code.
        if self.crash or (state == "FAULT" and fault[0] != self.player.expected_fault):
            return EXIT_DEVICE
        return EXIT_OK

    def explain(self) -> str:
        """Return a message that says why the exit code is not 0; "" if it is 0."""
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
    if document["event"] not in ("failed", "crash"):  # `explain` tells them in full at the end
        console.say(describe(document))


@contextmanager
def _interruptible(tell: Callable[[], None]) -> Iterator[None]:
    """Make Ctrl-C end the run after the present step; a second one interrupts as usual."""
    # Python lets only the main thread set signal handlers, and a session may run in another.
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
