"""An unexpected exception is told as a bug of maixswitch; its traceback goes into a file, or to stderr with --debug."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from maixswitch.cli.failures import take_debug
from maixswitch.errors import EXIT_BUG, EXIT_IO, EXIT_USAGE
from tests.host.sim_helpers import ROOT

# The command `diagram` with a body of the test's own: a bug cannot be ordered from the real commands.
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
def test_a_bug_is_told_as_one_and_its_traceback_is_in_a_file(body: str, tmp_path: Path) -> None:
    done = run(body, folder=tmp_path)
    assert done.returncode == EXIT_BUG == 70
    assert done.stdout == ""
    assert done.stderr.startswith("maixswitch: This is a bug of maixswitch, not a fault of your file (")
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1
    (path,) = tmp_path.glob("maixswitch-bug-*.txt")
    assert str(path) in done.stderr
    text = path.read_text(encoding="utf-8")
    assert "Traceback (most recent call last)" in text
    assert re.match(r"maixswitch \d.*Python \d.*\narguments: \['diagram'\]\n", text)


def test_debug_shows_the_traceback_and_writes_no_file(tmp_path: Path) -> None:
    done = run("len(None)", "--debug", folder=tmp_path)
    assert done.returncode == EXIT_BUG
    assert "Traceback (most recent call last)" in done.stderr
    assert "TypeError: object of type 'NoneType' has no len()" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("maixswitch: This is a bug of maixswitch")
    assert list(tmp_path.iterdir()) == []


def test_without_a_temporary_folder_the_traceback_is_shown(tmp_path: Path) -> None:
    body = "import tempfile; tempfile.tempdir = '/nonexistent'; len(None)"
    done = run(body, folder=tmp_path)
    assert done.returncode == EXIT_BUG
    assert "Traceback (most recent call last)" in done.stderr
    assert "with the traceback above" in done.stderr


def test_a_bug_is_told_in_chinese(tmp_path: Path) -> None:
    done = run("len(None)", folder=tmp_path, language="zh")
    assert done.returncode == EXIT_BUG
    assert done.stderr.startswith("maixswitch: 这是 maixswitch 的错误")


def test_an_expected_failure_is_no_bug_and_debug_shows_where_it_was_raised(tmp_path: Path) -> None:
    body = f"from maixswitch.errors import MaixSwitchError; raise MaixSwitchError('a message', {EXIT_USAGE})"
    done = run(body, folder=tmp_path)
    assert (done.returncode, done.stderr) == (EXIT_USAGE, "maixswitch: a message\n")
    assert "Traceback" in run(body, "--debug", folder=tmp_path).stderr


def test_too_little_memory_is_no_bug(tmp_path: Path) -> None:
    done = run("raise MemoryError", folder=tmp_path)
    assert (done.returncode, done.stderr) == (EXIT_IO, "maixswitch: this PC has too little free memory for that\n")


def test_debug_may_stand_anywhere_before_two_dashes() -> None:
    assert take_debug(["sim", "--debug", "card"]) == (True, ["sim", "card"])
    assert take_debug(["sim", "card"]) == (False, ["sim", "card"])
    assert take_debug(["explain", "--", "--debug"]) == (False, ["explain", "--", "--debug"])
