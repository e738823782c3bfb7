"""The end of the app by STOP, Ctrl-C, exit or crash; the choice that the next start remembers; the watchdog."""

from __future__ import annotations

import pytest

import bench
from device import app
from device.once.choice import choice_read
from tests.device.paths.path_helpers import CARD, left_behind


class Crash(BaseException):
    """An exception that nobody catches."""


POINTS = [
    ("uos.stat", 1),
    ("uos.ilistdir", 1),
    ("lcd.init", 1),
    ("lcd.clear", 1),
    ("GPIO.irq", 1),
    ("sensor.reset", 1),
    ("sensor.set_framesize", 1),
    ("utime.sleep_ms", 1),
    ("KPU.load", 1),
    ("KPU.init_yolo2", 1),
    ("sensor.snapshot", 5),
    ("KPU.run_yolo2", 5),
    ("Image.draw_string", 5),
    ("lcd.display", 5),
    ("GPIO.value", 3),
]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(), Crash("at the worst moment")], ids=repr)
@pytest.mark.parametrize(("name", "nth"), POINTS, ids=lambda text: str(text))
def test_main_ends_clean_at_any_point(board, name, nth, error):
    board.power(settings={"watchdog": 8000})
    bench.fail_at(name, nth, error)
    bench.clock.at(60000, lambda: pytest.fail("never reached"))
    with pytest.raises(type(error)):
        app.main()
    left_behind()


def test_the_screen_keeps_what_ended_it(board):
    board.power(panel=True)
    bench.fail_at("sensor.snapshot", 5, Crash("bad luck"))
    with pytest.raises(Crash):
        app.main()
    strip = [bench.screen.get(x, 5) for x in (200, 310)]
    assert strip == [(0, 0, 255), (0, 0, 255)]
    left_behind()


def test_stop(board):
    board.start().until("RUNNING")
    board.app.stop()
    assert board.state == "STOPPED"
    assert board.app.step() is False
    left_behind()
    board.app.stop()  # a second time is no error
    assert board.app.step() is False


@pytest.mark.parametrize("files", [CARD, {}, None])
def test_stop_from_any_start(board, files):
    board.start(files=files)
    board.app.stop()
    left_behind()


def test_a_crash_in_a_handler_of_the_report_gets_through(board):
    def report(kind, *values):
        if kind == "load":
            raise Crash("no more paper")

    board.power()
    board.app = app.build(report)
    with pytest.raises(Crash):
        board.run(5000)
    board.app.close()
    left_behind()


def test_a_failing_report_does_not_leave_a_model_loaded(board):
    def report(kind, *values):
        if kind == "load":
            raise ValueError("no more paper")

    board.power()
    board.app = app.build(report)
    board.until("FAULT")
    assert board.app.slot.loaded is None
    assert not bench.kpu.live


# -- the remembered choice --


def test_a_model_that_runs_five_seconds_is_the_next_start(board):
    board.start().until("RUNNING")
    board.press()
    board.until("RUNNING").run(4000)
    assert choice_read("/sd") == ""
    board.run(2000)
    assert choice_read("/sd") == "2-digits"
    assert ("choice", "2-digits", True) in board.log
    card = bench.card.backend
    board.app.stop()
    bench.reset()
    bench.card.insert(card)
    board.boot().until("RUNNING")
    assert board.app.slot.loaded.title == "Digits"


def test_it_is_written_only_when_it_changes(board):
    board.start().until("RUNNING").run(7000)
    written = bench.card.written
    assert written > 0
    board.run(30000)
    for _ in range(3):
        board.press()
        board.until("RUNNING").run(500)
    board.run(8000)  # the first model again
    assert bench.card.written == written
    assert len(board.reports("choice")) == 1


def test_a_card_that_refuses_is_reported_once(board):
    board.start().until("RUNNING")
    bench.fail_next("uio.open", OSError(30), None)
    board.run(12000)
    bench.heal()
    assert board.reports("choice") == [("choice", "1-face", False)]
    assert board.state == "RUNNING"


def test_a_remembered_folder_that_is_gone(board):
    files = dict(CARD)
    board.start(files=files).until("RUNNING").run(6500)
    card = bench.card.backend
    board.app.stop()
    for name in [name for name in card.files if "1-face" in name]:
        card.remove(name)
    card.remove("models/1-face")
    bench.reset()
    bench.card.insert(card)
    board.boot().until("RUNNING")
    assert board.app.slot.loaded.title == "Digits"


# -- the watchdog --


def test_the_watchdog_is_off_unless_asked_for(board):
    board.start().until("RUNNING").run(3000)
    assert "WDT" not in bench.calls


def test_the_watchdog_survives_loads_and_faults(board):
    from tests.device.paths.test_press import slow

    board.start(files=slow(), settings={"watchdog": 8000}).until("RUNNING").run(2000)
    assert bench.wdt
    for _ in range(4):
        board.press()
        board.until("RUNNING").run(2500)
    bench.fail_next("KPU.run_yolo2", 2008)
    bench.fail_next("KPU.forward", 2008)
    board.until("FAULT").run(30000)
    assert not bench.resets
    bench.card.eject()
    board.until("NO_CARD").run(30000)
    assert not bench.resets
    bench.card.insert()
    board.until("RUNNING")


def test_the_watchdog_is_not_armed_while_a_model_is_read(board):
    board.start(settings={"watchdog": 8000}).until("RUNNING").run(2000)
    seen = []
    real = board.app.slot._kpu.load
    board.app.slot._kpu = type(
        "Kpu",
        (),
        {
            "load": staticmethod(lambda spec: seen.append(dict(bench.wdt)) or real(spec)),
            "detector": staticmethod(board.app.slot._kpu.detector),
            "classifier": staticmethod(board.app.slot._kpu.classifier),
            "unload": staticmethod(board.app.slot._kpu.unload),
        },
    )
    board.press()
    board.until("RUNNING").run(1500)
    assert seen == [{}]
    assert bench.wdt
