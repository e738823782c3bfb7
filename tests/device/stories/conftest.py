"""Fixtures of the stories: their cards on the disk, the watched panel, and fast imports for thousands of boards."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import bench
from maixswitch import board_code
from tests.device.stories import story_cards
from tests.device.stories.story_watch import FIGURES, watching_glass


@pytest.fixture(scope="session")
def cards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the cards."""
    return story_cards.write(tmp_path_factory.mktemp("cards"))


@pytest.fixture(scope="module", autouse=True)
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep compiled modules: the app drops modules and imports them again."""
    before = sys.dont_write_bytecode, sys.pycache_prefix
    sys.dont_write_bytecode, sys.pycache_prefix = False, str(tmp_path_factory.mktemp("compiled"))
    with watching_glass():
        yield
    sys.dont_write_bytecode, sys.pycache_prefix = before


def eject() -> None:
    """Pull the card, and count it."""
    FIGURES["card pulls"] += bench.card.inserted
    type(bench.card).eject(bench.card)


@pytest.fixture(autouse=True)
def figures(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Count the events of a test; tests/conftest.py prints the sums by file at the end of the run."""
    monkeypatch.setattr(bench.card, "eject", eject)
    FIGURES.clear()
    bench.failed.clear()
    yield
    FIGURES["failures"] += sum(bench.failed.values())
    request.node.user_properties.append(("figures", dict(FIGURES)))


@contextlib.contextmanager
def fakes_of(interface: str) -> Iterator[None]:
    """The modules of another firmware instead of MaixPy's. interface: see board_code.FAKES."""
    mine = [name for name in sys.modules if name.split(".")[0] in ("device", "KPU", "Maix", "maix")]
    saved = {name: sys.modules.pop(name) for name in mine}
    path = sys.path[:]
    board_code.put_on_path(interface)
    try:
        yield
    finally:
        sys.path[:] = path
        for name in [name for name in sys.modules if name.split(".")[0] in ("device", "KPU", "Maix", "maix")]:
            del sys.modules[name]
        sys.modules.update(saved)


@pytest.fixture
def canmv() -> Iterator[None]:
    """The modules of CanMV's firmware, for one test."""
    with fakes_of("canmv"):
        yield


@pytest.fixture
def canmv_new() -> Iterator[None]:
    """The modules of the CanMV firmware with the newer KPU class, for one test."""
    with fakes_of("canmv_new"):
        yield
