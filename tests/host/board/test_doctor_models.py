"""The doctor names the models on a board's card that its firmware cannot load."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest

from maixswitch.board.doctor import firmware
from maixswitch.board.doctor.models import CardModel, judge, kmodel_name, room_for_a_model
from tests.host.board.test_doctor_judges import firmware_of

KIB = 1024
BANNER = "[MaixPy] gc heap=0x80130e20-0x801b0e20(524288)"
"""Of a full build: 4,412 KiB are free behind the Python heap."""


def v3(main: int = 45_000) -> bytes:
    return struct.pack("<7I", 3, 0, 0, 4, 100, main, 1) + bytes(100)


def v4(main: int = 45_000) -> bytes:
    return b"LDMK" + struct.pack("<9I", 4, 0, 1, 0, main, 0, 1, 1, 0) + bytes(100)


def model(head: bytes, size: int = 400_000, **fields: Any) -> CardModel:
    text = json.dumps({"kmodel": "net.kmodel", **fields}).encode()
    return CardModel("/sd/models/10-a/model.json", text, "/sd/models/10-a/net.kmodel", size, head)


def found(item: CardModel, **answers: Any) -> list[str]:
    board = firmware.started(firmware_of(**answers), BANNER)
    findings = judge([item], board).findings
    assert {row.code for row in findings} <= {"B653"}
    assert all(row.file.startswith("models/10-a/") and row.wanted for row in findings)
    return [row.found for row in findings]


def with_v4(answer: bool) -> firmware.Firmware:
    return firmware.Firmware(**{**vars(firmware.started(firmware_of(), BANNER)), "v4": answer})


@pytest.mark.parametrize("head", [v3(), v4()])
def test_a_model_that_loads_has_no_finding(head: bytes) -> None:
    assert found(model(head)) == []


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (CardModel("/sd/models/10-a/model.json", b"{'kmodel': 'net.kmodel'}"), "line 1, column 2"),
        (CardModel("/sd/models/10-a/model.json", b"[]"), 'no "kmodel"'),
        (CardModel("/sd/models/10-a/model.json", b'{"title": "A"}'), 'no "kmodel"'),
        (CardModel("/sd/models/10-a/model.json", b""), "line 1"),
        (CardModel("/sd/models/10-a/model.json", b'{"kmodel": "net.kmodel"}'), "net.kmodel: missing"),
        (model(b""), "empty"),
        (model(b"LDMS" + bytes(124)), "encrypted"),
        (model(b"PK\x03\x04" + bytes(124)), "zip"),
        (model(b"LDMK" + struct.pack("<I", 5) + bytes(120)), "nncase"),
        (model(v3(), size=4_200_000), "KiB"),
        (model(v3(main=4_000_000), size=100_000), "KiB"),
        (model(v4(main=4_000_000), size=100_000), "KiB"),
    ],
)
def test_a_model_that_does_not_load(item: CardModel, reason: str) -> None:
    (text,) = found(item)
    assert reason in text


def test_a_v4_needs_a_firmware_that_takes_it() -> None:
    (row,) = judge([model(v4())], with_v4(False)).findings
    assert (row.code, row.found) == ("B653", "kmodel v4")
    assert not judge([model(v4()), model(v3())], with_v4(True)).findings
    assert not judge([model(v3())], with_v4(False)).findings


def test_what_is_not_known_is_not_judged() -> None:
    """A model in the flash chip; and memory without the banner, since a program may have taken some of it."""
    assert found(CardModel("/sd/models/10-a/model.json", b'{"kmodel": {"flash": 3145728, "bytes": 9}}')) == []
    assert room_for_a_model(firmware_of()) is None
    assert not judge([model(v3(), size=5_000_000)], firmware_of()).findings


def test_the_room_is_what_panel_and_camera_leave() -> None:
    room = room_for_a_model(firmware.started(firmware_of(), BANNER))
    assert room is not None
    assert 3800 * KIB < room < 3900 * KIB


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (b'\xef\xbb\xbf{"kmodel": "a.kmodel"}', "a.kmodel"),
        (b'{"kmodel": "a.kmodel",}', "a.kmodel"),  # the firmware takes commas for blanks
        (b'{"kmodel": {"flash": 1}}', {"flash": 1}),
        (b"{", None),
        (b"\xff\xfe", None),
        (b"[" * 5000, None),
    ],
)
def test_model_json_is_read_as_the_board_reads_it(text: bytes, name: object) -> None:
    assert kmodel_name(text) == name
