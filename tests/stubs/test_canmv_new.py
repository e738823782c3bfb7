"""The fake of CanMV's newer KPU class: what it raises, what it returns and what it never frees."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import bench
import sensor
from benchlib.models import kmodel_v3

STUBS = Path(__file__).resolve().parents[2] / "stubs"
ANCHORS = (1.0, 1.0, 2.0, 2.0)


@pytest.fixture
def maix(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The module of a board with three models: a detector, one that Yolo2 cannot read, one that is cut short."""
    saved = {name: sys.modules.pop(name, None) for name in ("KPU", "Maix", "maix")}
    for name in ("canmv", "canmv_new"):
        monkeypatch.syspath_prepend(str(STUBS / name))
    bench.reset("canmv")
    detector = kmodel_v3(grid=(20, 15, 12), convolutions=2)
    bench.card.insert(
        bench.MemoryCard(
            {"d.kmodel": detector, "two.kmodel": kmodel_v3(), "cut.kmodel": detector[:-4], "bad": b"no" * 99}
        )
    )
    sensor.reset()
    sensor.set_pixformat(sensor.RGB565)
    sensor.set_framesize(sensor.QVGA)
    yield importlib.import_module("maix")
    for name, module in saved.items():
        sys.modules.pop(name, None)
        if module is not None:
            sys.modules[name] = module


def test_it_has_none_of_the_older_names(maix: Any) -> None:
    assert not any(hasattr(maix.KPU, name) for name in ("load_kmodel", "init_yolo2", "run_with_output"))


def test_a_detector(maix: Any) -> None:
    net = maix.KPU()
    net.load("/sd/d.kmodel")
    yolo = net.Yolo2()
    with pytest.raises(OSError, match="init before run"):
        yolo.run()
    yolo.init(ANCHORS, 0.7, 0.4)
    with pytest.raises(OSError, match="load/run kmodel"):
        yolo.run()
    bench.kpu.boxes = [(1, 2, 3, 4, 0, 0.75)]
    assert net.run(sensor.snapshot()) is None
    assert yolo.run() == [[1, 2, 3, 4, 0, 0.75]]
    bench.kpu.scores = [3.0, 4.0]
    net.run(sensor.snapshot())
    assert net.get_outputs()[:2] == net.get_outputs(0)[:2] == [3.0, 4.0]
    assert net.attr()["shape"] == {"input": [3, 240, 320], "output": [12, 15, 20]}
    assert net.deinit() is None
    assert not bench.kpu.live
    assert [name for name, _ in bench.kpu.leaked] == ["main memory"]


def test_yolo2_wants_two_convolutions_before_the_last_layer(maix: Any) -> None:
    net = maix.KPU()
    net.load("/sd/two.kmodel")
    yolo = net.Yolo2()
    yolo.init(ANCHORS)
    net.run(sensor.snapshot())
    with pytest.raises(OSError, match="Parse model"):
        yolo.run()


@pytest.mark.parametrize(
    ("where", "kind", "text"),
    [
        ("/sd/none.kmodel", ValueError, "open file error, please check file path!"),
        ("/sd/bad", OSError, "Failed to load model"),
        ("/sd/cut.kmodel", OSError, "Model in filesystem maybe damaged"),
        (0, ValueError, "Model offset error!"),
        (0x300000, ValueError, "Model size error!"),
        (None, ValueError, "Load_kmodel need one parameter, path(string) or offset(int)"),
    ],
)
def test_a_load_that_fails(maix: Any, where: object, kind: type[Exception], text: str) -> None:
    net = maix.KPU()
    free = bench.memory.free()
    with pytest.raises(kind) as caught:
        net.load(where)
    assert caught.value.args == (text,)
    assert bench.memory.free() == free


def test_a_picture_of_another_size_is_an_error(maix: Any) -> None:
    net = maix.KPU()
    net.load("/sd/d.kmodel")
    sensor.set_windowing((224, 224))
    with pytest.raises(OSError, match="34"):
        net.run(sensor.snapshot())
    with pytest.raises(ValueError, match="pix_to_ai"):
        net.run(sensor.snapshot().resize(320, 240))


def test_its_table_has_room_for_64_blocks(maix: Any) -> None:
    for _ in range(64):
        maix.KPU()
    with pytest.raises(MemoryError, match="Too many mem"):
        maix.KPU()


def test_activations_and_features(maix: Any) -> None:
    assert maix.KPU.Act.sigmoid(0.0) == 0.5
    with pytest.raises(ValueError, match="minimum size"):
        maix.KPU.Act.softmax([1.0, 2.0])  # a mistake of the firmware
    assert maix.KPU.Feat.compare([0.6, 0.8], [0.6, 0.8]) == pytest.approx(100)
    net = maix.KPU()
    net.load("/sd/d.kmodel")
    net.run(sensor.snapshot())
    with pytest.raises(ValueError, match="bigger than 256"):
        maix.KPU.Feat.calculate(net)
