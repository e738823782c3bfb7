"""Every board of the table starts, shows, and takes presses on the keys that its row names."""

from __future__ import annotations

import pytest

import bench
from device.once import boards
from tests.device.paths.path_helpers import CARD

BOARDS = boards.names()


@pytest.mark.parametrize("name", BOARDS)
def test_it_starts_and_switches(board, name):
    row = boards.find(name)
    board.start(settings={"board": name}).until("RUNNING").run(500)
    assert not board.reports("note")
    if row.lcd:
        size = (row.lcd[0], row.lcd[1])
        assert (board.app.screen.width, board.app.screen.height) == size
        assert bench.screen.shows > 3
    pin = next(pin for pin, short, _ in boards.gestures(row.keys) if short == "NEXT")
    board.press(pin)
    board.until("RUNNING")
    assert board.app.slot.loaded.title == "Digits"


@pytest.mark.parametrize("name", [name for name in BOARDS if boards.find(name).config_type])
def test_it_is_known_by_its_config_file(board, name):
    kind = boards.find(name).config_type
    board.start(config={"type": kind}).until("RUNNING")
    expected = boards.find_by_config(kind)
    assert [key[3]._id for key in board.app.keys._keys] == list(range(len(expected.keys)))
    for number, (pin, _) in enumerate(expected.keys):
        assert bench.keys.functions[pin] == 24 + number


@pytest.mark.parametrize("name", [name for name in BOARDS if boards.find(name).lcd])
@pytest.mark.parametrize("turn", range(4))
def test_every_rotation_runs_with_results(board, name, turn):
    board.power(settings={"board": name, "screen": {"rotation": turn}})
    board.boot().until("RUNNING")
    bench.kpu.boxes = [(0, 0, 60, 50, 0, 0.9), (290, 200, 40, 60, 0, 0.6)]
    board.run(300)
    width, height = boards.find(name).lcd[:2]
    assert (board.app.screen.width, board.app.screen.height) == ((width, height) if turn % 2 == 0 else (height, width))
    assert board.state == "RUNNING"


def test_an_unknown_board_is_noted_and_a_common_one_is_used(board):
    board.start(settings={"board": "maix_ultra"}).until("RUNNING", 20000)
    (note,) = board.reports("note")
    for name in BOARDS:
        assert name in note[1]
    board.press(16)
    board.until("RUNNING")


def test_an_unknown_type_in_the_config_file_uses_a_common_board(board):
    board.start(config={"type": "my_own"}).until("RUNNING")
    assert not board.reports("note")


@pytest.mark.parametrize(
    "settings",
    [
        "{",
        "[1]",
        '{"screen": {"rotation": 9}}',
        '{"keys": [{"pin": "x", "role": "primary"}]}',
        '{"bord": "dock"}',
        '{"camera": 3}',
        "\x00\xff",
        '{"keys": []}',
    ],
)
def test_wrong_settings_are_noted_once_and_never_fatal(board, settings):
    board.start(settings=settings)
    assert len(board.reports("note")) == 1
    at = bench.clock.now
    board.until("RUNNING", 20000)
    assert bench.clock.now - at >= 2900  # they stay on the screen for a while
    board.press()
    board.until("RUNNING")
    assert len(board.reports("note")) == 1
    assert board.app.slot.loaded.title == "Digits"


def test_right_settings_are_not_mentioned(board):
    board.start(settings={"board": "bit", "screen": {"rotation": 2}, "camera": {"vflip": False}}).until("RUNNING")
    assert not board.reports("note")
    assert bench.screen.rotation == 2
    assert bench.camera.vflip == 0


def test_flavours_without_v4_refuse_a_v4_model(board):
    from tests.device.paths.path_helpers import V4

    board.start(files=dict(CARD, **V4), flavour="minimum").until("RUNNING")
    board.app.machine.post("SELECT", 3)
    board.until("FAULT")
    assert board.app.fault.code == 2002
    board.press()
    board.until("RUNNING")
