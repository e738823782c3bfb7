"""One card with faces, landmarks, a learner, a detector of twenty classes and a classifier, on three firmwares."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.host.sim_helpers import Play

VOC = [f"voc{at}" for at in range(20)]
ANCHORS = [1.08, 1.19, 3.42, 4.41, 6.63, 11.38, 9.42, 5.11, 16.62, 10.52]
SMALL, VIEW = [16, 16, 3], [320, 240, 3]
# The networks of a scripted board all give these numbers. The first ten are a face's points; all of them are the face.
POINTS = "0.3 0.4 0.7 0.4 0.5 0.6 0.35 0.8 0.65 0.8"
ANNA, BEN = f"{POINTS} 20 0 0 0", f"{POINTS} 0 20 0 0"
MUG, KEY = "1 0 0.5 -0.25", "0 1 0.5 -0.25"

STORY = f"""
expect title Names
boxes 120,80,80,80,0,0.9
scores {ANNA}
expect detection ? >= 0.9
press
press
expect detection 1 >= 0.99
scores {BEN}
expect detection ? >= 0.9
press
press
expect detection 2 >= 0.99
scores {ANNA}
expect detection 1 >= 0.99
press
expect title Corners
frames 2
press
expect title Things
scores {MUG}
frames 1
expect no detection mug
press
press
expect detection mug >= 0.99
press
expect title Objects
boxes 10,20,60,60,14,0.75
expect detection voc14 >= 0.75
press
expect title Colours
scores 0.125 0.75 0.125
expect detection green >= 0.75
press
expect title Names
press
expect title Corners
press
expect title Things
scores {KEY}
expect detection mug
press
press
expect detection key >= 0.99
wait 6s
power
expect title Things
select 1
expect title Names
boxes 120,80,80,80,0,0.9
scores {BEN}
expect detection 2 >= 0.99
scores {ANNA}
expect detection 1 >= 0.99
press
expect title Corners
press
expect title Things
scores {KEY}
expect detection key >= 0.99
scores {MUG}
expect detection mug >= 0.99
expect no fault
"""


@pytest.fixture(scope="module")
def learning_card(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from benchlib.models import kmodel_v3

    folder = tmp_path_factory.mktemp("learning")

    def model(name: str, data: dict[str, object], **networks: bytes) -> None:
        path = folder / "models" / name
        path.mkdir(parents=True)
        for network, content in networks.items():
            (path / f"{network}.kmodel").write_bytes(content)
        (path / "model.json").write_text(json.dumps({"schema": 1, "kmodel": "first.kmodel", **data}))

    def vector(size: list[int], numbers: int) -> bytes:
        return kmodel_v3(tuple(size), (1, 1, numbers), "softmax", classes=numbers)

    stages = [
        {"kind": "landmark", "kmodel": "points.kmodel", "input": SMALL},
        {"kind": "face", "kmodel": "face.kmodel", "input": SMALL},
    ]
    detector = {"kind": "yolo2", "input": VIEW, "anchors": ANCHORS}
    model(
        "10-names",
        {"title": "Names", **detector, "labels": ["face"], "stages": stages},
        # The newer KPU class of CanMV needs two convolutions to find the grid.
        first=kmodel_v3(grid=(20, 15, 30), convolutions=2),
        points=vector(SMALL, 10),
        face=vector(SMALL, 14),
    )
    model("20-corners", {"title": "Corners", "kind": "landmark", "input": VIEW}, first=vector(VIEW, 8))
    model(
        "30-things",
        {"title": "Things", "kind": "learner", "input": VIEW, "labels": ["mug", "key"]},
        first=vector(VIEW, 4),
    )
    objects = kmodel_v3(grid=(20, 15, 125), convolutions=2)
    model("40-objects", {"title": "Objects", **detector, "labels": VOC}, first=objects)
    colours = {"title": "Colours", "kind": "classifier", "input": VIEW, "labels": ["red", "green", "blue"]}
    model("50-colours", colours, first=vector(VIEW, 3))
    return folder


@pytest.mark.parametrize("firmware", ["minimum_with_kmodel_v4_support", "canmv_lite", "canmv_new"])
def test_what_was_learnt_by_the_button_survives_a_power_cut(play: Play, learning_card: Path, firmware: str) -> None:
    session = play(STORY, card=learning_card, flavour=firmware)
    assert session.code == 0, session.explain()
    assert not session.sim.bench.hardfaults
    kpu = session.sim.app.slot._kpu
    newer = getattr(kpu, "NEWER", False)
    assert (kpu.NAME, newer) == ("CanMV" if "canmv" in firmware else "MaixPy", firmware == "canmv_new")
