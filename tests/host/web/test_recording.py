"""Recordings of the page in difficult conditions: a full disk, no folder, two pages, many photos."""

from __future__ import annotations

import gc
import resource
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

from maixswitch.errors import EXIT_IO, MaixSwitchError
from maixswitch.sim.recording import read
from maixswitch.sim.replay import Replay
from maixswitch.sim.session import Options
from maixswitch.web.pictures import read_photo
from maixswitch.web.simulation import Simulation
from tests.host.web.web_helpers import draw_spot, photo_bytes, turn_until


@pytest.fixture
def options(card: Path, tmp_path: Path) -> Options:
    draw_spot().save(tmp_path / "spot.png")
    return Options(card, camera=tmp_path / "spot.png", quiet=True)


@pytest.fixture
def simulation(options: Options, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Simulation]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    simulation = Simulation(options, lambda document: None)
    simulation.begin()
    turn_until(simulation, lambda: simulation.sim.state == "RUNNING")
    yield simulation
    simulation.close()


@contextmanager
def full_disk(most: int) -> Iterator[None]:
    """No file of this process may become larger than `most` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def keeps_running(simulation: Simulation) -> None:
    assert not simulation.recording()["on"]
    assert simulation.stopped == ""
    turn_until(simulation, lambda: simulation.sim.state == "RUNNING")
    frames = simulation.sim.frames
    turn_until(simulation, lambda: simulation.sim.frames > frames + 3)


def test_a_disk_that_fills_up_ends_the_recording_but_not_the_board(simulation: Simulation) -> None:
    simulation.start_recording()
    noise = Image.effect_noise((320, 240), 60)  # it cannot be compressed well
    simulation.camera_view.show_photo(read_photo(photo_bytes(noise)))
    with full_disk(1000), pytest.raises(MaixSwitchError, match="cannot write"):
        turn_until(simulation, lambda: False)
    assert "cannot write" in simulation.note
    keeps_running(simulation)


def test_a_disk_that_is_full_at_the_end_loses_the_recording_but_not_the_board(simulation: Simulation) -> None:
    simulation.start_recording()
    turn_until(simulation, lambda: simulation.sim.frames)
    with full_disk(100), pytest.raises(MaixSwitchError, match="cannot write"):
        simulation.stop_recording()
    assert not simulation.recording()["ready"]
    keeps_running(simulation)


def test_a_named_recording_that_cannot_be_kept_is_reported(options: Options, tmp_path: Path) -> None:
    file = tmp_path / "named.rec"
    simulation = Simulation(options, lambda document: None, file)
    simulation.begin()
    with full_disk(100), pytest.raises(MaixSwitchError, match="cannot write"):
        simulation.close()
    assert simulation.lost is not None
    assert simulation.lost.exit_code == EXIT_IO
    assert not [path for path in tmp_path.iterdir() if "named" in path.name]


def test_without_a_temporary_folder_the_board_keeps_running(
    simulation: Simulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/no/such/folder")
    with pytest.raises(MaixSwitchError, match="no temporary folder"):
        simulation.start_recording()
    keeps_running(simulation)


def test_a_deleted_temporary_folder_is_created_again(simulation: Simulation) -> None:
    for _ in range(2):
        simulation.start_recording()
        simulation.turn()
        simulation.stop_recording()
        assert simulation.recorded is not None
        with read(simulation.recorded) as recording:
            assert recording.steps
        shutil.rmtree(simulation.recorded.parent)


def test_a_second_page_that_records_does_not_end_the_recording(simulation: Simulation) -> None:
    simulation.start_recording()
    simulation.turn()
    runs = simulation.runs
    simulation.start_recording()
    assert (simulation.runs, simulation.recording()["on"]) == (runs, True)


def test_photos_are_released_during_a_recording(simulation: Simulation) -> None:
    simulation.start_recording()
    seen = []
    for level in range(0, 250, 50):
        simulation.camera_view.show_photo(read_photo(photo_bytes(Image.new("RGB", (64, 48), (level, level, level)))))
        seen.append(weakref.ref(simulation.camera_view.source))
        frames = simulation.recording()["frames"]
        turn_until(simulation, lambda frames=frames: simulation.recording()["frames"] > frames)
    gc.collect()
    assert [photo() is None for photo in seen] == [True, True, True, True, False]


def test_a_run_that_was_dropped_is_released(simulation: Simulation) -> None:
    gone = weakref.ref(simulation.sim)
    simulation.start_recording()
    assert gone() is None


def test_an_action_that_the_board_refused_does_not_spoil_the_replay(simulation: Simulation) -> None:
    simulation.start_recording()
    turn_until(simulation, lambda: simulation.sim.state == "RUNNING")
    with pytest.raises(MaixSwitchError, match="there is no model 9"):
        simulation.act("select 9")
    simulation.turn()
    simulation.act("select 2")
    turn_until(simulation, lambda: simulation.sim.title == "Colours" and simulation.sim.state == "RUNNING")
    simulation.stop_recording()
    assert simulation.recorded is not None
    with read(simulation.recorded) as recording:
        assert ["select 9"] in recording.actions.values()
        outcome = Replay(recording).run()
    assert outcome.difference is None
