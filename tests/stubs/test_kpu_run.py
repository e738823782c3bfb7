"""Running networks on the fake KPU: results, views, decoding, engines."""

from __future__ import annotations

import array
from pathlib import Path
from typing import Any

import pytest

import bench
import KPU
import sensor
from benchlib import region
from benchlib.models import kmodel_v3
from tests.stubs.stub_helpers import ANCHORS, Engine, Network, power_on, yolo


@pytest.fixture(autouse=True)
def board() -> None:
    """A fresh board for every test."""
    power_on()


def test_scripted_boxes() -> None:
    """Without boxes the result is None, never an empty list; a box has methods and no index."""
    task = yolo(KPU.load("/sd/face.kmodel"))
    img = sensor.snapshot()
    assert KPU.run_yolo2(task, img) is None
    bench.kpu.boxes = [(1, 2, 30, 40, 0, 0.75), (5, 6, 7, 8, 3, 0.5)]
    actual = KPU.run_yolo2(task, img)
    assert [(b.x(), b.y(), b.w(), b.h(), b.classid(), b.value(), b.index(), b.objnum()) for b in actual] == [
        (1, 2, 30, 40, 0, 0.75, 0, 2),
        (5, 6, 7, 8, 3, 0.5, 1, 2),
    ]
    assert actual[1].rect() == (5, 6, 7, 8)
    with pytest.raises(TypeError):
        actual[0][0]
    assert str(actual[0]) == ('{"x":1, "y":2, "w":30, "h":40, "value":0.750000, "classid":0, "index":0, "objnum":2}')


def test_eleventh_box() -> None:
    """Ten results fit the firmware's array, the eleventh corrupts memory."""
    task = yolo(KPU.load("/sd/face.kmodel"))
    bench.kpu.boxes = [(0, 0, 8, 8, 0, 0.9)] * 10
    assert len(KPU.run_yolo2(task, sensor.snapshot())) == 10
    bench.kpu.boxes = [(0, 0, 8, 8, 0, 0.9)] * 11
    with pytest.raises(bench.HardFault, match="11 boxes"):
        KPU.run_yolo2(task, sensor.snapshot())


@pytest.mark.parametrize(
    ("channels", "anchors", "crash"),
    [(30, 5, False), (54, 9, True), (30, 3, True), (125, 5, False), (24, 5, True), (18, 5, None)],
)
def test_channels_and_anchors(channels: int, anchors: int, crash: bool | None) -> None:
    """The firmware assumes channels/5-5 classes: other anchor counts index out of bounds, too few channels fail."""
    bench.card.insert(bench.MemoryCard({"m.kmodel": kmodel_v3(grid=(10, 7, channels))}))
    task = KPU.load("/sd/m.kmodel")
    KPU.init_yolo2(task, 0.5, 0.3, anchors, (1.0,) * (2 * anchors))
    if crash is None:
        with pytest.raises(ValueError, match="region_layer_init err!\r\n"):
            KPU.run_yolo2(task, sensor.snapshot())
    elif crash:
        with pytest.raises(bench.HardFault, match="anchors"):
            KPU.run_yolo2(task, sensor.snapshot())
    else:
        assert KPU.run_yolo2(task, sensor.snapshot()) is None


def test_temporaries_of_yolo() -> None:
    """If the boxes do not fit, region_layer_init err; if the run fails, their memory is lost."""
    task = yolo(KPU.load("/sd/face.kmodel"))
    img = sensor.snapshot()
    block = bench.memory.alloc("filler", bench.memory.largest() - 30000)
    with pytest.raises(ValueError, match="region_layer_init err!"):
        KPU.run_yolo2(task, img)
    bench.memory.free_block(block)
    free = bench.memory.free()
    bench.fail_next("KPU.run_yolo2", 2008)
    with pytest.raises(OSError, match=r"^ERR_RUN_MODEL: maybe model dirty$"):
        KPU.run_yolo2(task, img)
    lost = 20 * 15 * 5 * (16 + 2 * 4 + 8)
    assert bench.memory.free() == free - lost
    assert KPU.run_yolo2(task, img) is None
    assert bench.memory.free() == free - lost


def test_a_large_grid_overflows_the_stack() -> None:
    """The suppression keeps 16 bytes per box on a 32 KiB stack."""
    bench.card.insert(bench.MemoryCard({"m.kmodel": kmodel_v3(grid=(40, 30, 30))}))
    with pytest.raises(bench.HardFault, match="96000 bytes on the stack"):
        KPU.run_yolo2(yolo(KPU.load("/sd/m.kmodel")), sensor.snapshot())


