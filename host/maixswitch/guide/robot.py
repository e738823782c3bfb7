"""Chapter 10: what leaves the board on its serial line, as JSON and as a HuskyLens speaks."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from maixswitch import board_code, models_shipped
from maixswitch.guide.chapter import Chapter, Settings, table
from maixswitch.guide.svg import BLUE, GREEN, INK, ORANGE, PURPLE, Drawing
from maixswitch.link.husky_table import ROWS
from maixswitch.link.serial_lines import SerialLines
from maixswitch.sim.script import parse
from maixswitch.sim.session import Options, Session

BOX = (100, 84, 60, 50)
"""Left, top, width and height of the one thing before the camera, in pixels of the view."""
SCRIPT = f"boxes {','.join(map(str, BOX))},0,0.9\nexpect state RUNNING\nwait 1500ms\n"
UART = {"uart": 1, "tx": 8}
HUSKY = {**UART, "protocol": "husky", "rx": 9}
ASK = bytes.fromhex("55AA11002030")
"""The request for all results."""
EXERCISE = (200, 40)
"""Left and width of the box of the exercise, in a view of 320 x 240."""
ASK_MS = 1200
TURN = (0.5, -80.0)
"""k and b of the line by which the robot steers: 0 in the middle of a picture 320 pixels wide."""
SKETCH = f"""#include <HUSKYLENS.h>
#include <SoftwareSerial.h>

const float K = {TURN[0]:g}, B = {TURN[1]:g};   // turn = K x + B: 0 in the middle of the picture
SoftwareSerial line(10, 11);   // RX, TX: to tx and rx of the board, and ground to ground
HUSKYLENS eye;

void setup() {{
  line.begin(9600);
  while (!eye.begin(line)) delay(100);
}}

void loop() {{
  if (!eye.request() || !eye.available()) {{
    halt();
    return;
  }}
  HUSKYLENSResult seen = eye.read();
  drive(K * seen.xCenter + B);   // below 0 to the left, above 0 to the right
}}
"""


def turn(x: float) -> float:
    """Return how much the sketch turns towards a box with its middle at x."""
    k, b = TURN
    return k * x + b


@cache
def said(husky: bool) -> bytes:
    """Return what the board writes to the UART while it sees BOX; husky: the answer to ASK."""
    with TemporaryDirectory() as name:
        card = Path(name)
        (card / "models").mkdir()
        models_shipped.copy(card / "models")
        (card / "maixswitch.json").write_text(json.dumps({"link": HUSKY if husky else UART}))
        session = Session(Options(card=card, script=parse(SCRIPT, "guide"), narrator=_deaf, quiet=True))
        wires: list[Any] = []

        def watch(key: str) -> str:
            if session.sim.now >= ASK_MS and not wires:
                bench: Any = board_code.bench()
                wires.append(bench.wire(UART["uart"] - 1))  # UART1 is the first
                if husky:
                    wires[0].leave()
                    wires[0].say(ASK)
            return key

        session.finger = watch
        session.run()
        return bytes(wires[0].leave())


def _deaf(event: dict[str, Any]) -> None:
    """Hear an event and say nothing."""


def messages() -> list[dict[str, Any]]:
    """Return the messages of the link in JSON."""
    return SerialLines().feed(said(False))


def frames() -> list[bytes]:
    """Return the frames of the answer to ASK."""
    data, frames = said(True), []
    while data:
        size = data[3] + 6
        frames.append(data[:size])
        data = data[size:]
    return frames


def text(settings: Settings) -> str:
    lines = [json.dumps(_first("results"), separators=(",", ":")), ""]
    names = {row.code: row.name for row in ROWS} | {0x29: "INFO", 0x2A: "BLOCK"}
    rows = [(f"-> {ASK.hex(' ').upper()}", "REQUEST")]
    rows += [(f"<- {frame.hex(' ').upper()}", names[frame[4]]) for frame in frames()]
    return "\n".join([*lines, table(rows, 0, 1)])


def _first(event: str) -> dict[str, Any]:
    return next(message for message in messages() if message["event"] == event)


def values() -> dict[str, str]:
    _, block = frames()
    x, _, _, height = (int.from_bytes(block[at : at + 2], "little") for at in range(5, 13, 2))
    (result,) = _first("results")["found"]
    return {
        "label": str(result[0]),
        "score": str(result[1]),
        "left": str(result[2]),
        "top": str(result[3]),
        "height": str(height),
        "x": str(x),
        "x-bytes": block[5:7].hex(" ").upper(),
        "sum": f"{block[-1]:02X}",
        "bytes": str(len(block)),
        "ms": f"{len(block) * 10 / 9.6:.1f}",
        "ten-ms": f"{11 * len(block) * 10 / 9.6:.0f}",
        "ask-bytes": str(len(ASK)),
        "turn-k": f"{TURN[0]:g}",
        "turn-b": f"{TURN[1]:g}",
        "turn": f"{turn(x):g}",
        "exercise-turn": f"{turn(EXERCISE[0] + EXERCISE[1] // 2):g}",
        "exercise": str(EXERCISE[0] + EXERCISE[1] // 2),
        "exercise-bytes": (EXERCISE[0] + EXERCISE[1] // 2).to_bytes(2, "little").hex(" ").upper(),
        "baud": "9600",
        "commands": str(len(ROWS)),
    }


def pictures() -> dict[str, str]:
    _, block = frames()
    drawing = Drawing(720, 96)
    names = ("55 AA 11", "n", "2A", "x", "y", "w", "h", "id", "\u03a3")
    sizes = (3, 1, 1, 2, 2, 2, 2, 2, 1)
    colours = (PURPLE, PURPLE, PURPLE, BLUE, BLUE, GREEN, GREEN, ORANGE, INK)
    at, left = 0, 16.0
    for name, size, colour in zip(names, sizes, colours, strict=True):
        for byte in block[at : at + size]:
            drawing.rect(left, 40, 40, 34, colour, "#fff")
            drawing.text(left + 20, 62, f"{byte:02X}", "#fff", "middle", 13)
            left += 42
        drawing.text(left - 21 * size - 1, 30, name, INK, "middle", 13)
        at += size
    return {"robot.svg": drawing.svg()}


CHAPTER = Chapter(
    "A robot",
    text,
    {},
    values,
    pictures,
    lambda: {"robot.ino": SKETCH},
    lambda: {"robot.ino": SKETCH.encode()},
)
