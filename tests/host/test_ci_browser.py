""".ci/browser installs Chromium if it may, says why if it cannot, and keeps a browser that is installed."""

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
    """Run the script with only the programs that it needs and those given as lines of bash."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in NEEDS:
        program = shutil.which(name)
        assert program, name
        (folder / name).symlink_to(program)

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


def test_it_is_executable() -> None:
    assert os.access(ROOT / ".ci" / "browser", os.X_OK)


@pytest.mark.parametrize("name", ["chromium", "chromium_browser"])
def test_an_installed_browser_is_kept(run: Run, tmp_path: Path, name: str) -> None:
    result = run(id=ROOT_USER, apt_get=INSTALLS, **{name: "true"})
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert not (tmp_path / "asked").exists()


@pytest.mark.parametrize("programs", [{"id": ROOT_USER}, {"id": SOMEBODY, "sudo": 'shift; exec "$@"'}], ids=str)
def test_it_is_installed_after_a_complete_download(run: Run, tmp_path: Path, programs: dict[str, str]) -> None:
    result = run(apt_get=INSTALLS, **programs)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
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
def test_the_reason_is_printed_if_it_cannot(run: Run, tmp_path: Path, programs: dict[str, str], why: str) -> None:
    result = run(**programs)
    assert result.returncode == 1
    assert result.stderr == f"no Chromium, so the tests in a browser will be skipped: {why}\n"
    assert not (tmp_path / "asked").exists()
    assert not [path.name for path in tmp_path.iterdir() if path.name != "bin"], "the script left its log"
