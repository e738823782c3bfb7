"""Connection and stream against the virtual board: a real MicroPython behind a line that loses bytes and stalls."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from zlib import crc32

import pytest

from maixswitch.board import stream
from maixswitch.board.connection import Board, connect, enter
from maixswitch.board.failures import BoardError
from maixswitch.board.rate import PATTERN, change
from maixswitch.board.transport import BAUD, FAST, BoardTransport
from maixswitch.board.virtual import Faults, VirtualBoard
from maixswitch.board.virtual.handle import Way
from maixswitch.errors import EXIT_DEVICE

Start = Callable[..., VirtualBoard]
LIMIT = 120
"""Seconds that one test may take."""
ANSWER = 15
"""Seconds that an answer may take; it comes at once unless the PC is busy."""
DATA = random.Random(1).randbytes(60_000)


@pytest.fixture(autouse=True)
def limited() -> Iterator[None]:
    """Fails a test that waits for ever on a silent line."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"not done within {LIMIT} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(LIMIT)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def ctrl_c_works(board: Board) -> bool:
    """Returns whether Ctrl-C ends a program on the board."""
    board.transport.exec_raw_no_follow("print('on')\nwhile True:\n pass")
    assert board.transport.read_until(1, b"on\r\n", timeout=ANSWER).endswith(b"on\r\n")
    board.transport.serial.write(b"\x03")
    _, error = board.transport.follow(ANSWER)
    return b"KeyboardInterrupt" in error


def test_code_runs_on_the_board_and_returns_values(virtual_board: Start):
    with connect(virtual_board().port) as board:
        assert board.exec("print('a')\nprint('b')") == "a\nb\n"
        assert board.evaluate("[1, 'two', None, b'\\x00\\x04']") == [1, "two", None, b"\x00\x04"]


def test_an_exception_on_the_board_is_one_message(virtual_board: Start):
    with connect(virtual_board().port) as board:
        with pytest.raises(BoardError, match=r"B612.*ZeroDivisionError") as caught:
            board.exec("1/0")
        assert caught.value.exit_code == EXIT_DEVICE
        assert board.evaluate("1 + 1") == 2


def test_a_program_that_takes_too_long_is_interrupted(virtual_board: Start):
    with connect(virtual_board().port) as board:
        with pytest.raises(BoardError, match="B611"):
            board.exec("while True:\n pass", timeout=0.3)
        assert board.evaluate("3") == 3


def test_another_python_is_recognised(virtual_board: Start):
    with connect(virtual_board().port) as board:
        board.exec("import machine\nclass UART: pass\nmachine.UART = UART")
        with pytest.raises(BoardError, match=r"B606.*repl_uart"):
            stream.send(board, b"x", "/sd/file")


def test_a_looping_boot_py_does_not_lock_out(virtual_board: Start, tmp_path: Path):
    card = tmp_path / "card"
    card.mkdir()
    (card / "boot.py").write_text("while True:\n    print('busy')\n")
    with connect(virtual_board(card=card).port) as board:
        assert board.evaluate("2") == 2


def test_a_swallowed_ctrl_c_is_sent_again(virtual_board: Start, tmp_path: Path):
    card = tmp_path / "card"
    card.mkdir()
    (card / "main.py").write_text("while True:\n    pass\n")
    with connect(virtual_board(card=card, faults=Faults(swallow_ctrl_c=1)).port) as board:
        assert board.evaluate("2") == 2


def test_restart_runs_the_program_again(virtual_board: Start, tmp_path: Path):
    card = tmp_path / "card"
    card.mkdir()
    virtual = virtual_board(card=card)
    with connect(virtual.port, restart=True) as board:
        (card / "main.py").write_text("open('/sd/ran', 'w').close()\n")
        assert change(board, FAST)
    end = time.monotonic() + 10
    while not (card / "ran").exists():
        assert time.monotonic() < end
        time.sleep(0.01)
    assert virtual.wire.baud == BAUD


