"""The memory model: numbers computed by hand, and the same answer as the fake board's kpu.load."""

from __future__ import annotations

import struct

import numpy as np
import pytest

import bench
import KPU
import lcd
import sensor
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.kmodel import KModel, load
from maixswitch.kmodel.judge.firmware import (
    camera_parts,
    file_limit,
    find,
    firmwares,
    images,
    lcd_bytes,
    need_parts,
    region_bytes,
)
from maixswitch.kmodel.judge.memory import QVGA, SMALLEST_GC_KIB, Region, advice, forwarded, memory, region, room
from tests.host.card.finding_files import complete_version_4
from tests.host.kmodel.small_networks import Choice, network

KIB = 1024
CAMERA = 320 * 240 * 2 + 320 * 240 * 3


def model_of_size(size: int) -> KModel:
    """Return a small network in a file of this many bytes: bytes after the last layer count, as on the board."""
    data = network(np.random.default_rng(1), 3, 16, 16, [Choice(out=4)])
    assert len(data) <= size
    return load(data + bytes(size - len(data)))


def test_face_by_hand(kmodels) -> None:
    """388776 bytes, 45000 of main memory, grid 20x15 with one class: 106 pages for the load, 12 for the boxes."""
    item = memory(load(kmodels / "face_yolov2_v3.kmodel"), "full")
    assert item.parts == {"model file": 388776 + 256, "model context": 192 + 1024, "main memory": 45000}
    assert (item.room.camera, item.room.lcd) == (389120, 155648)
    assert Region(20, 15, 1).bytes == 1500 * 16 + 1500 * 2 * 4 + 1500 * 8 == 48000
    assert (item.need, item.region) == (434176, 48 * KIB)
    assert item.room.free == 2592768
    assert item.room.bytes == 2000 * KIB
    assert item.left == 2000 * KIB - 434176 - 48 * KIB == 1528 * KIB
    assert item.verdict.fits
    assert item.verdict.text == "fits, 1528 KiB left"


def test_large_by_hand(kmodels) -> None:
    """The 3.9 MB file: 86,016 bytes left without LCD and camera, as measured; with them 12 KiB too few."""
    kmodel = load(kmodels / "yolov3_two_heads_v3.kmodel")
    assert memory(kmodel, "minimum_with_kmodel_v4_support", frame=None, panel=None).left == 86016
    assert memory(kmodel, "minimum").left == -12 * KIB
    for firmware in firmwares():
        verdict = memory(kmodel, firmware).verdict
        assert verdict.kind == ("gc" if firmware.free_kib > 4700 else "large"), firmware.name
        assert verdict.missing > 0
    assert memory(kmodel, "full").verdict.text == "too large by 2292 KiB"
    assert memory(kmodel, "minimum").verdict.text == "too large by 12 KiB; fits only with a GC heap of 496 KiB"
    assert any(line.startswith("minimum with a GC heap of 496 KiB") for line in advice(kmodel))
    assert any("load_flash" in line for line in advice(kmodel))


@pytest.mark.parametrize(
    ("name", "left"),
    [("minimum_speech_with_ide_support@v0.6.2-83", None), ("openmv_kmodel_v4_with_ide_support@v0.6.2-72", 94208)],
)
def test_a_model_that_images_loaded_or_refused(name: str, left: int | None) -> None:
    """A dense layer of 840 x 1000, 3.36 MB, beside LCD and camera: 2006 on speech, 94,208 bytes left on openmv."""
    pack, inputs, outputs = struct.pack, 840, 1000
    body = pack("<6I", 1, 0, 4 * inputs, inputs, outputs, 0) + bytes(4 * inputs * outputs) + bytes(4 * outputs)
    body += bytes(-(28 + 8 + 8 + len(body)) % 8)
    head = pack("<7I", 3, 1, 0, 1, 32768, 4 * (inputs + outputs) + 64, 1) + pack("<2I", 4 * inputs, 4 * outputs)
    data = head + pack("<2I", 18, len(body)) + body
    item = memory(load(data), name)
    assert item.verdict.fits is (left is not None)
    bench.reset(name)
    bench.card.insert(bench.MemoryCard({"m.kmodel": data}))
    lcd.init()
    sensor.reset()
    sensor.set_pixformat(sensor.RGB565)
    sensor.set_framesize(sensor.QVGA)
    if left is None:
        with pytest.raises(ValueError, match="load error:2006"):
            KPU.load("/sd/m.kmodel")
        return
    KPU.load("/sd/m.kmodel")
    assert bench.memory.above_break() == item.left == left


