"""Chapter 9: what is different on a board: time, and the part of the picture that a network sees."""

from __future__ import annotations

import json
from functools import cache
from math import prod
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from maixswitch import models_shipped
from maixswitch.card.check import check
from maixswitch.findings.table import rules
from maixswitch.guide.chapter import Chapter, Settings, number, table
from maixswitch.guide.svg import BLUE, GREEN, INK, ORANGE, Drawing
from maixswitch.kmodel import load
from maixswitch.kmodel.judge.timing import DEFAULT, Spread, timing
from maixswitch.language import word
from maixswitch.sim.script import parse
from maixswitch.sim.session import Options, Session

VIEW = (320, 240)
"""The app's camera frame."""


def times() -> dict[str, tuple[float, Spread]]:
    """Return title -> ms of the camera, and ms of the network on the chip: estimates."""
    found = {}
    for name in models_shipped.TRAINED:
        folder = models_shipped.FOLDER / name
        title = json.loads((folder / "model.json").read_text(encoding="utf-8"))["title"]
        found[title] = (DEFAULT.camera_ms.typical, timing(load(folder / f"{name}.kmodel")).run)
    return found


def panel_ms() -> float:
    """Return the ms that a picture takes to the panel."""
    return prod(VIEW) * 2 / DEFAULT.lcd_bytes_per_ms


def text(settings: Settings) -> str:
    rows = [(word("model"), word("camera"), word("network"), word("panel"))]
    rows += [(name, f"{camera:.0f} ms", f"{run} ms", f"{panel_ms():.0f} ms") for name, (camera, run) in times().items()]
    return table(rows, 0)


def values() -> dict[str, str]:
    _, digits = times()["Digits"]
    width, height, _ = _input("digits")
    return {
        "width": str(width),
        "seen": number(100 * width * height / prod(VIEW), 0),
        "low": number(digits.low, 0),
        "typical": number(digits.typical, 0),
        "high": number(digits.high, 0),
        "camera": number(DEFAULT.camera_ms.typical, 0),
        "panel": number(panel_ms(), 0),
        "exercise": exercise()[0],
        "exercise-fault": exercise()[1],
        "codes": str(sum(code.startswith("B6") for code in rules())),
    }


@cache
def exercise() -> tuple[str, str]:
    """Return what a model.json gives that states another input than the network has.

    It is the code of the finding on the PC, and that of the fault on a board of fakes.
    """
    with TemporaryDirectory() as name:
        models = Path(name, "models")
        models.mkdir()
        for folder in models_shipped.copy(models):
            if not folder.endswith("digits"):
                continue
            path = models / folder / "model.json"
            document = json.loads(path.read_text(encoding="utf-8"))
            path.write_text(json.dumps({**document, "input": [320, 240, 3]}), encoding="utf-8")
            report = check(models / folder)
            code = next(item.code for item in report.findings if item.severity == "error")
            faults: list[int] = []
            script = parse("select 2\nwait 2s\n", "guide")

            def hear(event: dict[str, Any], faults: list[int] = faults) -> None:
                if event["event"] == "fault":
                    faults.append(event["code"])

            Session(Options(card=Path(name), script=script, narrator=hear, quiet=True)).run()
            return code, str(faults[0])
    raise AssertionError("the package has no digits")


def _input(name: str) -> tuple[int, int, int]:
    width, height, channels = json.loads((models_shipped.FOLDER / name / "model.json").read_text("utf-8"))["input"]
    return width, height, channels


def pictures() -> dict[str, str]:
    drawing = Drawing(720, 230)
    left, top, factor = 20, 34, 0.7
    drawing.rect(left, top, VIEW[0] * factor, VIEW[1] * factor, "#e3e9ed", INK)
    width, height, _ = _input("digits")
    drawing.rect(
        left + (VIEW[0] - width) / 2 * factor, top + (VIEW[1] - height) / 2 * factor,
        width * factor, height * factor, "#cfe6f5", BLUE,
    )  # fmt: skip
    drawing.text(left, 24, f"{VIEW[0]} x {VIEW[1]}", INK)
    drawing.text(left + VIEW[0] * factor / 2, top + 90, f"{width} x {height}", BLUE, "middle")
    for row, (name, (camera, run)) in enumerate(times().items()):
        y, x = 70 + row * 70, 300.0
        drawing.text(x, y - 8, name, INK)
        for ms, colour in ((camera, BLUE), (run.typical, ORANGE), (panel_ms(), GREEN)):
            wide = ms * 5
            drawing.rect(x, y, wide, 30, colour, "#fff")
            drawing.text(x + wide / 2, y + 20, f"{ms:.0f}", "#fff", "middle", 12)
            x += wide
        drawing.text(x + 6, y + 20, "ms", INK)
    return {"board.svg": drawing.svg()}


CHAPTER = Chapter("The board", text, {}, values, pictures)
