"""A script's data go to the model that it means, wherever both lie in the source, and to no other."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.host.card import exports
from tests.host.card.import_sources import (
    ANCHORS,
    FACES,
    OTHER,
    Files,
    classifies,
    detects,
    fields,
    flash_list,
    imported,
    put,
    zipped,
)

BLOB = {"labels": ["blob"], "anchors": ANCHORS, "kind": "yolo2", "threshold": 0.5, "nms": 0.3, "problems": set()}
ABC = {"labels": ["a", "b", "c"], "kind": "classifier", "threshold": 0.4, "problems": set()}
ONE, TWO, THREE = exports.boxes(1), exports.boxes(2), exports.classifier(3)
RED = classifies(0x500000, 'colours = ["r", "g", "b"]', "colours")

# Each case: the files, and for each model what must be right.
CASES: dict[str, tuple[Files, dict[str, dict[str, Any]]]] = {
    # A flash list beside the model and the script.
    "list and path": (
        {"x.kmodel": ONE, "flash-list.json": flash_list(x=0x300000), "main.py": detects()},
        {"x.kmodel": BLOB},
    ),
    "list and address": (
        {"x.kmodel": ONE, "flash-list.json": flash_list(x=0x300000), "main.py": detects(0x300000)},
        {"x.kmodel": BLOB},
    ),
    "list of two": (
        {
            "x.kmodel": ONE,
            "y.kmodel": THREE,
            "flash-list.json": flash_list(x=0x300000, y=0x500000),
            "both.py": detects(0x300000) + classifies(0x500000),
        },
        {"x.kmodel": BLOB, "y.kmodel": ABC},
    ),
    "list and a script for each": (
        {
            "x.kmodel": ONE,
            "y.kmodel": exports.boxes(1, seed=2),
            "flash-list.json": flash_list(x=0x300000, y=0x600000),
            "a.py": detects(0x300000),
            "b.py": detects(0x600000, 'names = ["cell"]', str(OTHER), "0.7, 0.2"),
        },
        {"x.kmodel": BLOB, "y.kmodel": {"labels": ["cell"], "anchors": OTHER, "threshold": 0.7, "nms": 0.2}},
    ),
    # A package in the folder.
    "kfpkg beside the script": (
        {
            "face.kfpkg": zipped({"x.kmodel": ONE, "flash-list.json": flash_list(x=0x300000)}),
            "main.py": detects(0x300000),
        },
        {"face.kfpkg/x.kmodel": BLOB},
    ),
    "kfpkg in a folder": (
        {
            "model/face.kfpkg": zipped({"x.kmodel": ONE, "flash-list.json": flash_list(x=0x300000)}),
            "src/main.py": detects(0x300000),
        },
        {"model/face.kfpkg/x.kmodel": BLOB},
    ),
    "zip with its script": (
        {"export.zip": zipped({"in/x.kmodel": ONE, "in/main.py": detects()}), "readme.md": b"unpack"},
        {"export.zip/in/x.kmodel": BLOB},
    ),
    "two kfpkg": (
        {
            "face.kfpkg": zipped({"x.kmodel": ONE, "flash-list.json": flash_list(x=0x300000)}),
            "abc.kfpkg": zipped({"y.kmodel": THREE, "flash-list.json": flash_list(y=0x500000)}),
            "main.py": detects(0x300000) + classifies(0x500000),
        },
        {"face.kfpkg/x.kmodel": BLOB, "abc.kfpkg/y.kmodel": ABC},
    ),
    "the same model loose and packed": (
        {"face.kfpkg": zipped({"x.kmodel": ONE}), "x.kmodel": ONE, "main.py": detects()},
        {"x.kmodel": BLOB},
    ),
    # The script lies elsewhere.
    "sister folder": ({"model/x.kmodel": ONE, "src/main.py": detects()}, {"model/x.kmodel": BLOB}),
    "above": ({"sd/kpu/x.kmodel": ONE, "main.py": detects("/sd/kpu/x.kmodel")}, {"sd/kpu/x.kmodel": BLOB}),
    "below": ({"x.kmodel": ONE, "code/v2/boot.py": detects("x.kmodel")}, {"x.kmodel": BLOB}),
    "texts hide nothing": (
        {"model/x.kmodel": ONE, "model/readme.txt": b"read me", "boot.py": detects()},
        {"model/x.kmodel": BLOB},
    ),
    "another name in the script": (
        {"renamed.kmodel": ONE, "main.py": detects("/sd/m.kmodel")},
        {"renamed.kmodel": {**BLOB, "notes": {"C550"}}},
    ),
    "the encrypted twin": (
        {"x.kmodel": ONE, "x.smodel": b"LDMS" + bytes(99), "main.py": detects("/sd/x.smodel")},
        {"x.kmodel": BLOB},
    ),
    "equal names in two folders": (
        {
            "a/m.kmodel": ONE,
            "a/main.py": detects("/sd/m.kmodel"),
            "b/m.kmodel": THREE,
            "b/main.py": classifies("/sd/m.kmodel"),
        },
        {"a/m.kmodel": BLOB, "b/m.kmodel": ABC},
    ),
    "equal names, named by folder": (
        {
            "a/m.kmodel": ONE,
            "b/m.kmodel": exports.boxes(1, seed=1),
            "x.py": detects("/sd/a/m.kmodel"),
            "y.py": detects("/sd/b/m.kmodel", 'names = ["cell"]', str(OTHER)),
        },
        {"a/m.kmodel": BLOB, "b/m.kmodel": {"labels": ["cell"], "anchors": OTHER}},
    ),
    "a collection that uses one address": (
        {
            "face/x.kmodel": ONE,
            "face/main.py": detects(0x300000),
            "abc/y.kmodel": THREE,
            "abc/main.py": classifies(0x300000),
            "other/z_0x300000.kmodel": exports.boxes(2, seed=3),
        },
        {"face/x.kmodel": BLOB, "abc/y.kmodel": ABC, "other/z_0x300000.kmodel": {"problems": {"C521", "C524"}}},
    ),
    "the address in the name": (
        {"x_0x300000.kmodel": ONE, "y_0x500000.kmodel": THREE, "main.py": detects(0x300000) + classifies(0x500000)},
        {"x_0x300000.kmodel": BLOB, "y_0x500000.kmodel": ABC},
    ),
    "trainings of one network": (
        {
            "nets/x1.kmodel": TWO,
            "nets/x2.kmodel": exports.boxes(2, seed=5),
            "a/main.py": detects(0x300000, 'names = ["p", "q"]'),
        },
        {
            name: {"labels": ["p", "q"], "anchors": ANCHORS, "notes": {"C550"}}
            for name in ("nets/x1.kmodel", "nets/x2.kmodel")
        },
    ),
    # Two models in one script.
    "two functions": (
        {
            "x.kmodel": ONE,
            "y.kmodel": THREE,
            "switch.py": b"import KPU as kpu, sensor\ndef one():\n"
            + b"\n".join(b"    " + line for line in detects().splitlines()[1:])
            + b"\ndef two():\n"
            + b"\n".join(b"    " + line for line in classifies("/sd/y.kmodel").splitlines()[1:])
            + b"\nif sensor.snapshot():\n    one()\nelse:\n    two()\n",
        },
        {"x.kmodel": BLOB, "y.kmodel": ABC},
    ),
    "two functions without an index": (
        {
            "a.kmodel": ONE,
            "b.kmodel": exports.classifier(8),
            "switch.py": b"""import KPU as kpu
