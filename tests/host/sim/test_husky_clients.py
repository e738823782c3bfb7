"""Finished clients of the HuskyLens protocol drive the app over a pseudo terminal; at night also at 9600 baud."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.host.sim.husky_card import write_card
from tests.host.sim.live_board import LiveBoard

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no pseudo terminals")

FAR = (290, 190, 20, 20, 0, 0.9)
NEAR = (100, 90, 60, 50, 0, 0.8)


@pytest.fixture(params=[pytest.param(9600, marks=pytest.mark.nightly), 115200])
def board(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LiveBoard]:
    card = tmp_path / "card"
    card.mkdir()
    with LiveBoard(write_card(card, request.param), tmp_path / "port") as board:
        board.until("Face")
        yield board


def patient(act: Any, seconds: float = 5.0) -> Any:
    """Call until the result is true: while a model loads, nothing is answered, and clients ask again."""
    end = time.monotonic() + seconds
    while True:
        result = act()
        if result or time.monotonic() > end:
            return result


def test_pyhuskylens(board: LiveBoard) -> None:
    from pyhuskylens import HuskyLens

    lens = HuskyLens(board.port)
    assert (lens.version, lens.connected) == (1, True)
    assert lens.get()["blocks"] == []
    board.boxes(FAR)
    assert [(b.x, b.y, b.width, b.height, b.ID) for b in lens.get()["blocks"]] == [(300, 200, 20, 20, 1)]
    assert lens.get()["arrows"] == []
    board.boxes(*[(at * 24, 20, 20, 20, 0, 0.9) for at in range(10)])
    assert len(lens.get()["blocks"]) == 10
    board.boxes(FAR, NEAR)
    assert lens.show_text("hello", x=300, y=20)
    assert len(lens.get()["blocks"]) == 2
    assert lens.clear_text()
    assert len(lens.get(ID=1)["blocks"]) == 2
    assert lens.get(ID=2)["blocks"] == []
    assert len(lens.get(learned=True)["blocks"]) == 2
    assert lens.get_version() is None
    assert lens.set_alg(2)
    board.until("Twelve")
    board.boxes(*[(at * 24, 20, 20, 20, at + 2, 0.9) for at in range(10)])
    assert [b.ID for b in lens.get()["blocks"]] == list(range(3, 13))
    assert lens.uart.in_waiting == 0


def test_pyhuskylens_stays_in_step(board: LiveBoard) -> None:
    """An algorithm and a knock are sent together and one answer is read: one answer too many would stay for ever."""
    from pyhuskylens import HuskyLens

    lens = HuskyLens(board.port)
    for turn in range(100):
        if turn % 10 == 0:
            x = 20 + turn
            board.boxes((x, 50, 20, 20, 0, 0.9))
        assert lens.set_alg(0)  # the model that runs
        blocks = lens.get()["blocks"]
        assert [(b.x, b.ID) for b in blocks] == [(x + 10, 1)], turn
    assert lens.uart.in_waiting == 0


def test_pyhuskylens_stays_in_step_when_models_change(board: LiveBoard) -> None:
    from pyhuskylens import HuskyLens

    lens = HuskyLens(board.port)
    board.boxes((100, 50, 20, 20, 0, 0.9))
    for turn in range(6):
        number, title = ((2, "Twelve"), (0, "Face"))[turn % 2]
        assert lens.set_alg(number)
        assert patient(lambda: lens.get()["blocks"])
        board.until(title)
    assert [b.ID for b in patient(lambda: lens.get()["blocks"])] == [1]
    assert lens.uart.in_waiting == 0


def test_huskytools(board: LiveBoard) -> None:
    from huskytools.huskylens import Interface

    baud = 9600  # a pseudo terminal has no rate of its own
    with Interface(board.port, baud) as lens:
        assert lens.knock()
        assert lens.get_blocks() == []
        board.boxes(FAR)
        (block,) = lens.get_blocks()
        assert (block.x, block.y, block.width, block.height, block.id) == (300 & 255, 200, 20, 20, 1)
        assert block.learned
        assert lens.get_arrows() == []
        assert len(lens.get_blocks_learned()) == 1
        assert len(lens.get_blocks_by_id(1)) == 1
        assert lens.get_blocks_by_id(2) == []
        assert lens.get_arrows_by_id(1) == []
        assert not lens.is_pro()  # it looks at the high byte of the int16, which is 1 here
        for x in (0, 254, 255, 256, 300, 319):
            assert lens.set_text(f"at {x}", x, 20)
        assert lens.clear_text()
        assert lens.set_name("cat", 1)
        assert lens.knock()
        assert board.label(0) == "cat"
        assert lens.photo()
        assert lens.screenshot()
        assert patient(lens.knock)
        assert lens.set_algorithm(0)
        assert lens.knock()


def test_huskytools_teaches(board: LiveBoard) -> None:
    from huskytools.huskylens import Interface

    with Interface(board.port) as lens:
        assert lens.set_algorithm(1)
        board.until("Learn")
        assert lens.get_blocks() == []
        for at in range(3):
            board.scores(*[float(at == i) for i in range(8)])
            assert lens.learn(at + 1)
            board.scores(*[float(at == i) for i in range(8)])
            assert [block.id for block in lens.get_blocks()] == [at + 1]
        assert lens.set_name("third", 3)
        assert lens.save_model(2)
        assert lens.forget()
        board.scores(*[0.5] * 8)
        assert lens.get_blocks() == []
        assert lens.load_model(2)
        board.until("Learn")
        board.scores(*[float(i == 2) for i in range(8)])
        assert [block.id for block in lens.get_blocks()] == [3]
        assert board.label(2) == "third"
