"""A tour through the app by one script, and the panels that a board shows on it: real firmware or the fakes."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from maixswitch import board_code
from maixswitch.card.glyphs import font_file, messages
from maixswitch.k210.image import read_image
from maixswitch.sim import scene
from maixswitch.sim.camera import from_rgb565
from maixswitch.sim.demo import write_card
from maixswitch.sim.recorder import Recorder
from maixswitch.sim.script import parse
from maixswitch.sim.session import Options, Session

Panels = dict[str, NDArray[np.uint8]]
SCRIPT = """
expect state RUNNING within 20s
expect title Shapes
expect detection circle >= 0.5
expect detection star >= 0.5
frames 3
screenshot shapes
camera seven.png
press
expect title Digits
expect state RUNNING
expect detection 7 >= 0.8
frames 3
screenshot digits
camera shapes.png
hold
expect title Shapes
expect state RUNNING
frames 3
screenshot held
eject
expect state NO_CARD
screenshot no-card
insert
{again}expect state RUNNING within 20s
expect title Shapes
frames 3
screenshot card-again
damage models/20-digits/digits.kmodel
press
expect state FAULT
screenshot damaged
heal
camera red.png
press
expect title Colours
expect detection red >= 0.8
frames 3
screenshot colours
expect state RUNNING for 6s
press
expect fault 2006
screenshot too-large
power
expect state RUNNING within 20s
expect title Colours
frames 3
screenshot remembered
"""
AT_ITS_START = "power\n"
"""What a firmware needs to mount a card that was put in again, before v0.6.2-41; the panel says so."""
GLYPHS_SCRIPT = """
expect state RUNNING within 20s
expect detection 圆形 >= 0.5
frames 3
screenshot boxes
camera seven.png
press
expect state UNLOADED
screenshot loading
expect detection 七 >= 0.8
frames 3
screenshot bars
press
expect fault 2006
screenshot fault
"""
"""A card with Chinese names and messages: 形状 and 手写数字 are its models, and one that is too large."""
SCENES = {"shapes": 3000, "seven": 8000, "red": 13000}
"""What the camera sees: file -> time of the drawn scene in ms. Still pictures, so that every frame is the same."""
TOO_MUCH = 5_500_000
"""Bytes behind the end of a model that make it too large for any firmware, but not for the loader (6 MiB)."""
LETTERS = 95


class Album(Recorder):
    """Keeps the panels of a script, as files and in memory."""

    def __init__(self, out: Path | None, zoom: int) -> None:
        super().__init__(None, zoom)
        self.panels: Panels = {}
        self.keep = self._keep

    def _keep(self, name: str, pixels: bytes | bytearray, width: int, height: int) -> Path:
        self.panels[name] = from_rgb565(pixels, width, height)
        return Path(name)


def write_files(folder: Path) -> None:
    """Write the card of the tour and the pictures for its camera into a folder."""
    write_card(folder / "card")
    large = folder / "card" / "models" / "40-large"
    shutil.copytree(large.with_name("20-digits"), large)
    document = json.loads((large / "model.json").read_text())
    (large / "model.json").write_text(json.dumps({**document, "title": "Too large"}))
    with (large / document["kmodel"]).open("ab") as file:
        file.write(bytes(TOO_MUCH))
    for name, ms in SCENES.items():
        Image.fromarray(scene.draw(ms, 320, 240)).save(folder / f"{name}.png")


def write_glyphs(folder: Path) -> None:
    """Write the card of GLYPHS_SCRIPT and the pictures for its camera into a folder; its glyphs are only patterns."""
    write_files(folder)
    card = folder / "card"
    models = {
        "10-shapes": ("形状", ["圆形", "方形", "三角形", "五角星", "十字"]),
        "20-digits": ("手写数字", [*"零一二三四五六七八九"]),
        "40-large": ("太大", [*"零一二三四五六七八九"]),
    }
    texts = messages.table()
    for name, (title, labels) in models.items():
        file = card / "models" / name / "model.json"
        document = {**json.loads(file.read_text()), "title": title, "labels": labels}
        texts += title + "".join(labels)
        file.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    shutil.rmtree(card / "models" / "30-colours")
    (card / messages.NAME).write_bytes(messages.table().encode())
    (card / "maixswitch.json").write_text('{"language": "zh"}')
    records = {letter: random.Random(ord(letter)).randbytes(font_file.RECORD) for letter in font_file.foreign([texts])}
    (card / font_file.NAME).write_bytes(font_file.dump(records))


def panels(folder: Path, firmware: str, board: str, remounts: bool, script: str = SCRIPT) -> Panels:
    """Run the tour with the files in a folder and return its screenshots; they are written there, too.

    firmware: a value of `--firmware`.
    remounts: whether it can mount a card that was put in later.
    script: what happens.
    Raises AssertionError if an expectation of the script fails.
    """
    session = Session(
        Options(
            card=folder / "card",
            board=board,
            flavour=firmware,
            camera=folder / "shapes.png",
            script=parse(script.format(again="" if remounts else AT_ITS_START), "tour"),
            script_base=folder,
            recorder=Album,
            quiet=True,
        )
    )
    assert session.run() == 0, session.explain()
    assert isinstance(session.recorder, Album)
    out = folder / Path(firmware).name
    out.mkdir()
    for name, panel in session.recorder.panels.items():
        Image.fromarray(panel).save(out / f"{name}.png")
    return session.recorder.panels


def letters(image: Path) -> bytes:
    """Return the letters in a firmware image: 12 rows of 8 bits for each, beginning with the space.

    They are found by the columns with ink, which the fakes know. Raises ValueError unless one place fits.
    """
    font = board_code.font()
    data = np.frombuffer(read_image(image).code, np.uint8)
    cells = np.lib.stride_tricks.sliding_window_view(data, font.HEIGHT)
    ink = np.bitwise_or.reduce(cells, axis=1)  # of a letter whose first row is here: the columns of all its rows
    at = np.arange(len(ink) - (LETTERS - 1) * font.HEIGHT)
    at = at[ink[at] == 0]
    for number in range(1, LETTERS):
        first, last = (int(column) for column in font.COLUMNS[2 * number : 2 * number + 2])
        columns = ink[at + font.HEIGHT * number]
        at = at[(columns >> 7 - first == 1) & (columns & (1 << 8 - last) - 1 == 1 << 7 - last)]
    (start,) = at
    return data[start : start + LETTERS * font.HEIGHT].tobytes()
