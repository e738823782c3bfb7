"""YOLO detectors that the app decodes itself: any anchors, no classes, three heads; against a reference in floats."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import bench
from benchlib.models import kmodel_v3
from device import catalog, kind, kpu_maixpy
from device.kpu_slot import KpuSlot
from device.once.heads import MOST
from device.results import BOXES, CAP, Results

INPUT = (320, 224)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def overlap(a, b):
    """Intersection over union of two boxes (left, top, right, bottom)."""
    w = min(a[2], b[2]) - max(a[0], b[0])
    h = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(w, 0) * max(h, 0)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def reference(heads, anchors, classes, softmax, threshold, nms):
    """The boxes [left, top, right, bottom, score, class] of some heads, best first, in floats.

    heads: arrays (pairs, 5 + classes, rows, columns).
    """
    boxes = []
    pairs = len(anchors) // 2 // len(heads)
    for number, head in enumerate(heads):
        _, _, rows, columns = head.shape
        for pair in range(pairs):
            size = np.array(anchors[2 * (number * pairs + pair) :][:2], float)
            if softmax:
                size *= (INPUT[0] / columns, INPUT[1] / rows)
            for row in range(rows):
                for column in range(columns):
                    values = head[pair, :, row, column].astype(float)
                    score, name = sigmoid(values[4]), 0
                    if classes:
                        name = int(np.argmax(values[5:]))
                        powers = np.exp(values[5:] - values[5:].max())
                        score *= powers[name] / powers.sum() if softmax else sigmoid(values[5 + name])
                    if score > threshold:
                        x = (column + sigmoid(values[0])) * INPUT[0] / columns
                        y = (row + sigmoid(values[1])) * INPUT[1] / rows
                        w, h = np.exp(values[2:4]) * size / 2
                        boxes.append([x - w, y - h, x + w, y + h, score, name])
    boxes.sort(key=lambda box: -box[4])
    return [
        box
        for at, box in enumerate(boxes)
        if not any(other[5] == box[5] and overlap(box, other) > nms for other in kept_before(boxes, at, nms))
    ]


def kept_before(boxes, at, nms):
    """Of the boxes before number `at`, those that no better one of their class removes."""
    kept: list = []
    for box in boxes[:at]:
        if not any(other[5] == box[5] and overlap(box, other) > nms for other in kept):
            kept.append(box)
    return kept


@pytest.fixture(scope="module")
def picture():
    import sensor

    bench.reset()
    sensor.reset()
    sensor.set_pixformat(sensor.RGB565)
    sensor.set_framesize(sensor.QVGA)
    sensor.set_windowing(INPUT)
    return sensor.snapshot()


@pytest.fixture
def slot():
    bench.reset()
    kpu_slot = KpuSlot(kpu_maixpy)
    yield kpu_slot
    kpu_slot.unload()
    bench.kpu.check()
    assert not bench.hardfaults


def run(slot, picture, name, heads, anchors, classes, **more):
    """Run a model with these heads in the app's way; return its boxes as (left, top, right, bottom, score, class)."""
    grids = [[head.shape[3], head.shape[2], head.shape[0] * head.shape[1]] for head in heads]
    data = {"schema": 1, "title": "Things", "kind": name, "kmodel": "m.kmodel", "input": [*INPUT, 3]}
    data |= {"anchors": anchors, **more}
    if classes:
        data["labels"] = [str(at) for at in range(classes)]
    elements = max(head.size for head in heads)
    kmodel = kmodel_v3((*INPUT, 3), last="softmax", classes=elements, outputs=len(heads))
    # The head of the test's file gives all outputs one size, so it is only right for one; model.json states the shapes.
    spec = model(data, kmodel, grids if len(heads) > 1 else None)
    results = Results()
    results.reset(BOXES, *INPUT, *INPUT)
    slot.load(spec, results, kind(name).prepare)
    bench.kpu.scores = [head.ravel().tolist() for head in heads]
    count = slot.run(picture)
    slot.unload()
    return [(i.x, i.y, i.x + i.w, i.y + i.h, i.score / 1000, i.class_id) for i in results.items[:count]]


def model(data, kmodel, grids):
    bench.card.insert(bench.MemoryCard({"models/m/model.json": json.dumps(data), "models/m/m.kmodel": kmodel}))
    (spec,) = catalog.read("/sd", kpu_maixpy.ANCHOR_PAIRS)
    if grids:
        spec.grid = tuple((w, h) for w, h, _ in grids)
    else:
        assert not spec.problems, spec.problems
    return spec


