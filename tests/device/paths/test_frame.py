"""The path of a frame: camera, KPU, results, overlay, screen."""

from __future__ import annotations

import pytest

import bench
from tests.device.paths.path_helpers import CARD, FACE, V4

FACE_AT = [(100, 90, 60, 50, 0, 0.935)]


def test_the_calls_of_one_frame_in_their_order(board):
    board.start().until("RUNNING")
    bench.kpu.boxes = FACE_AT
    board.run(300)
    bench.trace = []
    board.app.step()
    drawn = [name for name in bench.trace if not name.startswith("Image.draw")]
    assert drawn == ["sensor.snapshot", "KPU.run_yolo2", "lcd.display"]
    first = bench.trace.index("Image.draw_rectangle")
    assert bench.trace.index("KPU.run_yolo2") < first < bench.trace.index("lcd.display")


def test_results_reach_the_screen(board):
    board.start(panel=True).until("RUNNING")
    board.run(100)
    before = bytes(bench.screen.pixels)
    bench.kpu.boxes = FACE_AT
    board.run(200)
    item = board.app.results.items[0]
    assert board.app.results.count == 1
    assert (item.x, item.y, item.w, item.h, item.class_id, item.score, item.text) == (
        100,
        90,
        60,
        50,
        0,
        935,
        "face 93%",
    )
    assert bytes(bench.screen.pixels) != before
    bench.kpu.boxes = []
    board.run(200)
    assert board.app.results.count == 0
    assert bytes(bench.screen.pixels)[320 * 14 * 2 :] == before[320 * 14 * 2 :]


@pytest.mark.parametrize("position", range(3))
def test_every_kind_of_input_runs(board, position):
    """A window in colour, a resized grey picture, a smaller window."""
    board.start().until("RUNNING")
    board.app.machine.post("SELECT", position)
    board.until("RUNNING")
    bench.kpu.scores = [0.1, 0.6, 0.2, 0.1]
    board.run(1000)
    assert board.app.slot.loaded is board.app.catalog[position]
    assert board.app.frames > 10
    assert board.state == "RUNNING"


def test_a_v4_model_runs(board):
    board.start(files=dict(CARD, **V4)).until("RUNNING")
    board.app.machine.post("SELECT", 3)
    board.until("RUNNING").run(500)
    assert board.app.slot.loaded.title == "New"
    assert board.state == "RUNNING"


def test_a_model_in_flash_runs(board):
    import json

    from benchlib.models import kmodel_v3

    data = kmodel_v3()
    model = dict(FACE, kmodel={"flash": 0x300000, "bytes": len(data)})
    board.power(files={"models/f/model.json": json.dumps(model)})
    bench.kpu.flash[0x300000] = data
    board.boot().until("RUNNING").run(300)
    assert board.state == "RUNNING"


def test_labels_are_those_of_the_loaded_model(board):
    board.start().until("RUNNING")
    bench.kpu.boxes = FACE_AT
    board.run(200)
    bench.kpu.scores = [0.0, 4.0, 1.0, 0.0]
    board.app.machine.post("SELECT", 2)
    board.until("RUNNING").run(200)
    texts = [item.text for item in board.app.results.items[: board.app.results.count]]
    assert texts[0].startswith("dog 9")
    assert all(text.split()[0] in ("cat", "dog", "cup", "key") for text in texts)


def test_classes_without_a_name_show_their_number(board):
    board.start().until("RUNNING")
    bench.kpu.boxes = [(10, 50, 30, 30, 7, 0.5)]
    board.run(200)
    assert board.app.results.items[0].text == "#7 50%"


def test_frames_per_second_are_whole_numbers_of_the_last_second(board):
    board.start().until("RUNNING")
    assert board.app.fps == 0
    frames, at = board.app.frames, bench.clock.now
    board.run(5000)
    expected = (board.app.frames - frames) * 1000 / (bench.clock.now - at)
    assert isinstance(board.app.fps, int)
    assert abs(board.app.fps - expected) <= 1
    bench.kpu.run_ms = 200
    board.run(2500)
    assert board.app.fps in (4, 5)


def test_a_run_without_a_press_reports_nothing(board):
    board.start().until("RUNNING").run(6500)
    board.log.clear()
    board.run(20000)
    assert board.log == []


def test_the_camera_is_never_resized_while_a_model_is_loaded(board):
    board.start().until("RUNNING")
    bench.trace = []
    for _ in range(4):
        board.press()
        board.until("RUNNING").run(300)
    live = 1
    for name in bench.trace:
        if name == "KPU.load":
            live += 1
        elif name == "KPU.deinit":
            live -= 1
        if name in ("sensor.set_framesize", "sensor.reset", "sensor.set_windowing"):
            assert live == 0
        assert live <= 1
    assert "sensor.set_windowing" in bench.trace


def test_screen_and_camera_take_their_memory_before_the_first_model(board):
    bench.trace = None
    board.power()
    bench.trace = []
    board.boot().until("RUNNING")
    order = [name for name in bench.trace if name in ("lcd.init", "sensor.set_framesize", "KPU.load")]
    assert order == ["lcd.init", "sensor.set_framesize", "KPU.load"]


def test_what_is_drawn_is_not_what_the_kpu_sees(board):
    """On RGB565 the picture and the KPU's planes are two memories; on a resized grey one the drawing comes after."""
    board.start(panel=True).until("RUNNING")
    bench.kpu.boxes = FACE_AT
    seen = []
    snapshot = board.app.camera.snapshot
    for _ in range(3):
        board.app.step()
        seen.append(bytes(snapshot()._planes()))
    assert seen[0] == seen[1] == seen[2]


def test_ten_boxes_are_drawn(board):
    board.start().until("RUNNING")
    bench.kpu.boxes = [(i * 30, 50, 25, 40, 0, 0.5 + i / 100) for i in range(10)]
    board.run(300)
    assert board.app.results.count == 10
    assert len({item.text for item in board.app.results.items}) == 10
