"""`maixswitch board --pty` prints its port and ends cleanly; each refusal is one message with its exit code."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from maixswitch.board.virtual import Faults, VirtualBoard
from maixswitch.board.virtual.handle import Way
from maixswitch.cli.board import faults
from maixswitch.errors import MaixSwitchError
from tests.host.board.virtual_helpers import Talk

COMMAND = [sys.executable, "-m", "maixswitch", "board"]


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_runs_until_interrupted(
    virtual_board: Callable[..., VirtualBoard], tmp_path: Path, ending: signal.Signals
) -> None:
    """stdout holds only the path of the port; the command removes the link at its end and leaves the card alone."""
    card = tmp_path / "card"
    card.mkdir()
    link = tmp_path / "port"
    running = subprocess.Popen(
        [*COMMAND, str(card), "--pty", "--link", str(link)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert running.stdout is not None
        board = running.stdout.readline().strip()
        assert board == str(link)
        assert os.path.realpath(link).startswith("/dev/")
        with Talk(board) as talk:
            talk.raw()
            assert talk.run("print(6 * 7)")[0] == "42\r\n"
        running.send_signal(ending)
        messages = running.communicate(timeout=30)[1]
    finally:
        running.kill()
        running.wait()
    assert running.returncode == 0, messages
    assert f"mpremote connect {link} resume ls" in messages
    assert "Traceback" not in messages
    assert not os.path.lexists(link)
    assert (card / "main.py").is_file()


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["."], 2, "add --pty"),
        (["none", "--pty"], 4, "none: no such folder"),
        (["home", "--pty"], 2, "home: not a card: expected an empty folder, or models/"),
        ([".", "--pty", "--uart", "4=port"], 2, "--uart 4=port: expected N=PATH"),
        ([".", "--pty", "--uart", "1"], 2, "--uart 1: expected N=PATH"),
        ([".", "--pty", "--uart", "1=a", "--uart", "1=b"], 2, "--uart 1=b: expected N=PATH"),
        ([".", "--pty", "--fault", "drop"], 2, "--fault drop: expected drop@N"),
        ([".", "--pty", "--fault", "stall@5"], 2, "stall@N:SECONDS"),
        ([".", "--pty", "--firmware", "tiny"], 2, "--firmware tiny: unknown flavour; known: full, "),
        ([".", "--pty", "--flash", "none"], 4, "none: no such folder"),
        ([".", "--pty", "--link", "home/notes.txt"], 2, "there is a file already"),
    ],
)
def test_refusals(tmp_path: Path, arguments: list[str], code: int, text: str) -> None:
    """A refusal prints one line on stderr and writes no file."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "notes.txt").write_text("mine")
    (tmp_path / "models").mkdir()
    before = sorted(tmp_path.rglob("*"))
    done = subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, cwd=tmp_path, timeout=30, check=False
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert text in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_no_interpreter_is_one_message(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The message names the command that installs an interpreter."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(tmp_path))
    with pytest.raises(MaixSwitchError, match=r"pip install 'maixswitch\[board\]'") as caught:
        VirtualBoard(tmp_path)
    assert caught.value.exit_code == 2


def test_faults_of_the_command_line() -> None:
    """Each argument is one fault; repeated `drop` arguments are collected."""
    arguments = [
        "drop@5",
        "drop@9",
        "back-corrupt@3",
        "stall@7:2.5",
        "back-unplug@8",
        "swallow-ctrl-c@2",
        "power-cut@4",
    ]
    assert faults(arguments) == Faults(
        drop=(5, 9), stall=(7, 2.5), swallow_ctrl_c=2, power_cut=4, back=Way(corrupt=(3,), unplug=8)
    )
    assert faults([]) == Faults()
