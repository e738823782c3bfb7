"""mypy and basedpyright over scripts of a board, with the stubs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "host" / "maixpy-stubs"
SCRIPTS = Path(__file__).resolve().parent / "scripts"
Lines = set[tuple[str, int]]
"""Places of errors: file name and line."""


def mypy(*words: object, stubs: tuple[Path, ...]) -> tuple[Lines, str]:
    """Run mypy without the project's settings. Returns the lines with errors, and what it printed."""
    environment = dict(os.environ, MYPYPATH=os.pathsep.join(map(str, stubs)))
    command = [sys.executable, "-m", "mypy", "--config-file=", "--no-error-summary", *map(str, words)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=600)
    errors = [line.split(":") for line in done.stdout.splitlines() if ": error:" in line]
    assert done.returncode == bool(errors), done.stdout + done.stderr
    return {(Path(file).name, int(number)) for file, number, *_ in errors}, done.stdout


def basedpyright(folder: Path) -> tuple[Lines, str]:
    """Run basedpyright over a folder, as an editor does. Returns the lines with errors, and what it printed."""
    command = [sys.executable, "-m", "basedpyright", "--outputjson"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=600)
    report = json.loads(done.stdout)
    assert report["summary"]["filesAnalyzed"], done.stdout
    found = report["generalDiagnostics"]
    text = "\n".join(
        f"{Path(each['file']).name}:{each['range']['start']['line'] + 1}: {each['message']}" for each in found
    )
    return {(Path(each["file"]).name, each["range"]["start"]["line"] + 1) for each in found}, text


def marked() -> Lines:
    """Return the lines of the scripts that are marked as wrong."""
    return {
        (path.name, number)
        for path in SCRIPTS.glob("*.py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if line.endswith("# error")
    }
