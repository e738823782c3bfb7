"""The doctor looks at the models in a board's flash chip: on the virtual board, and with answers of any kind."""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from maixswitch.board.doctor import firmware
from maixswitch.board.doctor.flash_models import FlashModel, judge, probe
from maixswitch.board.doctor.models import CardModel
from maixswitch.board.doctor.storage import Storage
from maixswitch.card.build import build
from maixswitch.card.flash.contents import flash_contents
from maixswitch.card.flash.pack import Wanted, pack, write
from maixswitch.kmodel.write.samples import write_card
from tests.host.board.test_doctor_board import codes, doctor
from tests.host.board.test_doctor_judges import firmware_of
from tests.host.board.test_doctor_models import BANNER, v3, v4

Start = Callable[..., Any]
JSON = "/sd/models/10-a/model.json"


@pytest.fixture
def card(tmp_path: Path) -> Path:
    """A card whose two models are in the flash chip, with their files still beside model.json; and x.kfpkg."""
    folder = tmp_path / "card"
    folder.mkdir()
    write_card(folder)
    build(folder)
    write(pack([folder], Wanted()), tmp_path / "x.kfpkg", keep=False)
    return folder


def fact(report: dict[str, Any]) -> str:
    return str(report["facts"].get("flash_models"))


def without_files(card: Path) -> None:
    for path in card.glob("models/*/*.kmodel"):
        path.unlink()


def test_a_chip_that_holds_what_the_card_expects(virtual_board: Start, card: Path, tmp_path: Path) -> None:
    without_files(card)
    chip = flash_contents([str(tmp_path / "x.kfpkg")])
    code, report, _ = doctor(
        "--port", str(virtual_board(card=card, chip=chip).port), "--flash", str(tmp_path / "x.kfpkg")
    )
    assert (code, codes(report)) == (0, set())
    assert fact(report) == "2 of 2 as the card expects"


def test_a_chip_that_was_not_burnt(virtual_board: Start, card: Path) -> None:
    without_files(card)
    code, report, _ = doctor("--port", str(virtual_board(card=card).port))
    assert (code, codes(report)) == (1, {"B676"})
    assert [(item["file"], item["field"]) for item in report["findings"]] == [
        ("models/10-blobs/model.json", "kmodel"),
        ("models/20-colours/model.json", "kmodel"),
    ]
    assert report["findings"][0]["found"] == "0x300000 to 0x301FA8: nothing, the chip is erased there"
    assert fact(report) == "0 of 2 as the card expects"


def test_another_model_at_the_address(virtual_board: Start, card: Path, tmp_path: Path) -> None:
    """The file beside model.json tells; without it the head does: a detector is no classifier of eight."""
    chip = flash_contents([str(tmp_path / "x.kfpkg")])
    chip[0x310000] = chip[0x300000]
    code, report, _ = doctor("--port", str(virtual_board(card=card, chip=chip).port))
    assert (code, codes(report)) == (1, {"B677"})
    (item,) = report["findings"]
    colours = (card / "models/20-colours/model.kmodel").read_bytes()
    assert item["wanted"] == f"models/20-colours/model.kmodel: {crc32(colours):08x}"
    assert fact(report) == "1 of 2 as the card expects"
    other = tmp_path / "other"
    shutil.copytree(card, other)
    without_files(other)
    code, report, _ = doctor("--port", str(virtual_board(card=other, chip=chip).port))
    assert (code, codes(report)) == (1, {"B677"})
    assert "labels: 8 labels" in report["findings"][0]["found"]


class Answers:
    """A board that answers each call with a value."""

    port = "PORT"

    def __init__(self, chip: object, crc: object = None) -> None:
        self.asked: list[str] = []
        self._chip, self._crc = chip, crc

    def load(self, name: str) -> None:
        pass

    def exec(self, code: str, timeout: float = 0) -> str:
        self.asked.append(code)
        answer = self._chip if code.startswith("chip(") else self._crc
        return f"=> {answer!r}\n"


