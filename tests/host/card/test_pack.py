"""maixswitch pack: the layout in the flash chip, the list as kflash reads it, equal bytes, model.json, the way back."""

from __future__ import annotations

import hashlib
import inspect
import json
import re
import shutil
import zipfile
from pathlib import Path
from typing import Any

import kflash
import pytest

from maixswitch.card.check import Options, check
from maixswitch.card.flash.contents import flash_contents
from maixswitch.card.flash.flash_list import Entry, as_kflash_reads, read_list, write_list
from maixswitch.card.flash.pack import Packed, Wanted, pack, write
from maixswitch.card.flash.package import Part, judge, package_of, read_package
from maixswitch.card.importing.importer import import_models
from maixswitch.card.importing.options import ImportOptions
from maixswitch.card.reading import Card
from maixswitch.errors import MaixSwitchError
from maixswitch.kmodel.write import samples
from maixswitch.kmodel.write.samples import write_card
from tests.host.k210.synthetic_image import image
from tests.host.sim_helpers import Command

BLOBS, COLOURS = "models/10-blobs/", "models/20-colours/"
LABELS = {BLOBS: ("blob",), COLOURS: samples.COLOURS}


@pytest.fixture
def card(tmp_path: Path) -> Path:
    """Two models; the labels of the second are a file."""
    folder = tmp_path / "card"
    write_card(folder)
    path = folder / COLOURS / "model.json"
    fields = json.loads(path.read_text())
    (folder / COLOURS / "labels.txt").write_text("\n".join(fields["labels"]))
    path.write_text(json.dumps(fields | {"labels": "labels.txt"}))
    return folder


@pytest.fixture
def firmware(tmp_path: Path) -> Path:
    path = tmp_path / "fw.bin"
    path.write_bytes(image())
    return path


def fields(card: Path, folder: str) -> dict[str, Any]:
    return dict(json.loads((card / folder / "model.json").read_text()))


def packed(card: Path, out: Path, keep: bool = False, **wanted: Any) -> Packed:
    result = pack([card], Wanted(**wanted))
    assert result.findings == []
    write(result, out, keep)
    return result


def grow(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes().ljust(size, b"\0"))


# The layout.


def test_models_lie_one_behind_the_other_at_blocks_of_64_kib(card: Path, tmp_path: Path, firmware: Path) -> None:
    grow(card / BLOBS / "model.kmodel", 0x10001)
    result = packed(card, tmp_path / "x.kfpkg", firmware=firmware)
    assert [(part.name, part.address, part.prefix) for part in result.package.parts] == [
        ("firmware.bin", 0, True),
        ("10-blobs.kmodel", 0x300000, False),
        ("20-colours.kmodel", 0x320000, False),
    ]
    assert result.package.free == 0xD00000 - 0x320000 - (card / COLOURS / "model.kmodel").stat().st_size
    contents = flash_contents([str(tmp_path / "x.kfpkg")])
    assert contents[0x320000] == (card / COLOURS / "model.kmodel").read_bytes()
    # What the chip's boot ROM needs: flag, length, program, SHA-256 over all of that.
    code = firmware.read_bytes()
    assert contents[0][:5] == b"\0" + len(code).to_bytes(4, "little")
    assert contents[0][5:-32] == code
    assert contents[0][-32:] == hashlib.sha256(contents[0][:-32]).digest()


@pytest.mark.parametrize(
    ("size", "found", "wanted"),
    [
        (0x300000 - 37, "", ""),
        (0x300000 - 36, "0x300000 to 0x301FA8", "firmware.bin: 0x000000 to 0x300001"),
    ],
)
def test_a_firmware_and_a_model_overlap_from_the_first_common_byte(
    card: Path, firmware: Path, size: int, found: str, wanted: str
) -> None:
    grow(firmware, size)
    result = pack([card], Wanted(firmware))
    assert result.ok == (not found)
    assert [(item.code, item.file, item.found, item.wanted) for item in result.findings] == (
        [("C680", "10-blobs.kmodel", found, wanted)] if found else []
    )


def test_two_models_at_one_address_are_named_with_both_ends(card: Path) -> None:
    for folder, address in ((BLOBS, 0x300000), (COLOURS, 0x301000)):
        size = (card / folder / "model.kmodel").stat().st_size
        path = card / folder / "model.json"
        path.write_text(json.dumps(fields(card, folder) | {"kmodel": {"flash": address, "bytes": size}}))
    codes = {item.code: item for item in pack([card], Wanted()).findings}
    assert (codes["C227"].found, codes["C227"].wanted) == (
        "0x301000 to 0x302208",
        "models/10-blobs: 0x300000 to 0x301FA8",
    )


