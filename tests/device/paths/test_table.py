"""Every row of the transition table, run on a whole board."""

from __future__ import annotations

import pytest

import bench
from device.errors import DeviceError
from device.fsm import Refused, rows
from tests.device.paths.path_helpers import CARD

ROWS = rows()
STATES = sorted({row[0] for row in ROWS} | {row[3] for row in ROWS})
EVENTS = sorted({row[1] for row in ROWS})
ARGUMENTS = {"SELECT": 1, "FAIL": DeviceError(2006, "test")}


def bring(board, state):
    """Start the board and bring it into a state, without a press."""
    if state == "NO_CARD":
        board.start(files=None)
    elif state == "EMPTY":
        board.start(files={"readme.txt": "no models"})
    else:
        board.start()
        if state in ("RUNNING", "FAULT", "STOPPED"):
            board.until("RUNNING").run(100)
        if state == "FAULT":
            board.app.machine.post("FAIL", DeviceError(2008))
        if state == "STOPPED":
            board.app.stop()
    assert board.state == state
    return board


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]}-{row[1]}")
def test_a_row(board, row):
    state, event, actions, end = row
    bring(board, state)
    if state == "EMPTY" and end == "UNLOADED":  # the card has got models meanwhile
        bench.card.backend.files.update(bench.MemoryCard(CARD).files)
    if (state, event) == ("NO_CARD", "CARD_IN"):
        bench.card.insert(bench.MemoryCard(CARD))
    if "load" in actions:
        bench.calls.clear()
    board.log.clear()
    board.app.machine.post(event, ARGUMENTS.get(event))
    assert board.state == end
    assert ("state", state, event, end) in board.log
    assert len(bench.kpu.live) == (1 if end == "RUNNING" else 0)
    assert (board.app.slot.loaded is not None) == (end == "RUNNING")
    if "unload" in actions:
        assert next(row for row in board.log if row[0] in ("unload", "select", "fault", "state"))[0] == "unload"
    if "show_fault" in actions:
        assert board.app.fault.code == 2006
    if "select" in actions:
        assert board.app.selected == 1
    for _ in range(3):  # the app goes on from there
        assert board.app.step() == (end != "STOPPED")


REFUSED = [(s, e) for s in STATES for e in EVENTS if not [r for r in ROWS if r[:2] == [s, e]]]


@pytest.mark.parametrize(("state", "event"), REFUSED, ids=lambda text: text)
def test_an_event_without_a_row_is_refused_and_changes_nothing(board, state, event):
    bring(board, state)
    live = list(bench.kpu.live)
    with pytest.raises(Refused, match=f"{event}.*{state}"):
        board.app.machine.post(event, ARGUMENTS.get(event))
    assert board.state == state
    assert bench.kpu.live == live


@pytest.mark.parametrize("state", [state for state in STATES if state != "STOPPED"])
def test_the_key_works_from_every_state(board, state):
    """Put a good card in, press at most twice, and a model runs."""
    bring(board, state)
    if state in ("NO_CARD", "EMPTY"):
        bench.card.insert(bench.MemoryCard(CARD))
    for _ in range(2):
        if board.state != "RUNNING":
            board.press()
            board.run(2500)
    assert board.state == "RUNNING"
    bench.kpu.boxes = []
