"""Recordings of the page when something is in their way: a full disk, no folder, two pages, photos by the dozen."""

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
from maixswitch.web.desk import Desk
from tests.host.web.web_helpers import draw_spot, photo_bytes, turn_until


@pytest.fixture
def options(card: Path, tmp_path: Path) -> Options:
    draw_spot().save(tmp_path / "spot.png")
    return Options(card, camera=tmp_path / "spot.png", quiet=True)


@pytest.fixture
def desk(options: Options, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Desk]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    desk = Desk(options, lambda document: None)
    desk.begin()
    turn_until(desk, lambda: desk.rig.state == "RUNNING")
    yield desk
    desk.close()


@contextmanager
def full_disk(most: int) -> Iterator[None]:
    """No file of this process may become larger than so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def goes_on(desk: Desk) -> None:
    assert not desk.recording()["on"]
    assert desk.stopped == ""
    turn_until(desk, lambda: desk.rig.state == "RUNNING")
    frames = desk.rig.frames
    turn_until(desk, lambda: desk.rig.frames > frames + 3)


def test_disk_that_fills_up_ends_the_recording_not_the_board(desk: Desk) -> None:
    desk.start_recording()
    desk.lens.show_photo(photo_bytes(Image.effect_noise((320, 240), 60)))  # which does not pack well
    with full_disk(1000), pytest.raises(MaixSwitchError, match="cannot write"):
        turn_until(desk, lambda: False)
    assert "cannot write" in desk.note
    goes_on(desk)


def test_disk_that_is_full_at_the_end_loses_the_recording_not_the_board(desk: Desk) -> None:
    desk.start_recording()
    turn_until(desk, lambda: desk.rig.frames)
    with full_disk(100), pytest.raises(MaixSwitchError, match="cannot write"):
        desk.stop_recording()
    assert not desk.recording()["ready"]
    goes_on(desk)


def test_recording_asked_for_by_name_that_cannot_be_kept_is_not_hushed_up(options: Options, tmp_path: Path) -> None:
    file = tmp_path / "named.rec"
    desk = Desk(options, lambda document: None, file)
    desk.begin()
    with full_disk(100), pytest.raises(MaixSwitchError, match="cannot write"):
        desk.close()
    assert desk.lost is not None
    assert desk.lost.exit_code == EXIT_IO
    assert not [path for path in tmp_path.iterdir() if "named" in path.name]


def test_without_a_temporary_folder_the_board_goes_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/no/such/folder")
    with pytest.raises(MaixSwitchError, match="no temporary folder"):
        desk.start_recording()
    goes_on(desk)


def test_temporary_folder_that_was_tidied_away_is_made_anew(desk: Desk) -> None:
    for _ in range(2):
        desk.start_recording()
        desk.turn()
        desk.stop_recording()
        assert desk.recorded is not None
        with read(desk.recorded) as recording:
            assert recording.steps
        shutil.rmtree(desk.recorded.parent)


def test_second_page_that_records_does_not_drop_the_recording(desk: Desk) -> None:
    desk.start_recording()
    desk.turn()
    runs = desk.runs
    desk.start_recording()
    assert (desk.runs, desk.recording()["on"]) == (runs, True)


def test_photos_do_not_stay_for_the_whole_recording(desk: Desk) -> None:
    desk.start_recording()
    seen = []
    for level in range(0, 250, 50):
        desk.lens.show_photo(photo_bytes(Image.new("RGB", (64, 48), (level, level, level))))
        seen.append(weakref.ref(desk.lens.source))
        frames = desk.recording()["frames"]
        turn_until(desk, lambda frames=frames: desk.recording()["frames"] > frames)
    gc.collect()
    assert [photo() is None for photo in seen] == [True, True, True, True, False]


def test_run_that_was_dropped_does_not_stay(desk: Desk) -> None:
    gone = weakref.ref(desk.rig)
    desk.start_recording()
    assert gone() is None


def test_wish_that_the_board_refused_does_not_spoil_the_replay(desk: Desk) -> None:
    desk.start_recording()
    turn_until(desk, lambda: desk.rig.state == "RUNNING")
    with pytest.raises(MaixSwitchError, match="there is no model 9"):
        desk.act("select 9")
    desk.turn()
    desk.act("select 2")
    turn_until(desk, lambda: desk.rig.title == "Colours" and desk.rig.state == "RUNNING")
    desk.stop_recording()
    assert desk.recorded is not None
    with read(desk.recorded) as recording:
        assert ["select 9"] in recording.deeds.values()
        outcome = Replay(recording).run()
    assert outcome.difference is None
