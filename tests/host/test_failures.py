"""An unexpected exception is reported as a bug; its traceback goes into a file, or to stderr with --debug."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from maixswitch.cli.failures import take_debug
from maixswitch.errors import EXIT_BUG, EXIT_IO, EXIT_USAGE
from tests.host.sim_helpers import ROOT

# The command `diagram` with another body, since the real commands have no bug to order.
PROGRAM = """
import sys, types
from maixswitch.cli import main
module = types.ModuleType("maixswitch.cli.diagram")
def diagram():
    {body}
module.diagram = diagram
sys.modules["maixswitch.cli.diagram"] = module
sys.argv = ["maixswitch", *{arguments!r}]
main.main()
"""


def run(body: str, *arguments: str, folder: Path, language: str = "en") -> subprocess.CompletedProcess[str]:
    """Run `maixswitch ARGUMENTS diagram` whose command does what `body` says, with `folder` for temporary files."""
    environment = {"PYTHONPATH": str(ROOT / "host"), "TMPDIR": str(folder), "TEMP": str(folder), "PYTHONUTF8": "1"}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM.format(body=body, arguments=[*arguments, "diagram"])],
        capture_output=True, encoding="utf-8", env={**environment, "MAIXSWITCH_LANG": language},
    )  # fmt: skip


@pytest.mark.parametrize("body", ["len(None)", "{}['key']", "assert False, 'never'", "raise OSError(5, 'odd')"])
def test_a_bug_is_reported_and_its_traceback_is_in_a_file(body: str, tmp_path: Path) -> None:
    result = run(body, folder=tmp_path)
    assert result.returncode == EXIT_BUG == 70
    assert result.stdout == ""
    assert result.stderr.startswith("maixswitch: This is a bug of maixswitch, not a fault of your file (")
    assert "Traceback" not in result.stderr
    assert len(result.stderr.splitlines()) == 1
    (path,) = tmp_path.glob("maixswitch-bug-*.txt")
    assert str(path) in result.stderr
    text = path.read_text(encoding="utf-8")
    assert "Traceback (most recent call last)" in text
    assert re.match(r"maixswitch \d.*Python \d.*\narguments: \['diagram'\]\n", text)


def test_debug_shows_the_traceback_and_writes_no_file(tmp_path: Path) -> None:
    result = run("len(None)", "--debug", folder=tmp_path)
    assert result.returncode == EXIT_BUG
    assert "Traceback (most recent call last)" in result.stderr
    assert "TypeError: object of type 'NoneType' has no len()" in result.stderr
    assert result.stderr.splitlines()[-1].startswith("maixswitch: This is a bug of maixswitch")
    assert list(tmp_path.iterdir()) == []


def test_without_a_temporary_folder_the_traceback_is_shown(tmp_path: Path) -> None:
    body = "import tempfile; tempfile.tempdir = '/nonexistent'; len(None)"
    result = run(body, folder=tmp_path)
    assert result.returncode == EXIT_BUG
    assert "Traceback (most recent call last)" in result.stderr
    assert "with the traceback above" in result.stderr


def test_a_bug_is_reported_in_chinese(tmp_path: Path) -> None:
    result = run("len(None)", folder=tmp_path, language="zh")
    assert result.returncode == EXIT_BUG
    assert result.stderr.startswith("maixswitch: 这是 maixswitch 的错误")


def test_an_expected_failure_is_not_a_bug_and_debug_shows_its_traceback(tmp_path: Path) -> None:
    body = f"from maixswitch.errors import MaixSwitchError; raise MaixSwitchError('a message', {EXIT_USAGE})"
    result = run(body, folder=tmp_path)
    assert (result.returncode, result.stderr) == (EXIT_USAGE, "maixswitch: a message\n")
    assert "Traceback" in run(body, "--debug", folder=tmp_path).stderr


def test_too_little_memory_is_not_a_bug(tmp_path: Path) -> None:
    result = run("raise MemoryError", folder=tmp_path)
    assert (result.returncode, result.stderr) == (EXIT_IO, "maixswitch: this PC has too little free memory for that\n")


def test_debug_may_stand_anywhere_before_two_dashes() -> None:
    assert take_debug(["sim", "--debug", "card"]) == (True, ["sim", "card"])
    assert take_debug(["sim", "card"]) == (False, ["sim", "card"])
    assert take_debug(["explain", "--", "--debug"]) == (False, ["explain", "--", "--debug"])
