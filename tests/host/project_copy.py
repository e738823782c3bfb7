"""A copy of the project, to which a test adds a file or a row as a contributor would."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.host.sim_helpers import ROOT

DIGITS = ROOT / "host/maixswitch/models/digits/digits.kmodel"
"""A shipped network with ten outputs."""


def copy_project(root: Path) -> Path:
    """Copy what the commands need, the app and the package, into the folder `root`; return it."""
    for name in ("device", "stubs", "host"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("boot.py", "main.py"):
        shutil.copy(ROOT / name, root / name)
    # The emulator's compiled loops, which a new user waits for once.
    loops = Path("host/maixswitch/kmodel/run/native/__pycache__")
    if (ROOT / loops).is_dir():
        shutil.copytree(ROOT / loops, root / loops)
    return root


def insert_before(path: Path, text: str, line: str) -> None:
    """Insert `line` before `text`, which the file at `path` holds exactly once."""
    source = path.read_text()
    assert source.count(text) == 1, f"{path.name} holds {source.count(text)} times {text!r}"
    path.write_text(source.replace(text, line + text))


def run_python(tree: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """Run Python with the package of the copy `tree`; `words` are its arguments."""
    environment = {**os.environ, "PYTHONPATH": str(tree / "host"), "MAIXSWITCH_LANG": "en"}
    return subprocess.run(
        [sys.executable, *map(str, words)],
        env=environment, cwd=tree, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def maixswitch(tree: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """Run `maixswitch` of the copy `tree`; `words` are its arguments."""
    return run_python(tree, "-m", "maixswitch", *words)
