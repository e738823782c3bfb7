"""Calls that crash or fail on the board do so on the fakes, with networks that are really computed.

Each hazard is shown with the project's own demonstration networks, and with public ones where they are at hand.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import bench
import flavours
import KPU
import sensor
from maixswitch.kmodel.write import samples
from maixswitch.sim.emulator import Emulator
from tests.stubs.stub_helpers import ANCHORS

Board = Callable[..., None]
NINE = (0.1075, 0.1269, 0.1269, 0.175, 0.1466, 0.2247, 0.1953, 0.2538, 0.244, 0.3519) + (0.5,) * 8


@pytest.fixture(params=["written", "real"])
def detector(request: pytest.FixtureRequest) -> bytes:
    """A YOLOv2 network of kmodel v3 for 320x240."""
    if request.param == "written":
        return samples.blob_detector()
    folder: Path = request.getfixturevalue("kmodels")
    return (folder / "face_yolov2_v3.kmodel").read_bytes()


@pytest.fixture
def board() -> Board:
    """Return a function that starts a board with a camera and these files on its card."""

    def power(flavour: str = flavours.DEFAULT, **files: bytes) -> None:
        gc.collect()  # the finalisers of the previous test's tasks print
        bench.reset(flavour)
        bench.kpu.engine = Emulator()
        bench.card.insert(bench.MemoryCard({f"{name}.kmodel": data for name, data in files.items()}))
        sensor.reset()
        sensor.set_pixformat(sensor.RGB565)
        sensor.set_framesize(sensor.QVGA)

    return power


def prepared(threshold: float = 0.5, nms: float = 0.3, anchors: tuple[float, ...] = ANCHORS) -> Any:
    task = KPU.load("/sd/net.kmodel")
    KPU.init_yolo2(task, threshold, nms, len(anchors) // 2, anchors)
    return task


def test_forward_after_deinit(detector: bytes, board: Board) -> None:
    """The library answers 2001; nothing runs, and reading an older result crashes."""
    board(net=detector)
    task, img = KPU.load("/sd/net.kmodel"), sensor.snapshot()
    fmap = KPU.forward(task, img)
    assert fmap.size() == fmap.w()
    KPU.deinit(task)
    with pytest.raises(OSError, match=r"^ERR_PARAM: please check param, load address or kmodel file name$"):
        KPU.forward(task, img)
    for read in (lambda: fmap[0], lambda: bytes(fmap), lambda: fmap[:]):
        with pytest.raises(bench.HardFault, match="after deinit"):
            read()
    assert [entry[0] for entry in bench.kpu.ledger] == ["load", "run", "deinit"]


def test_run_yolo2_after_deinit(detector: bytes, board: Board) -> None:
    board(net=detector)
    task, img = prepared(), sensor.snapshot()
    KPU.run_yolo2(task, img)
    KPU.deinit(task)
    with pytest.raises(bench.HardFault, match="after deinit"):
        KPU.run_yolo2(task, img)


def test_run_yolo2_before_init_yolo2(detector: bytes, board: Board) -> None:
    board(net=detector)
    task = KPU.load("/sd/net.kmodel")
    with pytest.raises(bench.HardFault, match="before init_yolo2"):
        KPU.run_yolo2(task, sensor.snapshot())


def test_eleven_results(detector: bytes, board: Board) -> None:
    """With a threshold of 0 every cell becomes a box; the firmware's array holds ten."""
    board(net=detector)
    with pytest.raises(bench.HardFault, match=r"found \d+ boxes, its array holds 10"):
        KPU.run_yolo2(prepared(threshold=0.0, nms=1.0), sensor.snapshot())


def test_nine_anchors(detector: bytes, board: Board) -> None:
    """init_yolo2() accepts any number; run_yolo2() divides the channels by five in any case."""
    board(net=detector)
    task = prepared(anchors=NINE)
    assert task.net_arg().anchor_number() == 9
    with pytest.raises(bench.HardFault, match="9 anchors on 30 channels"):
        KPU.run_yolo2(task, sensor.snapshot())


