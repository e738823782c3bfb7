"""The stage `attributes` on the fakes: a box is named by all labels that hold for what is in it."""

from __future__ import annotations

import json
import math

import pytest

import bench
import sensor
from benchlib.models import kmodel_v3
from device import catalog, hal, kpu_maixpy
from device.kinds.attributes import MOST
from device.kpu_slot import KpuSlot
from device.once.boards import find
from device.once.stages import maker
from device.results import Results

LABELS = ["male", "mouth open", "smiling", "glasses"]
STAGE = {"kind": "attributes", "kmodel": "a.kmodel", "input": [16, 16, 3], "labels": LABELS}
MARKS = {"kind": "landmark", "kmodel": "marks.kmodel", "input": [16, 16, 3]}
MODEL = {
    "schema": 1,
    "title": "Faces",
    "kind": "yolo2",
    "kmodel": "m.kmodel",
    "input": [320, 240, 3],
    "labels": ["face"],
    "anchors": [1, 1, 2, 2, 3, 3, 4, 4, 5, 5],
}


@pytest.fixture
def slot():
    bench.reset()
    kpu_slot = KpuSlot(kpu_maixpy)
    yield kpu_slot
    kpu_slot.unload()
    bench.kpu.check()
    assert not bench.hardfaults


def vector(count):
    return kmodel_v3((16, 16, 3), (1, 1, 16), "softmax", classes=count)


def read(*before, outputs=4, **changes):
    data = json.dumps({**MODEL, "stages": [*before, {**STAGE, **changes}]})
    files = {"model.json": data, "m.kmodel": kmodel_v3(), "a.kmodel": vector(outputs), "marks.kmodel": vector(10)}
    bench.card.insert(bench.MemoryCard({"models/m/" + name: files[name] for name in files}))
    (spec,) = catalog.read("/sd", kpu_maixpy.ANCHOR_PAIRS)
    return spec


def load(slot, spec):
    assert not spec.problems
    results = Results()
    shape, prepare = maker(spec, hal.Camera(find("dock"), {}))[:2]
    results.reset(shape, 320, 240, 320, 240)
    slot.load(spec, results, prepare)
    bench.kpu.boxes = [(100, 60, 80, 80, 0, 0.9)]
    return results


def look(slot, spec, results, scores):
    """Return name and score of the one box."""
    sensor.reset()
    sensor.set_pixformat(sensor.RGB565)
    sensor.set_framesize(sensor.QVGA)
    bench.kpu.scores = scores
    assert slot.run(sensor.snapshot()) == 1
    (item,) = results.items[:1]
    return spec.panel_label(item.class_id), item.score


def logit(value):
    return math.log(value / (1 - value))


@pytest.mark.parametrize("before", [(), (MARKS,)])
def test_all_that_hold_name_the_box(slot, before):
    """Cut as the box has it, or turned upright by the points before it."""
    spec = read(*before, upright=bool(before))
    results = load(slot, spec)
    assert look(slot, spec, results, [-4, logit(0.9), logit(0.8), 0]) == ("mouth open, smiling", 800)
    assert look(slot, spec, results, [9, -9, -9, -9])[0] == "male"
    # None holds: the box keeps the detector's score.
    assert look(slot, spec, results, [logit(0.6)] * 4) == ("?", 900)
    # The spec stays in memory, and its labels are not sets of sets at the next load.
    slot.unload()
    results = load(slot, spec)
    assert look(slot, spec, results, [9, 9, 9, 9])[0] == ", ".join(LABELS)


def test_values_that_are_probabilities_already(slot):
    spec = read(sigmoid=False, threshold=0.5)
    results = load(slot, spec)
    assert look(slot, spec, results, [0.25, 0.75, 0.5, 0]) == ("mouth open, smiling", 500)


def test_the_panel_has_names_of_its_own(slot):
    spec = read(labels=["männlich", "offen", "lächelt", "Brille"], ascii_labels=["m", "o", "l", "b"])
    results = load(slot, spec)
    assert look(slot, spec, results, [9, -9, 9, -9])[0] == "m, l"
    assert spec.label(results.items[0].class_id) == "männlich, lächelt"


@pytest.mark.parametrize(
    ("outputs", "labels", "expected"), [(3, 4, "3 labels"), (MOST + 1, MOST + 1, f"at most {MOST} labels")]
)
def test_one_label_for_each_value(slot, outputs, labels, expected):
    spec = read(outputs=outputs, labels=[f"l{at}" for at in range(labels)])
    assert [row[1:] for row in spec.problems] == [("stages[0].labels", f"{labels} labels", expected)]


def test_upright_needs_five_points(slot):
    spec = read(upright=True)
    with pytest.raises(ValueError, match="five landmarks"):
        load(slot, spec)
    assert not bench.kpu.live
