"""Card, camera and panel: missing, lost while the app runs, and back."""

from __future__ import annotations

import contextlib
import importlib.abc
import sys

import pytest

import bench
from tests.device.paths.path_helpers import CARD, FACE, KEY


def test_no_card_at_the_start(board):
    board.start(files=None)
    assert board.state == "NO_CARD"
    assert 1500 <= bench.clock.now <= 4000  # the firmware may still be mounting it
    board.run(5000)
    assert board.state == "NO_CARD"
    bench.card.insert(bench.MemoryCard(CARD), mount=False)
    board.until("RUNNING")
    assert board.app.slot.loaded.title == "Face"


def test_a_card_that_appears_while_we_wait(board):
    board.power(files=None)
    bench.clock.at(800, lambda: bench.card.insert(bench.MemoryCard(CARD)))
    board.boot()
    assert board.state == "UNLOADED"
    board.until("RUNNING")


def test_a_late_card_brings_its_settings(board):
    board.start(files=None)
    assert (board.app.screen.width, board.app.screen.height) == (320, 240)
    bench.card.insert(bench.MemoryCard(dict(CARD, **{"maixswitch.json": '{"board": "m5stickv"}'})))
    board.until("RUNNING")
    assert (board.app.screen.width, board.app.screen.height) == (240, 135)
    board.press(36)
    board.until("RUNNING")
    assert board.app.slot.loaded.title == "Digits"


def test_the_card_is_pulled_and_comes_back(board):
    board.start().until("RUNNING")
    board.press()
    board.until("RUNNING")
    bench.card.eject()
    at = bench.clock.now
    board.until("NO_CARD")
    assert bench.clock.now - at < 4000
    assert not bench.kpu.live
    board.run(6000)
    assert board.state == "NO_CARD"
    bench.card.insert()
    board.until("RUNNING")
    assert board.app.slot.loaded.title == "Digits"  # the model that ran before


def test_another_card_comes_in(board):
    board.start().until("RUNNING")
    board.press()
    board.until("RUNNING")
    bench.card.eject()
    board.until("NO_CARD")
    import json

    from benchlib.models import kmodel_v3

    bench.card.insert(
        bench.MemoryCard(
            {
                "models/other/model.json": json.dumps(dict(FACE, title="Other", kmodel="o.kmodel")),
                "models/other/o.kmodel": kmodel_v3(),
            }
        )
    )
    board.until("RUNNING")
    assert board.app.slot.loaded.title == "Other"
    assert board.app.selected == 0


def test_the_card_is_pulled_during_a_load(board):
    board.start().until("RUNNING")
    board.press()
    bench.card.pull_at(2)
    board.until("FAULT", 3000)
    assert board.app.fault.code in (2005, 108, 2001)
    assert not bench.kpu.live
    board.until("NO_CARD")
    bench.card.insert()
    board.until("RUNNING")


@pytest.mark.parametrize("nth", range(1, 31))
def test_the_card_is_pulled_at_any_moment_of_the_start(board, nth):
    board.power()
    bench.card.pull_at(nth)
    board.boot().run(3000)
    assert board.state in ("NO_CARD", "EMPTY", "FAULT")
    assert not bench.kpu.live
    bench.card.insert()
    board.run(6000)
    for _ in range(2):
        if board.state != "RUNNING":
            board.press()
            board.run(4000)
    assert board.state == "RUNNING"


def test_a_label_that_cannot_be_read_is_shown_as_its_number(board):
    board.start().until("RUNNING")
    board.app.machine.post("SELECT", 2)
    board.until("RUNNING").run(100)
    bench.card.eject()
    bench.kpu.scores = [0.0, 0.0, 0.0, 9.0]
    board.app.step()
    board.app.step()
    assert board.app.results.items[0].text.startswith("#3 ")
    bench.card.insert()


def test_an_empty_card(board):
    board.start(files={})
    assert board.state == "EMPTY"
    board.run(3000)
    assert board.state == "EMPTY"


