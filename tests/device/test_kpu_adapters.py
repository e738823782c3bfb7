"""The adapters on the fakes of their firmware, CanMV's with both APIs: the same calls have the same results."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import bench
import sensor
from benchlib.models import kmodel_v3, kmodel_v4

STUBS = Path(__file__).resolve().parents[2] / "stubs"
ANCHORS = (1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0, 5.0, 5.0)


class Rig:
    """An adapter, a card with one file, and a camera."""

    def __init__(self, adapter, flavour):
        self.kpu = adapter
        bench.reset(flavour)
        bench.card.insert(
            bench.MemoryCard({"m.kmodel": kmodel_v3(convolutions=2), "c.kmodel": kmodel_v3(last="softmax", classes=3)})
        )

    def spec(self, **changes):
        fields = {
            "kmodel": "/sd/m.kmodel",
            "width": 320,
            "height": 240,
            "channels": 3,
            "outputs": None,
            "anchors": ANCHORS,
            "threshold": 0.5,
            "nms": 0.3,
            "grid": (20, 15),
            "labels": ["face"],
            "stages": (),
            "main": 0,
            "count": 1,
        }
        fields.update(changes)
        return SimpleNamespace(**fields)

    def picture(self):
        sensor.reset()
        sensor.set_pixformat(sensor.RGB565)
        sensor.set_framesize(sensor.QVGA)
        return sensor.snapshot()


@pytest.fixture(params=["maixpy", "canmv", "canmv_new"])
def rig(request, monkeypatch):
    saved = dict(sys.modules)
    if request.param != "maixpy":
        for name in list(sys.modules):
            if name in ("KPU", "Maix", "maix") or name.split(".")[0] == "device":
                del sys.modules[name]
        monkeypatch.syspath_prepend(str(STUBS / "canmv"))
        if request.param == "canmv_new":
            monkeypatch.syspath_prepend(str(STUBS / "canmv_new"))
        flavour = "canmv"
    else:
        flavour = "minimum_with_kmodel_v4_support"
    kpu = importlib.import_module("device.once.setup").open_kpu()
    assert kpu.__name__ == "device.kpu_" + request.param.split("_")[0]
    assert getattr(kpu, "NEWER", False) == (request.param == "canmv_new")
    results = importlib.import_module("device.results").Results()
    new_rig = Rig(kpu, flavour)
    new_rig.results = results
    yield new_rig
    bench.kpu.check()
    assert not bench.hardfaults
    sys.modules.clear()
    sys.modules.update(saved)


def test_a_detector_answers_in_pixels_of_the_view(rig):
    spec = rig.spec()
    task = rig.kpu.load(spec)
    run = rig.kpu.detector(task, spec, rig.results)
    image = rig.picture()
    assert run(image) == 0
    bench.kpu.boxes = [(300, 220, 40, 40, 0, 0.75), (-9, 6, 20, 8, 0, 0.5)]
    assert run(image) == rig.results.count == 2
    actual = [(i.x, i.y, i.w, i.h, i.score) for i in rig.results.items[:2]]
    assert actual == [(300, 220, 20, 20, 750), (0, 6, 11, 8, 500)]
    rig.kpu.unload(task)


def test_a_classifier_returns_a_copy(rig):
    spec = rig.spec(kmodel="/sd/c.kmodel", anchors=None)
    task = rig.kpu.load(spec)
    forward = rig.kpu.classifier(task, spec)
    image = rig.picture()
    bench.kpu.scores = [0.25, 0.5, 0.25]
    first = forward(image)
    bench.kpu.scores = [1.0, 0.0, 0.0]
    assert list(forward(image)) == [1.0, 0.0, 0.0]
    assert list(first) == [0.25, 0.5, 0.25]
    rig.kpu.unload(task)


def test_a_model_in_flash_is_loaded_by_its_address(rig):
    data = kmodel_v3()
    bench.kpu.flash[0x300000] = data
    spec = rig.spec(kmodel=(0x300000, len(data)))
    task = rig.kpu.load(spec)
    assert bench.kpu.live
    rig.kpu.unload(task)


def test_a_missing_file_leaves_nothing(rig):
    with pytest.raises(ValueError, match="error"):
        rig.kpu.load(rig.spec(kmodel="/sd/no.kmodel"))
    assert not bench.kpu.live


def test_a_model_too_large_leaves_nothing(rig):
    free = bench.memory.free()
    bench.card.backend.files["big.kmodel"] = kmodel_v3(size=6000000)
    with pytest.raises((ValueError, MemoryError)):
        rig.kpu.load(rig.spec(kmodel="/sd/big.kmodel"))
    assert not bench.kpu.live
    assert free - bench.memory.free() == sum(block[3] for block in bench.kpu.table)  # the object, which is never freed


def test_a_task_without_a_kind_can_be_released(rig):
    """CanMV's deinit goes through a null pointer unless init_yolo2 was called before."""
    rig.kpu.unload(rig.kpu.load(rig.spec()))


def test_the_region_layer_is_set_up_once_for_each_task(rig):
    spec = rig.spec()
    task = rig.kpu.load(spec)
    rig.kpu.detector(task, spec, rig.results)
    rig.kpu.unload(task)
    assert sum(bench.calls.get(name, 0) for name in ("KPU.init_yolo2", "maix.init_yolo2", "maix.Yolo2.init")) == 1


