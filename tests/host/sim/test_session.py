"""Complete runs of the app in the simulator: what scripts can do to the board, and what the run reports."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest
from PIL import Image

from maixswitch import board_code
from maixswitch.errors import MaixSwitchError
from maixswitch.sim.session import Options, Session
from tests.host.sim_helpers import Play

board_code.put_on_path()
BOARDS = sorted(importlib.import_module("device.once.boards").names())

STORIES = {
    "start, detect, switch, classify, back": """
        expect state RUNNING
        expect title 'Bright blobs'
        expect detection blob >= 0.5
        press
        expect title Colours
        expect detection red within 20s
        press
        expect title 'Bright blobs'
        expect state RUNNING""",
    "a long press goes back": """
        hold
        expect title Colours
        expect state RUNNING""",
    "a load that fails shows its fault, and the key goes on": """
        fail load 2006
        expect state FAULT
        expect fault 2006
        press
        expect title Colours
        expect state RUNNING
        expect no fault""",
    "a run that fails": """
        expect state RUNNING
        fail run 2008
        expect fault 2008
        press
        expect state RUNNING""",
    "the card is pulled and put back": """
        expect state RUNNING
        eject
        expect state NO_CARD
        expect fault 101
        wait 2s
        insert
        expect state RUNNING
        expect detection blob""",
    "the camera goes and comes back by itself": """
        expect state RUNNING
        fail camera
        expect state FAULT
        heal
        expect state RUNNING
        expect detection blob""",
    "no such object is seen": """
        expect no detection person for 2s
        expect detection blob""",
}


@pytest.mark.parametrize("name", STORIES)
def test_story(play: Play, name: str) -> None:
    session = play(STORIES[name])
    assert session.code == 0, session.explain()
    session.sim.bench.kpu.check()
    assert not session.sim.bench.hardfaults


@pytest.mark.parametrize("board", BOARDS)
def test_every_board(play: Play, card: Path, board: str) -> None:
    """On each board of the table the app runs, its keys switch there and back, and the panel has the board's size."""
    row = importlib.import_module("device.once.boards").find(board)
    if not row.keys:
        session = play("expect state RUNNING\nframes 3", board=board)
        assert session.code == 0, session.explain()
        return
    session = play(
        "expect state RUNNING\npress\nexpect title Colours\nexpect state RUNNING\nframes 3\n"
        "hold\nexpect title 'Bright blobs'\nexpect state RUNNING",
        board=board,
    )
    assert session.code == 0, session.explain()
    assert session.sim.board == board
    _, width, height = session.sim.panel()
    if row.lcd:
        assert {width, height} == {row.lcd[0], row.lcd[1]}
    else:
        assert (width, height) == (0, 0)


def test_failed_expectation(play: Play) -> None:
    session = play("expect state RUNNING\nexpect detection blob >= 1 within 500ms\n")
    assert session.code == 1
    text = session.explain()
    assert text.startswith(
        "test.txt:2: expect detection blob >= 1 within 500ms\n  expected: detection blob >= 1 within 0.5 s"
    )
    assert "found:    state RUNNING, Bright blobs, blob 0." in text


def test_unfinished_script_is_a_failure(play: Play) -> None:
    session = play("wait 1s\nwait 60s\n", seconds=2.0)
    assert session.code == 1
    assert "before the script did, in line 2: wait 60s" in session.explain()


def test_an_unexpected_fault_ends_the_run(play: Play) -> None:
    session = play("fail load 2015\nwait 2s\n")
    assert session.code == 3
    assert session.explain().startswith("the app ended in FAULT: 2015")
    assert play("fail load 2015\nexpect state FAULT\n").code == 0


