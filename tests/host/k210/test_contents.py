"""What a firmware image says about itself, from images that the tests build."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from maixswitch.board_code import flavours
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.k210.contents.facts import Facts, facts
from maixswitch.k210.contents.flavour import build_of, firmware_named, maixpy_image, row_of, usual_board
from maixswitch.k210.contents.heap import break_addresses, system_heap
from maixswitch.k210.contents.report import describe, text
from maixswitch.k210.contents.words import BASE, word
from maixswitch.k210.image import read_image
from maixswitch.kmodel.write import samples
from tests.host.k210 import synthetic_image
from tests.host.k210.synthetic_image import BANNER, CPP_TEXT, HEAP_END, HEAP_START, MODULES, V4_TEXT, image, package

THREADS = {**MODULES, "_thread": ["start_new_thread"]}
IDE = {**MODULES, "sensor": ["set_jb_quality"]}
NO_KPU = {name: names for name, names in MODULES.items() if name != "KPU"}
WITH_CPP = (V4_TEXT, CPP_TEXT)


def banner(version: str) -> bytes:
    return f"MicroPython {version} on 2021-11-02; Sipeed_M1 with kendryte-k210".encode()


def test_an_image_tells_its_version_features_and_memory() -> None:
    item = facts(image())
    assert (item.tag, item.version, item.date) == ("v0.6.2-72-g22a8555b5", "v0.6.2-72", "2021-11-02")
    assert (item.machine, item.api) == ("Sipeed_M1 with kendryte-k210", "maixpy")
    assert (item.v4, item.threads, item.ide, item.font, item.blobs) == (True, False, False, True, False)
    assert (item.power_chip, item.lacking) == ("", ())
    assert item.heap is not None
    assert (item.heap.start, item.heap.end) == (HEAP_START, HEAP_END)
    assert item.free == 4376 * 1024


def test_the_modules_have_the_names_that_dir_gives() -> None:
    modules = facts(image()).modules
    assert {name: sorted(names) for name, names in modules.items()} == {
        **{name: sorted(["__name__", *names]) for name, names in MODULES.items()},
        "collections": ["__name__", "namedtuple"],
        **{name: [] for name in synthetic_image.FROZEN},
    }


@pytest.mark.parametrize(
    "options", [{"hash_bytes": 2}, {"key_shift": 3}, {"long_shift": True}, {"heap": (0x802E_0FC0, 0x8080_0000)}]
)
def test_other_builds_of_the_same_tables(options: dict[str, Any]) -> None:
    item = facts(image(**options))
    assert item.modules == facts(image()).modules
    assert item.heap is not None
    assert (item.heap.start, item.heap.end) == options.get("heap", (HEAP_START, HEAP_END))


@pytest.mark.parametrize(
    ("options", "field", "value"),
    [
        ({"texts": (b"only support kmodel V3",)}, "v4", False),
        ({"modules": THREADS}, "threads", True),
        ({"modules": IDE}, "ide", True),
        ({"modules": {**MODULES, "image": ["Image"]}}, "font", False),
        ({"names": ("find_blobs",)}, "blobs", True),
        ({"texts": (b"pmu axp192",)}, "power_chip", "AXP192"),
        ({"texts": (b"AXP173_ADDR",)}, "power_chip", "AXP173"),
        ({"texts": (b"axp173_addr",)}, "power_chip", ""),
        ({"texts": (b"AXP192_CHIP_ID", b"axp192", b"AXP202_VOFF_SET")}, "power_chip", "AXP202"),
        ({"texts": (V4_TEXT,)}, "cpp", False),
        ({"python_heaps": (0x10_0000, 0x10_0000)}, "python_heap", 0x10_0000),
        ({"python_heaps": (768_432, 768_432)}, "python_heap", 768_432),
        # One store, or two that differ, may be something else.
        ({"python_heaps": (0x10_0000,)}, "python_heap", 512 * 1024),
        ({"python_heaps": (0x10_0000, 0x20_0000)}, "python_heap", 512 * 1024),
        ({"modules": NO_KPU}, "api", ""),
        ({"modules": {**NO_KPU, "maix": ["KPU"]}}, "api", "canmv"),
        ({"banner": BANNER.replace(b"Sipeed_M1", b"CanMV_Board")}, "api", "canmv"),
        ({"banner": b""}, "api", ""),
        ({"banner": banner("9720594")}, "version", "v0.6.0-2"),
        ({"banner": banner("9720594-dirty")}, "version", "v0.6.0-2"),
        ({"banner": banner("v0.5.1-128-g43d665c05-dirty")}, "version", "v0.5.1-128"),
        ({"banner": banner("v0.6.3")}, "version", "v0.6.3"),
        ({"banner": banner("abcdef1")}, "version", ""),
    ],
)
def test_each_feature_is_read(options: dict[str, Any], field: str, value: object) -> None:
    assert getattr(facts(image(**options)), field) == value


@pytest.mark.parametrize(
    ("heap_start", "cpp", "threads", "free_kib"),
    [
        (0x800C_ECC0, False, False, 4780),  # minimum_with_ide_support v0.6.2-54
        (0x8032_17C0, False, True, 2344),  # with_lvgl v0.6.2-72
        (0x802E_0FC0, True, True, 2532),  # full v0.6.2-85
        (0x8027_D580, False, True, 3000),  # full v0.5.0-89, which takes kmodel v4 without C++
    ],
)
def test_the_free_heap_follows_from_the_heap_and_the_features(
    heap_start: int, cpp: bool, threads: bool, free_kib: int
) -> None:
    item = facts(
        image(
            heap=(heap_start, HEAP_END), modules=THREADS if threads else MODULES, texts=WITH_CPP if cpp else (V4_TEXT,)
        )
    )
    assert item.free == free_kib * 1024


@pytest.mark.parametrize(
    ("options", "lacking"),
    [
        ({"banner": banner("v0.6.2-76-g1")}, ["main.py"]),
        ({"banner": banner("v0.6.2-77-g1")}, ["main.py"]),
        ({"banner": banner("v0.6.2-78-g1")}, []),
        ({"modules": {**MODULES, "machine": ["WDT"]}}, ["machine.SDCard"]),
        ({"modules": {**MODULES, "Maix": ["utils"]}, "names": ("lcd_type",)}, ["Maix.config", "Maix.utils.heap_free"]),
    ],
)
def test_known_faults(options: dict[str, Any], lacking: list[str], tmp_path: Path) -> None:
    path = tmp_path / "f.bin"
    path.write_bytes(image(**options))
    document = describe(read_image(path))
    assert document["lacks"] == lacking
    assert bool(document["faults"]) == bool(lacking)
    assert ("Known fault: " in text(document)) == bool(lacking)


def test_an_image_of_the_table_has_the_name_and_version_of_its_row(tmp_path: Path) -> None:
    item = facts(image())
    known = Facts(**{**vars(item), "id": "69d5faa65910"})
    assert build_of(known).like == ("minimum_with_kmodel_v4_support",)
    row = row_of(tmp_path / "f.bin", known)
    table = flavours().find("minimum_with_kmodel_v4_support@v0.6.2-72")
    assert (row.flavour, row.version, row.free_kib, row.banner_kib) == (
        table[flavours().NAME],
        table[flavours().VERSION],
        table[flavours().FREE_KIB],
        table[flavours().BANNER_KIB],
    )


def test_a_build_is_named_after_the_flavour_that_it_is_like() -> None:
    assert build_of(facts(image())).like == ("minimum_with_kmodel_v4_support",)
    amigo = facts(
        image(modules=IDE, texts=(V4_TEXT, CPP_TEXT, b"AXP173"), names=("find_blobs",), heap=(0x803C_DD40, HEAP_END))
    )
    assert build_of(amigo).like == ("amigo_tft", "amigo_ips")
    assert usual_board(amigo) == "amigo_tft"
    # More memory than any build of the table has.
    assert build_of(facts(image(heap=(0x8008_0000, HEAP_END)))).like == ()


def test_a_custom_build_is_judged_by_its_own_figures(tmp_path: Path) -> None:
    path = tmp_path / "mine.bin"
    path.write_bytes(image(heap=(0x8008_0000, HEAP_END), banner=banner("abcdef1-dirty")))
    row = firmware_named(str(path))
    assert (row.name, row.flavour, row.version) == (str(path), "", "")
    assert row.row_name == flavours().DEFAULT
    assert row.free_kib == (HEAP_END - 0x8008_0000 - 72_736 - 512 * 1024 - 24_800) // 4096 * 4
    assert "a custom build" in text(describe(read_image(path)))


@pytest.mark.parametrize(
    ("version", "heap_start", "free_kib"),
    [
        ("v0.3.0-2-gcf442b8-dirty", 0x8026_FFC0, 3624),
        ("v0.2.5-1-g1", 0x8026_FFC0, 3624),  # as the oldest that is known
        ("v0.4.0-52-g3b8c18b84-dirty", 0x8036_CB40, 2596),
    ],
)
def test_the_old_python_heap_lies_outside_the_system_heap(version: str, heap_start: int, free_kib: int) -> None:
    item = facts(image(banner=banner(version), modules=THREADS, texts=(), heap=(heap_start, HEAP_END)))
    assert (item.separate_heap, item.free) == (True, free_kib * 1024)
    assert not facts(image(banner=banner("v0.5.0-9-g1"))).separate_heap


@pytest.mark.parametrize(
    ("ends", "end"),
    [
        ([HEAP_END, HEAP_END], HEAP_END),
        ([0x8080_0000], 0x8080_0000),
        ([HEAP_END, 0x8080_0000], None),
        ([0x8048_0000], None),
    ],
)
def test_old_builds_compute_the_end_of_the_heap(ends: list[int], end: int | None) -> None:
    heap = facts(image(computed_ends=ends)).heap
    assert (heap and heap.end) == end


def test_the_words_with_the_heaps_start_are_where_the_break_lies() -> None:
    code = image()
    heap = system_heap(code)
    assert heap is not None
    addresses = break_addresses(code, heap)
    assert len(addresses) == 2
    assert {word(code, at - BASE, 8) for at in addresses} == {HEAP_START}


def test_a_package_lists_its_other_parts(tmp_path: Path) -> None:
    path = tmp_path / "all.kfpkg"
    path.write_bytes(
        package(
            {"maixpy.bin": image(), "m.kmodel": samples.colour_classifier(), "x.bin": b"\1" * 100},
            [
                {"address": 0, "bin": "maixpy.bin", "sha256Prefix": True},
                {"address": 0x300000, "bin": "m.kmodel", "sha256Prefix": False},
                {"address": "0x600000", "bin": "x.bin", "sha256Prefix": False},
            ],
        )
    )
    document = describe(read_image(path))
    assert document["inside"] == "maixpy.bin"
    assert document["version"] == "v0.6.2-72"
    model, other = document["parts"]
    assert model == {
        "address": 0x300000,
        "bytes": len(samples.colour_classifier()),
        "kind": "kmodel v3",
        "kmodel": True,
    }
    assert (other["address"], other["bytes"], other["kmodel"]) == (0x600000, 100, False)
    assert "all.kfpkg!maixpy.bin: MaixPy v0.6.2-72-g22a8555b5, most like minimum_with_kmodel_v4_support" in text(
        document
    )
    assert "Also in the package: kmodel v3" in text(document)


def test_another_program_of_the_chip_has_no_room_for_models(tmp_path: Path) -> None:
    path = tmp_path / "demo.bin"
    path.write_bytes(b"\x01\xa8\xef\xbe\xad\xde" + bytes(5000))
    document = describe(read_image(path))
    assert (document["api"], document["memory"], document["rooms"], document["modules"]) == ("", None, [], {})
    assert "neither MaixPy nor CanMV" in text(document)
    with pytest.raises(MaixSwitchError, match="a program for the K210, but neither MaixPy nor CanMV") as caught:
        firmware_named(str(path))
    assert caught.value.exit_code == EXIT_USAGE
    # It may be a program of the user's own, so it can be run.
    assert maixpy_image(path).code == path.read_bytes()


def test_another_micropython_is_told_as_such_and_not_run(tmp_path: Path) -> None:
    path = tmp_path / "wallet.bin"
    path.write_bytes(image(modules=NO_KPU, texts=(), heap=(HEAP_START, 0x8080_0000)))
    document = describe(read_image(path))
    assert (document["api"], document["kmodel"], document["rooms"], document["flavours"]) == ("", [], [], [])
    shown = text(document)
    assert shown.startswith("wallet.bin: MicroPython for the K210, but neither MaixPy nor CanMV: it has no module KPU")
    assert "built" in shown
    assert "KiB, the AI RAM included" in shown
    for refuse in (lambda: firmware_named(str(path)), lambda: maixpy_image(path)):
        with pytest.raises(MaixSwitchError, match=r"wallet\.bin: MicroPython for the K210, but neither") as caught:
            refuse()
        assert caught.value.exit_code == EXIT_USAGE


def test_a_maixpy_that_starts_in_an_unknown_way_is_not_judged(tmp_path: Path) -> None:
    path = tmp_path / "odd.bin"
    path.write_bytes(image(computed_ends=[0x8048_0000]))
    with pytest.raises(MaixSwitchError, match="the memory of this build cannot be computed"):
        firmware_named(str(path))
    assert maixpy_image(path).code


def test_a_separate_python_heap_is_shown_beside_the_system_heap(tmp_path: Path) -> None:
    path = tmp_path / "old.bin"
    path.write_bytes(image(banner=banner("v0.4.0-52-g1"), modules=THREADS, texts=()))
    assert "512 KiB beside it" in text(describe(read_image(path)))
    path.write_bytes(image())
    assert "512 KiB of it" in text(describe(read_image(path)))
