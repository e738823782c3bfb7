"""Faults that the virtual board produces on request, at a given byte: lost bytes, unplugging, power cuts, bad cards."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import serial

from maixswitch.board.virtual import Faults, VirtualBoard
from maixswitch.board.virtual.handle import Way
from maixswitch.errors import EXIT_IO, EXIT_USAGE, MaixSwitchError
from tests.host.board.virtual_helpers import LIMIT, Talk

Boards = Callable[..., VirtualBoard]


def test_dropped_and_corrupt_bytes(virtual_board: Boards) -> None:
    """Faults apply to bytes in both directions; positions count from the call of `order`."""
    board = virtual_board()
    with Talk(board) as talk:
        talk.raw()
        board.order(Faults(drop=(7, 8)))
        assert talk.run("print('ABCDE')")[0] == "CDE\r\n"
        board.order(Faults(corrupt=(7,)))
        assert talk.run("print('ABCDE')")[0] == "QBCDE\r\n"
        board.order(Faults(back=Way(drop=(2,), corrupt=(3,))))
        assert talk.run("print('ABCDE')")[0] == "RCDE\r\n"


def test_stall(virtual_board: Boards) -> None:
    """The receive buffer of a stalled board goes on filling; bytes that do not fit are lost."""
    board = virtual_board()
    with Talk(board) as talk:
        talk.raw()
        board.order(Faults(stall=(4, 1.5)))
        begun = time.monotonic()
        talk.port.write(b"print(1)#" + b"x" * 4000)
        limit = time.monotonic() + LIMIT
        while not board.wire.lost:
            assert time.monotonic() < limit
        assert board.wire.lost == 4009 - 2048
        talk.port.write(b"\x04")
        while not talk.port.in_waiting:
            assert time.monotonic() < limit
            talk.port.write(b"\x04")
        assert time.monotonic() - begun >= 1.5


@pytest.mark.parametrize("back", [False, True])
def test_unplugged_at_a_byte(virtual_board: Boards, back: bool) -> None:
    """The open port fails, but the program on the board goes on and answers when the cable is back."""
    board = virtual_board()
    with Talk(board) as talk:
        talk.raw()
        talk.run("alive = 'still here'")
        faults = Faults(back=Way(unplug=3)) if back else Faults(unplug=3)
        board.order(faults)
        talk.port.write(b"print(alive)\x04")
        with pytest.raises((serial.SerialException, OSError)):
            talk.until(b"never")
    assert not os.path.lexists(board.port)
    assert not board.wire.plugged
    board.plug()
    with Talk(board) as talk:
        talk.raw()
        assert talk.run("print(alive)")[0] == "still here\r\n"


def test_power_cut_loses_what_was_not_flushed(virtual_board: Boards, tmp_path: Path) -> None:
    """After the cut a file ends at its last flush, and the board boots again."""
    card = tmp_path / "sd"
    card.mkdir()
    board = virtual_board(card)
    with Talk(board) as talk:
        talk.raw()
        talk.run("f = open('/sd/half', 'wb')\nf.write(b'a' * 1000)\nf.flush()\nf.write(b'b' * 1000)")
        board.order(Faults(power_cut=5))
        talk.port.write(b"print(1)\x04")
        limit = time.monotonic() + LIMIT
        while board.wire.powered:
            assert time.monotonic() < limit
        assert (card / "half").read_bytes() == b"a" * 1000
        board.power_cycle()
        assert b"[MaixPy] init end" in talk.until(b">>> ")


def test_reset_by_program(virtual_board: Boards) -> None:
    """machine.reset() restarts the chip: the banner appears, and earlier variables are gone."""
    with Talk(virtual_board()) as talk:
        talk.raw()
        talk.start("x = 1\nimport machine\nmachine.reset()")
        assert b"[MAIXPY] Pll0" in talk.until(b">>> ")
        talk.raw()
        assert "NameError" in talk.run("x")[1]


def test_full_and_readonly_cards(virtual_board: Boards, tmp_path: Path) -> None:
    """A full card raises OSError(28) and a read-only card OSError(30); both stay readable."""
    card = tmp_path / "sd"
    card.mkdir()
    (card / "main.py").write_text("#" * 600)
    with Talk(virtual_board(card, space=2048)) as talk:
        talk.raw()
        assert "OSError: 28" in talk.run("f = open('/sd/a', 'wb')\nwhile True:\n f.write(b'x' * 100)")[1]
        assert talk.run("f.close()\nimport os\nprint(os.stat('/sd/a')[6])")[0] == "1400\r\n"
        assert talk.run("os.remove('/sd/a')\nprint(os.statvfs('/sd')[:4])")[0] == "(512, 512, 4, 2)\r\n"
    with Talk(virtual_board(card, readonly=True)) as talk:
        talk.raw()
        for change in (
            "open('/sd/b', 'w')",
            "os.remove('/sd/main.py')",
            "os.mkdir('/sd/c')",
            "os.rename('/sd/main.py', '/sd/d')",
        ):
            assert "OSError: 30" in talk.run("import os\n" + change)[1]
        assert talk.run("print(len(open('/sd/main.py').read()))")[0] == "600\r\n"


def test_files_of_the_card(virtual_board: Boards, tmp_path: Path) -> None:
    """Covers text and binary files, reading unflushed data, appending, renaming onto a file, and folders."""
    card = tmp_path / "sd"
    card.mkdir()
    with Talk(virtual_board(card)) as talk:
        talk.raw()
        text = "gr\\u00fc\\u00df\\n\\u4f60!"
        outputs = {
            "import os\nos.mkdir('/sd/m')\nf = open('/sd/m/t', 'w+')\n"
            f"f.write('{text}')\nf.seek(0)\n"
            "print(len(f.read(3)), len(f.readline()), len(f.read(1)), f.tell())\nf.close()": "3 2 1 10",
            "f = open('/sd/m/t', 'ab')\nf.write(b'end')\nf.close()\nprint(os.stat('/sd/m/t')[6])": "14",
            "open('/sd/m/u', 'w').close()\nos.rename('/sd/m/t', '/sd/m/u')\nprint(os.listdir('/sd/m'))": "['u']",
            "b = bytearray(3)\nf = open('/sd/m/u', 'rb')\nf.seek(-3, 2)\nprint(f.readinto(b), b)"
            "": "3 bytearray(b'end')",
            "os.chdir('/sd/m')\nprint(os.getcwd(), open('u', 'rb').read(2))": "/sd/m b'gr'",
        }
        for code, expected in outputs.items():
            assert talk.run(code) == (expected + "\r\n", ""), code
        for code, number in (("os.rmdir('/sd/m')", 13), ("open('/sd/none')", 2), ("open('/sd/m')", 2)):
            assert f"Errno {number}]" in talk.run(code)[1], code


def test_cards_come_and_go(virtual_board: Boards, tmp_path: Path) -> None:
    """/sd disappears with the card, and another folder can be inserted as another card."""
    card = tmp_path / "other"
    card.mkdir()
    (card / "main.py").write_text("print('the other one')\n")
    board = virtual_board()
    with Talk(board) as talk:
        board.eject()
        talk.until(b">>> ")
        talk.raw()
        assert talk.run("import os\nprint(os.listdir('/'))")[0] == "['flash']\r\n"
        board.insert(card)
        talk.until(b"the other one")


def test_refusals(tmp_path: Path) -> None:
    """A missing folder is refused, and so is a file where the link to the port belongs."""
    with pytest.raises(MaixSwitchError, match="no such folder") as caught:
        VirtualBoard(tmp_path / "none")
    assert caught.value.exit_code == EXIT_IO
    (tmp_path / "link").write_text("mine")
    with pytest.raises(MaixSwitchError, match="a file already") as caught:
        VirtualBoard(tmp_path, link=tmp_path / "link")
    assert caught.value.exit_code == EXIT_USAGE
    assert (tmp_path / "link").read_text() == "mine"


def test_nobody_listens(virtual_board: Boards, tmp_path: Path) -> None:
    """A port that nobody reads does not block a program that prints a lot; the port still works when opened later."""
    card = tmp_path / "sd"
    card.mkdir()
    (card / "main.py").write_text(
        "for i in range(20000):\n    print('line', i, 'of a flood')\nopen('/sd/done', 'w').close()\n"
    )
    board = virtual_board(card)
    limit = time.monotonic() + LIMIT
    while not (card / "done").exists():
        assert time.monotonic() < limit
        time.sleep(0.02)
    with Talk(board) as talk:
        talk.raw()
        assert talk.run("print(6 * 7)")[0] == "42\r\n"


def test_killing_the_front_process_ends_the_program(virtual_board: Boards) -> None:
    """No endless loop stays behind on the PC, and the next request says that the board has ended."""
    board = virtual_board()
    with Talk(board) as talk:
        talk.raw()
        talk.start("while True:\n pass")
    folder = Path(board.port).parent
    fronts = [path.parent.name for path in _running(folder) if b"virtual.front" in _read(path)]
    os.kill(int(fronts[0]), signal.SIGKILL)
    limit = time.monotonic() + LIMIT
    while _running(folder):
        assert time.monotonic() < limit
    with pytest.raises(MaixSwitchError, match="has ended by itself"):
        board.plug()


def test_nothing_is_left_behind(virtual_board: Boards) -> None:
    """A closed board leaves no port, no folder and no process, whatever its program did."""
    board = virtual_board()
    with Talk(board) as talk:
        talk.raw()
        talk.start("while True:\n pass")
    folder = Path(board.port).parent
    assert _running(folder)
    board.close()
    assert not folder.exists()
    assert not _running(folder)


def _running(folder: Path) -> list[Path]:
    """Returns the /proc file of the command line of each process that names the folder there."""
    return [path for path in Path("/proc").glob("[0-9]*/cmdline") if str(folder).encode() in _read(path)]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_a_board_that_is_on_is_not_started_again(virtual_board: Boards) -> None:
    """A second start would leave a process that nothing ends, so it is refused."""
    board = virtual_board()
    with pytest.raises(ValueError, match="on already"):
        board.__enter__()
    assert board.wire.powered