@pytest.mark.parametrize(
    ("address", "size", "code", "limit"),
    [
        (0xCFF000, 0x1000, "", ""),
        (0xCFF000, 0x1001, "C681", "the file system begins at 0xD00000"),
        (0xD00000, 0x1000, "C687", "the file system begins at 0xD00000"),
        (0xFFF000, 0x1001, "C681", "the flash chip ends at 0x1000000"),
        (0x300800, 0x1000, "C682", "a multiple of 4096, such as 3145728"),
    ],
)
def test_a_part_and_the_limits_of_the_chip(address: int, size: int, code: str, limit: str) -> None:
    findings = list(judge(package_of((Part("a.bin", address, False, size, bytes(size)),))))
    assert [(item.code, item.wanted) for item in findings] == ([(code, limit)] if code else [])
    if code in ("C681", "C687"):
        assert findings[0].found == f"0x{address:06X} to 0x{address + size:06X}"


def test_too_many_models_reach_the_file_system(card: Path) -> None:
    for at in range(3):
        shutil.copytree(card / BLOBS, card / f"models/3{at}-more")
        path = card / f"models/3{at}-more/model.json"
        path.write_text(json.dumps(fields(card, f"models/3{at}-more") | {"title": f"More {at}"}))
        grow(path.with_name("model.kmodel"), 0x400000 - at)
    result = pack([card], Wanted())
    assert {item.code for item in result.findings} <= {"C206", "C681"}
    assert not result.ok


# The list.


def test_the_list_has_the_same_numbers_for_kflash_and_for_json() -> None:
    rows = [Entry("firmware.bin", 0, True), Entry("a.kmodel", 3145728, False), Entry("b.kmodel", 0xCFF000, False)]
    text = write_list(rows)
    numbers = [row.address for row in rows]
    assert [row["address"] for row in json.loads(text)["files"]] == numbers
    assert as_kflash_reads(text.encode()) == numbers
    assert read_list(text.encode()) == rows
    assert list(json.loads(text)["files"][0]) == ["address", "bin", "sha256Prefix"]


def test_our_copy_of_the_steps_of_kflash_is_that_of_kflash() -> None:
    """as_kflash_reads has the expression and the conversion of kflash; test_burn runs kflash itself."""
    source = inspect.getsource(kflash)
    assert """re.sub(r'"address": (.*),', r'"address": "\\1",', fFlashList.read())""" in source
    assert "int(lBinFiles['address'], 0)" in source


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ('{"files": [{"address": 3145728, "bin": "a", "sha256Prefix": false}]}', None),
        ('{"files": [{\n"address": 3145728,\n"bin": "a",\n"sha256Prefix": false\n}]}', [3145728]),
        ('{"files": [{\n"address": 0x300000,\n"bin": "a"\n}]}', [3145728]),
        ('{"files": [{\n"bin": "a",\n"address": 3145728\n}]}', None),
        ('{"files": [{\n"bin": "a",\n"address": -1,\n"x": 0}]}', [-1]),
        ("[", None),
        ("\xff", None),
    ],
)
def test_what_kflash_makes_of_other_lists(text: str, addresses: list[int] | None) -> None:
    assert as_kflash_reads(text.encode("latin-1")) == addresses


# The same bytes, and model.json.


def test_the_same_input_gives_the_same_bytes(card: Path, tmp_path: Path, firmware: Path) -> None:
    packed(card, tmp_path / "a.kfpkg", keep=True, firmware=firmware)
    again = tmp_path / "elsewhere"
    shutil.copytree(card, again)
    packed(again, tmp_path / "b.kfpkg", firmware=firmware)
    # After this, model.json states the addresses.
    packed(again, tmp_path / "c.kfpkg", firmware=firmware)
    first = (tmp_path / "a.kfpkg").read_bytes()
    assert first == (tmp_path / "b.kfpkg").read_bytes() == (tmp_path / "c.kfpkg").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.kfpkg") as archive:
        names = archive.namelist()
        assert names == sorted(names)
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_model_json_names_the_address_and_keeps_everything_else(card: Path, tmp_path: Path) -> None:
    before = {folder: fields(card, folder) for folder in (BLOBS, COLOURS)}
    packed(card, tmp_path / "a.kfpkg", keep=True)
    assert {folder: fields(card, folder) for folder in before} == before
    packed(card, tmp_path / "a.kfpkg")
    for folder, address in ((BLOBS, 0x300000), (COLOURS, 0x310000)):
        size = (card / folder / "model.kmodel").stat().st_size
        assert fields(card, folder) == before[folder] | {"kmodel": {"flash": address, "bytes": size}}
    (card / BLOBS / "model.kmodel").unlink()
    assert not [item for item in check(card).findings if item.file.startswith("models/") and item.severity == "error"]