def test_a_crash_of_the_chip_is_reported(card: Path, tmp_path: Path) -> None:
    """Where the firmware would crash, the run ends with exit code 3, gives the reason and leaves complete files."""
    session = Session(Options(card=card, out=tmp_path))
    bench = session.sim.bench
    bench.fail_next("sensor.snapshot", bench.HardFault("load access fault"))
    assert session.run() == 3
    assert session.explain() == "the chip would have crashed here: HardFault: load access fault"
    last = (tmp_path / "events.jsonl").read_text().splitlines()[-1]
    assert json.loads(last)["event"] == "end"


def test_limits(card: Path) -> None:
    session = Session(Options(card=card, frames=7))
    assert session.run() == 0
    assert session.sim.frames == 7
    session = Session(Options(card=card, seconds=1.5))
    assert session.run() == 0
    assert 1500 <= session.sim.now <= 3000


def test_same_run_same_events(play: Play, tmp_path: Path) -> None:
    """Two runs leave the same bytes: neither the PC's clock nor chance has an influence."""
    for name in ("a", "b"):
        play(STORIES["start, detect, switch, classify, back"], out=tmp_path / name)
    events = [(tmp_path / name / "events.jsonl").read_bytes() for name in "ab"]
    assert events[0] == events[1]


def test_screenshot_and_camera(play: Play, tmp_path: Path) -> None:
    """A script points the camera at a photo, by path or by name in the folder, and takes pictures of the panel."""
    photos = tmp_path / "photos"
    photos.mkdir()
    for name, colour in (("blue.png", (0, 0, 220)), ("green.png", (0, 200, 0))):
        Image.new("RGB", (64, 64), colour).save(photos / name)
    Image.new("RGB", (64, 64), (220, 0, 0)).save(tmp_path / "red.png")
    session = play(
        """
        press
        expect title Colours
        camera green
        expect detection green
        screenshot leaf
        camera red.png
        expect detection red
        """,
        camera=photos,
        script_base=tmp_path,
        out=tmp_path / "run",
    )
    assert session.code == 0, session.explain()
    with Image.open(tmp_path / "run" / "leaf.png") as image:
        red, green, blue = image.getpixel((160, 120))[:3]
    assert green > 150
    assert max(red, blue) < 60


def test_photos_of_a_folder_take_turns(play: Play, tmp_path: Path) -> None:
    for name, colour in (("a.png", (0, 0, 220)), ("b.png", (0, 200, 0)), ("c.png", (220, 0, 0))):
        Image.new("RGB", (64, 64), colour).save(tmp_path / name)
    session = play("press\nexpect detection green\nexpect detection red\nexpect detection blue", camera=tmp_path)
    assert session.code == 0, session.explain()


def test_unknown_photo_is_refused_before_anything_runs(play: Play, tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    with pytest.raises(MaixSwitchError, match=r"test\.txt:2: no photo b\.png in .* \(a\.png\), and no such file"):
        play("wait 1s\ncamera b.png", camera=tmp_path)


def test_the_choice_is_kept_with_write_back(tmp_path: Path) -> None:
    """With --write-back the model that ran for five seconds comes first after the next power-on."""
    from maixswitch.kmodel.write.samples import write_card
    from maixswitch.sim.script import parse

    write_card(tmp_path)
    first = Session(Options(card=tmp_path, write_back=True, script=parse("press\nexpect title Colours\nwait 8s")))
    assert first.run() == 0, first.explain()
    assert list(tmp_path.glob("maixswitch.s*"))
    again = Session(Options(card=tmp_path, script=parse("expect state RUNNING\nexpect title Colours")))
    assert again.run() == 0, again.explain()


def test_events_tell_the_story(play: Play, tmp_path: Path) -> None:
    """A model is released before the next is loaded: the event log has an unload between two loads."""
    session = play(
        "expect state RUNNING\npress\nexpect title Colours\nexpect state RUNNING\npress\nexpect detection blob",
        out=tmp_path,
    )
    assert session.code == 0
    events = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    loads = [event["event"] for event in events if event["event"] in ("load", "unload")]
    assert loads == ["load", "unload"] * 3
