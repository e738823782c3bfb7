"""The port of a virtual board leads to a firmware on the virtual K210; here to one that sends everything back."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from maixswitch.board.transport import BoardTransport
from maixswitch.board.virtual import Faults, VirtualBoard
from maixswitch.errors import MaixSwitchError
from tests.host.board.echo_image import echo_image
from tests.host.board.virtual_helpers import Talk

pytest.importorskip("unicorn")
GREETING = b"started"
COMMAND = [sys.executable, "-m", "maixswitch", "board"]


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "echo.bin"
    path.write_bytes(echo_image(GREETING))
    return path


@pytest.fixture
def board(image: Path, tmp_path: Path) -> Iterator[VirtualBoard]:
    card = tmp_path / "card"
    card.mkdir()
    (card / "main.py").write_text("print(1)\n")
    with VirtualBoard(card, image=image, boot=False) as off:
        yield off


def switch_on(board: VirtualBoard, talk: Talk) -> None:
    """Switches the power on once the port is open: opening it drops what came before."""
    board.power_cycle()
    talk.until(GREETING)


def test_every_byte_arrives(board: VirtualBoard) -> None:
    data = random.Random(1).randbytes(5_000)
    with Talk(board) as talk:
        switch_on(board, talk)
        for at in range(0, len(data), 1000):
            talk.port.write(data[at : at + 1000])
            assert talk.until(data[at + 900 : at + 1000]) == data[at : at + 1000]
    assert board.wire.to_board == len(data)


def test_power_cut_and_cycle(board: VirtualBoard) -> None:
    """Without power nothing answers; with it, the firmware starts from its beginning."""
    with Talk(board) as talk:
        switch_on(board, talk)
        board.power_cut()
        assert not board.wire.powered
        talk.port.write(b"lost")
        talk.port.timeout = 0.5
        assert talk.port.read(10) == b""
        switch_on(board, talk)
        talk.port.write(b"heard")
        assert talk.until(b"heard") == b"heard"


def test_faults_of_the_line(board: VirtualBoard) -> None:
    with Talk(board) as talk:
        switch_on(board, talk)
        board.order(Faults(drop=(1,), corrupt=(2,)))
        talk.port.write(b"abcd")
        assert talk.until(b"d") == b"asd"
        board.order(Faults(unplug=3, power_cut=3))
        talk.port.write(b"efgh")
        with pytest.raises(OSError, match=r".+"):
            talk.until(b"never")
    assert (board.wire.plugged, board.wire.powered) == (False, False)


def test_a_line_with_a_rate(image: Path, tmp_path: Path) -> None:
    """1,000 bytes there and back at 19,200 bits a second take half a second each way, which overlap."""
    with VirtualBoard(None, image=image, rate=19_200, boot=False) as board, Talk(board) as talk:
        switch_on(board, talk)
        start = time.monotonic()
        talk.port.write(bytes(range(100)) * 10)
        for _ in range(10):
            talk.until(bytes(range(100)))
        assert time.monotonic() - start > 0.5


def test_waits_are_in_the_time_of_the_board(image: Path, tmp_path: Path) -> None:
    """The firmware is always at work, several times slower than a board, so a wait at its port takes longer here."""
    with VirtualBoard(None, image=image) as board:
        transport = BoardTransport(board.port)
        try:
            for _ in range(2):  # the second time with a new port
                start, own_start = time.monotonic(), transport.now()
                time.sleep(1)
                assert transport.now() - own_start < (time.monotonic() - start) / 2
                board.power_cut()
                own_start = transport.now()
                time.sleep(0.2)
                assert transport.now() - own_start >= 0.2  # nothing is lost without power
                transport.close()
                board.unplug()
                board.plug()
                board.power_cycle()
                transport = BoardTransport(board.port)
        finally:
            transport.close()


def test_files_that_are_not_images_are_refused(tmp_path: Path) -> None:
    text = tmp_path / "text.bin"
    text.write_text("no firmware")
    with pytest.raises(MaixSwitchError, match=r"text\.bin is not a firmware image of a K210"):
        VirtualBoard(None, image=text)


def test_the_command_runs_until_ctrl_c(image: Path, tmp_path: Path) -> None:
    """The command prints the port, keeps the flash chip in a file, and ends cleanly."""
    card, flash, link = tmp_path / "card", tmp_path / "flash.bin", tmp_path / "port"
    card.mkdir()
    options = ["--pty", "--link", str(link), "--firmware", str(image), "--flash", str(flash), "--board", "dock"]
    running = subprocess.Popen(
        [*COMMAND, str(card), *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert running.stdout is not None
        assert running.stdout.readline().strip() == str(link)
        children = psutil.Process(running.pid).children()
        with Talk(str(link)) as talk:
            talk.port.write(b"echo")
            talk.until(b"echo")
        running.send_signal(signal.SIGINT)
        messages = running.communicate(timeout=30)[1]
    finally:
        running.kill()
        running.wait()
    assert running.returncode == 0, messages
    assert "Traceback" not in messages
    assert not os.path.lexists(link)
    assert not psutil.wait_procs(children, timeout=5)[1]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--board", "bit"], "--board bit goes with a firmware image"),
        (["--firmware", "echo.bin", "--board", "toaster"], "--board toaster: unknown board; known: bit, dock"),
        (["--firmware", "echo.bin", "--readonly"], "--readonly: a real firmware sees a whole card"),
        (["--firmware", "echo.bin", "--space", "9"], "--space: a real firmware sees a whole card"),
    ],
)
def test_options_that_mean_nothing_are_refused(options: list[str], text: str, image: Path, tmp_path: Path) -> None:
    (tmp_path / "card").mkdir()
    done = subprocess.run(
        [*COMMAND, "card", "--pty", *options], capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert text in done.stderr
