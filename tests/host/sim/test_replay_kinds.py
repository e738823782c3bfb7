"""Runs of every kind of model repeat themselves from a recording, and another answer is a difference."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from maixswitch.sim.recording import ROWS
from tests.host.sim.test_learning_card import ANCHORS, KEY, MUG, POINTS, SMALL, VIEW
from tests.host.sim.test_replay_runs import record, replay

Fields = dict[str, Any]
DETECTOR: Fields = {"kind": "yolo2", "input": VIEW, "anchors": ANCHORS, "labels": ["face"]}
MARKS = {"kind": "landmark", "kmodel": "points.kmodel", "input": SMALL}
STAGED: Fields = {**DETECTOR, "stages": [MARKS, {"kind": "face", "kmodel": "face.kmodel", "input": SMALL}]}
TRAITS = {"kind": "attributes", "kmodel": "face.kmodel", "input": SMALL, "sigmoid": False, "threshold": 0.6,
          "labels": [f"trait{at}" for at in range(14)]}  # fmt: skip
CLASSES = {name: value for name, value in TRAITS.items() if name != "sigmoid"} | {"kind": "classifier"}
BOX = "boxes 120,80,80,80,0,0.9\n"
FACE, OTHER = f"{POINTS} 20 0 0 0", f"{POINTS} 0 20 0 0"


class Case(NamedTuple):
    """values: of the model's network. expected: what some event holds. other: an answer that changes the results."""

    fields: Fields
    values: int
    script: str
    expected: str
    other: str


CASES = {
    "landmark": Case(
        {"kind": "landmark", "input": VIEW}, 8,
        "scores 0.1 0.2 0.9 0.3 0.1 0.2 0.3 0.4\nexpect points 4\nscores 0.9 0.9 0.9 0.8 0.8 0.9 0.9 0.9\nframes 3\n",
        "points", "0.1 0.1 0.1 0.1 0.1 0.1 0.1 0.1",
    ),
    "raw": Case(
        {"kind": "raw", "input": VIEW}, 4,
        "scores 0.1 0.9 0.2 0.3\nexpect output 0 1\nscores 0.1 0.2 0.9 0.3\nwait 2s\n", "outputs", "0.9 0.1 0.1 0.1",
    ),
    "learner": Case(
        {"kind": "learner", "input": VIEW, "labels": ["mug", "key"]}, 4,
        f"scores {MUG}\nframes 2\npress\npress\nexpect detection mug\nframes 3\nscores {KEY}\nframes 3\npress\npress\n"
        "expect detection key >= 0.99\n", "key", "0 0 9 9",
    ),
    "faces": Case(
        STAGED, 14,
        f"{BOX}scores {FACE}\nexpect detection ?\npress\npress\nexpect detection 1 >= 0.99\nscores {OTHER}\nframes 3\n",
        "points", FACE,
    ),
    "attributes": Case(
        {**DETECTOR, "stages": [TRAITS]}, 14, f"{BOX}scores {'0.9 0.1 ' * 7}\nframes 3\n", "trait0, trait2", "0.1 " * 14
    ),
    "classes": Case(
        {**DETECTOR, "stages": [CLASSES]}, 14, f"{BOX}scores {'0.1 ' * 13}0.9\nframes 3\n", "trait13",
        f"0.95 {'0.1 ' * 13}",
    ),
}  # fmt: skip


def write(folder: Path, fields: Fields, values: int) -> Path:
    from benchlib.models import kmodel_v3

    path = folder / "card/models/10-x"
    path.mkdir(parents=True)
    (path / "model.json").write_text(json.dumps({"schema": 1, "title": "X", "kmodel": "first.kmodel", **fields}))
    detector = kmodel_v3(grid=(20, 15, 30), convolutions=2)
    networks = {"points": (SMALL, 10), "face": (SMALL, 14), "first": (VIEW, values)}
    for name, (size, numbers) in networks.items():
        data = kmodel_v3(tuple(size), (1, 1, numbers), "softmax", classes=numbers)
        if name == "first" or any(stage["kmodel"] == f"{name}.kmodel" for stage in fields.get("stages", ())):
            (path / f"{name}.kmodel").write_bytes(detector if name == "first" and "anchors" in fields else data)
    return folder / "card"


@pytest.mark.parametrize("kind", CASES)
def test_a_run_of_this_kind_repeats_itself(tmp_path: Path, kind: str) -> None:
    case = CASES[kind]
    card = write(tmp_path, case.fields, case.values)
    file = tmp_path / "a.rec"
    events = record(file, f"expect state RUNNING\n{case.script}expect no fault\n", card=card)
    assert events[-1]["exit"] == 0
    assert case.expected in json.dumps([event for event in events if event["event"] == "results"])
    shutil.rmtree(card)  # all that is needed is in the file
    outcome = replay(file)
    assert (outcome.difference, outcome.events) == (None, len(events))
    # The last answer of the networks is another one, in the script that the recording holds.
    answer = case.script.rpartition("scores ")[2].partition("\n")[0].strip()
    changed = tmp_path / "b.rec"
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(changed, "w") as new:
        for member in old.namelist():
            data = old.read(member)
            if member == ROWS:
                data = data.decode().replace(f"scores {answer}", f"scores {case.other.strip()}").encode()
            new.writestr(member, data)
    difference = replay(changed).difference
    assert difference is not None
    assert "results" in {(event or {}).get("event") for event in (difference.recorded, difference.actual)}


def test_another_network_on_the_card_is_a_difference(tmp_path: Path) -> None:
    """The answers of a network that is really run, not scripted."""
    from maixswitch.kmodel.write.samples import colour_classifier

    fields = {"kind": "raw", "input": [224, 224, 3]}
    card = write(tmp_path, fields, 4)
    (card / "models/10-x/first.kmodel").write_bytes(colour_classifier())
    file = tmp_path / "a.rec"
    record(file, "expect state RUNNING\nframes 3\n", card=card)
    assert replay(file).difference is None
    (card / "models/10-x/model.json").write_text(
        json.dumps({"schema": 1, "title": "X", "kmodel": "first.kmodel", **fields, "kind": "landmark"})
    )
    difference = replay(file, card).difference
    assert difference is not None
    assert "outputs" in (difference.recorded or {})
    assert "points" in (difference.actual or {})
