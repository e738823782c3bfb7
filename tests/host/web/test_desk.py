"""The board on the desk: its runs, what ends them, and their recordings, without a browser or a server."""

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
from maixswitch.web import desk as desks
from maixswitch.web.desk import Desk
from tests.host.web.web_helpers import draw_spot, photo_bytes, turn_until

Heard = list[dict[str, Any]]


@pytest.fixture
def heard() -> Heard:
    return []


@pytest.fixture
def desk(card: Path, tmp_path: Path, heard: Heard) -> Desk:
    draw_spot().save(tmp_path / "spot.png")
    desk = Desk(Options(card, camera=tmp_path / "spot.png", quiet=True), heard.append)
    desk.begin()
    return desk


def turn(desk: Desk, times: int) -> None:
    for _ in range(times):
        desk.turn()


def again(file: Path) -> Outcome:
    with read(file) as recording:
        return Replay(recording).run()


def kinds(heard: Heard) -> list[str]:
    return [document["event"] for document in heard]


def test_a_recording_begins_anew_and_repeats(desk: Desk, heard: Heard) -> None:
    turn_until(desk, lambda: desk.rig.state == "RUNNING")
    runs = desk.runs
    desk.start_recording()
    assert desk.runs == runs + 1
    assert desk.recording()["on"]
    turn_until(desk, lambda: desk.rig.detections())
    desk.act("select 2")
    turn_until(desk, lambda: desk.rig.state == "RUNNING" and desk.rig.title == "Colours")
    desk.lens.show_photo(photo_bytes(Image.new("RGB", (64, 48), (0, 0, 255))))
    turn_until(desk, lambda: "blue" in dict(desk.rig.detections()[:1]))
    shown = desk.recording()
    assert shown["frames"] >= 2
    assert shown["ms"] > 0
    desk.stop_recording()
    assert not desk.recording()["on"]
    assert desk.recorded is not None
    assert desk.runs == runs + 2
    assert kinds(heard).count("start") == 3
    with read(desk.recorded) as recording:
        assert recording.interrupted
        assert ["select 2"] in recording.deeds.values()
    assert again(desk.recorded).difference is None
    desk.close()


def test_deed_with_a_path_that_needs_quotes_repeats(card: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    shutil.copytree(card, own)
    (own / "models/10-blobs").rename(own / "models/10-it's#1")
    path = "models/10-it's#1/model.kmodel"
    desk = Desk(Options(own, quiet=True), lambda document: None)
    desk.begin()
    desk.lens.show_photo(photo_bytes(draw_spot()))
    desk.start_recording()
    turn_until(desk, lambda: desk.rig.state == "RUNNING")
    desk.act(f"damage {shlex.quote(path)}")
    assert desk.rig.card.damaged == {path}
    turn(desk, 12)
    desk.stop_recording()
    assert desk.recorded is not None
    assert again(desk.recorded).difference is None
    desk.close()


def crash(desk: Desk) -> None:
    """Lets the chip crash as a detector does that finds more than the firmware's array holds."""

    def fall(*_: object) -> None:
        desk.rig.bench.hard_fault("eleven boxes")

    desk.rig.step = fall  # type: ignore[assignment,method-assign]
    desk.turn()


def test_crash_stands_still_until_the_power_goes(desk: Desk, heard: Heard) -> None:
    turn(desk, 20)
    crash(desk)
    assert "eleven boxes" in desk.stopped
    assert kinds(heard)[-1] == "crash"
    before = desk.rig.steps
    desk.turn()
    assert desk.rig.steps == before
    with pytest.raises(MaixSwitchError, match="switch its power off and on"):
        desk.act("down 1")
    desk.power()
    assert desk.stopped == ""
    turn_until(desk, lambda: desk.rig.state == "RUNNING")


def test_crash_is_the_end_of_its_recording(card: Path, tmp_path: Path) -> None:
    """The drawn scene has more blobs than the firmware's array of boxes: what a chip would do comes with the file."""
    desk = Desk(Options(card, quiet=True), lambda document: None)
    desk.begin()
    desk.start_recording()
    turn_until(desk, lambda: desk.stopped)
    assert desk.recorded is not None
    assert desk.stopped in desk.note
    with read(desk.recorded) as recording:
        assert [event["event"] for event in recording.events[-2:]] == ["crash", "end"]
    assert again(desk.recorded).difference is None
    desk.power()
    assert not desk.recording()["on"]
    desk.close()


def test_full_recording_is_whole(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desks, "MOST_RECORDED", 230_000)
    desk.start_recording()
    turn_until(desk, lambda: not desk.recording()["on"])
    assert desk.note == "the recording is full"
    assert desk.stopped == ""
    assert desk.recorded is not None
    assert again(desk.recorded).difference is None


def test_recording_asked_for_by_name_is_there_at_the_end(card: Path, tmp_path: Path) -> None:
    file = tmp_path / "named.rec"
    desk = Desk(Options(card, quiet=True, camera=None), lambda document: None, file)
    desk.begin()
    turn(desk, 12)
    desk.close()
    assert again(file).difference is None


def test_recording_that_cannot_be_begun_leaves_a_board_that_runs(desk: Desk) -> None:
    desk.start_recording()
    turn(desk, 12)
    desk.stop_recording()
    assert desk.recorded is not None
    desk.recorded.unlink()
    desk.recorded.mkdir()
    with pytest.raises(MaixSwitchError, match="a folder"):
        desk.start_recording()
    assert not desk.recording()["on"]
    turn_until(desk, lambda: desk.rig.state == "RUNNING")
    desk.close()


def test_recording_that_cannot_be_completed_leaves_a_board_that_runs(desk: Desk) -> None:
    desk.start_recording()
    turn(desk, 12)
    desk.stop_recording()
    assert desk.recorded is not None
    folder = desk.recorded.parent
    desk.start_recording()
    turn(desk, 12)
    shutil.rmtree(folder)
    with pytest.raises(MaixSwitchError, match="cannot write"):
        desk.stop_recording()
    shown = desk.recording()
    assert not shown["on"]
    assert not shown["ready"]
    assert "cannot write" in shown["note"]
    turn_until(desk, lambda: desk.rig.state == "RUNNING")
    desk.close()


def test_named_recording_that_cannot_be_written_is_refused(card: Path, tmp_path: Path) -> None:
    with pytest.raises(MaixSwitchError, match="cannot write"):
        Desk(Options(card, quiet=True), lambda document: None, tmp_path / "none" / "a.rec")


def test_closing_leaves_nothing_behind(desk: Desk, tmp_path: Path) -> None:
    desk.start_recording()
    turn(desk, 12)
    desk.stop_recording()
    recorded = desk.recorded
    assert recorded is not None
    bench = desk.rig.bench
    desk.start_recording()
    turn(desk, 30)
    desk.close()
    assert not recorded.parent.exists()
    assert not bench.kpu.live
