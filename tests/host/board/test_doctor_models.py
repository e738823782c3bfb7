"""The doctor names the models on a board's card that its firmware cannot load."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest

from maixswitch.board.doctor import firmware
from maixswitch.board.doctor.models import CardModel, Network, judge, named, room_for_a_model
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
    return CardModel("/sd/models/10-a/model.json", text, (Network("/sd/models/10-a/net.kmodel", size, head),))


def staged(*parts: Network | None) -> CardModel:
    """A detector with stages; None for a file that is not on the card."""
    stages = [{"kmodel": f"{at}.kmodel"} for at in range(len(parts))]
    first = Network("/sd/models/10-a/net.kmodel", 400_000, v3())
    text = json.dumps({"kmodel": "net.kmodel", "stages": stages}).encode()
    return CardModel("/sd/models/10-a/model.json", text, (first, *(part or Network() for part in parts)))


LOCKED = b"LDMS" + bytes(124)


def part(at: int, size: int = 100_000, head: bytes = b"") -> Network:
    return Network(f"/sd/models/10-a/{at}.kmodel", size, head or v3())


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


@pytest.mark.parametrize(
    ("item", "rows"),
    [
        (staged(part(0), part(1)), []),
        (staged(part(0), None), [("models/10-a/model.json", "stages[1].kmodel", "1.kmodel: missing")]),
        (staged(part(0, head=LOCKED), part(1)), [("models/10-a/0.kmodel", "stages[0].kmodel", "encrypted")]),
        (staged(part(0, 1_800_000), part(1, 1_800_000)), [("models/10-a/model.json", "stages", "KiB")]),
        (staged(part(0, 1_800_000)), []),
        (CardModel("/sd/models/10-a/model.json", b'{"kmodel": "net.kmodel", "stages": [1]}', staged().networks),
         [("models/10-a/model.json", "stages[0].kmodel", 'no "kmodel"')]),
    ],
)  # fmt: skip
def test_the_network_of_a_stage_is_named(item: CardModel, rows: list[tuple[str, str, str]]) -> None:
    findings = judge([item], firmware.started(firmware_of(), BANNER)).findings
    assert [(row.code, row.file, row.field) for row in findings] == [("B653", *row[:2]) for row in rows]
    assert all(words in row.found for row, (_, _, words) in zip(findings, rows, strict=True))


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
    assert named(text) == [("", name)]