def test_a_restart_is_one_of_the_chip(virtual_board: Start):
    """A soft reset, which keeps the memory outside the Python heap, is only for a board that lacks the other one."""
    for prepare, expected in (("pass", 0), ("import machine\nmachine.reset = None", 1)):
        virtual = virtual_board()
        transport = BoardTransport(virtual.port)
        board = Board(virtual.port, transport)
        try:
            enter(board)
            board.exec(prepare)
            heard: list[bytes] = []
            read = transport.serial.read
            transport.serial.read = lambda size, read=read, heard=heard: heard.append(read(size)) or heard[-1]
            board.restart(listen=5)
            assert b"".join(heard).count(b"soft reboot") == expected
        finally:
            transport.close()


def test_a_busy_port_is_refused(virtual_board: Start):
    port = virtual_board().port
    with connect(port), pytest.raises(BoardError, match="B603"), connect(port):
        pass


def test_files_arrive_intact_with_at_most_two_percent_overhead(virtual_board: Start, tmp_path: Path):
    virtual = virtual_board("card")
    with connect(virtual.port) as board:
        board.load("receiver")
        for content in (DATA, bytes(60_000), bytes((1, 2, 3, 4, 5)) * 12_000):
            counts: list[int] = []
            before = virtual.wire
            stream.send(board, content, "/sd/file", progress=counts.append)
            after = virtual.wire
            assert (tmp_path / "card" / "file").read_bytes() == content
            assert sum(counts) == len(content)
            transferred = after.to_board - before.to_board + after.from_board - before.from_board
            assert transferred / len(content) <= 1.02
            assert after.lost == 0
        assert ctrl_c_works(board)


def test_sizes_at_the_edges_of_frames(virtual_board: Start, tmp_path: Path):
    with connect(virtual_board("card").port) as board:
        for size in (0, 1, 8, 999, 1000, 1001, 2000):
            stream.send(board, DATA[:size], "/sd/file")
            assert (tmp_path / "card" / "file").read_bytes() == DATA[:size]
        assert stream.board_crcs(board, ["/sd/file", "/sd/none"]) == {
            "/sd/file": (2000, crc32(DATA[:2000])),
            "/sd/none": None,
        }


def test_a_part_that_is_on_the_card_is_not_sent_again(virtual_board: Start, tmp_path: Path):
    virtual = virtual_board("card")
    with connect(virtual.port) as board:
        board.load("receiver")
        for present, offset in ((25_000, 25_000), (25_700, 25_000), (60_000, 60_000)):
            (tmp_path / "card" / "file").write_bytes(DATA[:present])
            before = virtual.wire.to_board
            stream.send(board, DATA, "/sd/file", offset=offset)
            assert virtual.wire.to_board - before < (60_000 - offset) * 1.02 + 300
            assert (tmp_path / "card" / "file").read_bytes() == DATA


def test_a_wrong_part_is_detected(virtual_board: Start, tmp_path: Path):
    virtual = virtual_board("card")
    (tmp_path / "card" / "file").write_bytes(bytes(5000))
    with connect(virtual.port) as board, pytest.raises(BoardError, match="B624"):
        stream.send(board, DATA[:9000], "/sd/file", offset=5000)


BAD = {
    "drop": Faults(drop=(500, 15_000, 15_001)),
    "corrupt": Faults(corrupt=(500, 502, 15_000)),
    "long drop": Faults(drop=tuple(range(10_000, 13_000))),
    "stall": Faults(stall=(15_000, 0.5)),
    "an answer lost": Faults(back=Way(drop=(15,))),
    "answers lost": Faults(back=Way(drop=(15, 16))),
    "answers damaged": Faults(back=Way(corrupt=(4, 15, 32))),
    "last answer lost": Faults(back=Way(drop=(32,))),
}


def test_a_bad_line_only_costs_time(virtual_board: Start, tmp_path: Path):
    content = DATA[:30_000]
    virtual = virtual_board("card", rate=FAST)
    with connect(virtual.port) as board:
        board.load("receiver")
        for name, faults in BAD.items():
            counts: list[int] = []
            virtual.order(faults)
            stream.send(board, content, "/sd/file", progress=counts.append)
            assert (tmp_path / "card" / "file").read_bytes() == content, name
            assert sum(counts) == len(content), name
        assert ctrl_c_works(board)


