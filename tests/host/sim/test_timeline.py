"""Where the time of a frame goes on the simulated board, and that only frames make rows."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from maixswitch.sim.board_options import BoardOptions
from maixswitch.sim.simulated_board import SimulatedBoard
from maixswitch.sim.timeline import Timeline
from tests.host.sim_helpers import ROOT

MOST_STEPS = 2000
ORDINARY = ("uos.stat", "GPIO.value", "KPU.deinit", "lcd.draw_string", "Image.resize")


def board(card: Path, **options: Any) -> tuple[SimulatedBoard, Timeline]:
    """Return a board that runs its first model, and its timeline."""
    sim = SimulatedBoard(BoardOptions(card, **options), lambda *_: None)
    sim.power_on()
    timeline = Timeline(lambda: sim.now)
    sim.bench.trace = timeline
    for _ in range(MOST_STEPS):
        if sim.state == "RUNNING":
            return sim, timeline
        sim.step()
    raise AssertionError(sim.state)


def live(sim: SimulatedBoard, timeline: Timeline, frames: int) -> list[list[float]]:
    """Run `frames` more frames, with the number of the step as host time; return the rows."""
    last = sim.frames + frames
    for _ in range(MOST_STEPS):
        before = sim.frames
        if before >= last:
            return timeline.rows()
        sim.step()
        if sim.frames > before:
            assert timeline.close(sim.steps)
    raise AssertionError(sim.state)


@pytest.fixture
def sim(card: Path) -> Iterator[tuple[SimulatedBoard, Timeline]]:
    sim, timeline = board(card, scripted=True)
    yield sim, timeline
    sim.app.stop()
    sim.bench.trace = None


def test_the_parts_of_a_frame_are_the_times_of_the_board(sim: tuple[SimulatedBoard, Timeline]) -> None:
    """The camera has a frame every 33 ms: after 47 ms of network and 11 ms of display the next is 8 ms away."""
    board, timeline = sim
    board.bench.kpu.run_ms, board.bench.screen.show_ms = 47, 11
    rows = live(board, timeline, 70)
    assert len(rows) == 60
    assert [row[0] for row in rows] == list(range(11, 71))
    assert {tuple(row[1:4]) for row in rows} == {(8, 47, 11)}
    assert rows[-1][4] == board.steps
    board.bench.camera.period_ms = 100
    assert live(board, timeline, 3)[-1][1:4] == [42, 47, 11]


def test_boxes_count_as_display_and_each_model_has_its_own_time(sim: tuple[SimulatedBoard, Timeline]) -> None:
    board, timeline = sim
    board.bench.kpu.boxes = [(10, 10, 50, 50, 0, 0.9)]
    board.bench.kpu.run_ms = 20
    assert live(board, timeline, 3)[-1][2:4] == [20, board.bench.screen.show_ms]
    timeline.forget()
    assert timeline.rows() == []
    board.bench.keys.press(board.pin(""), 80)
    for _ in range(MOST_STEPS):
        if board.title == "Colours" and board.state == "RUNNING":
            break
        board.step()
    assert timeline.rows() == []
    assert live(board, timeline, 2)[-1][1:] == [5, 20, 8, board.steps]


def test_emulated_network_takes_the_time_that_it_says(card: Path) -> None:
    machine, timeline = board(card)
    network = next(model.network for model in machine.bench.kpu.slots if model is not None)
    rows = live(machine, timeline, 4)
    assert all(row[2] == int(network.run_ms) > 0 for row in rows)
    assert all(0 < row[1] <= machine.bench.camera.period_ms for row in rows)
    machine.app.stop()


def test_load_in_the_step_of_a_frame_is_not_part_of_it(sim: tuple[SimulatedBoard, Timeline]) -> None:
    """The app handles a press after it shows the frame and loads in a later step, so no row becomes longer."""
    board, timeline = sim
    live(board, timeline, 2)
    board.bench.keys.press(board.pin(""), 80)
    rows = live(board, timeline, 40)
    assert board.title == "Colours"
    assert max(row[3] for row in rows) == board.bench.screen.show_ms
    assert max(row[1] for row in rows) <= board.bench.camera.period_ms


def test_failed_frame_leaves_no_row(sim: tuple[SimulatedBoard, Timeline]) -> None:
    board, timeline = sim
    rows = live(board, timeline, 2)
    board.bench.camera.connected = False
    for _ in range(MOST_STEPS):
        if board.state == "FAULT":
            break
        board.step()
    assert board.state == "FAULT"
    assert not timeline.close(1.0)
    assert timeline.rows() == rows


CANMV = """
import pathlib, sys
from maixswitch.sim import board_options, simulated_board, timeline
options = board_options.BoardOptions(pathlib.Path(sys.argv[1]), flavour="canmv", scripted=True)
board = simulated_board.SimulatedBoard(options, lambda *_: None)
board.power_on()
board.bench.kpu.run_ms = 47
line = board.bench.trace = timeline.Timeline(lambda: board.now)
for _ in range(2000):
    before = board.frames
    board.step()
    if board.frames > before:
        line.close(1)
    if board.frames == 3:
        break