def test_no_camera_at_the_start(board):
    board.power()
    bench.camera.connected = False
    board.boot().until("FAULT")
    assert board.app.fault.code == 104
    assert not bench.kpu.live
    assert bench.kpu.loads == 0  # the camera comes first
    assert bench.calls["sensor.reset"] == 1
    assert bench.clock.now < 6000  # one try takes the firmware 5.07 s
    bench.camera.connected = True
    board.until("RUNNING", 70000)
    assert board.app.fault is None
    assert [row[1] for row in board.reports("camera")][-1] == "ok"


def test_the_camera_stops_and_comes_back(board):
    board.start().until("RUNNING")
    bench.fail_next("sensor.snapshot", RuntimeError("Sensor timeout!"))
    board.until("FAULT")
    assert board.app.fault.code == 105
    assert not bench.kpu.live
    resets = bench.calls["sensor.reset"]
    board.until("RUNNING")
    assert bench.calls["sensor.reset"] == resets + 1
    assert board.app.slot.loaded.title == "Face"


def test_a_camera_that_stays_away_is_tried_again_every_minute(board):
    board.start().until("RUNNING")
    bench.camera.connected = False
    board.until("FAULT").run(10000)  # 105, and one attempt to start the camera
    tries = bench.calls["sensor.reset"]
    board.run(200000)
    assert bench.calls["sensor.reset"] - tries == 3
    assert board.state == "FAULT"
    board.press()  # the key works meanwhile, and finds no camera either
    board.run(1000)
    assert board.state == "FAULT"
    assert board.app.fault.code == 104
    bench.camera.connected = True
    board.until("RUNNING", 70000)


def test_without_a_camera_every_press_acts_within_a_second(board):
    """The app does not look for the camera within a minute of the last press."""
    board.power()
    bench.camera.connected = False
    board.boot().until("FAULT")
    for i in range(40):
        board.run(900 + 170 * i)
        board.log.clear()
        begun = bench.clock.now
        bench.keys.press(KEY, 800 if i % 4 == 3 else 80)
        while not board.reports("select"):
            board.app.step()
        assert bench.clock.now - begun < 1000
        (_, _, index, total) = board.reports("select")[-1]
        assert (total, index) == (3, selected_after(i))
        board.until("FAULT", 1000)
        assert board.app.fault.code == 104
    assert bench.calls["sensor.reset"] == 1


def selected_after(presses):
    """Return the index that is selected after these presses, of which every fourth is a long one."""
    return sum([-1 if i % 4 == 3 else 1 for i in range(presses + 1)]) % 3


def test_no_camera_is_sought_while_a_key_is_held(board):
    """The minute ends during a press: the press counts first, and another minute begins."""
    board.power()
    bench.camera.connected = False
    board.boot().until("FAULT")
    board.run(board.app.camera.again - bench.clock.now - 300)
    board.press(hold=600)
    assert board.reports("select")[-1][2] == 1
    assert bench.clock.now > 60000
    board.run(50000)
    assert bench.calls["sensor.reset"] == 1
    board.run(20000)
    assert bench.calls["sensor.reset"] == 2


def test_without_the_setting_there_is_no_watchdog(board):
    sys.modules.pop("device.hal_dog", None)
    board.start().until("RUNNING").run(3000)
    assert "WDT" not in bench.calls
    assert "device.hal_dog" not in sys.modules


@pytest.mark.parametrize("ms", [4000, 5000, 6000, 10000])
def test_the_watchdog_never_fires_while_the_firmware_looks_for_a_camera(board, ms):
    board.power(settings={"watchdog": ms})
    bench.camera.connected = False
    board.boot().until("FAULT").run(150000)
    board.press().run(70000)
    assert bench.calls["sensor.reset"] >= 4
    assert bench.wdt  # it is armed in between
    bench.camera.connected = True
    board.until("RUNNING", 70000).run(3000)
    bench.camera.connected = False
    board.until("FAULT").run(100000)
    assert not bench.resets


