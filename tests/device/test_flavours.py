"""The table of firmware images against the images, and the formulas against measurements of the images."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import bench
import flavours


@pytest.mark.parametrize("row", flavours.images(), ids=lambda row: f"{row[0]}@{row[1]}")
def test_flavour(row: tuple[Any, ...]) -> None:
    """Every row powers on a board of that size, and names the source of its figure."""
    bench.reset(row[flavours.NAME] + ("@" + row[flavours.VERSION] if row[flavours.VERSION] else ""))
    assert bench.flavour == row
    assert bench.memory.free() == bench.memory.above_break() == row[flavours.FREE_KIB] * 1024
    assert row[flavours.API] in ("maixpy", "canmv")
    assert len(row[flavours.IMAGE]) == 12 or row[flavours.NOTE].startswith("no image")


def test_the_newest_image_is_the_flavour() -> None:
    """A bare name means the newest image; with a version, the newest image that is not newer than it."""
    for row in flavours.newest():
        assert flavours.find(row[flavours.NAME]) == row == flavours.images(row[flavours.NAME])[-1]
    picked = {
        name: flavours.find(name)[flavours.VERSION : flavours.IMAGE + 1]
        for name in ("full@v0.6.0", "full@0.6.2_54", "full@v0.5.0-89-ge893fb4c1", "minimum@0.5.1-106", "full@v0.6.2-76")
    }
    assert list(picked.values()) == [
        ("v0.6.0-2", "f6e4979c7015"),
        ("v0.6.2-54", "9105ec730db1"),
        ("v0.5.0-89", "2d24e326f605"),
        ("v0.5.1-106", ""),
        ("v0.6.2-76", ""),
    ]
    assert (
        flavours.find("full@v0.6.2-76")[flavours.V4 : flavours.NOTE]
        == flavours.find("full@v0.6.2-54")[flavours.V4 : flavours.NOTE]
    )
    assert flavours.find("full@v0.6.2-76")[flavours.NOTE].startswith("no image of this version")
    for name in ("full@", "full@new", "full@1.2", "full@v0.6.2-x"):
        with pytest.raises(ValueError, match="unknown version"):
            flavours.find(name)


@pytest.mark.parametrize(
    ("version", "missing"),
    [
        ("v0.5.0-89", {"Maix.config", "machine.WDT", "Maix.utils.heap_free", "machine.SDCard", "lcd.init(lcd_type)"}),
        ("v0.5.1-103", {"machine.SDCard", "lcd.init(lcd_type)"}),
        ("v0.5.1-128", {"machine.SDCard", "lcd.init(lcd_type)"}),
        ("v0.5.1-129", {"machine.SDCard", "lcd.init(lcd_type)", "KPU.forward(picture) with kmodel v4"}),
        ("v0.6.0-2", {"machine.SDCard", "lcd.init(lcd_type)", "KPU.forward(picture) with kmodel v4"}),
        ("v0.6-6", {"machine.SDCard", "lcd.init(lcd_type)", "KPU.forward(picture) with kmodel v4"}),
        ("v0.6-9-g88bfd0177", {"machine.SDCard", "lcd.init(lcd_type)"}),
        ("v0.6.2-32", {"machine.SDCard"}),
        ("v0.6.2-41", set()),
        ("v0.6.2-76", {"main.py"}),
        ("v0.6.2-77", {"main.py"}),
        ("v0.6.2-78", set()),
    ],
)
def test_missing_features_of_a_version(version: str, missing: set[str]) -> None:
    """The versions come from the firmware's history; the bench tells it of the running board."""
    bench.reset("full@" + version)
    names = [row[0] for row in flavours.FEATURES]
    assert {name for name in names if not bench.has(name)} == missing
    assert set(flavours.lacks(flavours.parse(version), names)) == missing
    assert flavours.lacks(flavours.version_of(flavours.find("canmv")), names) == []


