"""The real mpremote, the standard tool for MicroPython boards, works with the virtual board as with a real one."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from maixswitch.board.virtual import VirtualBoard
from tests.host.board.virtual_helpers import Talk, mpremote

Boards = Callable[..., VirtualBoard]


def test_files_go_both_ways(virtual_board: Boards, tmp_path: Path) -> None:
    """mpremote copies, lists, hashes, makes folders and removes, with its default soft reset and with resume."""
    card = tmp_path / "sd"
    card.mkdir()
    board = virtual_board(card)
    data = random.Random(6).randbytes(1500)
    source = tmp_path / "data.bin"
    source.write_bytes(data)
    sent = mpremote(board, "cp", str(source), ":/sd/data.bin")
    assert sent.returncode == 0, sent.stdout + sent.stderr
    assert (card / "data.bin").read_bytes() == data
    back = tmp_path / "back.bin"
    done = mpremote(
        board, "resume", "ls", ":/", "+", "sha256sum", ":/sd/data.bin", "+", "cp", ":/sd/data.bin", str(back),
        "+", "mkdir", ":/sd/box", "+", "rm", ":/sd/data.bin",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "flash/" in done.stdout
    assert "sd/" in done.stdout
    assert hashlib.sha256(data).hexdigest() in done.stdout
    assert back.read_bytes() == data
    assert (card / "box").is_dir()
    assert not (card / "data.bin").exists()


def test_run_exec_and_soft_reset(virtual_board: Boards, tmp_path: Path) -> None:
    """Programs run on the board, their exceptions arrive, and a soft reset runs boot.py again."""
    card = tmp_path / "sd"
    card.mkdir()
    (card / "boot.py").write_text("f = open('/sd/boots', 'ab'); f.write(b'x'); f.close()\n")
    board = virtual_board(card)
    with Talk(board) as talk:
        talk.until(b">>> ")  # a Ctrl-C before the prompt would end the boot early
    program = tmp_path / "program.py"
    program.write_text("import sys\nprint(sys.implementation.name, 6 * 7)\n")
    ran = mpremote(board, "run", str(program))
    assert (ran.returncode, ran.stdout) == (0, "micropython 42\n"), ran.stderr
    boots = len((card / "boots").read_bytes())
    assert boots == 2  # one at power-on, one at the soft reset of mpremote
    assert mpremote(board, "soft-reset").returncode == 0
    failed = mpremote(board, "resume", "exec", "open('/sd/none')")
    assert failed.returncode == 1
    assert "OSError: [Errno 2] ENOENT" in failed.stderr + failed.stdout
    assert len((card / "boots").read_bytes()) == boots + 1


def test_looping_boot_does_not_lock_out(virtual_board: Boards, tmp_path: Path) -> None:
    """Ctrl-C ends a boot.py that loops for ever, so that it can be replaced; the next reset runs the new file."""
    card = tmp_path / "sd"
    card.mkdir()
    (card / "boot.py").write_text("print('for ever')\nwhile True:\n    pass\n")
    board = virtual_board(card)
    with Talk(board) as talk:
        talk.until(b"for ever")
    harmless = tmp_path / "boot.py"
    harmless.write_text("print('harmless')\n")
    done = mpremote(board, "resume", "cp", str(harmless), ":/sd/boot.py", "+", "soft-reset")
    assert done.returncode == 0, done.stdout + done.stderr
    assert mpremote(board, "exec", "print('in')").stdout == "in\n"


@pytest.mark.nightly
def test_looping_boot_defeats_a_soft_reset(virtual_board: Boards, tmp_path: Path) -> None:
    """As with MaixPy, the soft reset fails after 10 s, the next try fails in the raw mode, and the third works."""
    card = tmp_path / "sd"
    card.mkdir()
    (card / "boot.py").write_text("print('for ever')\nwhile True:\n    pass\n")
    board = virtual_board(card)
    with Talk(board) as talk:
        talk.until(b"for ever")
    assert "could not enter raw repl" in mpremote(board, "ls").stderr
    assert "could not exec command (response: b'ra')" in mpremote(board, "resume", "ls").stderr
    assert mpremote(board, "resume", "ls").returncode == 0