def test_stages_are_packed_too(card: Path, tmp_path: Path) -> None:
    path = card / BLOBS / "model.json"
    stage = {**fields(card, COLOURS), "labels": ["a", "b", "c", "d", "e", "f", "g", "h"], "kmodel": "second.kmodel"}
    stage = {key: value for key, value in stage.items() if key not in ("schema", "title")}
    shutil.copy(card / COLOURS / "model.kmodel", card / BLOBS / "second.kmodel")
    path.write_text(json.dumps(fields(card, BLOBS) | {"stages": [stage]}))
    # A stage cuts pictures in Python's own memory, of which CanMV has more.
    result = packed(card, tmp_path / "a.kfpkg", board="canmv_k210_01studio")
    # The stage and the second model are the same file, which lies in the chip once.
    assert [part.name for part in result.package.parts] == ["10-blobs.kmodel", "10-blobs-stage1.kmodel"]
    assert fields(card, BLOBS)["stages"][0]["kmodel"] == fields(card, COLOURS)["kmodel"]
    assert [spec.kmodel for spec in Card(card).models[0].spec.stages] == [(0x310000, 4616)]


def test_check_judges_and_runs_the_copy_beside_model_json(card: Path, tmp_path: Path) -> None:
    packed(card, tmp_path / "a.kfpkg")
    report = check(card, Options(run=True))
    assert [(model.kmodel, model.version) for model in report.models] == [
        (BLOBS + "model.kmodel", 3),
        (COLOURS + "model.kmodel", 3),
    ]
    assert [item.code for item in report.findings if item.file.startswith("models/")] == ["C221", "C221"]
    # A copy of that size that is no model cannot be packed again.
    path = card / BLOBS / "model.kmodel"
    path.write_bytes(b"\x03\0\0\0" + bytes(path.stat().st_size - 4))
    assert [item.code for item in pack([card], Wanted()).findings] == ["C201"]


def test_a_model_whose_file_is_gone_cannot_be_packed_again(card: Path, tmp_path: Path) -> None:
    packed(card, tmp_path / "a.kfpkg")
    (card / BLOBS / "model.kmodel").unlink()
    (item,) = pack([card], Wanted()).findings
    assert (item.code, item.place) == ("C688", "models/10-blobs/model.json kmodel")


def test_a_model_that_the_board_cannot_load_is_refused(card: Path, tmp_path: Path) -> None:
    (card / BLOBS / "model.kmodel").write_bytes(b"\x03\0\0\0" + bytes(100))
    result = pack([card], Wanted())
    assert [item.code for item in result.findings] == ["C201"]


# Firmware images.


def test_a_copy_of_the_flash_chip_is_unwrapped_if_its_sha_matches(card: Path, tmp_path: Path, firmware: Path) -> None:
    code = firmware.read_bytes()
    head = b"\2" + len(code).to_bytes(4, "little") + code
    firmware.write_bytes(head + hashlib.sha256(head).digest() + b"\xff" * 100)
    result = pack([card], Wanted(firmware))
    assert result.package.parts[0].data == code
    firmware.write_bytes(head + bytes(32))
    (item,) = pack([card], Wanted(firmware)).findings
    assert (item.code, item.found) == ("C685", "a SHA-256 that does not match")


def test_heads_of_firmwares(firmware: Path) -> None:
    code = firmware.read_bytes()
    head = b"\0" + len(code).to_bytes(4, "little") + code
    whole = head + hashlib.sha256(head).digest()
    cases = (
        (code, True, ""),
        (whole, False, ""),
        (code, False, "no head"),
        (whole, True, "two heads"),
        (head + bytes(32), False, "a SHA-256 that does not match"),
    )
    for data, prefix, found in cases:
        findings = list(judge(package_of((Part("f.bin", 0, prefix, len(data), data),))))
        assert [(item.code, item.found) for item in findings] == ([("C685", found)] if found else [])


# The way back.


