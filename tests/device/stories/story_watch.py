"""The invariants that must hold after every step of the board; an AssertionError names the one that does not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import bench
import lcd
from benchlib.img import Image
from tests.device.stories import story_cards

STATES = ("NO_CARD", "EMPTY", "UNLOADED", "RUNNING", "FAULT", "STOPPED")
LABEL = re.compile(r"\b[GHLMP]\d[a-z0-9]+\b")  # of any card, see story_cards
OURS = {"camera pixels", "camera planes", "lcd"}  # system heap that may stay taken when the app has stopped
STEP_MS = 3000  # the longest a step may take: a load, or a start with everything set up once more
CAMERA_MS = 5070  # more while the firmware looks for a missing camera


def home(path: Any) -> Any:
    """Return the folder of a network's file; of a model in flash its own address."""
    return path.rpartition("/")[0] if isinstance(path, str) else path


class Glass:
    """The texts on the panel; `picture`: whether they are drawn on a picture of the camera or are a message."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.texts: list[str] = []
        self.picture = False


GLASS = Glass()
FIGURES: Counter[str] = Counter()  # the sums of all boards so far: see conftest.py


@contextmanager
def watching_glass() -> Iterator[None]:
    """Record the texts that the app gives to the fakes of lcd and Image, which work as usual."""
    start, clear, write, display, draw = lcd.init, lcd.clear, lcd.draw_string, lcd.display, Image.draw_string

    def noting_start(*args: Any, **options: Any) -> None:
        GLASS.clear()
        start(*args, **options)

    def noting_clear(*args: Any, **options: Any) -> None:
        clear(*args, **options)
        GLASS.clear()

    def noting_write(x: int, y: int, text: str, *colours: int) -> None:
        write(x, y, text, *colours)
        GLASS.texts.append(text)

    def noting_display(image: Any, *args: Any, **options: Any) -> None:
        display(image, *args, **options)
        GLASS.texts = getattr(image, "texts", [])
        GLASS.picture = True

    def noting_draw(image: Any, *args: Any) -> Any:
        text = args[0][2] if isinstance(args[0], tuple) else args[2]
        image.texts = [*getattr(image, "texts", []), text]
        return draw(image, *args)

    lcd.init, lcd.clear, lcd.draw_string, lcd.display = noting_start, noting_clear, noting_write, noting_display
    Image.draw_string = noting_draw
    try:
        yield
    finally:
        lcd.init, lcd.clear, lcd.draw_string, lcd.display = start, clear, write, display
        Image.draw_string = draw


class Watch:
    """Checks one board and its app; load(card, folder) tells it which model was loaded last."""

    def __init__(self) -> None:
        self.loaded: dict[int, Any] = {}  # task -> where its file is
        self.learnt: dict[tuple[Any, str], set[int]] = {}  # card and folder -> how many names it may hold
        self.running: Any = None  # the names of the model that runs, if it learns
        self.home: tuple[Any, str] = (None, "")  # its card and folder
        self.labels: set[str] = set()
        self.time = 0
        self.seen: tuple[Any, ...] = ()
        self.honest = True  # no call that writes on the panel was told to fail
        self.unclosed = 0  # files whose close() was told to fail: nobody can close them
        self.generation = bench.generation
        GLASS.clear()

    def load(self, card: str, folder: str) -> None:
        self.labels = story_cards.labels(card, folder)

    def begin(self) -> None:
        """Note the time before a step."""
        self.time = bench.clock.now

    def look(self, app: Any) -> None:
        """Check everything after a step. app: None while no app runs."""
        assert not bench.hardfaults, bench.hardfaults
        assert not bench.resets, bench.resets
        assert not bench.scheduler.errors, bench.scheduler.errors
        limit = STEP_MS if bench.camera.connected else STEP_MS + CAMERA_MS
        assert bench.clock.now - self.time <= limit, f"the step took {bench.clock.now - self.time} ms"
        if self.generation != bench.generation:
            self.generation = bench.generation
            self.loaded.clear()
        self.read_ledger()
        assert bench.open_files <= self.unclosed, f"{bench.open_files} files open"
        if app is None:
            left_behind()
        else:
            self.compare(app)

    def read_ledger(self) -> None:
        """Check that every load comes after a deinit, so that the tasks of two entries are never loaded."""
        for entry in bench.kpu.ledger:
            if entry[0] == "load":
                # The networks of one entry lie in one folder, and each is another file.
                strangers = [path for path in self.loaded.values() if path == entry[2] or home(path) != home(entry[2])]
                assert not strangers, f"load of {entry[2]} while task {self.loaded} lives"
                self.loaded[entry[1]] = entry[2]
            elif entry[0] in ("deinit", "finalised"):
                self.loaded.pop(entry[1], None)
            elif entry[0] == "run":
                assert entry[1] in self.loaded, f"run of task {entry[1]}, loaded: {self.loaded}"
        bench.kpu.ledger.clear()
        assert set(self.loaded) == set(bench.kpu.live)

    def compare(self, app: Any) -> None:
        """Check that state, task and panel agree."""
        state = app.machine.state
        assert state in STATES
        spec = app.slot.loaded
        assert (state == "RUNNING") == (spec is not None) == bool(self.loaded), (state, spec, self.loaded)
        assert (app.slot.run is None) == (spec is None)
        assert len(self.loaded) == (1 + len(spec.stages) if spec else 0), self.loaded
        if spec and spec.learns:
            self.remember(app, spec)
        else:
            self.running = None
        if state == "FAULT":
            assert app.fault is not None
        seen = (state, spec, app.fault, GLASS.picture, GLASS.texts[:])
        if seen != self.seen:
            self.seen = seen
            self.read(app)

    def remember(self, app: Any, spec: Any) -> None:
        """Check that a model knows at its load what it had learnt before: all of it, or all but the last."""
        learner = spec if hasattr(spec.labels, "names") else spec.stages[-1]
        count = len(learner.labels)
        if self.running is not learner.labels:  # just loaded
            self.running = learner.labels
            self.home = (bench.card.backend, spec.folder)
            # A save that something interrupted may count or not.
            allowed = self.learnt.get(self.home, {count})
            assert count in {*allowed, max(allowed) + 1}, f"{count} names learnt, expected one of {allowed}"
            self.learnt[self.home] = {count}
        elif count not in self.learnt[self.home]:
            FIGURES["names learnt"] += 1
            saved = "not saved" not in app.results.extra.text
            self.learnt[self.home] = {count} if saved else {*self.learnt[self.home], count}

    def read(self, app: Any) -> None:
        """Check that the texts on the panel belong to the state and to the loaded model."""
        state, spec = app.machine.state, app.slot.loaded
        for text in GLASS.texts:
            for label in LABEL.findall(text):
                assert spec is not None, f"{label} on the screen, nothing loaded"
                assert label in self.labels, f"{label} on the screen, {spec.folder} loaded: {sorted(self.labels)}"
        if self.honest:
            assert GLASS.texts or not bench.screen.width, f"nothing on the screen in {state}"
        if GLASS.texts and self.honest:
            self.read_heading(app, GLASS.texts[0])
        if GLASS.picture:
            assert state == "RUNNING", f"{state}, and a picture with {GLASS.texts} on the screen"
            title = f"{spec.title} {app.selection.position}"
            assert GLASS.texts, f"a picture without {title} on it"
            assert GLASS.texts[-1].startswith(title), f"{GLASS.texts} on the screen, {title} loaded"

    def read_heading(self, app: Any, heading: str) -> None:
        """Check that a message begins with the fault's number or the model's position."""
        state = app.machine.state
        noted = heading.startswith("109 ") and bench.clock.now < app.hold + STEP_MS
        if state == "FAULT":
            assert heading.startswith(f"{app.fault.code} "), f"{heading} on the screen in {state}"
        elif state == "NO_CARD":
            assert heading.startswith("101 ") or noted, f"{heading} on the screen in {state}"
        elif state == "UNLOADED":
            assert heading.startswith(f"{app.selection.position} ") or noted, f"{heading} on the screen in {state}"
        elif state == "EMPTY":
            assert heading[:4].strip().isdigit(), f"{heading} on the screen in {state}"
        elif state == "RUNNING":
            assert GLASS.picture or heading.startswith(f"{app.selection.position} "), (
                f"{heading} on the screen in {state}"
            )


def left_behind() -> None:
    """Check that an ended app leaves no task, interrupt, watchdog, timer, open file or heap behind."""
    bench.kpu.check()
    assert not bench.irqs, bench.irqs
    assert not bench.wdt, bench.wdt
    assert not bench.timers, bench.timers
    # The newer CanMV never frees the objects of its KPU classes; the app uses them again.
    taken = [name for name, _ in bench.memory.items() if name != "KPU object"]
    for _, block in bench.kpu.leaked:  # blocks that the firmware itself leaks
        for one in block if isinstance(block, list) and block and isinstance(block[0], list) else [block]:
            if one is not None:
                taken.remove(one[2])
    assert set(taken) <= OURS, taken
    assert len(taken) == len(set(taken)), taken
