"""KpuSlot on the real adapters and the fake firmware: one model at a time, and no leak."""

from __future__ import annotations

import gc
import weakref

import pytest

import bench
from benchlib.models import kmodel_v3, kmodel_v4
from device import catalog, kind, kpu_maixpy
from device.errors import DeviceError, from_exception
from device.kpu_slot import KpuSlot
from device.results import BARS, BOXES, Results

FACE = """{"schema": 1, "title": "Face", "kind": "yolo2", "kmodel": "m.kmodel", "input": [320, 240, 3],
"labels": ["face"], "anchors": [1, 1, 2, 2, 3, 3, 4, 4, 5, 5] EXTRA}"""
DIGITS = """{"schema": 1, "title": "Digits", "kind": "classifier", "kmodel": "m.kmodel", "input": [320, 240, 3],
"labels": ["a", "b", "c"] EXTRA}"""


def spec_of(text, kmodel, extra=""):
    """Put one model on a fresh card and return its ModelSpec."""
    bench.card.insert(
        bench.MemoryCard({"models/m/model.json": text.replace("EXTRA", extra), "models/m/m.kmodel": kmodel})
    )
    (spec,) = catalog.read("/sd", kpu_maixpy.ANCHOR_PAIRS)
    assert not spec.problems
    return spec


def load(slot, spec, results):
    """Load a model as the app does."""
    slot.load(spec, results, kind(spec.kind).prepare)


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
    assert not bench.hardfaults


@pytest.fixture
def results():
    fresh = Results()
    fresh.reset(BOXES, 320, 240, 320, 240)
    return fresh


def face(extra=""):
    return spec_of(FACE, kmodel_v3(), extra)


def digits(extra=""):
    return spec_of(DIGITS, kmodel_v3((320, 240, 3), (1, 1, 16), "softmax", classes=3), extra)


def test_a_detector(slot, results):
    spec = face()
    load(slot, spec, results)
    assert slot.loaded is spec
    image = picture()
    assert slot.run(image) == 0  # the firmware returns None
    bench.kpu.boxes = [(1, 2, 30, 40, 0, 0.75), (5, 6, 7, 8, 0, 0.5)]
    assert slot.run(image) == results.count == 2
    assert [(i.x, i.y, i.w, i.h, i.class_id, i.score) for i in results.items[:2]] == [
        (1, 2, 30, 40, 0, 750),
        (5, 6, 7, 8, 0, 500),
    ]
    bench.kpu.boxes = []
    assert slot.run(image) == results.count == 0


def test_a_classifier(slot, results):
    results.reset(BARS, 320, 240, 320, 240)
    load(slot, digits(), results)
    bench.kpu.scores = [0.25, 0.125, 0.625]
    assert slot.run(picture()) == 3
    assert [(i.class_id, i.score) for i in results.items[:3]] == [(2, 625), (0, 250), (1, 125)]


def test_a_convolution_as_the_last_layer_gives_bytes(slot, results):
    spec = spec_of(DIGITS, kmodel_v3((320, 240, 3), (1, 1, 3), "conv"))
    load(slot, spec, results)
    bench.kpu.scores = [0, 255, 51]
    assert slot.run(picture()) == 3
    assert [(i.class_id, i.score) for i in results.items[:3]] == [(1, 1000), (2, 200), (0, 0)]


def test_a_load_needs_an_empty_slot(slot, results):
    spec = face()
    load(slot, spec, results)
    with pytest.raises(DeviceError) as caught:
        load(slot, spec, results)
    assert (caught.value.code, caught.value.detail) == (199, "load before unload")
    assert slot.loaded is spec
    assert bench.kpu.loads == 1


def test_unload_and_load_again(slot, results):
    spec = face()
    for _ in range(12):  # more than the firmware's five slots
        load(slot, spec, results)
        assert slot.unload() is None
        assert slot.loaded is slot.run is None
        assert not bench.kpu.live


def test_unload_of_an_empty_slot_does_nothing(slot):
    assert slot.loaded is slot.run is None
    assert slot.unload() is None
    assert slot.unload() is None
    assert "KPU.deinit" not in bench.calls