def agree(actual, expected):
    """Each box of the app is one of the reference's, to a pixel and half a percent, and none of the best is missing."""
    clipped = [
        [max(box[0], 0), max(box[1], 0), min(box[2], INPUT[0]), min(box[3], INPUT[1]), *box[4:]] for box in expected
    ]
    visible = [box for box in clipped if box[2] - box[0] > 2 and box[3] - box[1] > 2][:CAP]
    assert len(actual) >= min(len(visible), CAP)
    for box in visible:
        near = [
            other
            for other in actual
            if other[5] == box[5]
            and abs(other[4] - box[4]) < 0.005
            and all(abs(other[k] - box[k]) < 2 for k in range(4))
        ]
        assert near, (box, actual)


def heads_of(seed, grids, pairs, classes):
    """Random maps with some clear objects."""
    rng = np.random.default_rng(seed)
    heads = []
    for columns, rows in grids:
        head = rng.normal(0, 1, (pairs, 5 + classes, rows, columns)).astype(np.float32)
        head[:, 4] = -6
        for _ in range(3):
            cell = (rng.integers(pairs), rng.integers(rows), rng.integers(columns))
            head[cell[0], 4, cell[1], cell[2]] = rng.uniform(1, 6)
            if classes:
                head[cell[0], 5 + rng.integers(classes), cell[1], cell[2]] = 7
        heads.append(head)
    return heads


SLOW = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}


@settings(max_examples=20, **SLOW)
@given(st.integers(0, 10**6), st.sampled_from([1, 2, 3, 6, 9]), st.sampled_from([0, 1, 2, 20]))
def test_yolo2_with_any_anchors_and_classes(slot, picture, seed, pairs, classes):
    anchors = np.random.default_rng(seed).uniform(0.5, 6, 2 * pairs).round(2).tolist()
    heads = heads_of(seed, [(10, 7)], pairs, classes)
    expected = reference(heads, anchors, classes, True, 0.5, 0.3)
    agree(run(slot, picture, "yolo2", heads, anchors, classes), expected)


@settings(max_examples=20, **SLOW)
@given(st.integers(0, 10**6), st.sampled_from([1, 2, 3]), st.sampled_from([0, 1, 3]))
def test_yolo3_with_one_to_three_heads(slot, picture, seed, outputs, classes):
    grids = [(10, 7), (20, 14), (40, 28)][:outputs]
    anchors = np.random.default_rng(seed).uniform(10, 150, 6 * outputs).round().tolist()
    heads = heads_of(seed, grids, 3, classes)
    expected = reference(heads, anchors, classes, False, 0.5, 0.3)
    agree(run(slot, picture, "yolo3", heads, anchors, classes), expected)


def test_overlapping_boxes_of_a_class_become_one(slot, picture):
    head = np.full((1, 7, 7, 10), -9, np.float32)
    for column, score, name in ((4, 3.0, 5), (5, 2.0, 5), (5, 2.0, 6)):
        head[0, :4, 4, column] = 0, 0, 0, 0
        head[0, 4, 4, column] = score
        head[0, name, 4, column] = 9
    boxes = run(slot, picture, "yolo3", [head], [200, 200], 2)
    assert len(boxes) == 1


def test_more_boxes_than_are_kept(slot, picture):
    head = np.full((2, 5, 7, 10), 0, np.float32)
    head[:, 4] = 5
    boxes = run(slot, picture, "yolo2", [head], [0.2, 0.2, 0.3, 0.3], 0)
    assert head[:, 4].size > MOST
    assert len(boxes) == CAP


def test_extreme_values_raise_nothing(slot, picture):
    for value in (3.0e38, -3.0e38, float("nan"), float("inf"), float("-inf")):
        head = np.full((1, 6, 7, 10), value, np.float32)
        head[0, 4] = 4
        run(slot, picture, "yolo2", [head], [1, 1], 1)


def test_a_threshold_of_zero_and_of_one(slot, picture):
    head = heads_of(1, [(10, 7)], 1, 0)[0]
    assert run(slot, picture, "yolo2", [head], [1, 1], 0, threshold=1) == []
    assert len(run(slot, picture, "yolo2", [head], [1, 1], 0, threshold=0)) == CAP


@pytest.mark.parametrize("labels", [3, 0])
def test_yolo3_says_which_channels_it_expects(labels):
    data = {"schema": 1, "title": "T", "kind": "yolo3", "kmodel": "m.kmodel", "input": [*INPUT, 3], "anchors": [9] * 6}
    if labels:
        data["labels"] = ["x", "y", "z"]
    bench.reset()
    kmodel = kmodel_v3((*INPUT, 3), last="softmax", classes=10 * 7 * 21)
    bench.card.insert(bench.MemoryCard({"models/m/model.json": json.dumps(data), "models/m/m.kmodel": kmodel}))
    (spec,) = catalog.read("/sd")
    assert [row[1:] for row in spec.problems] == [("labels", f"{labels} labels", "3 x (labels + 5) channels")]