def test_the_advice_helps(kmodels) -> None:
    """The advice for the large file, a smaller GC heap or a smaller camera frame, makes it fit."""
    kmodel = load(kmodels / "yolov3_two_heads_v3.kmodel")
    assert memory(kmodel, "minimum", gc_kib=496).verdict.fits
    assert not memory(kmodel, "minimum", gc_kib=504).verdict.fits
    assert memory(kmodel, "minimum", frame=(160, 120)).verdict.fits
    small = memory(kmodel, "minimum_with_kmodel_v4_support")
    assert (small.verdict.kind, small.verdict.smaller_frame) == ("large", True)
    assert "GC heap of 336 KiB and a camera frame of 160x120" in small.verdict.remedy
    assert memory(kmodel, small.firmware, frame=(160, 120), gc_kib=336).verdict.fits
    assert not memory(kmodel, small.firmware, frame=(160, 120), gc_kib=352).verdict.fits


def test_v4_by_hand(kmodels) -> None:
    """v4 has larger tables beside the file; firmwares without v4 report only that."""
    kmodel = load(kmodels / "voc20_yolov2_v4.kmodel")
    item = memory(kmodel, "full", frame=None, panel=None)
    assert item.need == 1400832, "as measured"
    assert Region(10, 7, 20).bytes == 350 * 16 + 350 * 21 * 4 + 350 * 8 == 37800
    assert item.region == 40 * KIB
    assert (item.room.camera, item.room.lcd) == (0, 0)
    for firmware in firmwares():
        verdict = memory(kmodel, firmware).verdict
        assert (verdict.kind == "version") is not firmware.v4
    verdict = memory(kmodel, "minimum").verdict
    assert "v4 is not supported" in verdict.text
    assert "minimum_with_kmodel_v4_support" in verdict.remedy
    assert advice(kmodel)[0].startswith("fits as it is: full, ")


def test_region(kmodels) -> None:
    """run_yolo2 takes one output with five anchors of (classes + 5) channels."""
    expected = {
        "face_yolov2_v3": Region(20, 15, 1),
        "voc20_yolov2_v4": Region(10, 7, 20),
        "mask_yolov2_v3": Region(10, 8, 2),
        "face_yolov2_9anchors_v4": None,
        "yolov3_two_heads_v3": None,
        "mobilenet_3class_v3": None,
        "mnist_v3": None,
    }
    result = {name: region(load(kmodels / f"{name}.kmodel")) for name in expected}
    assert result == expected


def test_gc_heap() -> None:
    """A model 100 KiB too large fits with a GC heap that is smaller by as much, in steps of 16 KiB."""
    image = find("full")
    free = room(image).bytes
    kmodel = model_of_size(free - 512 + 100 * KIB)
    verdict = memory(kmodel, image).verdict
    assert (verdict.kind, verdict.missing, verdict.gc_kib) == ("gc", 100 * KIB, 400)
    assert verdict.text == "too large by 100 KiB; fits only with a GC heap of 400 KiB"
    assert "gc_heap_size(409600)" in verdict.remedy
    assert memory(kmodel, image, gc_kib=400).verdict.fits
    assert not memory(kmodel, image, gc_kib=416).verdict.fits
    too_large = model_of_size(free + (image.gc_kib - SMALLEST_GC_KIB + 1) * KIB)
    assert memory(too_large, image).verdict.kind == "large"


