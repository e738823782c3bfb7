"""Mistakes in the JSON files of a card: place and reason, and what check, the simulator and the board do."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maixswitch import board_code
from maixswitch.card.check import check
from maixswitch.card.json_text import mistake
from maixswitch.language import speaking
from tests.host.sim_helpers import Command, Play

TEXTS = {
    # Numbers that only other languages have.
    '{"flash": 0x300000}': "1, 11: 0x300000 is not a JSON number: write 3145728",
    '{"flash": 0XA00000}': "1, 11: 0XA00000 is not a JSON number: write 10485760",
    '{"flash": 3_145_728}': "1, 11: 3_145_728 is not a JSON number: write 3145728",
    '{"top": 03}': "1, 9: 03 is not a JSON number: write 3",
    '{"top": +3}': "1, 9: +3 is not a JSON number: write 3",
    '{"nms": .3}': "1, 9: .3 is not a JSON number: write 0.3",
    '{"nms": -1.}': "1, 9: -1. is not a JSON number: write -1.0",
    '{"flash": 3*1024}': "1, 11: 3*1024 is not a JSON number",
    '{"nms": NaN}': "1, 9: NaN is not a JSON number",
    # Words of Python and others.
    '{"softmax": True}': "1, 13: True is not JSON: write true",
    '{"softmax": FALSE}': "1, 13: FALSE is not JSON: write false",
    '{"outputs": None}': "1, 13: None is not JSON: write null",
    '{"title": Face}': "1, 11: Face needs double quotes",
    '{title: "Face"}': "1, 2: expected a name in double quotes, found title",
    # Commas.
    '{"top": 3,}': "1, 10: a comma too many before }",
    '{\n "labels": ["a", "b", ]\n}': "2, 21: a comma too many before ]",
    '{"labels": ["a",, "b"]}': "1, 17: a comma too many",
    '{"labels": ["a"\n "b"]}': '2, 2: a comma is missing before "b"',
    '{"top": 3\n"nms": 0.3}': '2, 1: a comma is missing before "nms"',
    '{"top" 3}': "1, 8: a colon is missing before 3",
    '{"top":}': "1, 8: a value is missing before }",
    '{"top":, "nms": 1}': "1, 8: a value is missing before ,",
    '{"labels": [:]}': "1, 13: a colon too many",
    # Comments and quotes.
    '{"top": 3} // bars': "1, 12: JSON has no comments: delete it",
    '# mine\n{"top": 3}': "1, 1: JSON has no comments: delete it",
    '{"top": /* bars */ 3}': "1, 9: JSON has no comments: delete it",
    "{'top': 3}": "1, 2: ' is not a quote of JSON: write double quotes",
    "{\"title\": 'Face'}": "1, 11: ' is not a quote of JSON: write double quotes",
    "{\u201ctop\u201d: 3}": '1, 2: \u201c is not a sign of JSON: write "',
    '{"top"\uff1a 3}': "1, 7: \uff1a is not a sign of JSON: write :",
    '{"top": 3\uff0c "nms": 1}': "1, 10: \uff0c is not a sign of JSON: write ,",
    '\u3000{"top": 3}': "1, 1: the character U+3000 is not a blank of JSON",
    '{"title": "a\tb"}': "1, 13: the character U+0009 must be escaped in a text",
    '{"title": "C:\\data"}': "1, 14: a backslash in a text: write \\\\",
    # Ends.
    '{"title": "Face}': "1, 11: the quotes that begin here are not closed",
    '{"title": "Face\n"}': "1, 11: the quotes that begin here are not closed on this line",
    '{"labels": ["a", "b"}': "1, 21: ] is missing here: [ of line 1, column 12 is open",
    '{"top": 3': "1, 10: the { of line 1, column 1 is not closed: } is missing",
    '{"top": 3}}': "1, 11: text behind the end of the JSON object",
    "]": "1, 1: nothing is open that ] could close",
    "": "1, 1: there is no JSON object in it",
}


@pytest.mark.parametrize("text", list(TEXTS))
def test_place_and_reason(text: str) -> None:
    place, _, reason = TEXTS[text].partition(": ")
    line, _, column = place.partition(", ")
    assert str(mistake(text.encode())) == f"line {line}, column {column}: {reason}"
    with speaking("zh"):
        assert str(mistake(text.encode())).startswith(f"第 {line} 行第 {column} 列")


def test_bytes_that_are_not_utf_8() -> None:
    assert str(mistake(b'{\n"title": "\xe9"}')) == "line 2, column 11: byte 0xE9 is not UTF-8: save the file as UTF-8"
    assert mistake(b'\xef\xbb\xbf{"title": "Face"}') is None


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)


def _is_json(text: str) -> bool:
    try:
        json.loads(text, parse_constant=_refuse)
    except ValueError:
        return False
    return True


GOOD = json.dumps({"schema": 1, "title": 'A "b" \\ \u4e2d', "softmax": True, "nms": -0.5e3, "x": [1, [], {}, None]})


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_any_change_is_found_where_it_is(data: st.DataObject) -> None:
    """A mistake is told exactly for what is not JSON, and not before the changed letter's token."""
    at = data.draw(st.integers(0, len(GOOD)))
    letter = data.draw(st.sampled_from([*"{}[]:,\"\\/#'01-+.eExtn \n", "\uff0c", "True", "0x1F", "//"]))
    cut = data.draw(st.integers(0, 2))
    text = GOOD[:at] + letter + GOOD[at + cut :]
    found = mistake(text.encode())
    assert (found is None) == _is_json(text)
    if found is not None:
        lines = text.split("\n")
        assert 1 <= found.line <= len(lines)
        assert 1 <= found.column <= len(lines[found.line - 1]) + 1


