"""The memory model: numbers worked out by hand, and the same answer as the fake board's own kpu.load."""

from __future__ import annotations

import numpy as np
import pytest
from small_networks import Choice, network

import bench
import KPU
import lcd
import sensor
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.kmodel import KModel, load
from maixswitch.kmodel.firmware import camera_bytes, file_limit, find, firmwares, lcd_bytes, need_parts, region_bytes
from maixswitch.kmodel.memory import QVGA, SMALLEST_GC_KIB, Region, advice, memory, region

KIB = 1024
CAMERA = 320 * 240 * 2 + 320 * 240 * 3
LCD = 320 * 240 * 2


def sized(size: int) -> KModel:
    """A small network in a file of that many bytes: what follows the last layer counts, as on the board."""
    data = network(np.random.default_rng(1), 3, 16, 16, [Choice(out=4)])
    assert len(data) <= size
    return load(data + bytes(size - len(data)))


def test_face_by_hand(kmodels) -> None:
    """388776 bytes, 45000 of main memory, grid 20x15 with one class: the sheet of paper says 1020848 bytes."""
    item = memory(load(kmodels / "face_yolov2_v3.kmodel"), "full")
    assert item.parts == {"model file": 388776 + 256, "model context": 192 + 1024, "main memory": 45000}
    assert (item.camera, item.lcd) == (384000, 153600) == (CAMERA, LCD)
    assert item.region == 1500 * 16 + 1500 * 2 * 4 + 1500 * 8 == 48000
    assert item.need == 435248
    assert item.total == 1020848
    assert item.left == 2560 * KIB - 1020848
    assert item.verdict.fits
    assert item.verdict.text == "fits, 1563 KiB left"


def test_large_by_hand(kmodels) -> None:
    """3926440 + 256 + 1216 + 465296 beside camera and LCD: 412920 bytes too much for the smallest firmware."""
    kmodel = load(kmodels / "yolov3_two_heads_v3.kmodel")
    assert memory(kmodel, "minimum").need == 4393208
    assert memory(kmodel, "minimum").left == 4412 * KIB - (4393208 + CAMERA + LCD) == -412920
    for firmware in firmwares():
        verdict = memory(kmodel, firmware).verdict
        assert verdict.kind == "large", firmware.name
        assert verdict.missing > 0
    assert memory(kmodel, "full").verdict.text == "too large by 2256 KiB"
    assert memory(kmodel, "minimum").verdict.text == "too large by 404 KiB"
    lines = advice(kmodel)
    assert any("minimum" in line and "GC heap of 384 KiB" in line and "160x120" in line for line in lines)
    assert any("404 KiB smaller" in line for line in lines)
    assert any("load_flash" in line for line in lines)


def test_what_would_does(kmodels) -> None:
    """The advice for the large file, taken: a smaller camera frame and GC heap make it fit."""
    kmodel = load(kmodels / "yolov3_two_heads_v3.kmodel")
    assert memory(kmodel, "minimum", frame=(160, 120), gc_kib=384).verdict.fits
    assert not memory(kmodel, "minimum", frame=(160, 120), gc_kib=400).verdict.fits
    assert not memory(kmodel, "minimum", gc_kib=384).verdict.fits


def test_v4_by_hand(kmodels) -> None:
    """v4 has larger tables beside the file; firmwares without v4 say so and nothing else."""
    kmodel = load(kmodels / "voc20_yolov2_v4.kmodel")
    item = memory(kmodel, "full", frame=None, panel=None)
    assert item.need == 1352232 + 256 + 192 + 4096 + 43752
    assert item.region == 350 * 16 + 350 * 21 * 4 + 350 * 8
    assert (item.camera, item.lcd) == (0, 0)
    for firmware in firmwares():
        verdict = memory(kmodel, firmware).verdict
        assert (verdict.kind == "version") is not firmware.v4
    verdict = memory(kmodel, "minimum").verdict
    assert "v4 is not supported" in verdict.text
    assert "minimum_with_kmodel_v4_support" in verdict.remedy
    assert advice(kmodel)[0].startswith("fits as it is: full, ")


def test_region(kmodels) -> None:
    """Five anchors and (classes + 5) channels each, one output: anything else is no YOLOv2 for run_yolo2."""
    expected = {
        "face_yolov2_v3": Region(20, 15, 1),
        "voc20_yolov2_v4": Region(10, 7, 20),
        "mask_yolov2_v3": Region(10, 8, 2),
        "face_yolov2_9anchors_v4": None,
        "yolov3_two_heads_v3": None,
        "mobilenet_3class_v3": None,
        "mnist_v3": None,
    }
    found = {name: region(load(kmodels / f"{name}.kmodel")) for name in expected}
    assert found == expected


