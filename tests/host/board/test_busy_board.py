"""`connect` succeeds with a busy board as soon as the board answers, whichever answer is late.

Most cases run in simulated time. Those at the end run the commands against the virtual board in real time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import serial

from maixswitch.board.connection import Board, connect
from maixswitch.board.failures import BoardError
from maixswitch.board.monitor import Listener, Note
from maixswitch.board.virtual import Faults, VirtualBoard
from maixswitch.board.virtual.handle import Way
from maixswitch.card.build import build
from maixswitch.errors import EXIT_DEVICE
from maixswitch.kmodel.write.samples import write_card
from tests.host.board.simulated_board import APP, RAW, STATES, SimulatedBoard

Boards = Callable[..., VirtualBoard]
Attach = Callable[[SimulatedBoard], SimulatedBoard]
SECONDS = (0.3, 1.5, 2.5, 3.5, 5.0, 7.0, 9.5, 11.5)
PROGRAM = 6 + len("print('',end='')\x04") + 32
"""How many bytes go to a quick board before the first command: Ctrl-C, Ctrl-B, Ctrl-A, and a program as a test."""
STEPS = (0, 1, 2, 3, 4, 5, 6, 20, PROGRAM - 2, PROGRAM - 1, PROGRAM, PROGRAM + 10, PROGRAM + 25)
LIMIT = 90.0
"""Seconds that a command or a wait may take; the PC may be busy itself."""
TOO_LATE = 3.5
"""Seconds after the board wakes: time for the current try, and for another if one Ctrl-C cancelled another."""


@pytest.fixture
def attach(monkeypatch: pytest.MonkeyPatch) -> Attach:
    """Puts a simulated board behind the port "simulated"; the port tells its time."""

    def attach(board: SimulatedBoard) -> SimulatedBoard:
        monkeypatch.setattr(serial, "serial_for_url", lambda *arguments, **options: board)
        return board

    monkeypatch.setitem(sys.modules, "micropython", types.SimpleNamespace(kbd_intr=lambda char: None))
    return attach


def use(board: Board) -> None:
    """Runs short and long programs and one that fails; each answer must belong to its own program."""
    assert board.evaluate("6 * 7") == 42
    assert board.run("print('x')\n" * 400) == "x\n" * 400
    with pytest.raises(BoardError, match=r"B612.*ZeroDivisionError"):
        board.exec("1/0")
    assert board.exec("print('end')") == "end\n"


def gets_in(board: SimulatedBoard, seconds: float) -> None:
    """Connects to a board that is busy for some seconds; it must take little longer and cause no reset."""
    with connect("simulated") as connected:
        assert board.monotonic() <= seconds + TOO_LATE
        use(connected)
    assert board.monotonic() <= seconds + TOO_LATE + 1.5
    assert board.resets == 0


@pytest.mark.parametrize("seconds", SECONDS)
@pytest.mark.parametrize("step", STEPS)
def test_it_gets_in_after_a_stall_at_any_step(attach: Attach, step: int, seconds: float) -> None:
    """This holds for a silent app, an app that ends slowly, the REPL and the raw REPL."""
    for state in STATES:
        gets_in(attach(SimulatedBoard(state, stall=(step, seconds))), seconds)
    gets_in(attach(SimulatedBoard(APP, stall=(step, seconds), period=0.02, ending=0.7)), seconds)


@pytest.mark.nightly
@pytest.mark.parametrize("step", range(PROGRAM + 40))
def test_it_gets_in_after_a_stall_at_every_byte(attach: Attach, step: int) -> None:
    for tenths in range(1 + step % 5, 116, 5):
        for state in STATES:
            gets_in(attach(SimulatedBoard(state, stall=(step, tenths / 10))), tenths / 10)
        gets_in(attach(SimulatedBoard(APP, stall=(step, tenths / 10), period=0.02, ending=0.7)), tenths / 10)


@pytest.mark.parametrize(
    "board",
    [
        SimulatedBoard(APP, period=0.001),
        SimulatedBoard(APP, period=0.02, swallowed=1),
        SimulatedBoard(APP, period=0.02, swallowed=1, stall=(20, 6.0)),
        SimulatedBoard(APP, period=0.3, ending=1.4),
        SimulatedBoard(APP, period=0.3, ending=9.0),
        SimulatedBoard(RAW, left=b"while True:\n pass"),
        SimulatedBoard(RAW, left=b"print(1", stall=(1, 4.0)),
        SimulatedBoard("friendly", left=b"half a line"),
    ],
    ids=["flood", "lost", "lost and stalled", "ends late", "ends very late", "left raw", "left and stalled", "left"],
)  # fmt: skip
def test_it_gets_in_whatever_the_board_was_doing(attach: Attach, board: SimulatedBoard) -> None:
    gets_in(attach(board), 9.0)


@pytest.mark.parametrize("seconds", SECONDS)
@pytest.mark.parametrize("murmur", [0.1, 1.5])
def test_text_of_a_busy_firmware_cancels_no_ctrl_c(attach: Attach, murmur: float, seconds: float) -> None:
    """Seen on MaixPy v0.6.0: it prints while it looks for a camera, and the app went on as if nobody had asked."""
    board = attach(SimulatedBoard(APP, stall=(0, seconds), murmur=murmur))
    with connect("simulated") as connected:
        assert board.monotonic() <= seconds + 2
        use(connected)


def test_a_quick_board_does_not_wait(attach: Attach) -> None:
    """Connecting takes no longer than the pause after Ctrl-C and the transfer of the bytes."""
    for state in STATES:
        board = attach(SimulatedBoard(state))
        with connect("simulated"):
            assert board.monotonic() < 0.4, state


@pytest.mark.parametrize(
    ("board", "code"),
    [
        (SimulatedBoard(APP, stall=(0, 60.0)), "B605"),
        (SimulatedBoard(RAW, stall=(PROGRAM, 60.0)), "B611"),
        (SimulatedBoard(RAW, stall=(20, 60.0)), "B607"),
        (SimulatedBoard(APP, period=0.02, swallowed=1000), "B607"),
    ],
    ids=["silent", "in a command", "silent after the banner", "never ends"],
)
def test_a_board_that_stays_busy_is_one_error(attach: Attach, board: SimulatedBoard, code: str) -> None:
    attach(board)
    with pytest.raises(BoardError, match=code) as caught, connect("simulated") as connected:
        connected.evaluate("6 * 7")
    assert caught.value.exit_code == EXIT_DEVICE
    assert code == "B611" or "busy" in str(caught.value)
    assert board.monotonic() < 30


def test_a_board_that_keeps_waking_up_is_given_up(attach: Attach) -> None:
    """Occasional output from the board does not keep the PC trying for ever."""
    board = attach(SimulatedBoard(APP, period=3.0, swallowed=1000))
    with pytest.raises(BoardError, match="B607"), connect("simulated"):
        pass
    assert board.monotonic() < 20


# The commands against the virtual board, in real time


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "maixswitch", *arguments],
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
        env={**os.environ, "MAIXSWITCH_LANG": "en"},
    )
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture
def app(virtual_board: Boards, tmp_path: Path) -> Callable[..., VirtualBoard]:
    """Starts a board whose app keeps sending messages, and waits until the app runs."""

    def start(**options: Any) -> VirtualBoard:
        card = tmp_path / "app"
        card.mkdir()
        write_card(card)
        build(card)
        (card / "maixswitch.json").write_text('{"link": {"rate": 30}}')
        board = virtual_board(card, **options)
        running(Listener(board.port).listen(LIMIT))
        return board

    return start


def running(items: Iterator[dict[str, Any] | Note | None]) -> int:
    """Returns the board's time in ms of the next message that says that the app runs."""
    for item in items:
        if isinstance(item, dict) and item.get("state") == "RUNNING":
            return int(item["t"])
    raise AssertionError("no message says that the app runs")