def test_fmap_is_a_view() -> None:
    """The next run overwrites it, and deinit frees its memory; the program must copy."""
    task = KPU.load("/sd/soft.kmodel")
    img = sensor.snapshot()
    bench.kpu.scores = [0.25, 0.5, 0.25]
    first = KPU.forward(task, img)
    kept = first[:]
    bench.kpu.scores = [1.0, 0.0, 0.0]
    KPU.forward(task, img)
    assert kept == (0.25, 0.5, 0.25)
    assert first[:] == (1.0, 0.0, 0.0)
    assert type(first[:]) is tuple
    assert first[-1] == 0.0
    assert (first.size(), first.w(), first.h(), first.ch(), first.index()) == (12, 12, 1, 1, 1)
    assert bytes(first) == array.array("f", [1.0, 0.0, 0.0]).tobytes()
    first[1] = 0.5
    first[0:2] = [0.125, 0.375]
    assert first[:] == (0.125, 0.375, 0.0)
    with pytest.raises(TypeError):
        len(first)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        list(first)
    KPU.deinit(task)
    with pytest.raises(bench.HardFault, match="after deinit"):
        first[0]


def test_fmap_of_a_convolution() -> None:
    """Typecode 'B', the layer's shape; kpu.fmap gives one channel as a grey picture over the same memory."""
    task = KPU.load("/sd/conv.kmodel")
    bench.kpu.scores = list(range(147))
    actual = KPU.forward(task, sensor.snapshot())
    assert (actual.w(), actual.h(), actual.ch(), actual.size()) == (7, 7, 3, 147)
    assert actual[50] == 50
    channel = KPU.fmap(actual, 1)
    assert (channel.width(), channel.height(), channel.format()) == (7, 7, sensor.GRAYSCALE)
    assert channel.get_pixel(1, 0) == 50
    with pytest.raises(ValueError, match="ch err,input 0~3\r\n"):
        KPU.fmap(actual, 3)


def test_v4_outputs() -> None:
    """A v4 output has no shape until set_outputs(), which refuses a wrong one without an exception."""
    task = KPU.load("/sd/v4.kmodel")
    img = sensor.snapshot()
    with pytest.raises(ValueError, match="region_layer_init err!"):
        KPU.run_yolo2(yolo(task), img)
    assert KPU.set_outputs(task, 0, 20, 15, 30) is True
    assert KPU.set_outputs(task, 1, 1, 1, 10) is True
    assert KPU.run_yolo2(task, img) is None
    actual = KPU.forward(task, img)
    assert (actual.w(), actual.h(), actual.ch(), actual.size()) == (20, 15, 30, 36000)
    assert KPU.get_output(task, 1).ch() == 10


@pytest.mark.parametrize(
    ("version", "refuses"), [("v0.5.1-106", False), ("v0.6.0-2", True), ("v0.6.2-20", False), ("v0.6.2-72", False)]
)
def test_pictures_for_v4_by_version(version: str, refuses: bool) -> None:
    """v0.6.0 does not ask a v4 for the size of its input before forward(); run_yolo2() and lists are not concerned."""
    power_on(f"minimum_with_kmodel_v4_support@{version}")
    task, img = KPU.load("/sd/v4.kmodel"), sensor.snapshot()
    KPU.set_outputs(task, 0, 20, 15, 30)
    assert KPU.run_yolo2(yolo(task), img) is None
    assert KPU.forward(task, [0.5] * 4).w() == 20
    if refuses:
        with pytest.raises(ValueError, match="check img format err!"):
            KPU.forward(task, img)
        assert "img w=320,h=240, but model w=0,h=0" in bench.uart
    else:
        assert KPU.forward(task, img).w() == 20


def test_list_input() -> None:
    """A list of floats feeds a network whose first layer is no convolution; its buffer is lost when the run fails."""
    task = KPU.load("/sd/floats.kmodel")
    bench.kpu.scores = [0.0, 1.0, 0.0]
    free = bench.memory.free()
    assert KPU.forward(task, [5.1, 3.5, 1.4, 0.2])[:] == (0.0, 1.0, 0.0)
    assert bench.memory.free() == free
    bench.fail_next("KPU.forward", 2008)
    with pytest.raises(OSError, match="ERR_RUN_MODEL"):
        KPU.forward(task, [5.1, 3.5, 1.4, 0.2])
    assert bench.memory.free() == free - 16


def test_engine_errors_are_firmware_errors() -> None:
    """An engine's errors become the library's codes, and the reason goes to the serial line."""
    img = sensor.snapshot()
    bench.kpu.engine = Engine(error=bench.EngineError(2003, "layer 4 has no body"))
    with pytest.raises(ValueError, match="load error:2003, ERR_KMODEL_FORMAT"):
        KPU.load("/sd/face.kmodel")
    assert "layer 4 has no body" in bench.uart
    bench.kpu.engine = Engine(error=IndexError("oops"))
    with pytest.raises(ValueError, match="load error:2015, ERR_UNKNOWN"):
        KPU.load("/sd/face.kmodel")
    network = Network([[0.0] * 9000], ((36000, None, "f"),))
    bench.kpu.engine = Engine(network)
    task = yolo(KPU.load("/sd/face.kmodel"))
    network.error = bench.EngineError(2001, "no such layer")
    with pytest.raises(OSError, match="ERR_PARAM"):
        KPU.forward(task, img)
    network.error = ZeroDivisionError("oops")
    with pytest.raises(OSError, match="ERR_RUN_MODEL"):
        KPU.run_yolo2(task, img)
    assert network.seen == [230400, 230400]
    network.error = None
    assert KPU.run_yolo2(task, img) is None


