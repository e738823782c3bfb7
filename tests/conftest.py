"""Paths of the real test data; a test that asks for one skips with the reason where it is absent."""

from __future__ import annotations

import gc
import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

# The tests run side by side: more BLAS threads than that only get in each other's way. Before numpy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
# What the tests read is English, whatever the locale of who runs them.
os.environ["MAIXSWITCH_LANG"] = "en"


if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # A shell starts what it puts in the background with Ctrl-C ignored, and so would be what the tests interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Half as many again as there are cores: the tests of the board tools wait most of their time for lines."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(cores * 3 // 2, 2)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Take what is there before a test out of the collector's sight: the app collects at every switch, as on the board.

    Else each collection goes through pytest, the libraries and what earlier tests left, a quarter of a second in a long
    run: tests that take 0.2 s alone took 17.
    """
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What the stories did to how many boards, by file: the sums of what each test counted, on every worker."""
    sums: dict[str, Counter[str]] = {}
    for report in [report for reports in terminalreporter.stats.values() for report in reports]:
        if getattr(report, "when", "") == "teardown":
            for name, figures in report.user_properties:
                if name == "figures":
                    sums.setdefault(Path(report.location[0]).name, Counter()).update(figures)
    for name, figures in sorted(sums.items()):
        kinds = ("boards", "steps", "failures", "card pulls", "power cuts")
        terminalreporter.write_line(f"{name}: " + ", ".join(f"{figures[kind]:,} {kind}" for kind in kinds))


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
def image_facts() -> Path:
    """The list of firmware images with all that they were asked (.json)."""
    return _shared("MAIXSWITCH_FACTS", "facts") / "firmware-images.json"


@pytest.fixture(scope="session")
def goldens_maixpy() -> Path:
    """The folder of outputs (.npz) that real firmware computed on an emulated chip."""
    return _shared("MAIXSWITCH_GOLDENS_MAIXPY", "goldens-maixpy")


@pytest.fixture(scope="session")
def photos() -> Path:
    """The folder of photos (.png)."""
    return _shared("MAIXSWITCH_PHOTOS", "photos")
