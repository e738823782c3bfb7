"""Real .kmodel files on a fake card: labels, grids and outputs are read as their authors intended."""

from __future__ import annotations

import json

import pytest

import bench
from device import catalog
from tests.device.sample_models import FACE_ANCHORS

VOC = [1.08, 1.19, 3.42, 4.41, 6.63, 11.38, 9.42, 5.11, 16.62, 10.52]
NINE = [0.1 * i for i in range(1, 19)]
QVGA = [320, 240, 3]


def read(kmodels, name, kind, size, classes, anchors=None, pairs=5, **more):
    model = {"schema": 1, "title": "T", "kind": kind, "kmodel": "m.kmodel", "input": size, **more}
    model["labels"] = [f"class {i}" for i in range(classes)]
    if anchors:
        model["anchors"] = anchors
    bench.reset()
    data = (kmodels / f"{name}.kmodel").read_bytes()
    bench.card.insert(bench.MemoryCard({"models/m/model.json": json.dumps(model), "models/m/m.kmodel": data}))
    return catalog.read("/sd", pairs)[0]


@pytest.mark.parametrize(
    ("name", "classes", "anchors", "pairs", "grid", "outputs"),
    [
        ("face_yolov2_v3", 1, FACE_ANCHORS, 5, (20, 15), None),
        ("voc20_yolov2_v3", 20, VOC, 5, (10, 7), None),
        ("voc20_channelwise_v3", 20, VOC, 5, (10, 7), None),
        ("voc20_yolov2_v4", 20, VOC, 5, (10, 7), ((10, 7, 125),)),
        ("mask_yolov2_v3", 2, FACE_ANCHORS, 5, (10, 8), None),
        ("face_yolov2_9anchors_v4", 1, NINE, None, (10, 8), ((10, 8, 54),)),
    ],
)
def test_detectors(kmodels, name, classes, anchors, pairs, grid, outputs):
    spec = read(kmodels, name, "yolo2", QVGA, classes, anchors, pairs)
    assert spec.problems == ()
    assert (spec.grid, spec.outputs) == (grid, outputs)
    spec = read(kmodels, name, "yolo2", QVGA, classes + 2, anchors, pairs)
    expected = [(f"{classes + 2} labels", f"{classes} labels")]
    assert [problem[2:] for problem in spec.problems] == expected


def test_a_head_that_fits_two_grids_leaves_the_labels_to_decide(kmodels):
    """2800 elements are 10x8 cells of two classes or 10x7 of three; only the layers behind the head could tell."""
    assert read(kmodels, "mask_yolov2_v3", "yolo2", QVGA, 2, FACE_ANCHORS).grid == (10, 8)
    assert read(kmodels, "mask_yolov2_v3", "yolo2", QVGA, 3, FACE_ANCHORS).grid == (10, 7)


@pytest.mark.parametrize(
    ("name", "size", "classes", "outputs"),
    [
        ("mnist_v3", [28, 28, 1], 10, None),
        ("mobilenet_3class_v3", [224, 224, 3], 3, None),
        ("mobilenet025_embedding_v4", [224, 224, 3], 256, ((1, 1, 256),)),
        ("dronet_float_v4", [200, 200, 1], 1, ((1, 1, 1),)),
    ],
)
def test_classifiers(kmodels, name, size, classes, outputs):
    spec = read(kmodels, name, "classifier", size, classes)
    assert (spec.problems, spec.outputs) == ((), outputs)


def test_the_authors_five_labels_for_three_classes(kmodels):
    spec = read(kmodels, "mobilenet_3class_v3", "classifier", [224, 224, 3], 5)
    assert [problem[1:] for problem in spec.problems] == [("labels", "5 labels", "3 labels")]


def test_nine_anchors_are_read_where_the_firmware_decodes_five(kmodels):
    spec = read(kmodels, "face_yolov2_9anchors_v4", "yolo2", QVGA, 1, NINE)
    assert not spec.problems


def test_a_wrong_input_of_a_v4(kmodels):
    spec = read(kmodels, "face_embedding_v4", "classifier", QVGA, 192)
    assert [problem[1:] for problem in spec.problems] == [("input", "[320, 240, 3]", "[64, 64, 3]")]


@pytest.mark.parametrize(
    ("name", "form"),
    [("face_yolov2_wordswapped", "word-swapped v3"), ("mnist_v5", "v5"), ("face_v6", "v6")],
)
def test_files_no_firmware_loads_from_a_card(kmodels, name, form):
    spec = read(kmodels, name, "classifier", [28, 28, 1], 10)
    assert [problem[1:] for problem in spec.problems] == [("kmodel", form, "kmodel v3 or v4")]