def test_gc_heap() -> None:
    """100 KiB too large as it is: a GC heap that is as much smaller, in steps of 16 KiB, makes room."""
    image = find("full")
    free = image.free_kib * KIB - CAMERA - LCD
    slack = memory(sized(20000), image).need - 20000
    kmodel = sized(free - slack + 100 * KIB)
    verdict = memory(kmodel, image).verdict
    assert (verdict.kind, verdict.missing, verdict.gc_kib) == ("gc", 100 * KIB, 400)
    assert verdict.text == "too large by 100 KiB; fits only with a GC heap of 400 KiB"
    assert "gc_heap_size(409600)" in verdict.remedy
    assert memory(kmodel, image, gc_kib=400).verdict.fits
    assert not memory(kmodel, image, gc_kib=416).verdict.fits
    too_large = sized(free - slack + (image.gc_kib - SMALLEST_GC_KIB + 1) * KIB)
    assert memory(too_large, image).verdict.kind == "large"


def test_file_limit() -> None:
    verdict = memory(sized(file_limit() + 1), "minimum", frame=None, panel=None).verdict
    assert verdict.kind == "limit"
    assert memory(sized(file_limit()), "minimum", frame=None, panel=None).verdict.kind == "large"


def test_only_yolo_lacks(kmodels) -> None:
    """The model loads, but one run_yolo2 has no room: said as such."""
    kmodel = load(kmodels / "face_yolov2_v3.kmodel")
    image = find("full")
    heap = image.gc_kib + (memory(kmodel, image).left + 20000) // KIB
    verdict = memory(kmodel, image, gc_kib=heap).verdict
    assert verdict.text.startswith("loads, but run_yolo2 lacks 19 KiB")


def test_unknown_firmware(kmodels) -> None:
    with pytest.raises(MaixSwitchError, match="no firmware 'tiny'; there are full, with_lvgl") as caught:
        memory(load(kmodels / "iris_v3.kmodel"), "tiny")
    assert caught.value.exit_code == EXIT_USAGE


def test_everything_fits_needs_no_advice(kmodels) -> None:
    assert advice(load(kmodels / "mnist_v3.kmodel")) == []


def test_formulas() -> None:
    assert need_parts(3, 1000, 50) == {"model file": 1256, "model context": 1216, "main memory": 50}
    assert camera_bytes(160, 120) == 96000
    assert camera_bytes(*QVGA, dual=True) == 2 * CAMERA
    assert lcd_bytes(240, 135) == 64800
    assert region_bytes(20, 15, 5, 1) == 48000


@pytest.mark.parametrize("flavour", ["full", "minimum", "minimum_with_kmodel_v4_support", "amigo_minimum"])
@pytest.mark.parametrize("dual", [False, True])
def test_the_fake_agrees(flavour: str, dual: bool) -> None:
    """On the fake board, camera and LCD first, the largest file that our figures allow loads, and one more does not."""
    image = find(flavour)
    slack = memory(sized(20000), image, dual=dual).need - 20000
    taken = CAMERA * (2 if dual and flavour != "amigo_minimum" else 1) + LCD + slack
    limit = min((image.free_kib * KIB - taken) // 16 * 16 - 64, file_limit())
    for size, fits in ((limit, True), (limit + 256, False)):
        kmodel = sized(size)
        assert memory(kmodel, image, dual=dual).verdict.fits is fits
        bench.reset(flavour)
        bench.card.insert(bench.MemoryCard({"m.kmodel": bench.SparseFile(network_bytes(), size)}))
        sensor.reset(dual_buff=dual)
        sensor.set_pixformat(sensor.RGB565)
        sensor.set_framesize(sensor.QVGA)
        lcd.init()
        if fits:
            task = KPU.load("/sd/m.kmodel")
            assert bench.memory.free() < 512
            KPU.deinit(task)
        else:
            with pytest.raises(ValueError, match="load error:2006"):
                KPU.load("/sd/m.kmodel")
        bench.kpu.check()


def network_bytes() -> bytes:
    return network(np.random.default_rng(1), 3, 16, 16, [Choice(out=4)])


def test_the_same_function(kmodels) -> None:
    """Our table is loaded from the very file that the fakes import: rows and formulas are equal."""
    import flavours

    assert [(item.name, item.v4, item.free_kib) for item in firmwares()] == [row[:3] for row in flavours.FLAVOURS]
    for version, size, main in ((3, 388776, 45000), (4, 1352232, 43752)):
        assert sum(need_parts(version, size, main).values()) == flavours.need_bytes(version, size, main)
