"""File names as FAT and the firmware of the board treat them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maixswitch.card import names
from maixswitch.card.check import check
from maixswitch.card.rules.medium import judge_names
from maixswitch.findings.table import rules

CASES = [
    ("10-face", []),
    ("face v2.1 (best).kmodel", []),
    ("Ünlü", ["C402"]),
    ("人脸", ["C402"]),
    ("what?.txt", ["C404"]),
    ("a\tb", ["C404"]),
    ("face.", ["C404"]),
    ("face ", ["C404"]),
    ("x" * 256, ["C404", "C407"]),
    ("aux.txt", ["C405"]),
    ("COM1", ["C405"]),
    ("auxiliary.txt", []),
    ("._face.kmodel", ["C406"]),
    (".DS_Store", ["C406"]),
    ("y" * 124, ["C407"]),
    ("y" * 123, []),
]


@pytest.mark.parametrize(("name", "expected"), CASES)
def test_a_name_is_judged_by_the_rules_of_fat_and_the_firmware(name: str, expected: list[str]) -> None:
    assert [finding.code for finding in judge_names([("", [name])])] == expected


def test_names_that_are_equal_for_fat_are_twins() -> None:
    findings = list(judge_names([("models", ["Face", "face", "other", "é", "É"])]))
    twins = [item for item in findings if item.code == "C403"]
    assert [item.found for item in twins] == ["Face, face", "É, é"]
    assert twins[0].file == "models"
    assert not [item for item in judge_names([("a", ["face"]), ("b", ["Face"])]) if item.code == "C403"]


def test_thousands_of_bad_names_are_counted_not_listed() -> None:
    findings = list(judge_names([("", [f"{number}?" for number in range(5000)])]))
    assert len(findings) == 21
    assert findings[-1].found == "4980 more of them"


@given(st.text(max_size=300))
def test_any_name_can_be_judged_and_shown(name: str) -> None:
    for finding in judge_names([("models", [name])]):
        assert finding.text().isprintable()
    assert names.printable(name).isprintable()
    assert len(names.printable(name)) <= 80


def findings_about_names(card: Path) -> list[tuple[str, str]]:
    """Returns (code, file) of each finding about a name."""
    return [(item.code, item.file) for item in check(card).findings if "C401" <= item.code <= "C407"]


def test_a_card_with_plain_names_has_no_such_findings(card: Path) -> None:
    assert findings_about_names(card) == []


def test_a_name_beyond_ascii_in_model_json_is_an_error(tmp_path: Path) -> None:
    folder = tmp_path / "models" / "10-face"
    folder.mkdir(parents=True)
    (folder / "gesicht-ä.kmodel").write_bytes(b"\x03\0\0\0")
    (folder / "model.json").write_text(json.dumps({"kmodel": "gesicht-ä.kmodel", "labels": "标签.txt"}))
    findings = [item for item in check(tmp_path).findings if item.code == "C401"]
    assert [(item.file, item.field) for item in findings] == [
        ("models/10-face/model.json", "kmodel"),
        ("models/10-face/model.json", "labels"),
    ]
    assert ("C402", "models/10-face/gesicht-ä.kmodel") in findings_about_names(tmp_path)


def test_a_folder_of_the_operating_system_is_ignored(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    hidden = tmp_path / "System Volume Information"
    hidden.mkdir()
    (hidden / "what:now?").write_text("x")
    assert findings_about_names(tmp_path) == []


def test_a_models_folder_alone_is_judged_by_its_place_on_a_card(tmp_path: Path) -> None:
    folder = tmp_path / "10-face"
    folder.mkdir()
    (folder / "model.json").write_text("{}")
    (folder / "aux.txt").write_text("x")
    assert findings_about_names(folder) == [("C405", "models/10-face/aux.txt")]


def test_every_row_about_names_has_a_case_here() -> None:
    tested = {code for _, expected in CASES for code in expected} | {"C401", "C403"}
    assert {code for code in rules() if "C401" <= code < "C410"} == tested