def test_load_and_unload_leave_the_memory_as_it_was(rig):
    """CanMV's newer firmware loses each model's main memory, and keeps its two objects; nothing else may be lost."""
    spec = rig.spec()
    free = bench.memory.free()
    for _ in range(10):
        task = rig.kpu.load(spec)
        rig.kpu.detector(task, spec, rig.results)
        rig.kpu.unload(task)
    lost = [(name, block[3]) for name, block in bench.kpu.leaked]
    newer = getattr(rig.kpu, "NEWER", False)
    assert lost == [("main memory", 45000)] * (10 if newer else 0)
    assert free - bench.memory.free() - sum(size for _, size in lost) == sum(block[3] for block in bench.kpu.table)
    assert len(bench.kpu.table) == (2 if newer else 0)


def test_more_switches_than_the_newer_firmware_has_room_for(rig):
    """Its table of 64 blocks keeps every KPU and Yolo2 object for ever, so the adapter uses them again."""
    spec = rig.spec()
    bench.memory.reset(64 * 1024 * 1024)
    for _ in range(100):
        task = rig.kpu.load(spec)
        rig.kpu.detector(task, spec, rig.results)
        rig.kpu.unload(task)
    assert bench.kpu.loads == 100


def test_two_models_at_a_time(rig):
    first = rig.kpu.load(rig.spec())
    second = rig.kpu.load(rig.spec(kmodel="/sd/c.kmodel"))
    bench.kpu.scores = [0.5, 0.25, 0.25]
    assert list(rig.kpu.classifier(second, rig.spec())(rig.picture())) == [0.5, 0.25, 0.25]
    rig.kpu.unload(second)
    assert rig.kpu.detector(first, rig.spec(), rig.results)(rig.picture()) == 0
    rig.kpu.unload(first)


def test_a_v4_model_runs(rig):
    bench.card.backend.files["v4.kmodel"] = kmodel_v4()
    spec = rig.spec(kmodel="/sd/v4.kmodel", outputs=((20, 15, 30),))
    task = rig.kpu.load(spec)
    assert rig.kpu.detector(task, spec, rig.results)(rig.picture()) == 0
    rig.kpu.unload(task)


def test_a_failing_run_raises(rig):
    spec = rig.spec()
    task = rig.kpu.load(spec)
    run = rig.kpu.detector(task, spec, rig.results)
    image = rig.picture()
    bench.fail_next("KPU.run_yolo2", 2008)
    bench.fail_next("maix.run_with_output", 2008)
    bench.fail_next("maix.run", 2008)
    with pytest.raises(OSError, match="dirty"):
        run(image)
    rig.kpu.unload(task)


RELEASE = ("KPU.deinit", "maix.deinit")
LOAD = ("KPU.load", "maix.load_kmodel", "maix.load")


def slot_of(rig):
    """Return an empty slot on the adapter, and what loads a detector into it."""
    slot = importlib.import_module("device.kpu_slot").KpuSlot(rig.kpu)
    prepare = importlib.import_module("device.kinds.yolo2").prepare
    return slot, lambda: slot.load(rig.spec(), rig.results, prepare)


def test_a_slot_loads_and_unloads(rig):
    slot, load = slot_of(rig)
    for _ in range(12):  # more than MaixPy's five slots
        load()
        assert slot.run(rig.picture()) == 0
        assert len(bench.kpu.live) == 1
        assert slot.unload() is None
        assert not bench.kpu.live


@pytest.mark.parametrize("code", [2002, 2006, 2009])
def test_a_slot_is_empty_after_a_load_that_fails(rig, code):
    slot, load = slot_of(rig)
    for name in LOAD:
        bench.fail_next(name, code)
    with pytest.raises((ValueError, MemoryError, OSError)):
        load()
    assert slot.loaded is None
    assert not bench.kpu.live
    bench.heal()
    load()
    slot.unload()


@pytest.mark.parametrize("error", [MemoryError("full"), OSError("no")])
def test_a_slot_tries_a_release_once_more(rig, error):
    slot, load = slot_of(rig)
    load()
    for name in RELEASE:
        bench.fail_next(name, error)
    assert slot.unload() is error
    assert not bench.kpu.live
    load()
    assert len(bench.kpu.live) == 1
    slot.unload()


def test_a_slot_releases_a_model_whose_decoder_failed(rig):
    slot, load = slot_of(rig)
    for name in ("KPU.init_yolo2", "maix.init_yolo2", "maix.Yolo2.init"):
        bench.fail_next(name, ValueError("no"))
    with pytest.raises(ValueError, match="no"):
        load()
    assert slot.loaded is None
    assert not bench.kpu.live


def test_outputs_can_be_read_element_by_element(rig):
    bench.card.insert(bench.MemoryCard({"c.kmodel": kmodel_v3(last="softmax", classes=3)}))
    spec = rig.spec(kmodel="/sd/c.kmodel")
    task = rig.kpu.load(spec)
    run = rig.kpu.outputs(task, spec)
    bench.kpu.scores = [0.25, 0.5, -1.0]
    (output,) = run(rig.picture())
    assert rig.kpu.elements(output) == 3
    assert [output[at] for at in range(3)] == [0.25, 0.5, -1.0]
    rig.kpu.unload(task)