def test_a_hopeless_line_ends_and_the_board_stays_usable(virtual_board: Start):
    virtual = virtual_board("card", rate=FAST)
    with connect(virtual.port) as board:
        board.load("receiver")
        virtual.order(Faults(corrupt=tuple(range(600, 400_000, 300))))
        with pytest.raises(BoardError, match="B609"):
            stream.send(board, DATA, "/sd/file")
        virtual.order(Faults())
        assert ctrl_c_works(board)


@pytest.mark.parametrize(
    ("options", "code"),
    [({"card": None}, "B620"), ({"space": 20_000}, "B621"), ({"readonly": True}, "B622")],
    ids=["no card", "full", "locked"],
)
def test_the_cards_own_error_comes_after_the_stream(virtual_board: Start, options: dict[str, object], code: str):
    virtual = virtual_board(**options)
    with connect(virtual.port) as board:
        with pytest.raises(BoardError, match=code):
            stream.send(board, DATA, "/sd/file")
        assert ctrl_c_works(board)


def test_unplugging_is_an_error_at_once_and_the_board_answers_later(virtual_board: Start, tmp_path: Path):
    virtual = virtual_board("card", rate=FAST)
    with connect(virtual.port) as board:
        board.load("receiver")
        virtual.order(Faults(unplug=30_000))
        with pytest.raises(BoardError, match="B608"):
            stream.send(board, DATA, "/sd/file")
    virtual.plug()
    with connect(virtual.port) as board:  # waits until the receiver gives up, as Ctrl-C does not end it
        assert ctrl_c_works(board)
        size_and_crc = stream.board_crc(board, "/sd/file")
    assert size_and_crc is not None
    assert (tmp_path / "card" / "file").read_bytes() == DATA[: size_and_crc[0]]


def test_an_interrupted_transfer_leaves_a_board_that_answers(virtual_board: Start):
    interrupted = []

    def stop(count: int) -> None:
        interrupted.append(time.monotonic())
        raise KeyboardInterrupt

    with connect(virtual_board("card").port) as board:
        with pytest.raises(KeyboardInterrupt):
            stream.send(board, DATA, "/sd/file", progress=stop)
        assert time.monotonic() - interrupted[0] < 4.5  # without help the receiver ends only after 5 s
        assert ctrl_c_works(board)


def test_plain_sends_as_mpremote_does(virtual_board: Start, tmp_path: Path):
    counts: list[int] = []
    with connect(virtual_board("card").port) as board:
        stream.send_plain(board, DATA[:5000], "/sd/file", progress=counts.append)
        with pytest.raises(BoardError):
            stream.send_plain(board, b"x", "/sd/none/file")
    assert (tmp_path / "card" / "file").read_bytes() == DATA[:5000]
    assert sum(counts) == 5000


def test_the_fast_rate_is_tested_and_reset_afterwards(virtual_board: Start):
    virtual = virtual_board("card", rate=BAUD)
    with connect(virtual.port) as board:
        assert change(board, FAST)
        assert virtual.wire.baud == FAST
        start = time.monotonic()
        stream.send(board, DATA, "/sd/file")
        assert time.monotonic() - start < len(DATA) * 10 / BAUD
    assert virtual.wire.baud == BAUD


@pytest.mark.parametrize("way", ["to the board", "back"])
def test_a_rate_that_damages_bytes_is_given_up(virtual_board: Start, way: str):
    virtual = virtual_board("card")
    with connect(virtual.port) as board:
        board.load("rate")
        call = len(f"print(change({FAST}))\x04")
        virtual.order(Faults(corrupt=(call + 100,)) if way != "back" else Faults(back=Way(corrupt=(60,))))
        assert not change(board, FAST)
        assert virtual.wire.baud == board.baud == BAUD
        assert ctrl_c_works(board)


@pytest.mark.nightly
def test_a_board_that_was_left_at_the_fast_rate_answers(virtual_board: Start):
    virtual = virtual_board("card")
    with connect(virtual.port) as board:
        assert change(board, FAST)
        board.gone = True  # as if the program on the PC had died without tidying up
    assert virtual.wire.baud == FAST
    with connect(virtual.port) as board:
        assert board.evaluate("5") == 5
    assert virtual.wire.baud == BAUD


def test_the_pattern_holds_every_byte():
    assert sorted(PATTERN) == list(range(256))
