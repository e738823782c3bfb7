"""The board of the page without browser and server: its runs, what ends them, and their recordings."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from maixswitch.errors import MaixSwitchError
from maixswitch.sim.recording import read
from maixswitch.sim.replay import Outcome, Replay
from maixswitch.sim.session import Options
from maixswitch.web import simulation as simulation_module
from maixswitch.web.pictures import read_photo
from maixswitch.web.simulation import Simulation
from tests.host.web.web_helpers import draw_spot, photo_bytes, turn_until

Heard = list[dict[str, Any]]


@pytest.fixture
def heard() -> Heard:
    return []


@pytest.fixture
def simulation(card: Path, tmp_path: Path, heard: Heard) -> Simulation:
    draw_spot().save(tmp_path / "spot.png")
    simulation = Simulation(Options(card, camera=tmp_path / "spot.png", quiet=True), heard.append)
    simulation.begin()
    return simulation


def turn(simulation: Simulation, times: int) -> None:
    for _ in range(times):
        simulation.turn()


def replay(file: Path) -> Outcome:
    with read(file) as recording:
        return Replay(recording).run()


def kinds(heard: Heard) -> list[str]:
    return [document["event"] for document in heard]


def test_a_recording_starts_a_new_run_and_repeats_it(simulation: Simulation, heard: Heard) -> None:
    turn_until(simulation, lambda: simulation.sim.state == "RUNNING")
    runs = simulation.runs
    simulation.start_recording()
    assert simulation.runs == runs + 1
    assert simulation.recording()["on"]
    turn_until(simulation, lambda: simulation.sim.detections())
    simulation.act("select 2")
    turn_until(simulation, lambda: simulation.sim.state == "RUNNING" and simulation.sim.title == "Colours")
    simulation.camera_view.show_photo(read_photo(photo_bytes(Image.new("RGB", (64, 48), (0, 0, 255)))))
    turn_until(simulation, lambda: "blue" in dict(simulation.sim.detections()[:1]))
    shown = simulation.recording()
    assert shown["frames"] >= 2
    assert shown["ms"] > 0
    simulation.stop_recording()
    assert not simulation.recording()["on"]
    assert simulation.recorded is not None
    assert simulation.runs == runs + 2
    assert kinds(heard).count("start") == 3
    with read(simulation.recorded) as recording:
        assert recording.interrupted
        assert ["select 2"] in recording.actions.values()
    assert replay(simulation.recorded).difference is None
    simulation.close()


def test_an_action_with_a_path_that_needs_quotes_repeats(card: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    shutil.copytree(card, own)
    (own / "models/10-blobs").rename(own / "models/10-it's#1")
    path = "models/10-it's#1/model.kmodel"
    simulation = Simulation(Options(own, quiet=True), lambda document: None)
    simulation.begin()
    simulation.camera_view.show_photo(read_photo(photo_bytes(draw_spot())))
    simulation.start_recording()
    turn_until(simulation, lambda: simulation.sim.state == "RUNNING")
    simulation.act(f"damage {shlex.quote(path)}")
    assert simulation.sim.card.damaged == {path}
    turn(simulation, 12)
    simulation.stop_recording()
    assert simulation.recorded is not None
    assert replay(simulation.recorded).difference is None
    simulation.close()


def crash(simulation: Simulation) -> None:
    """Crash the chip, as a detector does that finds more boxes than the firmware's array holds."""

    def fail(*_: object) -> None:
        simulation.sim.bench.hard_fault("eleven boxes")

    simulation.sim.step = fail  # type: ignore[assignment,method-assign]
    simulation.turn()


def test_a_crashed_board_stops_until_its_power_is_switched(simulation: Simulation, heard: Heard) -> None:
    turn(simulation, 20)
    crash(simulation)
    assert "eleven boxes" in simulation.stopped
    assert kinds(heard)[-1] == "crash"
    before = simulation.sim.steps
    simulation.turn()
    assert simulation.sim.steps == before
    with pytest.raises(MaixSwitchError, match="switch its power off and on"):
        simulation.act("down 1")
    simulation.power()
    assert simulation.stopped == ""
    turn_until(simulation, lambda: simulation.sim.state == "RUNNING")


def test_a_crash_ends_the_recording(card: Path, tmp_path: Path) -> None:
    """The drawn scene has more blobs than the firmware's array of boxes holds; the crash is part of the recording."""
    simulation = Simulation(Options(card, quiet=True), lambda document: None)
    simulation.begin()
    simulation.start_recording()
    turn_until(simulation, lambda: simulation.stopped)
    assert simulation.recorded is not None
    assert simulation.stopped in simulation.note
    with read(simulation.recorded) as recording:
        assert [event["event"] for event in recording.events[-2:]] == ["crash", "end"]
    assert replay(simulation.recorded).difference is None
    simulation.power()
    assert not simulation.recording()["on"]
    simulation.close()


def test_a_full_recording_is_complete(simulation: Simulation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulation_module, "MOST_RECORDED", 230_000)
    simulation.start_recording()
    turn_until(simulation, lambda: not simulation.recording()["on"])
    assert simulation.note == "the recording is full"
    assert simulation.stopped == ""
    assert simulation.recorded is not None
    assert replay(simulation.recorded).difference is None


def test_a_named_recording_exists_at_the_end(card: Path, tmp_path: Path) -> None:
    file = tmp_path / "named.rec"
    simulation = Simulation(Options(card, quiet=True, camera=None), lambda document: None, file)
    simulation.begin()
    turn(simulation, 12)
    simulation.close()
    assert replay(file).difference is None


def test_the_board_runs_when_a_recording_cannot_begin(simulation: Simulation) -> None:
    simulation.start_recording()
    turn(simulation, 12)
    simulation.stop_recording()
    assert simulation.recorded is not None
    simulation.recorded.unlink()
    simulation.recorded.mkdir()
    with pytest.raises(MaixSwitchError, match="a folder"):
        simulation.start_recording()
    assert not simulation.recording()["on"]
    turn_until(simulation, lambda: simulation.sim.state == "RUNNING")
    simulation.close()


def test_the_board_runs_when_a_recording_cannot_be_completed(simulation: Simulation) -> None:
    simulation.start_recording()
    turn(simulation, 12)
    simulation.stop_recording()
    assert simulation.recorded is not None
    folder = simulation.recorded.parent
    simulation.start_recording()
    turn(simulation, 12)
    shutil.rmtree(folder)
    with pytest.raises(MaixSwitchError, match="cannot write"):
        simulation.stop_recording()
    shown = simulation.recording()
    assert not shown["on"]
    assert not shown["ready"]
    assert "cannot write" in shown["note"]
    turn_until(simulation, lambda: simulation.sim.state == "RUNNING")
    simulation.close()


def test_named_recording_that_cannot_be_written_is_refused(card: Path, tmp_path: Path) -> None:
    with pytest.raises(MaixSwitchError, match="cannot write"):
        Simulation(Options(card, quiet=True), lambda document: None, tmp_path / "none" / "a.rec")


def test_closing_leaves_nothing_behind(simulation: Simulation, tmp_path: Path) -> None:
    simulation.start_recording()
    turn(simulation, 12)
    simulation.stop_recording()
    recorded = simulation.recorded
    assert recorded is not None
    bench = simulation.sim.bench
    simulation.start_recording()
    turn(simulation, 30)
    simulation.close()
    assert not recorded.parent.exists()
    assert not bench.kpu.live
