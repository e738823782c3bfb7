"""`maixswitch doctor` against the virtual board, run as a user runs it; each run has a time limit."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from maixswitch.board.connection import connect
from maixswitch.board.sync.journal import Step, dump
from maixswitch.card.build import build
from maixswitch.kmodel.write.samples import write_card

Start = Callable[..., Any]


def doctor(*arguments: str) -> tuple[int, dict[str, Any], str]:
    """Runs the command; returns its exit code, its JSON report and its progress messages on stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "maixswitch", "doctor", "--json", *arguments],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        env={**os.environ, "MAIXSWITCH_LANG": "en"},
    )
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout), done.stderr


def codes(report: dict[str, Any]) -> set[str]:
    return {item["code"] for item in report["findings"]}


@pytest.fixture
def card(tmp_path: Path) -> Path:
    folder = tmp_path / "card"
    folder.mkdir()
    write_card(folder)
    build(folder)
    return folder


def test_a_model_that_the_board_cannot_load(virtual_board: Start, card: Path) -> None:
    (first, second, *_) = sorted((card / "models").iterdir())
    next(first.glob("*.kmodel")).write_bytes(b"LDMS" + bytes(60))
    path = second / "model.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "kmodel": "gone.kmodel"}))
    code, report, _ = doctor("--port", str(virtual_board(card=card).port))
    assert (code, codes(report)) == (1, {"B653"})
    files = [item["file"] for item in report["findings"]]
    assert files == [f"models/{first.name}/{next(first.glob('*.kmodel')).name}", f"models/{second.name}/model.json"]
    assert report["facts"]["models"] == str(len(list((card / "models").iterdir())))


def test_the_missing_network_of_a_stage(virtual_board: Start, card: Path) -> None:
    first = min((card / "models").iterdir())
    data = json.loads((first / "model.json").read_text())
    (first / "points.kmodel").write_bytes(b"LDMS" + bytes(60))
    stage = {"kind": "landmark", "input": [64, 64, 3]}
    data["stages"] = [{**stage, "kmodel": "points.kmodel"}, {**stage, "kmodel": "gone.kmodel"}]
    (first / "model.json").write_text(json.dumps(data))
    code, report, _ = doctor("--port", str(virtual_board(card=card).port))
    assert (code, codes(report)) == (1, {"B653"})
    assert {(item["file"], item["field"]) for item in report["findings"]} == {
        (f"models/{first.name}/points.kmodel", "stages[0].kmodel"),
        (f"models/{first.name}/model.json", "stages[1].kmodel"),
    }


def test_a_good_board(virtual_board: Start, card: Path) -> None:
    before = {path: path.read_bytes() for path in card.rglob("*.py")}
    code, report, progress = doctor("--port", str(virtual_board(card=card).port))
    assert (code, codes(report), report["ok"]) == (0, set(), True)
    assert report["facts"]["kmodel"] == "3 and 4"
    assert "minimum_with_kmodel_v4_support" in report["facts"]["flavour"]
    assert report["facts"]["camera"].startswith("OV2640")
    assert "starts again" in progress
    assert {path: path.read_bytes() for path in card.rglob("*.py")} == before


def test_no_card_and_a_looping_program_of_somebody_else(virtual_board: Start, tmp_path: Path) -> None:
    flash = tmp_path / "flash"
    flash.mkdir()
    (flash / "main.py").write_text("while True:\n    pass\n")
    code, report, _ = doctor("--port", str(virtual_board(card=None, flash=flash, flavour="minimum").port))
    assert code == 1
    assert {"B620", "B651", "B631"} <= codes(report)


def test_fix_finishes_a_sync_and_removes_leftovers(virtual_board: Start, card: Path) -> None:
    (card / "SYNC").mkdir()
    (card / "SYNC/M1").write_text("new")
    (card / "SYNC/M0000002").write_text("of another sync")
    (card / "models/arriving").mkdir()
    (card / "models/arriving/ARRIVING").write_text("")
    board = virtual_board(card=card)
    assert {"B626"} == codes(doctor("--port", str(board.port))[1])
    assert (card / "SYNC/M0000002").exists()
    with connect(str(board.port)):
        pass  # ends the program that doctor restarted; otherwise boot.py on the card might finish the sync first
    steps = [Step("copy", "SYNC/M1", "models/new.txt", f"{crc32(b'new'):08x}")]
    (card / "SYNC/STEPS").write_bytes(dump(steps))
    code, report, progress = doctor("--port", str(board.port), "--fix")
    assert (code, codes(report)) == (0, set())
    assert progress.count("fix: ") == 2
    assert (card / "models" / "new.txt").read_text() == "new"
    assert not list((card / "SYNC").iterdir())
    assert not (card / "models/arriving").exists()


@pytest.mark.nightly  # it waits 12 s for an answer
def test_a_port_with_nothing_behind_it() -> None:
    """B605: nothing answers on the line."""
    master, slave = pty.openpty()
    try:
        code, report, _ = doctor("--port", os.ttyname(slave))
    finally:
        os.close(master)
        os.close(slave)
    assert (code, codes(report) <= {"B605", "B607", "B608"}) == (1, True)


def test_a_missing_port_is_a_finding(tmp_path: Path) -> None:
    code, report, _ = doctor("--port", str(tmp_path / "none"))
    assert (code, codes(report)) == (1, {"B601"})
