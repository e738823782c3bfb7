"""The demonstration: a card with the models of the package, and a finger that presses the key by itself."""

from __future__ import annotations

import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from maixswitch import console, files, models_shipped
from maixswitch.language import tr, word
from maixswitch.sim.script import parse
from maixswitch.sim.session import Options, Session
from maixswitch.sim.showcase import Showcase

from .emulator import Emulator

START = "Start: the first model loads"
NEXT = "Press: the next model"
ANOTHER = "Press: and the next"
BACK = "Hold: back to the one before"
OUT = "Card out: the screen says what to do"
IN = "Card in: it goes on where it was"
CAPTIONS = (START, NEXT, ANOTHER, BACK, OUT, IN)

# The waits follow the drawn scene: shapes, digits from 7 s on, cards from 12.5 s, digits from 17 s to 28 s.
SCRIPT = f"""
say {START}
expect title Shapes
expect detection circle >= 0.5
expect detection triangle >= 0.5
expect detection star >= 0.5
wait 5300ms
say {NEXT}
press
expect title Digits
expect detection 7 >= 0.8
wait 1500ms
expect detection 3 >= 0.8
wait 1500ms
expect detection 5 >= 0.8
wait 500ms
say {ANOTHER}
press
expect title Colours
expect detection red >= 0.8
wait 1s
expect detection green >= 0.8
wait 400ms
say {BACK}
hold
expect title Digits
expect detection 2 >= 0.8
wait 700ms
say {OUT}
eject
expect state NO_CARD
wait 1500ms
say {IN}
insert
expect state RUNNING
expect detection 9 >= 0.8
wait 1500ms
"""
MOST_BYTES = 4_000_000
PATIENCE_S = 1.5


def run(out: Path, speed: float, live: bool, script: str = SCRIPT) -> tuple[int, str]:
    """Run the demonstration; write demo.gif, events and pictures into `out`.

    speed: board seconds per second, 0 for as fast as the PC can.
    live: whether to show the live view.
    Returns the exit code and its reason: 1 if an expectation of the script failed.
    """
    with tempfile.TemporaryDirectory(prefix="maixswitch-demo-") as scratch:
        card = Path(scratch, "card")
        write_card(card)
        prepare(card)
        show = Showcase()
        # The function is called only during the run: `session` has its value by then.
        story = Story(live, lambda: session.sim.detections())
        session = Session(
            Options(
                card=card,
                script=parse(script, "demo"),
                speed=speed,
                out=out / "demo",
                zoom=2,
                live=live,
                narrator=story.hear,
            )
        )
        session.recorder.listeners.append(show.hear)
        session.recorder.dress = show.dress
        session.recorder.most_bytes = MOST_BYTES
        code = session.run()
    # With a live view the rows wait until the terminal is free again.
    story.end()
    picture = out / "demo" / "screen.gif"
    # A run that failed at once has no animation. People look for this file first, so move it up beside the others.
    if picture.exists():
        shutil.move(picture, out / "demo.gif")
        console.say("\n" + tr("The run as an animation: {out}", out=out / "demo.gif"))
        console.say(tr("Every event and picture:  {out}", out=out / "demo"))
    if not code:
        console.say("\n" + next_commands())
    return code, session.explain()


def write_card(card: Path) -> None:
    """Make a card with the models of the package. Raises MaixSwitchError (input or output) if it cannot be written."""
    with files.writing(card):
        (card / "models").mkdir(parents=True)
        models_shipped.copy(card / "models")


def prepare(card: Path) -> None:
    """Run every model once, so that the emulator is compiled before the run; print a line if that takes long."""
    with _patience(tr("preparing the emulator: once, about ten seconds ...")):
        engine = Emulator()
        for path in sorted(card.glob("models/*/*.kmodel")):
            engine.load(path.read_bytes()).run(None)


def next_commands() -> str:
    """Return three commands to try next, one per line."""
    rows = (
        ("new CARD", tr("a card with these models")),
        ("sim CARD --camera photos/", tr("the app on your own pictures")),
        ("convert --help", tr("your own network for the board")),
    )
    width = max(len(words) for words, _ in rows)
    program = _program()
    return "\n".join(
        [tr("What to try next:"), *(f"  {program} {words:{width}}  # {purpose}" for words, purpose in rows)]
    )


def _program() -> str:
    """Return the command as the user can type it here: its name, or its path if the shell does not find it."""
    # A virtual environment that is not active has the command beside its Python, where the shell does not look.
    path = Path(sys.executable).with_name("maixswitch.exe" if sys.platform == "win32" else "maixswitch")
    if shutil.which("maixswitch") or not path.exists():
        return "maixswitch"
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


@contextmanager
def _patience(text: str) -> Iterator[None]:
    """Print the text if the block takes longer than PATIENCE_S."""
    timer = threading.Timer(PATIENCE_S, console.say, [text])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


class Story:
    """Prints the important events as a table while they happen, or at the end if a live view has the terminal.

    later: whether to wait for the end.
    look: returns label and score (0..1) of what the model sees now.
    """

    SURE = 0.5

    def __init__(self, later: bool, look: Callable[[], list[tuple[str, float]]]) -> None:
        self._later = later
        self._look = look
        self._rows: list[str] = []
        self._expected = False

    def hear(self, event: dict[str, Any]) -> None:
        """Take one event of the run."""
        kind = event["event"]
        # An expectation is met when the next line begins. Print the results once after a group of expectations: all of
        # them would print the same.
        if kind in ("say", "script"):
            expects = kind == "script" and event["text"].startswith("expect detection")
            if self._expected and not expects:
                self._results(event["t"])
            self._expected = expects
        if kind == "say":
            self._row(event["t"], word(event["text"]))
        elif kind == "load":
            self._row(event["t"], "  " + tr("loaded {title} in {ms} ms", title=event["title"], ms=event["ms"]))
        elif kind == "state" and event["new"] == "NO_CARD":
            self._row(event["t"], "  " + tr("the board asks for its card"))
        elif kind == "fault":
            self._row(event["t"], "  " + tr("fault {fault}", fault=f"{event['code']} {event['name']}"))
        elif kind == "end":
            self._row(event["t"], tr("End: {frames} pictures went through a network", frames=event["frames"]))

    def _results(self, t: int) -> None:
        sure = [f"{label} {score:.0%}" for label, score in self._look() if score >= self.SURE]
        if sure:
            self._row(t, "  " + tr("sees {found}", found=", ".join(sure)))

    def _row(self, t: int, text: str) -> None:
        row = f"{t / 1000:6.1f} s  {text}"
        if self._later:
            self._rows.append(row)
        else:
            console.say(row)

    def end(self) -> None:
        """Print the rows that waited for the end of the live view."""
        for row in self._rows:
            console.say(row)
        self._rows.clear()
