"""The kind `learner` on the fakes: it learns at a double press and knows its classes again after a power cut."""

from __future__ import annotations

import json
import math
import struct

import pytest

import bench
from benchlib.models import kmodel_v3
from device import catalog, kind, kpu_maixpy
from device.kpu_slot import KpuSlot
from device.once.learnt import MOST_NAMES
from device.results import BARS, Results

MODEL = {"schema": 1, "title": "Things", "kind": "learner", "kmodel": "m.kmodel", "input": [320, 240, 3]}
A, B, C = [1.0, 0.0, 0.5, -0.25], [0.0, 1.0, 0.5, -0.25], [-1.0, -1.0, 0.0, 2.0]


@pytest.fixture
def slot():
    bench.reset()
    kpu_slot = KpuSlot(kpu_maixpy)
    yield kpu_slot
    kpu_slot.unload()
    bench.kpu.check()


def insert(**changes):
    data = json.dumps({**MODEL, **changes})
    kmodel = kmodel_v3(last="softmax", classes=4)
    bench.card.insert(bench.MemoryCard({"models/m/model.json": data, "models/m/m.kmodel": kmodel}))


def load(slot):
    (spec,) = catalog.read("/sd", kpu_maixpy.ANCHOR_PAIRS)
    assert not spec.problems
    assert spec.learns
    results = Results()
    results.reset(BARS, 320, 240, 320, 240)
    slot.load(spec, results, kind("learner").prepare)
    return spec, results


@pytest.fixture
def picture():
    import sensor

    sensor.reset()
    sensor.set_pixformat(sensor.RGB565)
    sensor.set_framesize(sensor.QVGA)
    return sensor.snapshot()


def look(slot, results, picture, vector, learn=False):
    bench.kpu.scores = vector
    results.learn = learn
    count = slot.run(picture)
    assert not results.learn
    return [(item.class_id, item.score) for item in results.items[:count]]


def test_nothing_is_known_at_first(slot, picture):
    insert()
    _, results = load(slot)
    assert look(slot, results, picture, A) == []
    assert results.extra.text == "Press twice to learn"


def test_two_classes_are_told_apart_and_survive_a_power_cut(slot, picture):
    insert()
    spec, results = load(slot)
    assert look(slot, results, picture, A, learn=True) == [(0, 1000)]
    assert results.extra.text == "Learnt: 1"
    assert look(slot, results, picture, B, learn=True)[0] == (1, 1000)
    near = [0.9, 0.1, 0.5, -0.25]
    first = look(slot, results, picture, near)
    assert [row[0] for row in first] == [0, 1]
    assert [spec.label(at) for at in range(3)] == ["1", "2", "#2"]
    # The power goes: a new app on the same card knows both.
    files = bench.card.backend
    slot.unload()
    bench.reset()
    bench.card.insert(files)
    other = KpuSlot(kpu_maixpy)
    spec, results = load(other)
    assert look(other, results, picture, near) == first
    assert [spec.label(at) for at in range(2)] == ["1", "2"]
    # It goes on learning.
    assert look(other, results, picture, C, learn=True)[0] == (2, 1000)
    other.unload()


@pytest.mark.parametrize("vector", [[1, 0.5, 0.5, 0], [3.25, -7, 0.125, 60], [0, 0, 0, 0]])
def test_scores_follow_the_distance(slot, picture, vector):
    insert(limit=100)
    _, results = load(slot)
    look(slot, results, picture, A, learn=True)
    away = math.dist(A, vector)
    ((_, score),) = look(slot, results, picture, vector)
    assert score == pytest.approx(1000 - away * 10, abs=1.5)


def test_beyond_the_limit_there_is_no_class(slot, picture):
    insert(limit=2)
    _, results = load(slot)
    look(slot, results, picture, A, learn=True)
    assert look(slot, results, picture, [9, 9, 9, 9]) == []


def test_names_of_model_json_are_given_in_order(slot, picture):
    insert(labels=["mug", "key"])
    spec, results = load(slot)
    for vector in (A, B, C):
        look(slot, results, picture, vector, learn=True)
    assert [spec.label(at) for at in range(3)] == ["mug", "key", "3"]
    slot.unload()
    spec, results = load(slot)
    assert [spec.label(at) for at in range(3)] == ["mug", "key", "3"]


def test_the_file_is_that_of_kpu_classifier(slot, picture):
    insert()
    _, results = load(slot)
    look(slot, results, picture, A, learn=True)
    look(slot, results, picture, C, learn=True)
    data = bytes(bench.card.backend.files["models/m/learnt.1"])
    assert struct.unpack_from("<HH", data) == (2, 1)
    rows = [struct.unpack_from("<IifI4f", data, 4 + at * 32) for at in range(2)]
    assert [row[:4] for row in rows] == [(4, 0, 0.0, 0), (4, 1, 0.0, 0)]
    assert [list(row[4:]) for row in rows] == [A, C]


def test_no_more_classes_than_there_is_room_for(slot, picture):
    insert()
    spec, results = load(slot)
    for at in range(MOST_NAMES + 2):
        look(slot, results, picture, [float(at), 0, 0, 0], learn=True)
    assert len(spec.labels) == MOST_NAMES
    assert results.extra.text == f"No more than {MOST_NAMES} classes"


def test_a_card_that_refuses_does_not_stop_the_frames(slot, picture):
    insert()
    _, results = load(slot)
    bench.fail_next("file.write", OSError(28), None)
    assert look(slot, results, picture, A, learn=True) == [(0, 1000)]
    assert results.extra.text == "Learnt, not saved: 1"
    bench.heal()
    assert look(slot, results, picture, A) == [(0, 1000)]


def test_data_of_another_network_are_not_used(slot, picture):
    insert()
    _, results = load(slot)
    look(slot, results, picture, A, learn=True)
    slot.unload()
    bench.card.backend.files["models/m/m.kmodel"] = bytearray(kmodel_v3(last="softmax", classes=3))
    _, results = load(slot)
    assert look(slot, results, picture, A[:3]) == []
    assert results.extra.text == "Learnt with another network"