print(line.rows()[-1])
"""


def test_canmv_has_other_names(card: Path) -> None:
    """This needs its own process, since CanMV's interface has other modules of the same names."""
    result = subprocess.run(
        [sys.executable, "-c", CANMV, str(card)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "host")},
        timeout=60,
        check=False,
    )
    assert result.stdout.strip() == "[3, 11, 47, 8, 1]", result.stderr


def replay(timeline: Timeline, clock: list[int], story: str) -> None:
    """Add calls to the timeline, each after a number of ms: "33 lcd.display"."""
    for line in story.split(","):
        ms, name = line.split()
        clock[0] += int(ms)
        timeline.append(name)


@pytest.mark.parametrize(
    ("story", "rows"),
    [
        ("0 sensor.snapshot, 30 KPU.forward, 40 lcd.display, 8 uos.stat, 500 KPU.load", [[1, 30, 40, 8, 2.5]]),
        ("0 sensor.snapshot, 30 KPU.forward, 40 lcd.display, 0 GPIO.value, 8 uos.stat", [[1, 30, 40, 8, 2.5]]),
        ("0 sensor.snapshot, 30 KPU.forward, 40 Image.draw_string, 5 lcd.display", [[1, 30, 40, 5, 2.5]]),
        ("0 sensor.snapshot, 30 lcd.display, 8 uos.stat", [[1, 30, 0, 8, 2.5]]),
        ("0 sensor.snapshot, 30 KPU.run_yolo2, 40 KPU.run_yolo2", [[1, 30, 40, 0, 2.5]]),
        ("0 sensor.snapshot, 300 sensor.snapshot, 30 KPU.forward, 40 lcd.display", [[1, 30, 40, 0, 2.5]]),
        ("0 sensor.snapshot, 300 lcd.clear, 0 lcd.draw_string", []),
        ("0 lcd.display, 3 KPU.forward, 4 uos.stat", []),
    ],
)
def test_frames_of_other_shapes(story: str, rows: list[list[float]]) -> None:
    clock = [1000]
    timeline = Timeline(lambda: clock[0])
    replay(timeline, clock, story)
    assert timeline.close(2.46) == bool(rows)
    assert not timeline.close(2.46)
    assert timeline.rows() == rows


def test_a_call_outside_a_frame_costs_almost_nothing() -> None:
    timeline = Timeline(lambda: 0)
    count = 100_000
    best = 1.0
    for _ in range(5):
        begun = time.process_time()
        for _ in range(count // 5):
            for name in ORDINARY:
                timeline.append(name)
        best = min(best, (time.process_time() - begun) / count)
    assert best < 2e-6