def test_nine_anchors_of_a_network_made_for_them(kmodels: Path, board: Board) -> None:
    """A public one begins with a padding layer: run_yolo2() refuses it before it uses the anchors."""
    board(net=(kmodels / "face_yolov2_9anchors_v4.kmodel").read_bytes())
    task = prepared(anchors=NINE)
    assert KPU.set_outputs(task, 0, 10, 8, 54) is True
    with pytest.raises(ValueError, match="first layer not conv layer!\r\n"):
        KPU.run_yolo2(task, sensor.snapshot())


@pytest.mark.parametrize("row", flavours.newest(), ids=lambda row: row[flavours.NAME])
def test_v4_on_every_flavour(row: tuple[Any, ...], kmodels: Path, board: Board) -> None:
    """A build without v4 answers 2002 and keeps nothing; the others run the model when its output has a shape."""
    board(row[flavours.NAME], net=(kmodels / "voc20_yolov2_v4.kmodel").read_bytes())
    free = bench.memory.free()
    if not row[flavours.V4]:
        with pytest.raises(ValueError, match=r"load error:2002, ERR_KMODEL_VERSION: only support kmodel V3$"):
            KPU.load("/sd/net.kmodel")
        assert bench.memory.free() == free
        assert bench.kpu.live == []
        return
    if row[flavours.FREE_KIB] == 1640:  # an Amigo's full build leaves 1260 KiB beside the camera, the model takes 1368
        with pytest.raises(ValueError, match="load error:2006"):
            KPU.load("/sd/net.kmodel")
        assert bench.memory.free() == free
        return
    task = prepared()
    with pytest.raises(ValueError, match="region_layer_init err!"):
        KPU.run_yolo2(task, sensor.snapshot())
    assert KPU.set_outputs(task, 0, 10, 7, 125) is True
    KPU.run_yolo2(task, sensor.snapshot())


def test_sixth_model(board: Board) -> None:
    """There are five slots: a sixth load fails, whatever its size, changes nothing, and works after a deinit."""
    board(net=samples.colour_classifier())
    tasks = [KPU.load("/sd/net.kmodel") for _ in range(5)]
    free = bench.memory.free()
    with pytest.raises(ValueError, match="load error:2009, ERR_MODELS_FULL: we only support load 5 models"):
        KPU.load("/sd/net.kmodel")
    assert bench.memory.free() == free
    assert len(bench.kpu.live) == 5
    KPU.deinit(tasks.pop())
    tasks.append(KPU.load("/sd/net.kmodel"))
    for task in tasks:
        KPU.deinit(task)
    assert bench.kpu.live == []


def test_sixth_real_model(kmodels: Path, board: Board) -> None:
    board(net=(kmodels / "mnist_v3.kmodel").read_bytes())
    tasks = [KPU.load("/sd/net.kmodel") for _ in range(5)]
    with pytest.raises(ValueError, match="load error:2009"):
        KPU.load("/sd/net.kmodel")
    assert len(tasks) == len(bench.kpu.live) == 5


def test_typecode(detector: bytes, board: Board) -> None:
    """The method takes a character for a pointer, and low memory is zero."""
    board(net=detector)
    fmap = KPU.forward(KPU.load("/sd/net.kmodel"), sensor.snapshot())
    assert "typecode" in repr(fmap)
    assert fmap.typecode() == "\0"


def test_typecode_of_v4(kmodels: Path, board: Board) -> None:
    board(net=(kmodels / "voc20_yolov2_v4.kmodel").read_bytes())
    task = KPU.load("/sd/net.kmodel")
    KPU.set_outputs(task, 0, 10, 7, 125)
    fmap = KPU.forward(task, sensor.snapshot())
    assert fmap.typecode() == "\0"
