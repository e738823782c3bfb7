"""Every fault in every state: it is shown, no model stays loaded, and the key leads out of it."""

from __future__ import annotations

import json

import pytest
from tests.device.paths.test_table import bring

import bench
from device.errors import DeviceError
from device.fsm import rows
from device.once.error_texts import codes
from benchlib.models import kmodel_v4
from tests.device.paths.path_helpers import CARD, FACE, V4

STATES = [row[0] for row in rows() if row[1] == "FAIL"]
CODES = list(codes())


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("code", CODES)
def test_a_fault_in_a_state(board, state, code):
    bring(board, state)
    shows = bench.screen.shows
    board.app.machine.post("FAIL", DeviceError(code, "detail"))
    assert board.app.fault.code == code
    assert not bench.kpu.live
    assert bench.screen.shows > shows
    assert ("fault", code, board.app.fault.name, "detail") in board.log
    assert board.state == next(row[3] for row in rows() if row[:2] == [state, "FAIL"])
    for _ in range(30):
        assert board.app.step()


@pytest.mark.parametrize("code", range(2001, 2016))
def test_a_load_that_fails(board, code):
    board.start().until("RUNNING")
    bench.fail_next("KPU.load", code)
    board.press()
    board.until("FAULT")
    assert board.app.fault.code == code
    assert not bench.kpu.live
    board.run(3000)
    assert board.state == "FAULT"  # nothing is tried again by itself
    board.press()
    board.until("RUNNING")
    assert board.app.fault is None
    assert board.app.slot.loaded.title == "Things"


@pytest.mark.parametrize("code", range(2001, 2016))
def test_a_run_that_fails(board, code):
    board.start().until("RUNNING").run(200)
    bench.fail_next("KPU.run_yolo2", code)
    board.until("FAULT")
    assert board.app.fault.code == code
    assert not bench.kpu.live
    board.press()
    board.until("RUNNING")


def test_an_error_nobody_knows_is_shown_and_printed(board, capsys):
    board.start().until("RUNNING")
    bench.fail_next("KPU.run_yolo2", RuntimeError("what is this"))
    board.until("FAULT")
    assert board.app.fault.code == 199
    assert "what is this" in board.app.fault.detail


def test_memory_that_runs_out_in_a_frame(board):
    board.start().until("RUNNING")
    bench.fail_next("KPU.run_yolo2", MemoryError("memory allocation failed"))
    board.until("FAULT")
    assert board.app.fault.code == 106


def test_a_model_that_does_not_fit(board):
    from benchlib.models import kmodel_v3

    big = kmodel_v3((28, 28, 1), (4, 4, 16), "softmax", 5000000, classes=10)
    board.start(files=dict(CARD, **{"models/2-digits/digits.kmodel": big})).until("RUNNING")
    free = bench.memory.free()
    board.press()
    board.until("FAULT")
    assert board.app.fault.code == 2006
    board.press()
    board.until("RUNNING")
    board.press()
    board.until("RUNNING")
    assert bench.memory.free() == free


def test_a_bad_folder_keeps_its_place_and_hides_nobody(board):
    bad = dict(FACE, title="Bad", anchors=[1, 2, 3], threshold=7)
    files = dict(CARD, **{"models/2-bad/model.json": json.dumps(bad), "models/2-bad/face.kmodel": b"no model"})
    board.start(files=files).until("RUNNING")
    assert [spec.folder for spec in board.app.catalog] == ["1-face", "2-bad", "2-digits", "3-things"]
    board.press()
    board.until("FAULT")
    assert board.app.fault.code == 103
    assert "anchors" in board.app.fault.detail
    assert "threshold" in board.app.fault.detail
    board.press()
    board.until("RUNNING")
    assert board.app.slot.loaded.title == "Digits"


def test_a_release_that_fails_does_not_stop_the_switch(board):
    board.start().until("RUNNING")
    model = next(m for m in bench.kpu.slots if m is not None)
    bench.fail_next("KPU.deinit", ValueError("refused"))
    board.press()
    board.until("RUNNING")
    assert ("unload", "Face", "refused") in board.log
    assert board.app.slot.loaded.title == "Digits"
    model.release()  # the firmware kept it


def test_a_picture_that_is_refused(board):
    board.start().until("RUNNING")
    bench.fail_next("KPU.run_yolo2", ValueError("[MAIXPY]kpu: check img format err!\r\n"))
    board.until("FAULT")
    assert board.app.fault.code == 107


def test_a_screen_that_fails_in_a_frame(board):
    board.start().until("RUNNING")
    bench.fail_next("lcd.display", OSError("Image format is not supported."))
    board.until("FAULT")
    assert not bench.kpu.live
    board.press()
    board.until("RUNNING")


def test_a_v4_whose_main_memory_does_not_fit_never_reaches_the_loader(board):
    """The real loader crashes the chip then; the app shows the fault of a model that is too large, and goes on."""
    large = dict(V4, **{"models/4-new/new.kmodel": kmodel_v4(main_mem=5 << 20)})
    board.start(files=dict(CARD, **large)).until("RUNNING")
    board.app.machine.post("SELECT", 3)
    board.until("FAULT")
    assert board.app.fault.code == 2006
    assert bench.hardfaults == []
    board.press()
    board.until("RUNNING")