@pytest.mark.parametrize(
    ("firmware", "classifier", "detector"),
    [
        ("minimum_with_kmodel_v4_support@v0.6.0-2", "forward", "fits"),
        ("minimum_with_kmodel_v4_support@v0.5.1-106", "fits", "fits"),
        ("minimum_with_kmodel_v4_support@v0.6.2-20", "fits", "fits"),
        ("amigo_minimum", "forward", "fits"),
        ("minimum@v0.6.0-2", "version", "version"),
        ("canmv", "fits", "fits"),
    ],
)
def test_pictures_for_v4(firmware: str, classifier: str, detector: str) -> None:
    """v0.6.0 refuses pictures for kmodel v4 in kpu.forward, and takes them in run_yolo2."""
    kmodel, v3 = load(complete_version_4()), model_of_size(9000)
    item = memory(kmodel, firmware, forward=True)
    assert (item.verdict.kind, memory(kmodel, firmware).verdict.kind) == (classifier, detector)
    assert memory(v3, firmware, forward=True).verdict.fits
    if classifier == "forward":
        assert "v0.6.2 or later" in item.verdict.remedy
        # A file without model.json is judged by its input: numbers are never refused.
        assert not forwarded(kmodel)
        assert forwarded(v3)


def test_file_limit() -> None:
    verdict = memory(model_of_size(file_limit() + 1), "minimum", frame=None, panel=None).verdict
    assert verdict.kind == "limit"
    assert memory(model_of_size(file_limit()), "minimum", frame=None, panel=None).verdict.kind == "large"


def test_only_yolo_lacks(kmodels) -> None:
    """The model loads, but there is no room for run_yolo2, and the report says so."""
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
    assert camera_parts(160, 120) == (38400, 57600)
    assert sum(camera_parts(*QVGA, dual=True)) == 2 * CAMERA
    assert lcd_bytes(240, 135) == 64800
    assert region_bytes(20, 15, 5, 1) == 48000


@pytest.mark.parametrize(
    "flavour", ["full", "minimum", "minimum_with_kmodel_v4_support", "amigo_minimum", "full@v0.6.0"]
)
@pytest.mark.parametrize("dual", [False, True])
def test_the_fake_agrees(flavour: str, dual: bool) -> None:
    """On the fake board with LCD and camera the largest file that our figures allow loads, a larger one does not."""
    image = find(flavour)
    limit = min(room(image, dual=dual).bytes - 4096, file_limit()) // 4096 * 4096 - 512
    while memory(model_of_size(limit + 256), image, dual=dual).verdict.fits:
        limit += 256
    for size, fits in ((limit, True), (limit + 256, False)):
        kmodel = model_of_size(size)
        assert memory(kmodel, image, dual=dual).verdict.fits is fits
        bench.reset(flavour)
        bench.card.insert(bench.MemoryCard({"m.kmodel": bench.SparseFile(network_bytes(), size)}))
        lcd.init(width=image.panel[0], height=image.panel[1])
        sensor.reset(dual_buff=dual)
        sensor.set_pixformat(sensor.RGB565)
        sensor.set_framesize(sensor.QVGA)
        if fits:
            task = KPU.load("/sd/m.kmodel")
            assert bench.memory.above_break() < 4096
            KPU.deinit(task)
        else:
            with pytest.raises(ValueError, match="load error:2006"):
                KPU.load("/sd/m.kmodel")
        bench.kpu.check()


def network_bytes() -> bytes:
    return network(np.random.default_rng(1), 3, 16, 16, [Choice(out=4)])


def test_the_same_function(kmodels) -> None:
    """Our table comes from the file that the fakes import, so rows and formulas are equal."""
    import flavours

    assert [(item.flavour, item.version, item.image, item.v4, item.free_kib) for item in images()] == [
        row[:5] for row in flavours.images()
    ]
    assert [item.name for item in firmwares()] == [row[0] for row in flavours.newest()]
    assert find("full@v0.6.0").name == "full@v0.6.0-2"
    for version, size, main in ((3, 388776, 45000), (4, 1352232, 43752)):
        assert sum(need_parts(version, size, main).values()) == flavours.need_bytes(version, size, main)
