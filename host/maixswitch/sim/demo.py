"""The demonstration: a card of two small networks made on the spot, and a finger that presses the key by itself."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from maixswitch import console
from maixswitch.kmodel import samples
from maixswitch.language import tr
from maixswitch.sim.script import parse
from maixswitch.sim.session import Options, Session

SCRIPT = """
expect detection blob >= 0.5     # the first model finds the ball...
wait 4s
press                            # ...and goes before the next one comes
expect title "Colours"
expect state RUNNING
wait 8s
hold                             # a long press goes back
expect title "Bright blobs"
expect detection blob >= 0.5
wait 2s
"""


def write_card(folder: Path) -> None:
    """Writes a card with the project's own two networks: a detector of bright blobs and a classifier of colours."""
    _model(
        folder / "models" / "10-blobs",
        samples.blob_detector(),
        title="Bright blobs",
        kind="yolo2",
        input=samples.BLOB_INPUT,
        labels=["blob"],
        anchors=samples.BLOB_ANCHORS,
        threshold=0.5,
        nms=0.3,
    )
    _model(
        folder / "models" / "20-colours",
        samples.colour_classifier(),
        title="Colours",
        kind="classifier",
        input=samples.COLOUR_INPUT,
        labels=samples.COLOURS,
        top=3,
    )


def _model(folder: Path, kmodel: bytes, **fields: Any) -> None:
    folder.mkdir(parents=True)
    (folder / "model.kmodel").write_bytes(kmodel)
    document = {"schema": 1, **fields, "kmodel": "model.kmodel"}
    (folder / "model.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def run(out: Path, speed: float, live: bool) -> tuple[int, str]:
    """The whole demonstration; returns exit code and reason. Leaves demo.gif, events and pictures in `out`."""
    with tempfile.TemporaryDirectory(prefix="maixswitch-demo-") as place:
        card = Path(place, "card")
        write_card(card)
        session = Session(
            Options(card=card, script=parse(SCRIPT, "demo"), speed=speed, out=out / "demo", zoom=2, live=live)
        )
        code = session.run()
    picture = out / "demo" / "screen.gif"
    if picture.exists():
        shutil.move(picture, out / "demo.gif")
        console.say(tr("the whole run as a picture: {out}", out=out / "demo.gif"))
    return code, session.explain()
