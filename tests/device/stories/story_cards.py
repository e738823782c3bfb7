"""The cards that stories put into the board: python -m tests.device.stories.story_cards FOLDER writes them.

Every label belongs to one model of one card, so that a label on the screen tells which model it comes from: "G1" is of
the good card's first model. Networks have headers and no weights: their results are scripted.
"""

from __future__ import annotations

import functools
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "stubs"))

from benchlib.models import kmodel_v3, kmodel_v4  # noqa: E402
from tests.device.sample_models import FACE_ANCHORS  # noqa: E402

NAMES = ("good", "other", "plain", "broken", "empty", "late", "many")
SIZE = 300_000  # of every network: a load takes 300 ms
SMALL = 60_000  # of every network of a stage
Files = dict[str, bytes]


def _filled(data: Any, size: int) -> bytes:
    """Fill the last layer of a network with zeros: the newer CanMV compares a file with the sum of its layers."""
    version, layers, outputs = (int.from_bytes(data[at : at + 4], "little") for at in (0, 12, 24))
    at = 28 + 8 * outputs + 8 * layers - 4
    if version != 3:
        fixed, nodes, inputs, count = (int.from_bytes(data[at : at + 4], "little") for at in (16, 24, 28, 32))
        at = 40 + 32 * inputs + 16 * count + fixed + 8 * nodes - 4
    whole = bytearray(data) + bytes(size - len(data))
    body = int.from_bytes(whole[at : at + 4], "little") + size - len(data)
    whole[at : at + 4] = body.to_bytes(4, "little")
    return bytes(whole)


def _model(folder: str, title: str, data: Any, labels: Any = None, **fields: Any) -> Files:
    document = {"schema": 1, "title": title, "kmodel": "m.kmodel", **fields}
    if labels:
        document["labels"] = labels
    return {
        f"models/{folder}/model.json": json.dumps(document).encode(),
        f"models/{folder}/m.kmodel": _filled(data, SIZE),
    }


def detector(folder: str, title: str, labels: list[str], version: int = 3, **head: Any) -> Files:
    """A YOLOv2 model of 320x240. head: arguments of kmodel_v3() or kmodel_v4()."""
    channels = 5 * (len(labels) + 5)
    if version == 4:
        data = kmodel_v4(outputs=(20 * 15 * channels * 4,), **head)
    else:
        data = kmodel_v3(grid=(20, 15, channels), convolutions=2, **head)  # the newer CanMV decodes no other v3
    return _model(
        folder, title, data, labels, kind="yolo2", input=[320, 240, 3], anchors=FACE_ANCHORS, threshold=0.5, nms=0.3
    )


def classifier(folder: str, title: str, labels: Any, count: int, shape: tuple[int, int, int], **fields: Any) -> Files:
    """A classifier; `labels` a list or the name of a file."""
    data = kmodel_v3(shape, (4, 4, 16), "softmax", classes=count)
    return _model(folder, title, data, labels, kind="classifier", input=list(shape), **fields)


def many() -> Files:
    """A model of every other kind, and detectors with stages; small outputs, so that Python decodes them quickly."""
    stages = {
        "points": {"kind": "landmark", "kmodel": "points.kmodel", "input": [64, 64, 3], "enlarge": 1.2},
        "sort": {
            "kind": "classifier",
            "kmodel": "sort.kmodel",
            "input": [32, 32, 1],
            "labels": ["M6a", "M6b"],
            "pixels": ["invert", "mirror"],
        },
        "face": {"kind": "face", "kmodel": "face.kmodel", "input": [64, 64, 3], "labels": ["M7a", "M7b"], "accept": 60},
    }
    networks = {
        "points": kmodel_v3((64, 64, 3), (1, 1, 10), "softmax", classes=10),
        "sort": kmodel_v3((32, 32, 1), (1, 1, 16), "softmax", classes=2),
        "face": kmodel_v3((64, 64, 3), (1, 1, 8), "softmax", classes=8),
    }
    files = {
        **_model("1-raw", "Raw", kmodel_v3(last="softmax", classes=12, outputs=2), kind="raw", input=[320, 240, 3]),
        **_model(
            "2-points",
            "Points",
            kmodel_v3((64, 64, 3), (1, 1, 10), "softmax", classes=10),
            kind="landmark",
            input=[64, 64, 3],
            pixels=["invert"],
        ),
        **_model(
            "3-learn",
            "Learn",
            kmodel_v3((64, 64, 1), (1, 1, 8), "softmax", classes=8),
            ["M3a", "M3b"],
            kind="learner",
            input=[64, 64, 1],
            limit=100,
            pixels=["invert", "stretch", "flip"],
        ),
        **_model(
            "4-three",
            "Three",
            kmodel_v3((64, 64, 3), (2, 2, 14), last="softmax", classes=56),
            ["M4a", "M4b"],
            kind="yolo3",
            input=[64, 64, 3],
            anchors=[10, 10, 30, 30],
        ),
        **_model(
            "5-wide",
            "Wide",
            kmodel_v3((64, 64, 3), (2, 2, 45), last="softmax", classes=180),
            kind="yolo2",
            input=[64, 64, 3],
            anchors=[1, 1] * 9,
        ),
    }
    for folder, title, names in (("6-sort", "Sort", ("points", "sort")), ("7-face", "Who", ("points", "face"))):
        files |= _model(
            folder,
            title,
            kmodel_v3(grid=(20, 15, 30), convolutions=2),
            [f"M{folder[0]}"],
            kind="yolo2",
            input=[320, 240, 3],
            anchors=FACE_ANCHORS,
            stages=[stages[name] for name in names],
        )
        for name in names:
            files[f"models/{folder}/{name}.kmodel"] = _filled(networks[name], SMALL)
    return files