def blobs():
    classes = ['blob']
    anchor = (1, 1, 3, 3, 5, 5, 7, 7, 9, 9)
    task = kpu.load('/sd/a.kmodel')
    kpu.init_yolo2(task, 0.5, 0.3, 5, anchor)

def colours():
    labels = ['red', 'green', 'blue', 'yellow', 'magenta', 'cyan', 'white', 'black']
    task = kpu.load('/sd/b.kmodel')
    fmap = kpu.forward(task, img)
    pmax = max(fmap[:])
""",
        },
        {
            "a.kmodel": BLOB,
            "b.kmodel": {
                "labels": ["red", "green", "blue", "yellow", "magenta", "cyan", "white", "black"],
                "kind": "classifier",
            },
        },
    ),
    "one after the other": (
        {
            "model/face.kmodel": ONE,
            "model/three.kmodel": exports.boxes(3),
            "boot.py": f"""import KPU as kpu
classes = ['k0', 'k1', 'k2']
anchor_face = ({FACES})
anchored = {tuple(OTHER)}
task = kpu.load("/sd/model/face.kmodel")
kpu.init_yolo2(task, 0.5, 0.3, 5, anchor_face)
kpu.deinit(task)
other = kpu.load("/sd/model/three.kmodel")
kpu.init_yolo2(other, 0.4, 0.2, 5, anchored)
""".encode(),
        },
        {
            "model/face.kmodel": {"labels": ["face"], "threshold": 0.5, "nms": 0.3, "notes": {"C552"}},
            "model/three.kmodel": {"labels": ["k0", "k1", "k2"], "anchors": OTHER, "threshold": 0.4, "nms": 0.2},
        },
    ),
    # Nothing of one model goes to another.
    "lists of the neighbour": (
        {
            "kmodel/fish.kmodel": ONE,
            "kmodel/fruit.kmodel": exports.boxes(1, seed=1),
            "kmodel/label.txt": b"fish",
            "kmodel/anchors.txt": str(OTHER).encode(),
            "app/fish.py": detects("/sd/kmodel/fish.kmodel", 'names = ["fish"]', str(OTHER)),
            "app/fruit.py": detects("/sd/kmodel/fruit.kmodel", 'names = ["fruit"]'),
        },
        {
            "kmodel/fish.kmodel": {"labels": ["fish"], "anchors": OTHER},
            "kmodel/fruit.kmodel": {"labels": ["fruit"], "anchors": ANCHORS},
        },
    ),
    "lists of the neighbour, without a script": (
        {
            "fish.kmodel": ONE,
            "fruit.kmodel": exports.boxes(1, seed=1),
            "labels.txt": b"fish",
            "anchors.txt": str(OTHER).encode(),
            "fish.py": detects("fish.kmodel", 'names = ["fish"]', str(OTHER)),
        },
        {"fish.kmodel": {"labels": ["fish"], "anchors": OTHER}, "fruit.kmodel": {"problems": {"C524"}}},
    ),
    "lists of one of two": (
        {"x.kmodel": THREE, "y.kmodel": exports.classifier(3, size=16), "labels.txt": b"a\nb\nc\n"},
        {"x.kmodel": {"problems": {"C521"}}, "y.kmodel": {"problems": {"C521"}}},
    ),
    "lists named after their models": (
        {
            "x.kmodel": THREE,
            "y.kmodel": exports.classifier(3, size=16),
            "x_labels.txt": b"a\nb\nc\n",
            "labels_y.txt": b"d\ne\nf\n",
        },
        {"x.kmodel": {"labels": ["a", "b", "c"]}, "y.kmodel": {"labels": ["d", "e", "f"]}},
    ),
    "a list that fits one of two": (
        {"x.kmodel": THREE, "y.kmodel": exports.classifier(4), "labels.txt": b"a\nb\nc\n"},
        {"x.kmodel": {"labels": ["a", "b", "c"]}, "y.kmodel": {"problems": {"C521"}}},
    ),
    "the script of a model that is not there": (
        {"x.kmodel": ONE, "y.kmodel": TWO, "a.py": detects(), "b.py": detects("/sd/gone.kmodel", 'names = ["p", "q"]')},
        {"x.kmodel": BLOB, "y.kmodel": {"problems": {"C521", "C524"}}},
    ),
    "names of persons are no labels": (
        {
            "mnist.kmodel": exports.classifier(10),
            "x.kmodel": ONE,
            "a.py": detects(),
            "b.py": classifies(0x300000, f"names = {[f'Mr.{n}' for n in range(10)]}", "print"),
        },
        {"x.kmodel": BLOB, "mnist.kmodel": {"problems": {"C521"}}},
    ),
    "an old script for the name": (
        {
            "num.kmodel": TWO,
            "test.py": classifies("/sd/num.kmodel", "names = 0", "print"),
            "main.py": detects("/sd/model-1.kmodel", 'names = ["p", "q"]'),
        },
        {"num.kmodel": {"labels": ["p", "q"], "anchors": ANCHORS, "problems": set()}},
    ),
    "the address of another file": (
        {"x.kmodel": THREE, "feature_0x500000.smodel": b"LDMS" + bytes(99), "main.py": RED},
        {"x.kmodel": {"problems": {"C521"}}},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_model_gets_its_own_data(name: str, tmp_path: Path) -> None:
    files, expected = CASES[name]
    models = fields(imported(put(files, tmp_path / "x")))
    assert set(models) == set(expected)
    for file, values in expected.items():
        assert {key: models[file].get(key) for key in values} == values, (file, models[file])


class TestTwoScriptsForOneModel:
    """They claim the same model; what differs between them decides what happens."""

    def models(self, tmp_path: Path, **scripts: bytes) -> dict[str, Any]:
        files = {"x.kmodel": TWO, **{f"{name}.py".replace("_", "/"): script for name, script in scripts.items()}}
        return fields(imported(put(files, tmp_path / "x")))["x.kmodel"]

    def test_other_labels_are_a_question(self, tmp_path: Path) -> None:
        model = self.models(tmp_path, a=detects(labels='names = ["p", "q"]'), b=detects(labels='names = ["q", "p"]'))
        assert model["problems"] == {"C520"}
        assert "a.py:2: 2 (p, q); b.py:2: 2 (q, p)" in model["texts"]
        assert "--labels a.py or --labels b.py" in model["texts"]

    def test_other_anchors_are_a_question(self, tmp_path: Path) -> None:
        names = 'names = ["p", "q"]'
        model = self.models(tmp_path, a=detects(labels=names), b=detects(labels=names, anchors=str(OTHER)))
        assert model["problems"] == {"C520"}
        assert "--anchors a.py or --anchors b.py" in model["texts"]

    @pytest.mark.parametrize("numbers", ["0.7, 0.3", "0.5, 0.1", "0.2, 0.45"])
    def test_of_other_thresholds_the_nearest_is_taken(self, tmp_path: Path, numbers: str) -> None:
        names = 'names = ["p", "q"]'
        model = self.models(tmp_path, old_a=detects(labels=names, numbers=numbers), b=detects(labels=names))
        assert model["problems"] == set()
        assert (model["threshold"], model["nms"]) == (0.5, 0.3)
        assert "C551" in model["notes"]
        assert "old/a.py:5" in model["texts"]

    def test_at_the_same_distance_the_newest_is_taken(self, tmp_path: Path) -> None:
        names = 'names = ["p", "q"]'
        files = {"x.kmodel": TWO, "a.py": detects(labels=names), "b.py": detects(labels=names, numbers="0.9, 0.3")}
        source = put(files, tmp_path / "x")
        os.utime(source / "b.py", (2e9, 2e9))
        assert fields(imported(source))["x.kmodel"]["threshold"] == 0.9

    def test_capitals_and_blanks_are_no_difference(self, tmp_path: Path) -> None:
        model = self.models(
            tmp_path,
            a=detects(labels='names = ["Face mask", "Face"]'),
            b=detects(labels='names = ["face_mask", "face"]'),
        )
        assert (model["problems"], model["labels"]) == (set(), ["Face mask", "Face"])

    def test_a_list_that_is_indexed_beats_one_of_the_right_length(self, tmp_path: Path) -> None:
        model = self.models(
            tmp_path, a=detects(labels='wifi = ["ssid", "word"]', shown="0"), b=detects(labels='names = ["p", "q"]')
        )
        assert (model["problems"], model["labels"]) == (set(), ["p", "q"])

    def test_a_script_that_names_it_beats_one_with_an_address(self, tmp_path: Path) -> None:
        model = self.models(tmp_path, a=detects(0x300000, 'names = ["p", "q"]'), b=detects(labels='names = ["r", "s"]'))
        assert (model["problems"], model["labels"]) == (set(), ["r", "s"])
