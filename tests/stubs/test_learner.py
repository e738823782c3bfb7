"""The self-learning classifier of the fake KPU; tests/firmware/probes/learning.txt has the answers of real images."""

from __future__ import annotations

import gc
from typing import Any

import pytest

import bench
import flavours
import KPU
import sensor
from tests.stubs.stub_helpers import power_on


@pytest.fixture(autouse=True)
def board() -> None:
    power_on()


def taken() -> int:
    return sum(size for name, size in bench.memory.items() if name == "classifier")


def feature(*values: float) -> Any:
    """Let the network answer so, and return a picture."""
    bench.kpu.scores = [*values, 0.0, 0.0, 0.0]
    return sensor.snapshot()


def test_its_memory_is_the_system_heap() -> None:
    """A table, a vector of each class and of the last picture, then one for each sample; __del__ frees all."""
    learner = KPU.classifier(KPU.load("/sd/soft.kmodel"), 3, 15, fea_len=512)
    start = 72 + 8 * (3 + 15) + (3 + 1) * (24 + 4 * 512)
    assert taken() == start
    learner.add_sample_img(feature(1.0))
    assert taken() == start + 24 + 4 * 512
    learner.__del__()
    assert taken() == 0
    with pytest.raises(OSError, match="22"):
        learner.predict(feature(1.0))


def test_a_dropped_one_keeps_its_memory_until_a_collection() -> None:
    learner = KPU.classifier(KPU.load("/sd/soft.kmodel"), 2, 2, fea_len=3)
    del learner
    assert taken()
    gc.collect()
    assert not taken()
    assert "classifier __del__" in bench.uart


def test_centres_move_to_the_means_of_their_samples() -> None:
    learner = KPU.classifier(KPU.load("/sd/soft.kmodel"), 2, 4, fea_len=2)
    learner.add_class_img(feature(0.0, 0.0))
    learner.add_class_img(feature(10.0, 0.0))
    for x in (1.0, 3.0, 7.0, 9.0):
        learner.add_sample_img(feature(x, 1.0))
    learner.train()
    assert learner.predict(feature(2.0, 1.0)) == (0, 0.0)
    assert learner.predict(feature(8.0, 4.0)) == (1, 3.0)
    learner.save("/sd/learnt")
    other, classes, samples = KPU.classifier.load(KPU.load("/sd/soft.kmodel"), "/sd/learnt", fea_len=2)
    assert (classes, samples) == (2, 4)
    assert other.predict(feature(8.0, 4.0)) == (1, 3.0)


@pytest.mark.parametrize("call", ["add_class_img", "add_sample_img", "predict"])
def test_a_planned_fault_is_the_code_of_the_library(call: str) -> None:
    learner = KPU.classifier(KPU.load("/sd/soft.kmodel"), 2, 2, fea_len=3)
    bench.fail_next("classifier." + call, 2008)
    with pytest.raises(OSError, match="2008"):
        getattr(learner, call)(feature(1.0))


def test_a_full_heap_is_error_12_and_leaves_nothing() -> None:
    task = KPU.load("/sd/soft.kmodel")
    with pytest.raises(OSError, match="12"):
        KPU.classifier(task, 9, 9, fea_len=300000)
    assert not taken()


def test_older_firmware_has_one_length() -> None:
    power_on("minimum@v0.6.0-2")
    task = KPU.load("/sd/soft.kmodel")
    with pytest.raises(ValueError, match="class num"):
        KPU.classifier(task, 2, 2, fea_len=3)
    assert KPU.classifier(task, 2, 2) is not None
    assert taken() == 72 + 32 + 3 * (24 + 4 * 768)
    assert flavours.lacks((0, 6, 2, 27), (flavours.FEATURE_LENGTH,))