def test_a_release_that_failed_is_tried_once_more(slot, results):
    load(slot, face(), results)
    bench.fail_next("KPU.deinit", MemoryError("memory allocation failed"))
    assert isinstance(slot.unload(), MemoryError)
    assert [row[0] for row in bench.kpu.ledger] == ["load", "deinit"]
    assert not bench.kpu.live


def test_ctrl_c_during_a_release_passes_through_and_the_model_is_released(slot, results):
    load(slot, face(), results)
    bench.fail_next("KPU.deinit", KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        slot.unload()
    assert slot.loaded is slot.run is None
    assert not bench.kpu.live


class Knot:
    """Garbage in a cycle, which only a collection frees."""

    def __init__(self):
        self.knot = self


@pytest.mark.parametrize("call", ["load", "unload"])
def test_the_heap_is_collected_before_a_load_and_after_a_release(slot, results, call):
    spec = face()
    if call == "unload":
        load(slot, spec, results)
    gc.disable()
    try:
        garbage = weakref.ref(Knot())
        assert garbage() is not None
        load(slot, spec, results) if call == "load" else slot.unload()
        assert garbage() is None
    finally:
        gc.enable()


def test_unload_forgets_even_when_the_firmware_refuses(slot, results):
    load(slot, face(), results)
    bench.fail_next("KPU.deinit", ValueError("no"))
    assert str(slot.unload()) == "no"
    assert slot.loaded is slot.run is None
    bench.kpu.dropped[:] = []
    for model in bench.kpu.slots:
        if model is not None:  # the firmware kept it; its finaliser would free it
            model.release()


@pytest.mark.parametrize("code", range(2001, 2016))
def test_a_failing_load_leaves_the_slot_empty(slot, results, code):
    spec = face()
    bench.fail_next("KPU.load", code)
    with pytest.raises(ValueError, match="load error") as caught:
        load(slot, spec, results)
    assert from_exception(caught.value).code == code
    assert slot.loaded is None
    assert not bench.kpu.live
    load(slot, spec, results)
    assert slot.loaded is spec


def test_a_refused_region_layer_releases_the_half_prepared_task(slot, results):
    spec = face()
    bench.fail_next("KPU.init_yolo2", ValueError("[MAIXPY]kpu: threshold only support 0 to 1"))
    with pytest.raises(ValueError, match="threshold"):
        load(slot, spec, results)
    assert slot.loaded is None
    assert not bench.kpu.live
    assert [row[0] for row in bench.kpu.ledger] == ["load", "deinit"]


def test_a_wrong_output_shape_releases_the_half_prepared_task(slot, results):
    spec = spec_of(FACE, kmodel_v4())
    spec.outputs = ((20, 15, 31),)
    with pytest.raises(DeviceError) as caught:
        load(slot, spec, results)
    assert caught.value.code == 2012
    assert "20x15x31" in caught.value.detail
    assert not bench.kpu.live


def test_a_v4_model_has_its_outputs_set(slot, results):
    load(slot, spec_of(FACE, kmodel_v4(), ', "outputs": [[20, 15, 30]]'), results)
    assert bench.calls["KPU.set_outputs"] == 1
    assert slot.run(picture()) == 0


def test_outputs_that_model_json_omits_are_read_from_the_file(slot, results):
    load(slot, spec_of(FACE, kmodel_v4()), results)
    assert slot.run(picture()) == 0


def test_a_kind_that_cannot_prepare_leaves_the_slot_empty(slot, results):
    spec = face()
    spec.anchors = None
    with pytest.raises(TypeError):
        load(slot, spec, results)
    assert slot.loaded is None
    assert not bench.kpu.live


def test_a_failing_run_raises_what_the_firmware_raised(slot, results):
    load(slot, face(), results)
    image = picture()
    bench.fail_next("KPU.run_yolo2", 2008)
    with pytest.raises(OSError, match="ERR_RUN_MODEL") as caught:
        slot.run(image)
    assert from_exception(caught.value).code == 2008
    assert slot.loaded  # the machine unloads