DOCTOR = [(1, 2.5), *(pytest.param(*case, marks=pytest.mark.nightly) for case in ((3, 3.5), (5, 7.0), (20, 11.5)))]
SYNC = [(3, 2.5), *(pytest.param(*case, marks=pytest.mark.nightly) for case in ((1, 7.0), (200, 5.5), (300, 11.5)))]
MONITOR = [2.0, pytest.param(7.0, marks=pytest.mark.nightly), pytest.param(11.5, marks=pytest.mark.nightly)]


@pytest.mark.parametrize(("step", "seconds"), DOCTOR)
def test_doctor_gets_in(app: Callable[..., VirtualBoard], step: int, seconds: float) -> None:
    board = app()
    board.order(Faults(stall=(step, seconds)))
    done = command("doctor", "--json", "--port", board.port)
    report = json.loads(done.stdout)
    assert (done.returncode, report["findings"]) == (0, [])
    assert report["facts"]["kmodel"] == "3 and 4"


@pytest.mark.parametrize(("step", "seconds"), SYNC)
def test_sync_gets_in(app: Callable[..., VirtualBoard], tmp_path: Path, step: int, seconds: float) -> None:
    board = app(rate=115200)
    card = tmp_path / "mine"
    build(card)
    (card / "models/90-more").mkdir(parents=True)
    (card / "models/90-more/model.json").write_text("{}")
    board.order(Faults(stall=(step, seconds)))
    done = command("sync", str(card), "--port", board.port)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "app/models/90-more/model.json").read_text() == "{}"


@pytest.mark.parametrize("seconds", MONITOR)
def test_monitor_goes_on(app: Callable[..., VirtualBoard], seconds: float) -> None:
    """The monitor sends nothing, so the stall begins at a byte that the board sends."""
    board = app()
    items = Listener(board.port).listen(LIMIT)
    times = [running(items)]
    board.order(Faults(back=Way(stall=(500, seconds))))
    while len(times) < 2 or times[-1] - times[-2] < 900 * seconds:
        times.append(running(items))
    times.append(running(items))
    assert times == sorted(times)
    assert board.wire.to_board == 0