def looked(answer: object, *, beside: int = 0, crc: object = None, given: dict[int, bytes] | None = None,
           where: object = None, **fields: Any) -> list[FlashModel]:  # fmt: skip
    where = {"flash": 0x300000, "bytes": 1000} if where is None else where
    text = json.dumps({"kmodel": where, **fields}).encode()
    listed = Storage()
    listed.files[JSON] = len(text)
    if beside:
        listed.files["/sd/models/10-a/a.kmodel"] = beside
    return probe(Answers(answer, crc), listed, [CardModel(JSON, text)], given or {})


def found(models: list[FlashModel]) -> list[tuple[str, str]]:
    report = judge(models, firmware.started(firmware_of(), BANNER), "PORT")
    assert all(item.wanted or item.code == "B678" for item in report.findings)
    return [(item.code, item.found) for item in report.findings]


@pytest.mark.parametrize(
    ("head", "code", "text"),
    [
        (v3(), "", ""),
        (b"\xff" * 128, "B676", "erased"),
        (bytes(128), "B676", "blank"),
        (b"PK\x03\x04" + bytes(124), "B676", "zip"),
        (b"LDMK" + struct.pack("<I", 5) + bytes(120), "B676", "nncase"),
        (struct.pack(">7I", 3, 0, 0, 4, 100, 0, 1) + bytes(100), "B676", "byte-swapped"),
        (v3(main=4_200_000), "B653", "KiB"),
    ],
)
def test_the_head_in_the_chip(head: bytes, code: str, text: str) -> None:
    rows = found(looked((head, 1)))
    assert [row[0] for row in rows] == [code] * bool(code)
    assert all(text in row[1] and row[1].startswith("0x300000 to 0x3003E8: ") for row in rows)


def test_the_package_of_the_user_comes_before_the_file_on_the_card() -> None:
    data = bytes(v3()) + bytes(1000)
    crc = crc32(data[:1000])
    assert found(looked((v3(), crc), given={0x300000: data}, beside=1000, crc=7)) == []
    ((code, text),) = found(looked((v3(), 7), given={0x300000: data}, beside=1000, crc=7))
    assert (code, text) == ("B677", "0x300000 to 0x3003E8: kmodel v3 with the CRC32 00000007")
    assert found(looked((v3(), 7), beside=1000, crc=7)) == []
    assert found(looked((v3(), 7), beside=1000, crc=8))[0][0] == "B677"
    # A file of another size is another model, and one that cannot be read says nothing.
    assert found(looked((v3(), 7), beside=1001, crc=8)) == []
    assert found(looked((v3(), 7), beside=1000, crc=None)) == []


def test_a_v4_on_a_firmware_without_v4() -> None:
    plain = firmware.Firmware(**{**vars(firmware.started(firmware_of(), BANNER)), "v4": False})
    report = judge(looked((v4(), 1)), plain, "PORT")
    assert [item.code for item in report.findings] == ["B653"]


def test_a_firmware_that_cannot_read_its_chip() -> None:
    assert found(looked(None)) == [("B678", "0x300000 to 0x3003E8")]


def test_the_networks_of_stages_are_looked_at() -> None:
    stage = {"kmodel": {"flash": 0x310000, "bytes": 500}}
    models = looked((b"\xff" * 128, 1), stages=[stage, {}, 3])
    assert [(model.field, model.address, model.size) for model in models] == [
        ("kmodel", 0x300000, 1000),
        ("stages[0].kmodel", 0x310000, 500),
    ]


@pytest.mark.parametrize(
    "where",
    [
        "a.kmodel",
        {},
        {"flash": 1},
        {"flash": True, "bytes": True},
        {"flash": -1, "bytes": 5},
        {"flash": 1 << 40, "bytes": 5},
        {"flash": 4096, "bytes": 1 << 40},
        {"flash": "1); import os; (", "bytes": 1},
        [],
        3,
    ],
)
def test_a_model_json_without_an_address_is_not_asked_for(where: object) -> None:
    assert looked((v3(), 1), where=where) == []


@pytest.mark.parametrize("answer", [(), (1,), "text", 3, (b"", 0), (b"\3", 5)])
def test_strange_answers_of_a_board(answer: object) -> None:
    assert {code for code, _ in found(looked(answer))} <= {"B676", "B678"}
