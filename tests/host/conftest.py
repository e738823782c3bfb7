"""A small card, and fixtures that run the simulator on it in this process or as the command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from maixswitch.kmodel.write.samples import write_card
from maixswitch.sim.script import parse
from maixswitch.sim.session import Options, Session
from tests.host.sim_helpers import ROOT, Command, Play


@pytest.fixture(scope="session")
def card(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration card: a detector of bright blobs, then a classifier of colours."""
    folder = tmp_path_factory.mktemp("card")
    write_card(folder)
    return folder


@pytest.fixture
def play(card: Path) -> Play:
    """A function that runs a script in this process and returns the session, with the exit code as `code`."""

    def run(script: str, **options: object) -> Session:
        values = {"card": card, "script": parse(script, "test.txt"), **options}
        session = Session(Options(**values))  # type: ignore[arg-type]
        session.code = session.run()  # type: ignore[attr-defined]
        return session

    return run


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """A function that runs `maixswitch` with its arguments in an empty folder and returns the completed process.

    `stdin` is what it can read; the other keywords are variables of its environment.
    """

    def run(*words: object, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join([str(ROOT / "host"), os.environ.get("PYTHONPATH", "")])
        return subprocess.run(
            [sys.executable, "-m", "maixswitch", *map(str, words)],
            input=stdin,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path, **environment},
            timeout=120,
            check=False,
        )

    return run
