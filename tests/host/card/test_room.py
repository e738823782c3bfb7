"""The room that a firmware leaves for a model: one figure, with its parts, wherever it is told."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from maixswitch.card.check import Options
from maixswitch.kmodel.judge.firmware import firmwares
from maixswitch.kmodel.judge.memory import Room, kib, room
from maixswitch.sim.board_options import BoardOptions
from maixswitch.sim.simulated_board import SimulatedBoard
from maixswitch.web.publisher import firmware_of
from maixswitch.web.verdicts import judge
from tests.host.sim_helpers import ROOT, Command, Play

READMES = (ROOT / "README.md", ROOT / "docs/README.zh-CN.md")
TABLES = (ROOT / "docs/faults.md", ROOT / "docs/faults.zh-CN.md")
BOARDS = ["bit", "cube", "m5stickv", "unitv", "amigo_ips", "dnk210"]


def parts(item: Room) -> tuple[int, int, int, int]:
    return item.bytes // 1024, item.free // 1024, kib(item.lcd), kib(item.camera)


def line(item: Room) -> str:
    return "{} {} ({} - {} - {})".format(item.firmware.name, *parts(item))


@pytest.mark.parametrize("page", TABLES, ids=lambda path: path.name)
def test_the_table_of_the_firmwares(page: Path) -> None:
    """Each row has the figures of `room` for the firmware's own panel."""
    text = page.read_text(encoding="utf-8")
    for item in firmwares():
        own = room(item)
        figures = [own.free // 1024, kib(own.lcd), kib(own.camera), own.bytes // 1024]
        rows = [line for line in text.splitlines() if line.startswith(f"| `{item.flavour}` | {item.version} |")]
        assert len(rows) == 1
        assert f"| {' | '.join(map(str, figures))} |" in rows[0]
        assert figures[0] - figures[1] - figures[2] == figures[3]


@pytest.mark.parametrize("page", READMES, ids=lambda path: path.name)
def test_the_first_step_of_the_readme(page: Path) -> None:
    """The figures in MiB, in the order of the text, are those of the firmwares that it names."""
    text = page.read_text(encoding="utf-8")
    step = next(part for part in re.split(r"\n(?=\d\. )", text) if part.startswith(("1. **Firmware", "1. **固件")))
    names = ("minimum_with_kmodel_v4_support", "full", "m5stickv", "amigo_minimum", "amigo_tft")
    rooms = {item.flavour: room(item).bytes for item in firmwares()}
    assert re.findall(r"(\d\.\d) MiB", step) == [f"{rooms[name] / 2**20:.1f}" for name in names]
    assert all(name in step for name in names if name != "full")
    assert "amigo_ips" in step


@pytest.mark.parametrize("board", ["", *BOARDS])
def test_ls_check_and_the_page(command: Command, card: Path, board: str) -> None:
    """All of them say the figure of `room` for the board's panel, with its parts."""
    options = Options(board)
    words = ("--board", board) if board else ()
    expected = ", ".join(map(line, options.rooms))
    for name in ("ls", "check"):
        assert command(name, card, *words).stdout.count(expected) == 1
    rows = json.loads(command("ls", card, *words, "--json").stdout)["models"]
    assert rows[0]["room"] == {item.firmware.name: item.bytes for item in options.rooms}
    # The page judges for the firmware that its board has.
    first = options.rooms[0]
    (row,) = judge(card, board, first.firmware.name).rows([("Bright blobs", "10-blobs")])
    assert first.text in row["fits"]


@pytest.mark.parametrize("board", BOARDS)
def test_the_simulated_board_has_that_room(card: Path, play: Play, board: str) -> None:
    """What is free beside the model, and the model, are the room but for parts of pages."""
    sim = play("expect state RUNNING\nframes 2", card=card, board=board, seconds=None).sim
    sim.power_cycle()
    while sim.state != "RUNNING":
        assert sim.step()
    heap = sim.heap()
    model = sum(size for name, size in heap.blocks if not name.startswith(("lcd", "camera")))
    judged = next(item for item in Options(board).rooms if item.firmware.name == sim.flavour)
    assert abs(heap.free + model - judged.bytes) <= 12 * 1024
    assert model > 0


def test_what_check_calls_too_large_does_not_fit_on_the_page(kmodels: Path, tmp_path: Path) -> None:
    """For every board: the page has the same verdicts, and an error where check has one."""
    folder = tmp_path / "models/10-m"
    folder.mkdir(parents=True)
    (folder / "m.kmodel").write_bytes((kmodels / "mobilenet_3class_v3.kmodel").read_bytes())
    fields = {"schema": 1, "title": "M", "kind": "classifier", "kmodel": "m.kmodel", "input": [224, 224, 3]}
    (folder / "model.json").write_text(json.dumps({**fields, "labels": ["a", "b", "c"]}))
    for board, fits in (("m5stickv", False), ("amigo_tft", False), ("amigo_ips", False), ("bit", True)):
        (tmp_path / "maixswitch.json").write_text(json.dumps({"board": board}))
        flavour = SimulatedBoard(BoardOptions(tmp_path), lambda *_: None).flavour
        (row,) = judge(tmp_path, "", firmware_of(flavour)).rows([("M", "10-m")])
        assert row["fits"].startswith("fits") == fits
        assert (row["level"] == "error") != fits
