"""Networks that are neither classifiers nor detectors get their name; classifiers and detectors get none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from maixswitch.kmodel import load
from maixswitch.kmodel.format.v4_layers import Binary
from maixswitch.kmodel.format.v4_node import Clamp
from maixswitch.kmodel.judge.nature import DIVIDE, cells, nature
from tests.host.kmodel import v4_files

ADD = 0
QVGA = (3, 240, 320)
SQUARE = (3, 224, 224)


def network(picture: tuple[int, ...], *outputs: tuple[int, ...], op: int = ADD) -> bytes:
    """Return a kmodel v4 with an input of bytes and outputs of these shapes, whose values are constants."""
    file = v4_files.File()
    file.input(picture, v4_files.BYTE)
    for shape in outputs:
        values = file.constant(np.zeros(shape, np.float32))
        one = file.constant(np.ones(1, np.float32))
        full = (*[1] * (4 - len(shape)), *shape)
        file.node(0, Binary(values, one, file.output(shape), op, full, (1, 1, 1, 1), full, Clamp(*v4_files.NO_CLAMP)))
    return file.build()


CLASSIFIERS = [(1, 1, 1, 5), (1, 5), (1, 5, 1, 1), (1, 1, 5, 1), (1, 1, 1, 1), (1, 1, 1, 1000), (1, 1, 1, 14)]


@pytest.mark.parametrize("shape", CLASSIFIERS)
def test_a_list_of_scores_is_one_in_any_direction(shape: tuple[int, ...]) -> None:
    kmodel = load(network(SQUARE, shape))
    assert cells(kmodel.outputs[0]) is None
    assert nature(kmodel) == ""


@pytest.mark.parametrize("shape", [(30, 7, 7), (125, 7, 10), (35, 8, 10), (54, 8, 10), (30, 1, 10), (18, 10, 10)])
def test_a_detector_has_no_other_name(shape: tuple[int, ...]) -> None:
    kmodel = load(network(QVGA, shape))
    assert cells(kmodel.outputs[0]) == shape[::-1]
    assert nature(kmodel) == ""


OTHERS = {
    "68 points": ((3, 128, 128), [(136,)], "face landmarks (68 points)"),
    "5 points": ((3, 128, 128), [(1, 1, 1, 10)], "face landmarks (5 points)"),
    "face features": ((3, 64, 64), [(192, 1, 1)], "features (192 values, for comparing faces or pictures)"),
    "short features": ((3, 128, 128), [(1, 1, 128)], "features (128 values, for comparing faces or pictures)"),
    "picture features": (SQUARE, [(256, 1, 1)], "features (256 values, for comparing faces or pictures)"),
    "speech": ((1, 28, 80), [(7, 1, 512)], "speech or another sequence (7 x 512 values)"),
    "longer speech": ((1, 64, 32), [(202, 16, 1)], "speech or another sequence (202 x 16 values)"),
    "segmentation": ((3, 32, 32), [(4, 32, 32)], "segmentation (4 values for each pixel)"),
    "half size": (QVGA, [(2, 120, 160)], "segmentation (2 values for each pixel)"),
    "mask": (
        QVGA,
        [(1, 240, 320)],
        "a map of one value for each pixel, such as segmentation, depth or an autoencoder in grey",
    ),
    "autoencoder": ((3, 32, 32), [(3, 32, 32)], "autoencoder (its output is a picture)"),
    "YOLOv3": ((3, 224, 320), [(75, 7, 10), (75, 14, 20)], "YOLOv3 (2 heads)"),
    "YOLOv3 of 3": ((3, 224, 224), [(18, 7, 7), (18, 14, 14), (18, 28, 28)], "YOLOv3 (3 heads)"),
    "SSD": (QVGA, [(1, 4420, 2), (1, 4420, 4)], "SSD face detector (scores and boxes)"),
    "SSD points": (QVGA, [(12640,), (31600,), (6320,)], "SSD face detector (scores, boxes and points of the face)"),
    "LFFD": (QVGA, [(2, 14, 19), (4, 14, 19)], "a detector with separate outputs for scores and boxes, such as LFFD"),
    "steering": ((1, 120, 160), [(20,), (15,)], "2 lists of values (20 and 15), such as for steering"),
    "others": (QVGA, [(2, 14, 19), (300,), (5,)], "3 outputs"),
    "plates": (QVGA, [(25, 8, 10)], "detector without classes, such as for licence plates"),
    "reader": ((3, 64, 208), [(224, 4, 13)], "a map of 13x4 cells with 224 values each"),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_other_networks_are_named(name: str) -> None:
    picture, outputs, expected = OTHERS[name]
    assert nature(load(network(picture, *outputs))) == expected


def test_ten_scores_are_digits_in_grey_and_points_in_colours() -> None:
    # A division without the sum before it is no softmax.
    assert nature(load(network((3, 128, 128), (1, 1, 1, 10), op=DIVIDE))) == "face landmarks (5 points)"
    assert nature(load(network((1, 28, 28), (1, 1, 1, 10)))) == ""


REAL = {
    "landmark68_v3": "face landmarks (68 points)",
    "face_embedding_v4": "features (192 values, for comparing faces or pictures)",
    "mobilenet025_embedding_v4": "features (256 values, for comparing faces or pictures)",
    "ultraface_slim_v4": "SSD face detector (scores and boxes)",
    "yolov3_two_heads_v3": "YOLOv3 (2 heads)",
    "dronet_float_v4": "2 lists of values (1 and 1), such as for steering",
    "mobilenet_3class_v3": "",
    "mnist_v3": "",
    "voc20_yolov2_v4": "",
    "face_yolov2_9anchors_v4": "",
}


@pytest.mark.parametrize("name", REAL)
def test_public_models(name: str, kmodels: Path) -> None:
    assert nature(load((kmodels / f"{name}.kmodel").read_bytes())) == REAL[name]


@pytest.mark.parametrize(
    ("shape", "expected"), [((1, 1, 1, 5), ""), ((7, 1, 512), "speech"), ((3, 32, 32), "autoencoder")]
)
def test_kmodel_info_tells(tmp_path: Path, shape: tuple[int, ...], expected: str) -> None:
    file = tmp_path / "net.kmodel"
    file.write_bytes(network((3, 32, 32), shape))
    run = subprocess.run(
        [sys.executable, "-m", "maixswitch", "kmodel", "info", str(file)], capture_output=True, text=True, check=True
    )
    assert (f"seems to be: {expected}" in run.stdout) == bool(expected)
    assert "cannot take its output" not in run.stdout
