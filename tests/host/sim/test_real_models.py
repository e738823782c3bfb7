"""Published networks on photos, through the whole app: camera, KPU, panel. Skipped without the test data."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.host.sim_helpers import Play

VOC = [
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car",
    "cat", "chair", "cow", "diningtable", "dog", "horse", "motorbike",
    "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
]  # fmt: skip
FACE_ANCHORS = [1.889, 2.5245, 2.9465, 3.94056, 3.99987, 5.3658, 5.155437, 6.92275, 6.718375, 9.01025]
VOC_ANCHORS = [1.08, 1.19, 3.42, 4.41, 6.63, 11.38, 9.42, 5.11, 16.62, 10.52]


@pytest.fixture(scope="module")
def real_card(kmodels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("real")
    rows = (
        ("10-face", "face_yolov2_v3", "Face", ["face"], FACE_ANCHORS, 0.5, 0.2),
        ("20-objects", "voc20_yolov2_v3", "Objects", VOC, VOC_ANCHORS, 0.4, 0.3),
        ("30-objects4", "voc20_yolov2_v4", "Objects v4", VOC, VOC_ANCHORS, 0.4, 0.3),
    )
    for name, model, title, labels, anchors, threshold, nms in rows:
        model_path = folder / "models" / name
        model_path.mkdir(parents=True)
        shutil.copy(kmodels / f"{model}.kmodel", model_path)
        document = {
            "schema": 1, "title": title, "kind": "yolo2", "kmodel": f"{model}.kmodel", "input": [320, 240, 3],
            "labels": labels, "anchors": anchors, "threshold": threshold, "nms": nms,
        }  # fmt: skip
        (model_path / "model.json").write_text(json.dumps(document))
    return folder


def test_face_then_objects(play: Play, real_card: Path, photos: Path, tmp_path: Path) -> None:
    """The photos take turns. A face is found, after a press a cat and a person, and then the cat by a kmodel v4."""
    session = play(
        """
        expect detection face >= 0.9
        screenshot face
        press
        expect title Objects
        expect detection cat >= 0.9 within 20s
        expect detection person >= 0.8 within 20s
        expect detection motorbike >= 0.5 within 20s
        press
        expect title 'Objects v4'
        expect detection cat >= 0.9 within 20s
        """,
        card=real_card,
        camera=photos,
        out=tmp_path,
    )
    assert session.code == 0, session.explain()


def test_the_face_is_where_the_photo_has_it(play: Play, real_card: Path, photos: Path) -> None:
    """The box on the screen frames the face: x 0.35 to 0.52, y 0.11 to 0.35 of the picture."""
    session = play("expect detection face >= 0.9", card=real_card, camera=photos / "astronaut.png")
    assert session.code == 0, session.explain()
    item = session.sim.app.results.items[0]
    box = [item.x / 320, (item.x + item.w) / 320, item.y / 240, (item.y + item.h) / 240]
    assert box == pytest.approx([0.35, 0.52, 0.11, 0.35], abs=0.03)
