"""A sync of 12 MB with little overhead on the line; the second sync sends nothing, the third one label file."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from maixswitch.board.connection import connect
from maixswitch.board.sync import inventory, plan
from maixswitch.board.sync.apply import apply
from maixswitch.board.sync.board_target import BoardTarget
from maixswitch.board.sync.plan import Options, Plan
from maixswitch.board.virtual import VirtualBoard
from maixswitch.card.build import build

SIZE = 3_000_000
CONTENTS = {
    "10-random": random.Random(1).randbytes(SIZE),
    "20-zeros": bytes(SIZE),
    "30-obeyed": bytes(range(32)) * (SIZE // 32),
    "40-ctrl-c": b"\x03" * SIZE,
}


def sync(port: str, card: Path, delete: bool = False) -> Plan:
    with connect(port, restart=True) as board:
        target = BoardTarget(board)
        sync_plan = plan.make(inventory.sources(card), target, Options(delete=delete))
        apply(sync_plan, target)
    return sync_plan


@pytest.mark.nightly
def test_twelve_megabytes(virtual_board: Callable[..., VirtualBoard], tmp_path: Path) -> None:
    card, sd = tmp_path / "card", tmp_path / "sd"
    build(card)
    sd.mkdir()
    board = virtual_board(sd)
    for name, data in CONTENTS.items():  # one at a time, to measure the overhead of each
        (card / "models" / name).mkdir(parents=True)
        (card / "models" / name / "m.kmodel").write_bytes(data)
        (card / "models" / name / "labels.txt").write_text("one\ntwo\n")
        before = board.wire
        sync_plan = sync(board.port, card)
        after = board.wire
        transferred = after.to_board - before.to_board + after.from_board - before.from_board
        print(f"{name}: {sync_plan.size} bytes, {transferred / sync_plan.size:.4f} on the line for each")
        assert transferred <= 1.02 * sync_plan.size
        assert after.lost == before.lost
        assert (sd / "models" / name / "m.kmodel").read_bytes() == data
    assert sum(path.stat().st_size for path in card.rglob("*") if path.is_file()) > 12_000_000
    second = sync(board.port, card)
    assert second.empty
    assert second.size == 0
    (card / "models/20-zeros/labels.txt").write_text("one\n2\n")
    assert [send.path for send in sync(board.port, card).sends] == ["models/20-zeros/labels.txt"]
    for path in (card / "models/10-random").iterdir():
        path.unlink()
    (card / "models/10-random").rmdir()
    assert sync(board.port, card, delete=True).deletes == (
        "models/10-random/labels.txt", "models/10-random/m.kmodel"
    )  # fmt: skip
    assert not (sd / "models/10-random").exists()
