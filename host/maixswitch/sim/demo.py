"""The demonstration: a card of the models that come with the package, and a finger that presses the key by itself."""

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
from maixswitch.kmodel.run.engine import Engine
from maixswitch.language import tr, word
from maixswitch.sim.script import parse
from maixswitch.sim.session import Options, Session
from maixswitch.sim.showcase import Showcase

START = "Start: the first model loads"
NEXT = "Press: the next model"
ANOTHER = "Press: and the next"
BACK = "Hold: back to the one before"
OUT = "Card out: the screen says what to do"
IN = "Card in: it goes on where it was"
CAPTIONS = (START, NEXT, ANOTHER, BACK, OUT, IN)

# The waits follow the scene before the camera: shapes, digits from 7 s on, cards from 12.5 s, digits from 17 s to 28 s.
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
    """The whole demonstration; returns exit code and reason, 1 where an expectation of the script failed.

    Leaves demo.gif, events and pictures in `out`.
    """
    with tempfile.TemporaryDirectory(prefix="maixswitch-demo-") as place:
        card = Path(place, "card")
        write_card(card)
        prepare(card)
        show = Showcase()
        story = Story(live, lambda: session.rig.detections())
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
    story.end()
    picture = out / "demo" / "screen.gif"
    if picture.exists():
        shutil.move(picture, out / "demo.gif")
        console.say("\n" + tr("The run as an animation: {out}", out=out / "demo.gif"))
        console.say(tr("Every event and picture:  {out}", out=out / "demo"))
    if not code:
        console.say("\n" + what_next())
    return code, session.explain()


def write_card(card: Path) -> None:
    """A card of the models that come with the package; MaixSwitchError (input or output) where it cannot be written."""
    with files.writing(card):
        (card / "models").mkdir(parents=True)
        models_shipped.copy(card / "models")


def prepare(card: Path) -> None:
    """Runs every model once, so that the emulator is compiled before anybody watches; says so when it takes long."""
    with _patience(tr("preparing the emulator: once, about ten seconds ...")):
        engine = Engine()
        for path in sorted(card.glob("models/*/*.kmodel")):
            engine.load(path.read_bytes()).run(None)


def what_next() -> str:
    """Three commands to go on with, one a line."""
    rows = (
        ("new CARD", tr("a card with these models")),
        ("sim CARD --camera photos/", tr("the app on your own pictures")),
        ("convert --help", tr("your own network for the board")),
    )
    width = max(len(words) for words, _ in rows)
    program = _program()
    return "\n".join([tr("What to try next:"), *(f"  {program} {words:{width}}  # {what}" for words, what in rows)])


def _program() -> str:
    """The command as it can be typed here: by its name, or with its place where the shell does not find it."""
    place = Path(sys.executable).with_name("maixswitch")
    if shutil.which("maixswitch") or not place.exists():
        return "maixswitch"
    here = Path.cwd()
    return str(place.relative_to(here) if place.is_relative_to(here) else place)


@contextmanager
def _patience(text: str) -> Iterator[None]:
    """Says the text when what is done inside takes longer than a moment."""
    timer = threading.Timer(PATIENCE_S, console.say, [text])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


class Story:
    """The events that matter as a table, each row as it happens; all at the end where a live view has the terminal.

    ``look`` tells label and score (0..1) of what is seen now; asked when the script goes on from what it expected.
    """

    SURE = 0.5

    def __init__(self, later: bool, look: Callable[[], list[tuple[str, float]]]) -> None:
        self._later = later
        self._look = look
        self._rows: list[str] = []
        self._expected = False

    def hear(self, event: dict[str, Any]) -> None:
        """One event of the run."""
        kind = event["event"]
        if kind in ("say", "script"):
            expects = kind == "script" and event["text"].startswith("expect detection")
            if self._expected and not expects:
                self._met(event["t"])
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

    def _met(self, t: int) -> None:
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
        """Writes the rows that waited for the view to go."""
        for row in self._rows:
            console.say(row)
        self._rows.clear()
