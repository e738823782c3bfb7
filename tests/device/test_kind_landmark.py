"""The kind `landmark` on the fakes: points of the frame, and of the boxes of a detector."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import bench
from benchlib.models import kmodel_v3
from device import catalog, kind, kpu_maixpy
from device.kinds.landmark import MOST, Points
from device.kpu_slot import KpuSlot
from device.once.stages import chain
from device.results import BOXES, EXTRA, Results

MODEL = {"schema": 1, "title": "Corners", "kind": "landmark", "kmodel": "m.kmodel", "input": [320, 240, 3]}
DETECTOR = {
    **MODEL,
    "kind": "yolo2",
    "labels": ["face"],
    "anchors": [1, 1, 2, 2, 3, 3, 4, 4, 5, 5],
    "stages": [{"kind": "landmark", "kmodel": "points.kmodel", "input": [64, 64, 3]}],
}


@pytest.fixture(scope="module")
def picture():
    import sensor

    bench.reset()
    sensor.reset()
    sensor.set_pixformat(sensor.RGB565)
    sensor.set_framesize(sensor.QVGA)
    return sensor.snapshot()


@pytest.fixture
def slot():
    bench.reset()
    kpu_slot = KpuSlot(kpu_maixpy)
    yield kpu_slot
    kpu_slot.unload()
    bench.kpu.check()


def read(points, data, **changes):
    network = kmodel_v3(last="softmax", classes=2 * points)
    inner = kmodel_v3((64, 64, 3), (1, 1, 16), "softmax", classes=2 * points)
    files = {"model.json": json.dumps({**data, **changes}), "points.kmodel": inner}
    files["m.kmodel"] = kmodel_v3() if data is DETECTOR else network
    bench.card.insert(bench.MemoryCard({"models/m/" + name: files[name] for name in files}))
    (spec,) = catalog.read("/sd", kpu_maixpy.ANCHOR_PAIRS)
    return spec


def load(slot, spec, width=320, height=240):
    assert not spec.problems
    results = Results()
    results.reset(EXTRA if spec.kind == "landmark" else BOXES, width, height, 320, 240)
    slot.load(spec, results, chain(spec) if spec.stages else kind(spec.kind).prepare)
    return results


def seen(results):
    points = results.extra
    return list(zip(points.xs[: points.count], points.ys[: points.count], strict=True))


ORDERS = {
    "xy": [0.25, 0.5, 0.75, 0.125],
    "yx": [0.5, 0.25, 0.125, 0.75],
    "xxyy": [0.25, 0.75, 0.5, 0.125],
    "yyxx": [0.5, 0.125, 0.25, 0.75],
}


@pytest.mark.parametrize("order", sorted(ORDERS))
def test_points_of_the_frame_in_every_order(slot, picture, order):
    results = load(slot, read(2, MODEL, order=order))
    bench.kpu.scores = ORDERS[order]
    assert slot.run(picture) == 0
    assert seen(results) == [(80, 120), (240, 30)]
    assert slot.run(picture) == 0
    assert results.extra.count == 2  # of this frame, not of all


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.floats(-12, 12, width=32), min_size=4, max_size=4), st.sampled_from([(320, 240), (224, 224)]))
def test_the_sigmoid_agrees_with_floats_to_a_pixel(slot, picture, values, view):
    import math

    results = load(slot, read(2, MODEL, sigmoid=True), *view)
    try:
        bench.kpu.scores = values
        slot.run(picture)
        curved = [1 / (1 + math.exp(-value)) for value in values]
        for (x, y), (a, b) in zip(seen(results), (curved[:2], curved[2:]), strict=True):
            assert abs(x - min(a * view[0], view[0] - 1)) <= 1.01
            assert abs(y - min(b * view[1], view[1] - 1)) <= 1.01
    finally:
        slot.unload()


def test_points_outside_stay_in_the_view(slot, picture):
    results = load(slot, read(2, MODEL))
    bench.kpu.scores = [-3, 2, 1, -0.1]
    slot.run(picture)
    assert seen(results) == [(0, 239), (319, 0)]


def test_points_of_each_box(slot, picture):
    results = load(slot, read(1, DETECTOR))
    bench.kpu.boxes = [(100, 40, 80, 60, 0, 0.9), (0, 0, 40, 40, 0, 0.75)]
    bench.kpu.scores = [0.5, 0.25]
    assert slot.run(picture) == 2
    assert seen(results) == [(140, 55), (20, 10)]
    bench.kpu.boxes = []
    assert slot.run(picture) == 0
    assert seen(results) == []


def test_an_enlarged_box_is_clipped_to_the_picture(slot, picture):
    stage = {**DETECTOR["stages"][0], "enlarge": 1.5}
    results = load(slot, read(1, DETECTOR, stages=[stage]))
    bench.kpu.boxes = [(0, 0, 80, 80, 0, 0.9)]  # becomes -20..100, clipped to 0..100
    bench.kpu.scores = [1, 1]
    slot.run(picture)
    assert seen(results) == [(100, 100)]


def test_no_more_points_than_the_extra_holds(slot, picture):
    results = load(slot, read(MOST, DETECTOR))
    bench.kpu.boxes = [(0, 0, 40, 40, 0, 0.9)] * 3
    slot.run(picture)
    assert results.extra.count == 2 * MOST


@pytest.mark.parametrize(
    ("labels", "problem"),
    [(["tip"], None), (["a", "b"], ("labels", "2 labels", "1 labels"))],
)
def test_one_label_for_each_point(slot, labels, problem):
    spec = read(1, MODEL, labels=labels)
    assert [row[1:] for row in spec.problems] == ([problem] if problem else [])


def test_an_odd_number_of_values_is_no_points(slot):
    files = {"models/m/model.json": json.dumps(MODEL), "models/m/m.kmodel": kmodel_v3(last="softmax", classes=5)}
    bench.card.insert(bench.MemoryCard(files))
    (spec,) = catalog.read("/sd")
    assert [row[1:] for row in spec.problems] == [("outputs", "5 values", "two values for each point")]


def test_dots_on_the_picture(slot):
    points = Points(3)
    points.xs[0], points.ys[0], points.count = 20, 30, 1
    drawn = []

    class Picture:
        def draw_rectangle(self, *args):
            drawn.append(args[:4])

    points.draw(Picture(), (0, 14, 320, 226))
    assert drawn == [(19, 29, 3, 3)]
