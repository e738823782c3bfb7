"""Chapter 8: many networks and one memory: load without deinit, on the fakes of the firmware, and the button."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from maixswitch import board_code, models_shipped
from maixswitch.guide.chapter import Chapter, Settings, number, refuse
from maixswitch.guide.fit import large_file
from maixswitch.guide.svg import GREEN, RED, Drawing, Plot
from maixswitch.language import tr, word
from maixswitch.sim.script import parse
from maixswitch.sim.session import Options, Session

FIRMWARE = "full"
BIG = "models/big.kmodel"
SMALL = "models/digits.kmodel"
WRONG = '''"""Loads one model after another and releases none."""
import KPU as kpu

for number in range(1, 8):
    task = kpu.load("/sd/{path}")
    print("loaded", number)
'''
RIGHT = '''"""Releases each model before it loads the next."""
import KPU as kpu

for number in range(1, 8):
    task = kpu.load("/sd/{path}")
    print("loaded", number)
    kpu.deinit(task)
'''
PRESSES = """expect state RUNNING
press
wait 150ms
press
expect state RUNNING
wait 500ms
hold
expect state RUNNING
"""
DEMO = ("Shapes", "Digits", "Colours")


def card_files() -> dict[str, bytes]:
    """Return the two models of the card: the demo's digits, and a large one."""
    small = (models_shipped.FOLDER / "digits" / "digits.kmodel").read_bytes()
    return {SMALL: small, BIG: large_file(1)}


@cache
def run(source: str, path: str) -> tuple[str, tuple[int, ...]]:
    """Run a MaixPy program on the fakes; return what it prints, and the free KiB of the system heap.

    The heap is noted at the start and after each call that changes it.
    """
    bench: Any = board_code.bench()
    bench.reset(FIRMWARE)
    bench.card.insert(bench.MemoryCard({name: data for name, data in card_files().items() if name == path}))
    engine, bench.kpu.engine = bench.kpu.engine, board_code.scripted_engine()
    free, printed = [bench.memory.above_break() // 1024], io.StringIO()

    def note(*words: object) -> None:
        free.append(bench.memory.above_break() // 1024)
        print(*words)

    try:
        with redirect_stdout(printed):
            try:
                exec(compile(source.format(path=path), "program.py", "exec"), {"print": note})
            except ValueError as error:
                print(f"ValueError: {error}")
        free.append(bench.memory.above_break() // 1024)
    finally:
        bench.kpu.engine = engine
        bench.reset()
    return printed.getvalue().rstrip("\n"), tuple(free)


@cache
def pressed(script: str = PRESSES) -> tuple[dict[str, Any], ...]:
    """Return the events of the app while somebody presses its key, on a card with three models."""
    events: list[dict[str, Any]] = []
    with TemporaryDirectory() as name:
        card = Path(name)
        (card / "models").mkdir()
        models_shipped.copy(card / "models")
        # Scores in place of a network: only the order of the events counts here.
        lines = parse(f"scores 0.9 0.1\n{script}", "guide")
        Session(Options(card=card, script=lines, narrator=events.append, quiet=True)).run()
    return tuple(events)


def log(events: tuple[dict[str, Any], ...]) -> list[str]:
    """Return the events of selecting, loading and releasing as lines."""
    lines = []
    for event in events:
        name = event["event"]
        if name in ("select", "load", "unload"):
            lines.append(f"{event['t'] / 1000:6.2f} s  {name:<7} {event['title']}")
        elif name == "state" and event["cause"] == "STOP":
            # The end of the run is no act of the person at the key: leave out its release.
            return lines[:-1]
        elif name == "script" and event["text"].split()[0] in ("press", "hold"):
            lines.append(f"{event['t'] / 1000:6.2f} s  {event['text']}")
    return lines


def text(settings: Settings) -> str:
    which = settings["deinit"]
    if which not in (0, 1):
        raise refuse("deinit", which, "0, 1")
    source = RIGHT if which else WRONG
    parts = []
    for title, path in ((word("the demo's digits"), SMALL), (word("large"), BIG)):
        parts += [tr("{title}: {path}", title=title, path=path), run(source, path)[0], ""]
    parts += [word("The app, while its key is pressed twice quickly and then held:"), *log(pressed())]
    return "\n".join(parts)


def values() -> dict[str, str]:
    from_buttons = board_code.buttons()
    wrong_small, wrong_big = run(WRONG, SMALL), run(WRONG, BIG)
    return {
        "small-loads": str(wrong_small[0].count("loaded")),
        "big-loads": str(wrong_big[0].count("loaded")),
        "small-code": _code(wrong_small[0]),
        "big-code": _code(wrong_big[0]),
        "big-before": str(wrong_big[1][0]),
        "big-after": str(wrong_big[1][1]),
        "big-size": str(-(-len(card_files()[BIG]) // 1024)),
        "right-loads": str(run(RIGHT, BIG)[0].count("loaded")),
        "debounce": str(from_buttons.DEBOUNCE_MS),
        "long": number(from_buttons.LONG_MS / 1000, 1),
        "quiet": number(from_buttons.QUIET_MS / 1000, 2),
        "rows": str(len(board_code.transitions())),
        "loading-rows": str(sum("load" in row[2] for row in board_code.transitions())),
        "leaving-rows": str(sum(row[0] == "RUNNING" and row[3] != "RUNNING" for row in board_code.transitions())),
    }


def _code(printed: str) -> str:
    return printed.rpartition("load error:")[2].partition(",")[0]


def pictures() -> dict[str, str]:
    drawing = Drawing(720, 280)
    wrong, fine = run(WRONG, SMALL)[1], run(RIGHT, SMALL)[1]
    plot = Plot(drawing, (70, 36, 580, 190), (0, 7, 1), (0, 3000, 500), ("n", "KiB"))
    steps = [(float(at), float(free)) for at, free in enumerate(wrong[:-1])]
    plot.line([corner for at, free in steps for corner in ((at, free), (at + 0.98, free))], RED, 3)
    plot.note(steps[-1][0], steps[-1][1], _code(run(WRONG, SMALL)[0]), RED, 8, -10)
    low, high = float(fine[1]), float(fine[0])
    teeth = [(0.0, high)]
    for at in range(1, 8):
        teeth += (
            [(at - 0.02, high), (at, low), (at + 0.0, low)]
            if at == 7
            else [(at - 0.02, high), (at, low), (at + 0.48, low), (at + 0.5, high)]
        )
    plot.line(teeth, GREEN, 2)
    drawing.text(90, 22, "load, load, load \u2026", RED)
    drawing.text(250, 22, "load, deinit, load, deinit \u2026", GREEN)
    return {"many.svg": drawing.svg()}


def listings() -> dict[str, str]:
    return {"wrong.py": WRONG.format(path=SMALL), "right.py": RIGHT.format(path=SMALL)}


def files() -> dict[str, bytes]:
    found = {f"card/{name}": data for name, data in card_files().items()}
    return {
        **found,
        "wrong.py": WRONG.format(path=SMALL).encode(),
        "right.py": RIGHT.format(path=SMALL).encode(),
    }


CHAPTER = Chapter("Many networks and one button", text, {"deinit": 0}, values, pictures, listings, files)
