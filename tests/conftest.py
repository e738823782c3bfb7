"""Paths of the real test data; a test that asks for one skips with the reason where it is absent."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest

# The tests run side by side: more BLAS threads than that only get in each other's way. Before numpy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_finish() -> None:
    """Take what pytest itself made out of the collector's sight: the app collects at every switch, as on the board."""
    gc.collect()
    gc.freeze()


ROOT = Path(__file__).resolve().parent.parent


def _shared(variable: str, folder: str) -> Path:
    path = Path(os.environ.get(variable, ROOT.parent / "shared" / folder))
    if not path.is_dir():
        pytest.skip(f"no test data: {path} is absent (set {variable})")
    return path


@pytest.fixture(scope="session")
def kmodels() -> Path:
    """The folder of real .kmodel files."""
    return _shared("MAIXSWITCH_KMODELS", "kmodels")


@pytest.fixture(scope="session")
def goldens() -> Path:
    """The folder of golden outputs (.npz) of the real files."""
    return _shared("MAIXSWITCH_GOLDENS", "goldens")


@pytest.fixture(scope="session")
def photos() -> Path:
    """The folder of photos (.png)."""
    return _shared("MAIXSWITCH_PHOTOS", "photos")
