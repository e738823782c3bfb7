"""Titles and labels on the panel: the rules shorten texts as the code of the board does."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maixswitch.board_code import put_on_path
from maixswitch.card import text
from maixswitch.card.check import Options, check
from maixswitch.findings.table import rules
from maixswitch.kmodel.write import samples

put_on_path()


def write(card: Path, folder: str, title: str, labels: Any = None, **more: Any) -> None:
    """Writes a classifier of five colours that the board accepts."""
    model_folder = card / "models" / folder
    model_folder.mkdir(parents=True)
    (model_folder / "net.kmodel").write_bytes(samples.colour_classifier())
    fields = {"schema": 1, "title": title, "kind": "classifier", "kmodel": "net.kmodel",
              "input": list(samples.COLOUR_INPUT), "labels": labels or list(samples.COLOURS)}  # fmt: skip
    (model_folder / "model.json").write_text(json.dumps({**fields, **more}), encoding="utf-8")


def findings_about_text(card: Path, board: str = "") -> dict[str, str]:
    """Returns code -> found of each finding about text."""
    findings = check(card, Options(board=board)).findings
    return {item.code: item.found for item in findings if "C310" <= item.code <= "C316"}


def labels(*first_labels: str) -> list[str]:
    return [*first_labels, *[f"class {at}" for at in range(len(samples.COLOURS) - len(first_labels))]]


LONG = "a label of thirty-six characters, ye"
CASES = {
    "plain": ("Colours", labels(), "", set()),
    "chinese title": ("颜色", labels(), "", {"C310"}),
    "chinese labels": ("Colours", labels("红色", "蓝"), "", {"C311"}),
    "long title": ("A title of exactly thirty-two ch", labels(), "", {"C312"}),
    "title that just fits": ("Eighteen letters..", labels(), "", set()),
    "title of one more": ("Nineteen letters...", labels(), "cube", {"C312"}),
    "long label": ("Colours", labels(LONG), "", {"C313"}),
    "no panel": ("颜色", labels(LONG), "unitv", set()),
    "equal labels": ("Colours", labels("red", "red"), "", {"C314"}),
    "equal as shown": ("Colours", labels("红", "绿"), "", {"C311", "C314"}),
    "equal when cut": ("Colours", labels(LONG + "1", LONG + "2"), "", {"C313", "C314"}),
}


@pytest.mark.parametrize("name", CASES)
def test_each_fault_of_a_text_is_the_only_finding(tmp_path: Path, name: str) -> None:
    title, names, board, expected = CASES[name]
    write(tmp_path, "10-one", title, names)
    assert set(findings_about_text(tmp_path, board)) == expected


def test_the_finding_names_the_text_that_is_shown_instead(tmp_path: Path) -> None:
    write(tmp_path, "10-one", "Gesicht ä", labels("größe"))
    findings = findings_about_text(tmp_path)
    assert findings["C310"] == "Gesicht ä, shown as Gesicht ?"
    assert findings["C311"] == '"größe" (characters: ö ß)'


def test_titles_that_look_the_same(tmp_path: Path) -> None:
    write(tmp_path, "10-one", "人")
    write(tmp_path, "20-two", "狗")
    assert findings_about_text(tmp_path)["C315"] == '狗, shown as "?"'


def test_control_characters_in_a_file_of_labels(tmp_path: Path) -> None:
    write(tmp_path, "10-one", "Colours", "labels.txt")
    lines = "\n".join(labels("red\tbright"))
    (tmp_path / "models" / "10-one" / "labels.txt").write_text(lines, encoding="utf-8")
    assert findings_about_text(tmp_path) == {"C316": '"red\\tbright"'}


def test_the_settings_of_the_card_choose_and_turn_the_panel(tmp_path: Path) -> None:
    write(tmp_path, "10-one", "Ten in all")
    (tmp_path / "maixswitch.json").write_text('{"board": "m5stickv", "screen": {"rotation": 1}}')
    assert set(findings_about_text(tmp_path)) == {"C312"}  # the turned panel is only 135 pixels wide
    (tmp_path / "maixswitch.json").write_text('{"board": "m5stickv"}')
    assert set(findings_about_text(tmp_path)) == set()


class Canvas:
    """A picture of the firmware that keeps the texts drawn on it."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def draw_rectangle(self, *_: object) -> None:
        pass

    def draw_string(self, *words: Any) -> None:
        self.texts.append(words[0][2] if isinstance(words[0], tuple) else words[2])


PANELS = [(320, 240), (240, 240), (240, 135), (480, 320), (240, 320)]


@pytest.mark.parametrize("panel", PANELS)
@pytest.mark.parametrize("size", [(320, 240), (224, 224), (64, 64), (128, 96), (320, 16)])
@pytest.mark.parametrize("kind", ["classifier", "yolo2"])
@pytest.mark.parametrize("top", [1, 3, 10])
def test_room_equals_that_of_the_overlay_on_the_board(
    panel: tuple[int, int], size: tuple[int, int], kind: str, top: int
) -> None:
    overlay = importlib.import_module("device.overlay").Overlay
    screen = importlib.import_module("device.hal").Screen()
    screen.width, screen.height = panel
    results = importlib.import_module("device.results").Results()
    pictures = text.view(*size)
    results.reset(importlib.import_module(f"device.kinds.{kind}").SHAPE, *pictures, *size)
    spec = importlib.import_module("device.spec").ModelSpec("10-one")
    spec.title, spec.kind, spec.top = "T" * 80, kind, top
    spec.label = lambda at: "L" * 80
    results.nth(0).name(0, 1000)
    canvas = Canvas()
    paint, _, bar, _ = overlay(screen).begin(spec, results, "1/2", pictures)
    paint(canvas, 1)
    canvas.draw_string(bar[0], 0xFFFF)
    space = text.room(panel, pictures, kind, top, "1/2")
    assert [words.count("L") for words in canvas.texts if "L" in words] == [space.label]
    assert [words.count("T") for words in canvas.texts if "T" in words] == [space.title]


@given(st.integers(1, 1024), st.integers(1, 1024))
def test_the_view_is_a_window_of_the_frame(width: int, height: int) -> None:
    wide, high = text.view(width, height)
    assert 8 <= wide <= 320
    assert 8 <= high <= 240
    assert wide % 8 == high % 8 == 0 or (wide, high) == (width, height)


def test_every_row_about_text_has_a_case_here() -> None:
    tested = {code for case in CASES.values() for code in case[3]} | {"C315", "C316"}
    assert {code for code in rules() if "C310" <= code < "C400"} == tested