@settings(max_examples=120, deadline=None)
@given(st.text(max_size=40))
def test_any_text_ends(text: str) -> None:
    assert (mistake(text.encode()) is None) == _is_json(text)


def test_the_firmwares_reader_takes_all_json() -> None:
    reader = board_code.firmware_json()
    assert reader.loads(GOOD) == json.loads(GOOD)


CARD = {
    # change of model.json -> whether the board reads it
    '"schema": [1, "title"': False,
    '"schema": 1,, "title"': True,
    '"schema" 1, "title"': True,
    '"schema": 1 "title"': True,
    '"schema": 0x1, "title"': False,
    '"schema": 1, // comment\n "title"': False,
    '"schema": True, "title"': False,
    "'schema': 1, \"title\"": False,
}


@pytest.mark.parametrize("change", list(CARD))
@pytest.mark.parametrize("name", ["model.json", "maixswitch.json"])
def test_check_the_simulator_and_the_board_agree(
    card: Path, tmp_path: Path, play: Play, command: Command, change: str, name: str
) -> None:
    """What the board reads (tests/firmware/probes/json.txt) loads in the simulator, and check warns; else an error."""
    own = tmp_path / "own"
    shutil.copytree(card, own)
    shutil.rmtree(own / "models/10-blobs")
    path = own / "models/20-colours/model.json"
    if name == "maixswitch.json":
        path = own / name
        path.write_text('{"schema": 1, "title": 2}')
    text = json.dumps(json.loads(path.read_text()))
    assert '"schema": 1, "title"' in text
    path.write_text(text.replace('"schema": 1, "title"', change, 1))
    report = check(own)
    codes = {item.code: item for item in report.findings}
    if name == "model.json":
        session = play("expect state RUNNING within 5s", card=own)
        assert ("C125" in codes, "C102" in codes) == (CARD[change], not CARD[change])
        assert session.code == (0 if CARD[change] else 1)
        rows = json.loads(command("ls", own, "--json").stdout)["models"]
        assert rows[0]["json"] == codes["C125" if CARD[change] else "C102"].found
        assert rows[0]["json"] in command("ls", own).stdout
    else:
        assert ("C484" in codes, "C480" in codes) == (CARD[change], not CARD[change])
    code = ("C125", "C102") if name == "model.json" else ("C484", "C480")
    assert codes[code[not CARD[change]]].found.startswith("line 1, column ")


@pytest.mark.parametrize(
    ("text", "board"),
    [('{"board": "cube"}', "cube"), ('{"board": "cube",}', "cube"), ('{"board": cube}', ""), ('{"board": 5}', "")],
)
def test_the_board_of_the_settings(card: Path, tmp_path: Path, play: Play, text: str, board: Any) -> None:
    own = tmp_path / "own"
    shutil.copytree(card, own)
    (own / "maixswitch.json").write_text(text)
    assert check(own).options.board == board
    assert play("frames 1", card=own).sim.board == (board or board_code.default_board())
