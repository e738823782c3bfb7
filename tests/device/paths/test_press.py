"""The path of a press: key, gesture, transition, actions, and when the user sees what."""

from __future__ import annotations

import pytest

import bench
from tests.device.paths.path_helpers import CARD, KEY


def titles(board):
    """The titles that were selected, in order."""
    return [row[1] for row in board.reports("select")]


def loads(board):
    return [row[1] for row in board.reports("load")]


def test_next_model(board):
    board.start().until("RUNNING")
    board.press()
    assert not bench.kpu.live  # released at the press
    assert board.state == "UNLOADED"
    assert titles(board) == ["Face", "Digits"]
    board.until("RUNNING")
    assert loads(board) == ["Face", "Digits"]


def test_deinit_comes_before_the_next_load(board):
    board.start().until("RUNNING")
    for _ in range(5):
        board.press()
        board.until("RUNNING").run(200)
    kinds = [row[0] for row in bench.kpu.ledger if row[0] in ("load", "deinit")]
    assert kinds == ["load", "deinit"] * 5 + ["load"]


def test_the_next_title_shows_before_the_load(board):
    board.start(panel=True).until("RUNNING")
    bench.keys.press(KEY, 80)
    board.until("UNLOADED")
    shown = bytes(bench.screen.pixels)
    at = bench.clock.now
    while board.state == "UNLOADED" and bench.clock.now < at + 200:
        assert bytes(bench.screen.pixels) == shown
        board.app.step()
    assert bench.kpu.loads == 1


def test_the_load_waits_until_the_key_has_been_quiet(board):
    board.start().until("RUNNING")
    bench.keys.press(KEY, 80)
    released = bench.clock.now + 80
    while bench.kpu.loads == 1:
        board.app.step()
    load_ended = bench.clock.now
    assert load_ended >= released + 250


def test_quick_presses_skip_models(board):
    board.start().until("RUNNING")
    for i in range(4):
        bench.keys.press(KEY, 60, after=i * 160)
    board.run(500).until("RUNNING")
    board.run(600)
    assert titles(board) == ["Face", "Digits", "Things", "Face", "Digits"]
    assert loads(board) == ["Face", "Digits"]


def test_a_long_press_goes_back_and_wraps(board):
    board.start().until("RUNNING")
    board.press(hold=900)
    board.until("RUNNING")
    assert loads(board) == ["Face", "Things"]
    assert titles(board) == ["Face", "Things"]  # the release adds no NEXT


def test_a_long_press_acts_while_the_key_is_down(board):
    board.start().until("RUNNING")
    bench.keys.press(KEY, 3000)
    at = bench.clock.now
    board.until("UNLOADED")
    assert 700 <= bench.clock.now - at <= 900


def test_a_bouncing_key_is_one_press(board):
    board.start().until("RUNNING")
    bench.keys.press(KEY, 90, bounce=(1, 3, 4, 7, 9))
    board.run(400).until("RUNNING")
    assert titles(board) == ["Face", "Digits"]


@pytest.mark.parametrize("hold", [15, 25, 40, 60])
def test_a_press_within_one_frame(board, hold):
    """A frame takes 100 ms here; only the interrupt notices the press."""
    bench.kpu.run_ms = 40
    board.start().until("RUNNING")
    bench.kpu.run_ms = 100
    board.run(300)
    bench.keys.press(KEY, hold, after=10)
    board.run(500).until("RUNNING")
    assert titles(board) in (["Face", "Digits"], ["Face"] if hold < 30 else ["Face", "Digits"])


def slow(files=CARD):
    """The same card, with a second model whose load takes more than a second."""
    from benchlib.models import kmodel_v3

    model = kmodel_v3((28, 28, 1), (4, 4, 16), "softmax", 1500000, classes=10)
    return dict(files, **{"models/2-digits/digits.kmodel": model})


def test_a_press_during_a_blocking_load_counts_when_it_ends(board):
    board.start(files=slow()).until("RUNNING")
    bench.keys.press(KEY, 80)
    board.until("UNLOADED")
    bench.keys.press(KEY, 80, after=900)  # within the load
    while len(titles(board)) < 3:
        board.app.step()
    assert loads(board) == ["Face", "Digits"]
    board.until("RUNNING")
    assert loads(board) == ["Face", "Digits", "Things"]


def test_a_key_held_through_a_load_is_no_second_press(board):
    board.start(files=slow()).until("RUNNING")
    bench.keys.press(KEY, 2500)
    board.run(6000)
    assert titles(board) == ["Face", "Things"]


def test_a_key_held_at_the_start_does_nothing_until_released(board):
    board.power()
    bench.keys.set(KEY, 0)
    board.boot().run(3000)
    assert titles(board) == ["Face"]
    bench.keys.set(KEY, 1)
    board.run(300)
    board.until("RUNNING")
    assert titles(board) == ["Face"]
    board.press()
    assert titles(board) == ["Face", "Digits"]


def test_presses_in_every_state(board):
    board.start(files=None)
    assert board.state == "NO_CARD"
    board.press()
    assert board.state == "NO_CARD"
    assert bench.calls["SDCard.remount"] >= 1
    bench.card.insert(bench.MemoryCard({"readme.txt": "nothing"}))
    board.until("EMPTY")
    board.press()
    assert board.state == "EMPTY"
    bench.card.backend.files.update(bench.MemoryCard(CARD).files)
    board.press()
    board.until("RUNNING")
    bench.fail_next("KPU.load", 2006)
    board.press()
    board.until("FAULT")
    board.press()
    assert board.state == "UNLOADED"
    board.press()
    board.until("RUNNING")
    assert board.app.catalog[board.app.selected].folder == board.app.slot.loaded.folder


def test_two_keys(board):
    board.start(settings={"board": "m5stickv"}).until("RUNNING")
    board.press(36)
    board.until("RUNNING")
    board.press(37)
    board.until("RUNNING")
    assert loads(board) == ["Face", "Digits", "Face"]
    board.press(37, 900)
    board.until("RUNNING")
    assert loads(board)[-1] == "Face"
    assert [row[2] for row in board.reports("state")].count("RELOAD") == 1


def test_three_keys(board):
    board.start(settings={"board": "cube"}).until("RUNNING")
    for pin, hold, event in ((16, 80, "NEXT"), (11, 80, "PREVIOUS"), (10, 80, "RELOAD"), (10, 900, "PREVIOUS")):
        board.press(pin, hold)
        board.until("RUNNING").run(400)
        events = [row[2] for row in board.reports("state")]
        assert events[-2:] == [event, "LOAD"]


def test_keys_of_the_settings(board):
    board.start(settings={"keys": [{"pin": 21, "role": "primary"}]}).until("RUNNING")
    board.press()
    assert titles(board) == ["Face"]
    board.press(21)
    assert titles(board) == ["Face", "Digits"]


def test_a_key_without_interrupts_is_polled(board):
    board.power()
    bench.fail_next("GPIO.irq", ValueError("no interrupt"))
    board.boot().until("RUNNING")
    assert not bench.irqs
    board.press()
    board.until("RUNNING")
    assert loads(board) == ["Face", "Digits"]


def test_one_model_alone_is_its_own_next(board):
    files = {name: data for name, data in CARD.items() if "1-face" in name}
    board.start(files=files).until("RUNNING")
    board.press()
    board.until("RUNNING")
    assert loads(board) == ["Face", "Face"]