def test_import_makes_files_of_a_package_again(card: Path, tmp_path: Path, firmware: Path) -> None:
    before = {folder: fields(card, folder) for folder in (BLOBS, COLOURS)}
    packed(card, tmp_path / "x.kfpkg", firmware=firmware)
    other = tmp_path / "other"
    (other / "models").mkdir(parents=True)
    result = import_models([tmp_path / "x.kfpkg"], other, ImportOptions())
    assert result.clean
    assert result.folders == ["10-bright-blobs", "20-colours"]
    for folder, old in zip(result.folders, before, strict=True):
        new = fields(other, f"models/{folder}")
        data = (other / "models" / folder / new.pop("kmodel")).read_bytes()
        assert data == (card / old / "model.kmodel").read_bytes()
        assert Card(other / "models" / folder).models[0].classes == len(LABELS[old])
        expected = {**before[old], "kmodel": None, "labels": None}
        # The import writes this default, too.
        assert new | {"kmodel": None, "labels": None} == expected | ({"softmax": False} if old == COLOURS else {})
        labels = new["labels"]
        assert labels == list(LABELS[old])
        assert {note.code for note in result.entries[0][1].notes} == {"C538"}
    # And again into a package: the same parts at the same places.
    again = packed(other, tmp_path / "y.kfpkg", firmware=firmware)
    first = read_package(tmp_path / "x.kfpkg")
    assert [(part.address, part.data) for part in again.package.parts] == [(p.address, p.data) for p in first.parts]


def test_a_script_finds_the_model_of_a_package_by_its_address(card: Path, tmp_path: Path) -> None:
    """Without our model.json, as in packages of others."""
    packed(card, tmp_path / "x.kfpkg", keep=True)
    source = tmp_path / "source"
    with zipfile.ZipFile(tmp_path / "x.kfpkg") as archive:
        for name in ("flash-list.json", "10-blobs.kmodel", "20-colours.kmodel"):
            archive.extract(name, source)
    (source / "main.py").write_text(
        "import KPU as kpu, sensor\nnames = ['red', 'green', 'blue', 'yellow', 'magenta', 'cyan', 'white', 'black']\n"
        "task = kpu.load(0x310000)\nwhile True:\n    out = kpu.forward(task, sensor.snapshot())[:]\n"
        "    print(names[out.index(max(out))])\n"
    )
    other = tmp_path / "other"
    (other / "models").mkdir(parents=True)
    result = import_models([source], other, ImportOptions(only=("20-colours",)))
    assert result.entries[0][1].model["labels"] == "labels.txt" or len(result.entries[0][1].model["labels"]) == 8
    assert [match.use.model for match in result.entries[0][1].evidence.part.matches] == [0x310000]


# The command.


def test_the_command_prints_the_map_and_the_line_that_burns(command: Command, card: Path, tmp_path: Path) -> None:
    done = command("pack", card, "--board", "cube", "-o", "x.kfpkg")
    assert done.returncode == 0, done.stderr
    assert "0x300000 to 0x301FA8" in done.stderr
    assert "maixswitch burn x.kfpkg --port PORT" in done.stderr
    assert "kflash -p PORT -b 1500000 -B goE x.kfpkg" in done.stderr
    assert re.search(r"2 parts; free behind them: 1017\d KiB", done.stderr)
    done = command("pack", card, "--json", "--keep", "-o", "y.kfpkg")
    document = json.loads(done.stdout)
    assert document["ok"]
    assert [row["flash"] for row in document["models"]] == [0x300000, 0x310000]
    assert (tmp_path / "x.kfpkg").read_bytes() == (tmp_path / "y.kfpkg").read_bytes()


def test_the_command_refuses_before_it_writes(command: Command, card: Path, tmp_path: Path) -> None:
    for words, message, code in (
        (["-o", "x.zip"], "expected a name that ends in .kfpkg", 2),
        (["--at", "0x300001"], "expected a multiple of 4096", 2),
        (["--at", "here"], "expected a number", 2),
        (["--at", "0xD00000"], "below 0xd00000", 2),
        (["--at", "0xCF0000"], "", 1),
    ):
        grow(card / BLOBS / "model.kmodel", 0x10001)
        before = fields(card, BLOBS)
        done = command("pack", card, *words)
        assert done.returncode == code, done.stderr
        assert message in done.stderr
        assert fields(card, BLOBS) == before
        assert not list(tmp_path.glob("*.kfpkg"))
    assert "C681" in done.stdout
    assert "the file system begins at 0xD00000" in done.stdout


def test_sources_may_be_folders_and_files(card: Path, tmp_path: Path) -> None:
    result = pack([card / BLOBS, card / COLOURS / "model.kmodel"], Wanted())
    assert [(part.name, part.address) for part in result.package.parts] == [
        ("10-blobs.kmodel", 0x300000),
        ("model.kmodel", 0x310000),
    ]
    assert list(result.texts) == [card / BLOBS / "model.json"]
    packed(card, tmp_path / "x.kfpkg")
    with pytest.raises(MaixSwitchError, match="expected a card"):
        pack([tmp_path / "x.kfpkg"], Wanted())
