""".ci/browser brings Chromium where it may, says why where it cannot, and leaves alone what is there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.host.sim_helpers import ROOT

pytestmark = pytest.mark.skipif(sys.platform == "win32" or not shutil.which("bash"), reason="a script for bash")
NEEDS = ("bash", "env", "ln", "mktemp", "rm", "tail", "timeout", "true")
ROOT_USER = "echo 0"
SOMEBODY = "echo 1000"
INSTALLS = 'echo "$@" >>asked; case "$*" in *download*|*update*) ;; *) ln -s /bin/true bin/chromium ;; esac'
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs the script where there are only these programs, given as lines of bash, and the few that it needs itself."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in NEEDS:
        place = shutil.which(name)
        assert place, name
        (folder / name).symlink_to(place)

    def start(**programs: str) -> subprocess.CompletedProcess[str]:
        for name, line in programs.items():
            path = folder / name.replace("_", "-")
            path.write_text(f"#!/usr/bin/env bash\n{line}\n")
            path.chmod(0o755)
        return subprocess.run(
            [ROOT / ".ci" / "browser"],
            cwd=tmp_path,
            env={"PATH": str(folder), "TMPDIR": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return start


def test_it_is_a_program() -> None:
    assert os.access(ROOT / ".ci" / "browser", os.X_OK)


@pytest.mark.parametrize("name", ["chromium", "chromium_browser"])
def test_what_is_there_is_left_alone(run: Run, tmp_path: Path, name: str) -> None:
    done = run(id=ROOT_USER, apt_get=INSTALLS, **{name: "true"})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not (tmp_path / "asked").exists()


@pytest.mark.parametrize("programs", [{"id": ROOT_USER}, {"id": SOMEBODY, "sudo": 'shift; exec "$@"'}], ids=str)
def test_it_is_installed_once_all_of_it_is_here(run: Run, tmp_path: Path, programs: dict[str, str]) -> None:
    done = run(apt_get=INSTALLS, **programs)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    asked = [line for line in (tmp_path / "asked").read_text().splitlines() if line.endswith(" chromium")]
    assert ["--download-only" in line for line in asked] == [True, False]
    assert all("--yes" in line for line in asked)


@pytest.mark.parametrize(
    ("programs", "why"),
    [
        ({"id": ROOT_USER}, "no apt-get to install it with"),
        ({"id": SOMEBODY, "apt_get": INSTALLS}, "neither root nor sudo without a password"),
        ({"id": SOMEBODY, "apt_get": INSTALLS, "sudo": "exit 1"}, "neither root nor sudo without a password"),
        ({"id": ROOT_USER, "apt_get": "echo 'E: no network'; exit 100"}, "E: no network"),
    ],
    ids=["no apt-get", "no sudo", "a password", "apt-get fails"],
)
def test_where_it_cannot_the_reason_is_said(run: Run, tmp_path: Path, programs: dict[str, str], why: str) -> None:
    done = run(**programs)
    assert done.returncode == 1
    assert done.stderr == f"no Chromium, so the tests in a browser will be skipped: {why}\n"
    assert not (tmp_path / "asked").exists()
    assert not [path.name for path in tmp_path.iterdir() if path.name != "bin"], "its own log is gone"
