"""FatFs itself under a cut of the power: the remembered choice, and a damaged file."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from maixswitch.board.sync.plan import Options
from tests.host.board.fat_helpers import ROOT, FatBoard, Tree, fill, sync, tree_crc, write_tree

CHOICE = f"""
import sys
sys.path.append({str(ROOT)!r})
from device.once.choice import choice_read, choice_write

def cut_choice(before, after, later, twice):
    # cuts after each write of one choice, then after each write of the next choice on the card that the cut left
    socket.use(fat_disk.Disk(socket.disk))
    recorded = socket.disk
    assert choice_write("/sd", after)
    cuts = 0
    for count in range(len(recorded.log)):
        disk = recorded.at(count)
        socket.use(disk)
        kept = choice_read("/sd")
        assert kept in (before, after), (count, kept)
        assert choice_write("/sd", later) and choice_read("/sd") == later, count
        assert not fat_disk.damage(disk)[0], fat_disk.damage(disk)
        cuts += 1
        for again in range(len(disk.log)) if twice else ():
            socket.use(disk.at(again))
            assert choice_read("/sd") in (kept, later), (count, again)
            cuts += 1
    socket.use(recorded)
    return cuts
"""


@pytest.fixture
def board() -> Iterator[FatBoard]:
    fat_board = FatBoard()
    yield fat_board
    fat_board.end()


def test_the_choice_is_cut_at_every_write(board: FatBoard) -> None:
    """After a cut in either slot the choice is the old or the new one, and the next choice is stored correctly."""
    fill(board, {"main.py": b"main", "models/1-face/model.json": b"{}"})
    board.run(CHOICE)
    order = ["", "1-face", "2-digits", "3-things", "1-face", "2-digits"]
    rows = zip(order, order[1:], [*order[2:], "9-last"], strict=False)
    cuts = sum(board.number(f"cut_choice({a!r}, {b!r}, {c!r}, True)") for a, b, c in rows)
    assert cuts > 150
    print(cuts, "cuts")


TREE: Tree = {
    "boot.py": (ROOT / "boot.py").read_bytes(),
    "main.py": b"main" * 2000,
    "device/hal.py": b"hal " * 2500,
    "device/other.py": b"other",
    "models/1-a/m.kmodel": bytes(9000),
    "models/1-a/model.json": b"{}",
}


def damage(board: FatBoard) -> list[str]:
    """Returns the faults of the file system on the card."""
    messages: list[str] = ast.literal_eval(board.run("print(fat_disk.damage(socket.disk)[0])"))
    return messages


def completes(board: FatBoard, card: Path) -> None:
    """Checks that the next sync succeeds and leaves no damage on the card."""
    sync(card, board, Options())
    board.run("socket.use(fat_disk.Disk(socket.disk))")
    assert ast.literal_eval(board.run("print(outcome())"))[0] == tree_crc(TREE)
    assert damage(board) == []
    assert sync(card, board).empty


def test_a_file_whose_clusters_were_freed(board: FatBoard, tmp_path: Path) -> None:
    """Reading such a file ends in an error, and the next sync sends it again."""
    fill(board, TREE)
    board.run(
        "table = bytearray(socket.disk.sector(fat_disk.RESERVED))\n"
        "for name, below, first, size in fat_disk.entries(socket.disk, [2]):\n"
        "    if below and name.startswith('DEVICE'):\n"
        "        rows = {row[0]: row[2] for row in fat_disk.entries(socket.disk, [first])}\n"
        "first = rows['HAL     PY ']\n"
        "while first < fat_disk.END:\n"
        "    after = fat_disk.following(socket.disk, first)\n"
        "    number = fat_disk.RESERVED + first // 128\n"
        "    table = bytearray(socket.disk.sector(number))\n"
        "    table[first % 128 * 4 : first % 128 * 4 + 4] = bytes(4)\n"
        "    socket.disk.over[number] = bytes(table)\n"
        "    first = after\n"
        "socket.use(fat_disk.Disk(socket.disk))"
    )
    assert "HAL     PY  leads to cluster 0" in damage(board)[0]
    with pytest.raises(Exception, match="EIO"):
        board.run("crc('/sd/device/hal.py')")
    completes(board, write_tree(tmp_path / "card", TREE))
