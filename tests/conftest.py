"""Paths of the real test data; a test that needs absent data is skipped with the reason."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# A busy PC makes examples late, which is no fault of theirs.
settings.register_profile("maixswitch", max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("maixswitch")
# The tests run in parallel, so more BLAS threads would only compete. This must come before numpy is imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
# The tests expect English, whatever the user's locale.
os.environ["MAIXSWITCH_LANG"] = "en"
# No test depends on what an earlier run left in the user's cache, or writes there.
os.environ["MAIXSWITCH_CACHE"] = "off"


if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # A shell starts background jobs with SIGINT ignored; the programs that the tests interrupt would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return 1.5 workers a core, because the tests of the board tools mostly wait for serial lines."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(cores * 3 // 2, 2)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Hide existing objects from the garbage collector before each test.

    The app collects at every switch, as on the board. Each collection would visit the objects of pytest, the libraries
    and earlier tests, a quarter of a second in a long run: tests that take 0.2 s alone took 17 s.
    """
    gc.collect()
    gc.freeze()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_teardown() -> Iterator[None]:
    """Bring back the fakes of MaixPy, which test files import at their top, after a test of a CanMV board."""
    yield  # a fixture may have changed the interface itself, and brings it back
    code = sys.modules.get("maixswitch.board_code")
    if code is not None and any(Path(entry).name == "canmv" for entry in sys.path):
        code.bench()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the figures of the device stories by file: the sums over all tests and workers."""
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
