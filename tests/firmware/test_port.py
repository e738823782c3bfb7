"""The tools for boards talk to a real firmware on the virtual K210, through its serial port."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path

from maixswitch.board.virtual import VirtualBoard
from maixswitch.card.build import build
from maixswitch.kmodel.write.samples import write_card
from tests.firmware.boards import IMAGES, at_prompt, real_board, with_each
from tests.host.board.virtual_helpers import Talk, mpremote

LIMIT = 300.0


def maixswitch(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Runs a command of maixswitch."""
    return subprocess.run(
        [sys.executable, "-m", "maixswitch", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )


def app_card(folder: Path) -> Path:
    """Makes a card with the app, small models and the serial link switched on."""
    folder.mkdir()
    write_card(folder)
    build(folder)
    (folder / "maixswitch.json").write_text('{"link": {"rate": 30}}')
    return folder


def events(board: VirtualBoard, *wanted: str) -> list[str]:
    """Returns the names of the app's events up to the last wanted one."""
    seen: list[str] = []
    end = time.monotonic() + LIMIT
    with Talk(board) as talk:
        while not set(wanted) <= set(seen):
            assert time.monotonic() < end, (seen, talk.port.read(500))
            line = talk.until(b"\n")
            _, mark, text = line.rpartition(b"\x1e")
            if mark:
                seen.append(json.loads(text)["event"])
    return seen


@with_each(IMAGES)
def test_mpremote(image: Path, tmp_path: Path) -> None:
    """The real mpremote lists, copies, reads, runs; what it wrote lies in the card's folder a second later."""
    card = tmp_path / "sd"
    card.mkdir()
    (card / "main.py").write_text("print('started')\n")
    data = random.Random(6).randbytes(3000)
    source, program = tmp_path / "data.bin", tmp_path / "program.py"
    source.write_bytes(data)
    program.write_text("import sys\nprint(sys.implementation.name, 6 * 7)\n")
    with real_board(image, card) as board:
        at_prompt(board)
        done = mpremote(
            board, "resume", "cp", str(source), ":/sd/data.bin", "+", "ls", ":/sd", "+", "cat", ":/sd/main.py"
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "3000 data.bin" in done.stdout
        assert "print('started')" in done.stdout
        ran = mpremote(board, "resume", "run", str(program))
        assert (ran.returncode, ran.stdout) == (0, "micropython 42\n"), ran.stderr
        failed = mpremote(board, "resume", "exec", "open('/sd/none')")
        assert failed.returncode == 1
        assert "OSError: [Errno 2] ENOENT" in failed.stderr + failed.stdout
        end = time.monotonic() + 20
        while not (card / "data.bin").exists() and time.monotonic() < end:
            time.sleep(0.2)
        assert (card / "data.bin").read_bytes() == data


@with_each(IMAGES)
def test_reset_restarts(image: Path, tmp_path: Path) -> None:
    """machine.reset() starts the firmware again, and the card's boot.py with it."""
    card = tmp_path / "sd"
    card.mkdir()
    (card / "boot.py").write_text("print('star' + 'ted')\n")
    with real_board(image, card) as board:
        at_prompt(board)
        with Talk(board) as talk:
            talk.port.write(b"import machine; machine.reset()\r")
            talk.until(b"init end")
            talk.until(b"started")


@with_each(IMAGES)
def test_app(image: Path, tmp_path: Path) -> None:
    """sync puts the app onto an empty card, monitor's messages come from it, and doctor finds nothing wrong."""
    source, sd = app_card(tmp_path / "source"), tmp_path / "sd"
    sd.mkdir()
    with real_board(image, sd) as board:
        at_prompt(board)
        sent = maixswitch("sync", source, "--port", board.port)
        assert sent.returncode == 0, sent.stdout + sent.stderr
        assert {"start", "results"} <= set(events(board, "start", "results"))
        report = maixswitch("doctor", "--port", board.port)
        assert report.returncode == 0, report.stdout + report.stderr
        events(board, "results")  # a board that is starting takes long to stop
        again = maixswitch("sync", source, "--port", board.port)
        assert "nothing to do" in again.stderr, again.stdout + again.stderr
    # The end of the board puts the card's files into its folder.
    written = {path.relative_to(sd): path.read_bytes() for path in sd.rglob("*") if path.is_file()}
    for path in source.rglob("*"):
        if path.is_file():
            assert written[path.relative_to(source)] == path.read_bytes(), path
