"""Stages: models that run on the boxes of another. They load and unload as one entry, whatever fails."""

from __future__ import annotations

import json

import pytest

import bench
from benchlib.models import kmodel_v3
from device import catalog, kpu_maixpy
from device.errors import DeviceError
from device.kpu_slot import KpuSlot
from device.once.stages import MOST, chain
from device.results import BOXES, Results
from device.spec import say

DETECTOR = {
    "schema": 1,
    "title": "Fruit",
    "kind": "yolo2",
    "kmodel": "m.kmodel",
    "input": [320, 240, 3],
    "labels": ["thing"],
    "anchors": [1, 1, 2, 2, 3, 3, 4, 4, 5, 5],
}
SORT = {"kind": "classifier", "kmodel": "sort.kmodel", "input": [64, 32, 3], "labels": ["apple", "pear", "plum"]}
SORTER = kmodel_v3((64, 32, 3), (1, 1, 16), "softmax", classes=3)


def read(*stages, **changes):
    """Put a model with stages on a fresh card; return its ModelSpec."""
    data = {**DETECTOR, "stages": list(stages), **changes}
    files = {"m.kmodel": kmodel_v3(), "sort.kmodel": SORTER, "model.json": json.dumps(data)}
    bench.card.insert(bench.MemoryCard({"models/m/" + name: files[name] for name in files}))
    (spec,) = catalog.read("/sd", kpu_maixpy.ANCHOR_PAIRS)
    return spec


def picture():
    import sensor

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
    assert not bench.kpu.live
    assert not bench.hardfaults


def load(slot, spec):
    results = Results()
    results.reset(BOXES, 320, 240, 320, 240)
    slot.load(spec, results, chain(spec))
    return results


def problems(spec):
    return [say(problem).split(" ", 1)[1] for problem in spec.problems]


def test_a_stage_is_read_as_a_model_of_its_own(slot):
    spec = read({**SORT, "threshold": 0.4, "enlarge": 1.2})
    assert not spec.problems
    (stage,) = spec.stages
    assert (stage.kind, stage.kmodel, stage.width, stage.height) == ("classifier", "/sd/models/m/sort.kmodel", 64, 32)
    assert (stage.threshold, stage.enlarge, stage.size) == (0.4, 1.2, len(SORTER))
    # The stage names the boxes, for the panel and for the link.
    assert [spec.label(at) for at in range(3)] == [spec.panel_label(at) for at in range(3)] == SORT["labels"]


@pytest.mark.parametrize("stages", [[], {}, "sort", [5], [SORT] * (MOST + 1)])
def test_stages_are_a_short_list_of_objects(slot, stages):
    (problem,) = problems(read(stages=stages))
    assert problem.endswith(f"; wanted: a list of 1 to {MOST} objects")


def test_what_is_wrong_with_a_stage_is_named_with_its_number(slot):
    spec = read(SORT, {**SORT, "kind": "yolo2", "kmodel": "absent.kmodel", "enlarge": 9, "title": "x"})
    assert not spec.loadable
    fields = [line.split(":")[0] for line in problems(spec)]
    assert fields == ["stages[1].title", "stages[1].kind", "stages[1].kmodel", "stages[1].enlarge"]


def test_only_a_detector_has_stages(slot):
    data = {**SORT, "schema": 1, "title": "Fruit", "stages": [SORT]}
    bench.card.insert(bench.MemoryCard({"models/m/model.json": json.dumps(data), "models/m/sort.kmodel": SORTER}))
    (spec,) = catalog.read("/sd")
    assert problems(spec) == [
        'stages: [{"kind": "classifier", "kmodel": "sort.; wanted: no stages: this kind gives no boxes'
    ]


def test_each_box_is_named_by_what_the_stage_sees_in_it(slot):
    results = load(slot, read({**SORT, "threshold": 0.5}))
    bench.kpu.boxes = [(10, 20, 100, 80, 0, 0.9), (200, 100, 40, 40, 0, 0.75)]
    bench.kpu.scores = [0.125, 0.75, 0.125]
    assert slot.run(picture()) == 2
    assert [(item.class_id, item.score) for item in results.items[:2]] == [(1, 750), (1, 750)]
    assert (results.items[0].x, results.items[0].w) == (10, 100)
    # Nothing above the stage's threshold: the box keeps the detector's score and has no class.
    bench.kpu.scores = [0.25, 0.375, 0.25]
    assert slot.run(picture()) == 2
    assert [(item.class_id, item.score) for item in results.items[:2]] == [(-1, 900), (-1, 750)]


def test_the_tasks_of_an_entry_go_together_last_first(slot):
    spec = read(SORT, {**SORT, "threshold": 0.1})
    for _ in range(4):  # more tasks than the firmware's five slots
        load(slot, spec)
        assert len(bench.kpu.live) == 3
        with pytest.raises(DeviceError, match="load before unload"):
            load(slot, spec)
        assert slot.unload() is None
        assert not bench.kpu.live
    assert [row[0] for row in bench.kpu.ledger] == (["load"] * 3 + ["deinit"] * 3) * 4


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_load_that_fails_midway_releases_what_came_before(slot, nth):
    spec = read(SORT, SORT)
    bench.fail_at("KPU.load", nth, 2006)
    with pytest.raises(ValueError, match="ERR_NO_MEM"):
        load(slot, spec)
    assert slot.loaded is slot.run is None
    assert not bench.kpu.live
    load(slot, spec)
    assert slot.loaded is spec


@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize("fault", [MemoryError("no heap"), KeyboardInterrupt()])
def test_a_release_that_fails_once_leaves_no_task_behind(slot, nth, fault):
    load(slot, read(SORT, SORT))
    bench.fail_at("KPU.deinit", nth, fault)
    if isinstance(fault, Exception):
        assert slot.unload() is fault
    else:
        with pytest.raises(KeyboardInterrupt):
            slot.unload()
    assert not bench.kpu.live


def test_a_task_that_refuses_to_go_does_not_keep_the_others(slot):
    load(slot, read(SORT, SORT))
    bench.fail_next("KPU.deinit", ValueError("no"), 2)
    assert str(slot.unload()) == "no"
    assert len(bench.kpu.live) == 1
    bench.kpu.dropped[:] = []
    for model in bench.kpu.slots:
        if model is not None:  # the firmware kept it; its finaliser would free it
            model.release()