def test_the_versions_against_the_images(image_facts: Path) -> None:
    """Every row and feature agrees with the list of the images, if it is available."""
    document = json.loads(image_facts.read_text())
    facts = {item["short"]: item for item in document["images"]}

    def listed(item: dict[str, Any], module: str) -> list[str]:
        words = item["names"].get(module, "")
        return str(document["lists"].get(words, words)).split()

    for row in flavours.images():
        item = facts.get(row[flavours.IMAGE])
        if item is None:
            continue
        assert row[flavours.BANNER_KIB] == item["free_behind_gc_heap"] // 1024
        prompt = item.get("boot_with_main_py_pass", {}).get("heap_free")
        if prompt is not None:
            assert row[flavours.FREE_KIB] * 1024 == prompt
        assert row[flavours.IDE] == ("set_jb_quality" in listed(item, "sensor"))
        assert row[flavours.FONT] == ("font_load" in listed(item, "image"))
        assert row[flavours.BLOBS] == ("find_blobs" in listed(item, "Image object"))
        if row[flavours.API] == "canmv":
            continue
        assert row[flavours.V4] == item["kmodel_v4"]
        missing = flavours.lacks(flavours.version_of(row), [name for name, _, _ in flavours.FEATURES])
        for name in (flavours.CONFIG, flavours.WATCHDOG, flavours.HEAP_FREE, flavours.REMOUNT):
            module, _, word = name.rpartition(".")
            assert (name in missing) == (word not in listed(item, module)), (row, name)


def test_unknown_flavour() -> None:
    """The message names the known ones."""
    with pytest.raises(ValueError, match="unknown flavour 'tiny', known: full, with_lvgl"):
        bench.reset("tiny")


def test_formulas() -> None:
    """The memory of a model, a camera and a panel in bytes."""
    assert flavours.need_bytes(3, 388776, 45000) == 388776 + 256 + 192 + 45000 + 1024
    assert flavours.need_bytes(4, 1000, 2000) > flavours.need_bytes(3, 1000, 2000)
    assert flavours.camera_parts(320, 240) == (153600, 230400)
    assert flavours.camera_parts(640, 480, dual=True) == (614400, 921600) * 2
    assert flavours.lcd_bytes(480, 320) == 307200


@pytest.mark.parametrize(
    ("version", "size", "main", "bytes_"),
    [
        (3, 388776, 45000, 434176),
        (3, 1882056, 752640, 2637824),
        (4, 1352232, 43752, 1400832),
        (4, 279592, 476160, 761856),
        (4, 1284912, 1667328, 2957312),
        (4, 1108368, 49152, 1163264),
        (4, 245104, 903168, 1150976),
    ],
)
def test_the_memory_of_a_load(version: int, size: int, main: int, bytes_: int) -> None:
    """By how much heap_free fell on v0.6.0 and v0.6.2-72 images when these models were loaded."""
    sizes = [part[1] for part in flavours.need_parts(version, size, main)]
    assert flavours.growth(sizes) == bytes_
    bench.reset()
    before = bench.memory.above_break()
    assert None not in [bench.memory.alloc("part", part) for part in sizes]
    assert before - bench.memory.above_break() == bytes_


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("full@v0.6.2-85", (2592768, 2437120, 2048000, 1662976)),
        ("minimum_with_kmodel_v4_support@v0.6.2-72", (4481024, 4325376, 3936256, 3551232)),
        ("minimum@v0.6.0-2", (4927488, 4771840, 4382720, None)),
        ("minimum_speech_with_ide_support@v0.6.2-83", (3563520, 3407872, 3018752, None)),
    ],
)
def test_the_memory_of_panel_and_camera(name: str, steps: tuple[int, ...]) -> None:
    """heap_free of the images: at the prompt, after lcd.init, after set_framesize(QVGA), the same with dual_buff."""
    bench.reset(name)
    heap = bench.memory
    breaks: list[int | None] = [heap.above_break()]
    heap.alloc("lcd", flavours.lcd_bytes(320, 240))
    breaks.append(heap.above_break())
    camera = [heap.alloc("camera", size) for size in flavours.camera_parts(320, 240)]
    breaks.append(heap.above_break())
    for block in camera:
        heap.free_block(block)
    for size in flavours.camera_parts(320, 240, dual=True):
        heap.alloc("camera", size)
    breaks.append(heap.above_break() if steps[3] else None)
    assert tuple(breaks) == steps
