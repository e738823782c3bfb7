"""An import format is one file and one row, a board is one row: the commands know both without another change."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from tests.host.project_copy import DIGITS, copy_project, insert_before, maixswitch, run_python

TOYBOX = '''
"""Toybox: toybox.csv with a line "label;number" for each output."""

from __future__ import annotations

from maixswitch.card.importing.evidence import Evidence
from maixswitch.card.importing.parts import Part

SOURCE = "Toybox"
SIGNS = "`toybox.csv`"
TAKEN = "labels, threshold"


def read_evidence(part: Part) -> Evidence | None:
    """See ImportFormat."""
    if "toybox.csv" not in part.texts:
        return None
    rows = [line.split(";") for line in (part.text("toybox.csv") or b"").decode().splitlines()]
    evidence = Evidence("Toybox", part)
    evidence.add("kind", "classifier", "toybox.csv")
    evidence.add("labels", [label for label, _ in sorted(rows, key=lambda row: int(row[1]))], "toybox.csv")
    evidence.add("threshold", 0.25, "toybox.csv")
    return evidence
'''
LABELS = ["nought", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
# The cells are explained in device/once/boards.py. No other board has these pins, and few have this panel.
BOARD_ROW = "toyboard toytype 30=primary,31=next,32=prev 240,135,3,40000000,0,0,- - - - - - -\n"
SCORES = "scores 0 0 0 0 0 0 0 1 0 0\n"  # no network needs to be computed here


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the format and the board in it."""
    root = copy_project(tmp_path_factory.mktemp("tree"))
    formats = root / "host/maixswitch/card/importing/formats"
    (formats / "toybox.py").write_text(TOYBOX)
    insert_before(formats / "__init__.py", "    axelerate,\n    kendryte_training,", "    toybox,\n")
    insert_before(formats / "__init__.py", "    maixswitch_card,\n    kfpkg,", "    toybox,\n")
    insert_before(root / "device/once/boards.py", "bit bit 16=primary", BOARD_ROW)
    return root


@pytest.fixture(scope="module")
def card(tree: Path) -> Path:
    """A card with one model, imported from a folder of the new format."""
    source = tree / "export"
    source.mkdir()
    shutil.copy(DIGITS, source / "network.kmodel")
    lines = [f"{label};{number}" for number, label in enumerate(LABELS)]
    (source / "toybox.csv").write_text("\n".join(reversed(lines)))
    folder = tree / "card"
    (folder / "models").mkdir(parents=True)
    result = maixswitch(tree, "import", source, "--card", folder, "--json")
    assert result.returncode == 0, result.stdout + result.stderr
    assert [model["format"] for model in json.loads(result.stdout)["models"]] == ["Toybox"]
    return folder


def test_import_reads_the_format(card: Path) -> None:
    model = json.loads(next(card.glob("models/*/model.json")).read_text())
    assert (model["kind"], model["threshold"]) == ("classifier", 0.25)
    assert model["labels"] == LABELS


def test_the_documents_list_the_format_and_the_board(tree: Path) -> None:
    result = run_python(tree, "-c", "from maixswitch import docs; print(docs.formats(), docs.boards())")
    assert "| Toybox | `toybox.csv` | labels, threshold |" in result.stdout, result.stderr
    assert "| `toyboard` | 240x135 | IO30 (primary), IO31 (next), IO32 (prev) |" in result.stdout


def test_sim_runs_the_app_on_the_board(tree: Path, card: Path) -> None:
    """The panel has the row's size, and the third key exists."""
    script = tree / "keys.txt"
    script.write_text(f"{SCORES}expect state RUNNING within 20s\npress prev\nscreenshot panel\n")
    result = maixswitch(tree, "screenshot", card, "--board", "toyboard", "--script", script, "--out", tree / "out")
    assert result.returncode == 0, result.stdout + result.stderr
    with Image.open(tree / "out/panel-toyboard.png") as picture:
        assert picture.size == (240, 135)
    result = maixswitch(tree, "sim", card, "--board", "toybored", "--script", script)
    assert result.returncode == 2
    assert "toyboard" in result.stderr.replace("\n", " ")


def test_check_knows_the_board(tree: Path, card: Path, tmp_path: Path) -> None:
    """As an option, and as the name in the card's settings: C483 would call it unknown."""
    assert maixswitch(tree, "check", card, "--board", "toyboard").returncode != 2
    assert maixswitch(tree, "check", card, "--board", "toybored").returncode == 2
    mine = tmp_path / "card"
    shutil.copytree(card, mine)
    for name, unknown in (("toyboard", False), ("toybored", True)):
        (mine / "maixswitch.json").write_text(json.dumps({"board": name}))
        result = maixswitch(tree, "check", mine, "--json")
        codes = [finding["code"] for finding in json.loads(result.stdout)["findings"]]
        assert ("C483" in codes) == unknown, (name, codes)