def _lines(labels: list[str]) -> bytes:
    return "".join(label + "\n" for label in labels).encode()


def _things(folder: str, letter: str, labels: int) -> Files:
    names = [f"{letter}{index}" for index in range(labels)]
    files = classifier(folder, "Things", "labels.txt", labels, (224, 224, 3), softmax=True)
    return {**files, f"models/{folder}/labels.txt": _lines(names)}


@functools.cache
def cards() -> dict[str, Files]:
    """Name of the card -> its files.

    good: detector, small grey classifier, classifier with a labels file, kmodel v4, one too large for any firmware,
    a broken folder, one that should be in flash and is not; a watchdog. other: the same folders and titles with other
    models. late: mistakes that only a run shows: a v4 whose outputs have another shape, a network for lists. many: see
    many().
    """
    digits = [f"G2{index}" for index in range(10)]
    good = {
        **detector("1-face", "Face", ["G1a", "G1b"]),
        **classifier("2-digits", "Digits", digits, 10, (28, 28, 1), top=3),
        **_things("3-things", "G3", 20),
        **detector("4-new", "New", ["G4a"], version=4),
        **detector("5-large", "Large", ["G5a"], main_mem=5_000_000),
        **detector("6-old", "Old", ["G6a"]),
        **detector("7-flash", "Flash", ["G7a"]),
        "maixswitch.json": b'{"watchdog": 8000, "link": true}',
    }
    good["models/6-old/m.kmodel"] = b"\0\0\0\3" + good["models/6-old/m.kmodel"][4:]
    flash = json.loads(good["models/7-flash/model.json"])
    flash["kmodel"] = {"flash": 0x300000, "bytes": 388776}
    good["models/7-flash/model.json"] = json.dumps(flash).encode()
    other = {
        **_things("1-face", "H1", 3),
        **detector("2-digits", "Digits", ["H2a", "H2b", "H2c"]),
        **detector("4-new", "Face", ["H4a"]),
    }
    late = {
        **detector("1-new", "New", ["L1a"], version=4),
        **_model(
            "2-floats",
            "Floats",
            kmodel_v3(last="fc", floats=4, classes=2),
            ["L2a", "L2b"],
            kind="classifier",
            input=[64, 64, 3],
        ),
        **classifier("3-size", "Size", ["L3a", "L3b"], 2, (64, 64, 3)),
        "maixswitch.json": b'{"board": "nobody", "camera": {"hmirror": true}, "screen": {"rotation": 1}}',
    }
    size = json.loads(late["models/3-size/model.json"])
    size["input"] = [128, 128, 3]  # the network takes 64x64: the firmware notices at the first picture
    late["models/3-size/model.json"] = json.dumps(size).encode()
    broken = {
        "models/1/model.json": b"{",
        "models/2/model.json": b'{"schema": 2, "kind": "segmentation", "input": [0], "labels": []}',
        "models/3/readme.txt": b"nothing here",
        "models/file.txt": b"no folder",
        "models/.hidden/model.json": b"{}",
        "maixswitch.json": b'{"watchdog": true, "keys": [',
    }
    plain = {**detector("1-one", "One", ["P1a"]), **classifier("2-two", "Two", ["P2a", "P2b"], 2, (128, 128, 3))}
    cards = {"good": good, "other": other, "plain": plain, "broken": broken, "late": late, "many": many()}
    return {**cards, "empty": {"readme.txt": b"no models", "models/readme.txt": b"none"}}


@functools.cache
def labels(card: str, folder: str) -> set[str]:
    """The labels that may be on the screen while this model of this card runs."""
    files = cards()[card]
    document = json.loads(files[f"models/{folder}/model.json"])
    labels: set[str] = set()
    for network in (document, *document.get("stages", ())):
        names = network.get("labels", ())
        labels |= set(files[f"models/{folder}/{names}"].decode().split() if isinstance(names, str) else names)
    return labels


def write(folder: Path) -> Path:
    """Write every card as a folder; return the folder of all cards."""
    for name, files in cards().items():
        for path, data in files.items():
            target = folder / name / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
    return folder


if __name__ == "__main__":
    print("\n".join(str(write(Path(sys.argv[1])) / name) for name in NAMES))
