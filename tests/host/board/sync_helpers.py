"""Folders as cards, and one whole sync, for the tests that interrupt a sync."""

from __future__ import annotations

import shutil
import zlib
from collections.abc import Callable
from pathlib import Path

from maixswitch.board.connection import connect
from maixswitch.board.sync import inventory, plan
from maixswitch.board.sync.apply import apply
from maixswitch.board.sync.board_target import BoardTarget
from maixswitch.board.sync.plan import Options, Plan

Tree = dict[str, bytes]


def write_tree(folder: Path, tree: Tree) -> Path:
    """Replaces a folder by these files and returns it."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, data in tree.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def sums(tree: Tree) -> dict[str, int]:
    return {name: zlib.crc32(data) for name, data in tree.items()}


def sync(port: str, card: Path, make: Callable[..., BoardTarget] = BoardTarget) -> Plan:
    with connect(port, restart=True) as board:
        target = make(board)
        sync_plan = plan.make(inventory.sources(card), target, Options(delete=True))
        apply(sync_plan, target)
    return sync_plan