def test_engine_run_time() -> None:
    """One run blocks for the network's own time when it has one."""
    network = Network([[0.0] * 9000], ((36000, None, "f"),))
    network.run_ms = 55  # type: ignore[attr-defined]
    bench.kpu.engine = Engine(network)
    task = KPU.load("/sd/face.kmodel")
    img = sensor.snapshot()
    start = bench.clock.now
    KPU.forward(task, img)
    assert bench.clock.now - start == 55


def raw_map(boxes: list[tuple[int, int, int, tuple[float, ...]]]) -> array.array[float]:
    """A 20x15 map of one class, five anchors: all values low except those of `boxes`: (anchor, column, row, values)."""
    raw = array.array("f", [-12.0]) * 9000
    for anchor, column, row, values in boxes:
        for k, value in enumerate(values):
            raw[anchor * 1800 + k * 300 + row * 20 + column] = value
    return raw


@pytest.mark.parametrize("form", ["array", "bytes", "list"])
def test_decoding(form: str) -> None:
    """Sigmoid, softmax, anchors, threshold; a box is not clipped at right and bottom, and stops at 0 left and top."""
    raw = raw_map(
        [
            (2, 10, 7, (0.0, 0.0, 0.0, 0.0, 4.0, 1.0)),
            (4, 0, 0, (0.0, 0.0, 2.0, 2.0, 6.0, 1.0)),
            (4, 19, 14, (0.0, 0.0, 1.0, 1.0, 5.0, 1.0)),
        ]
    )
    value: Any = {"array": raw, "bytes": raw.tobytes(), "list": list(raw)}[form]
    bench.kpu.engine = Engine(Network([value], ((36000, None, "f"),)))
    task = yolo(KPU.load("/sd/face.kmodel"))
    actual = KPU.run_yolo2(task, sensor.snapshot())
    assert [b.classid() for b in actual] == [0, 0, 0]
    first = actual[0]
    # centre (10.5/20, 7.5/15), size anchor 3.99987 x 5.3658 cells of 16 pixels
    assert (first.x(), first.y()) == ((168 - 32), int(120 - 42.93))
    assert first.w() == int(168 + 31.999) - first.x()
    assert first.value() == pytest.approx(1 / (1 + 2.718281828**-4), abs=1e-6)
    corner = actual[1]
    assert (corner.x(), corner.y()) == (0, 0)
    assert corner.w() > 320
    assert actual[2].x() + actual[2].w() > 320


def test_suppression_keeps_the_best() -> None:
    """Boxes of one class that overlap by more than nms are removed; the others stay in the order of the anchors."""
    raw = raw_map(
        [
            (1, 10, 7, (0.0, 0.0, 0.0, 0.0, 2.0, 1.0)),
            (1, 11, 7, (0.0, 0.0, 0.0, 0.0, 3.0, 1.0)),
            (3, 3, 3, (0.0, 0.0, 0.0, 0.0, 1.0, 1.0)),
        ]
    )
    bench.kpu.engine = Engine(Network([raw], ((36000, None, "f"),)))
    task = KPU.load("/sd/face.kmodel")
    KPU.init_yolo2(task, 0.5, 0.2, 5, ANCHORS)
    assert [round(b.value(), 3) for b in KPU.run_yolo2(task, sensor.snapshot())] == [0.953, 0.731]
    KPU.init_yolo2(task, 0.5, 0.9, 5, ANCHORS)
    assert len(KPU.run_yolo2(task, sensor.snapshot())) == 3


def test_unsigned_corners() -> None:
    """The chip's conversion of floats to unsigned corners, and of those to the 16 bits of a rectangle."""
    assert [region.unsigned(v) for v in (-5.5, 0.9, 7.99, 1e12)] == [0, 0, 7, 0xFFFFFFFF]
    assert [region.signed16(v) for v in (5, 40000, 0x10005)] == [5, 40000 - 65536, 5]


def test_decoding_a_real_output(goldens: Path) -> None:
    """The golden output of a public face model decodes to its face."""
    numpy = pytest.importorskip("numpy")
    file = goldens / "face_yolov2_v3__photo.npz"
    output = numpy.load(file)["out0"].astype(numpy.float32)
    bench.kpu.engine = Engine(Network([output], ((output.size * 4, None, "f"),)))
    task = KPU.load("/sd/face.kmodel")
    KPU.init_yolo2(task, 0.5, 0.2, 5, ANCHORS)
    actual = KPU.run_yolo2(task, sensor.snapshot())
    best = max(actual, key=lambda b: b.value())
    assert best.value() == pytest.approx(0.935, abs=0.005)
    assert 0.33 < best.x() / 320 < 0.37
    assert 0.50 < (best.x() + best.w()) / 320 < 0.54
    assert 0.09 < best.y() / 240 < 0.13
    assert 0.33 < (best.y() + best.h()) / 240 < 0.37