@pytest.mark.parametrize("app", [False, True])
@pytest.mark.parametrize("start", ["RUNNING", "FAULT"])
def test_a_card_without_models_comes_and_goes(board, written, app, start):
    """102 while it is in, 101 when it is pulled, and a model runs when the good card is back."""
    board.start().until("RUNNING")
    if start == "FAULT":
        bench.fail_next("KPU.load", 2006)
        board.press()
        board.until("FAULT")
    for _ in range(3):
        bench.card.eject()
        board.until("NO_CARD", 4500)
        files = {"boot.py": "", "device/app.py": ""} if app else {}
        with another_card(files):
            board.until("EMPTY", 4500)
            assert written().startswith("102 CARD_EMPTY The card holds no model. Put models/NAME/model.json")
            board.run(9000)
            board.press()
            assert board.state == "EMPTY"
            assert written().startswith("102 CARD_EMPTY The card holds no model. Put models/NAME/model.json")
            bench.card.eject()
            board.until("NO_CARD", 4500)
            assert written().startswith("101 CARD_MISSING There is no TF card")
            board.run(5000)
            assert board.state == "NO_CARD"
        bench.card.insert(bench.MemoryCard(CARD), mount=False)
        board.until("RUNNING")
    assert not [row for row in board.reports("fault") if row[1] == 108]


def test_a_blank_card_changed_for_the_good_one_at_once(board):
    """The app did not notice the change; the key reads the card that is in."""
    board.start(files={}).until("EMPTY")
    board.run(4050)
    bench.card.eject()
    bench.card.insert(bench.MemoryCard(CARD), mount=False)
    board.run(2000)
    board.press()
    board.until("RUNNING")


def test_a_card_with_models_and_without_the_app_is_named(board, written):
    board.start().until("RUNNING")
    bench.card.eject()
    board.until("NO_CARD", 4500)
    with another_card(CARD):
        board.until("EMPTY", 4500)
        assert written().startswith("108 CARD_READ Face The card is damaged, or does not answer. Is the app on it? no")
        bench.card.eject()
        board.until("NO_CARD", 4500)
    bench.card.insert(bench.MemoryCard(CARD), mount=False)
    board.until("RUNNING")


@contextlib.contextmanager
def another_card(files):
    """Put a card in from which the app's modules cannot be imported."""
    bench.card.insert(bench.MemoryCard(files), mount=False)
    kept = {name: sys.modules.pop(name) for name in list(sys.modules) if name.startswith(LATER)}
    finder = Nowhere()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        sys.modules.update(kept)


LATER = "device.once"  # the package of the modules that are imported when they are needed


class Nowhere(importlib.abc.MetaPathFinder):
    """Lets an import of the app's parts fail as on a card without the app (py/builtinimport.c)."""

    def find_spec(self, name, path=None, target=None):
        if name.startswith(LATER):
            raise ImportError("no module named 'device'")


def test_a_fault_of_the_model_does_not_restart_the_camera(board):
    board.start().until("RUNNING")
    bench.fail_next("KPU.run_yolo2", 2008)
    board.until("FAULT")
    resets = bench.calls["sensor.reset"]
    board.run(10000)
    assert board.state == "FAULT"
    assert bench.calls["sensor.reset"] == resets


def test_no_panel(board):
    """M5Stack's UnitV has no panel: the app runs and reports, and shows nothing."""
    board.start(settings={"board": "unitv"}).until("RUNNING")
    board.press(18)
    board.until("RUNNING").run(500)
    assert bench.screen.shows == 0
    assert "lcd.init" not in bench.calls
    bench.fail_next("KPU.load", 2006)
    board.press(18)
    board.until("FAULT")
    assert board.reports("fault")


def test_a_panel_without_memory(board):
    board.power()
    bench.fail_next("lcd.init", OSError(12))
    board.boot().until("RUNNING").run(300)
    assert "screen" in board.reports("note")[0][1]
    assert board.app.screen.width == 0
