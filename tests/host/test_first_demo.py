"""`python3 demo.py`, the first command of the README: what it hands on, and what it says when it cannot install."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.host.sim_helpers import ROOT


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone whose .venv has Python, but neither pip nor maixswitch."""
    shutil.copy(ROOT / "demo.py", tmp_path)
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "host").symlink_to(ROOT / "host")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / ".venv"], check=True)
    return tmp_path


def demo(clone: Path, *words: str, language: str = "en") -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    environment.update(MAIXSWITCH_LANG=language, PYTHONUTF8="1")
    return subprocess.run(
        [sys.executable, clone / "demo.py", *words],
        env=environment, capture_output=True, encoding="utf-8", timeout=60, check=False,
    )  # fmt: skip


def test_a_failed_installation_ends_with_a_message_and_is_tried_again(clone: Path) -> None:
    for language, words in (("en", "pip could not install maixswitch"), ("zh", "pip 未能安装 maixswitch")):
        ended = demo(clone, language=language)
        assert ended.returncode == 1
        assert "No module named pip" in ended.stderr
        assert words in ended.stderr
        assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("stamp", [".installed", ".ready"])
def test_what_is_installed_runs_at_once(clone: Path, stamp: str) -> None:
    """Both stamps count, that of this script and that of `make setup`; words and exit code are those of the command."""
    site_packages = next((clone / ".venv").glob("lib/python3*/site-packages"), clone / ".venv/Lib/site-packages")
    (site_packages / "here.pth").write_text("\n".join([str(ROOT / "host"), *filter(None, sys.path)]))
    (clone / ".venv" / stamp).touch()
    ended = demo(clone, "--loud")
    assert ended.returncode == 2
    assert "No such option: --loud" in ended.stderr
    assert ended.stdout == ""


def test_a_changed_list_of_packages_is_installed_again(clone: Path) -> None:
    stamp = clone / ".venv" / ".installed"
    stamp.touch()
    os.utime(stamp, (0, 0))
    assert "pip could not install" in demo(clone).stderr
