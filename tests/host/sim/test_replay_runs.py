"""A recorded run repeats itself event by event, and what the app does differently is named."""

from __future__ import annotations

import json
import re
import shutil
import sys
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from maixswitch.errors import MaixSwitchError
from maixswitch.sim.recording import ROWS, digest, read
from maixswitch.sim.recording_writer import RecordingWriter
from maixswitch.sim.replay import Outcome, Replay, Until
from maixswitch.sim.script import parse
from maixswitch.sim.session import Options
from tests.host.sim_helpers import Command

STORY = """
expect state RUNNING
expect detection blob
fail run 2008
expect fault 2008
press for 120ms bounce 2ms 5ms
expect title Colours
expect state RUNNING
eject
expect state NO_CARD
insert
expect state RUNNING
frames 4
raise sensor.snapshot 2 RuntimeError 'Sensor timeout!'
wait 500ms
restart
expect state RUNNING
power
expect state RUNNING
hold
frames 3
"""
PHOTOS = """
press
expect title Colours
camera green
expect detection green
camera red.png
expect detection red
screenshot leaf
insert other
expect title 'Bright blobs'
frames 3
"""


def record(file: Path, script: str | None, **options: object) -> list[dict[str, object]]:
    """Record a run; return its events."""
    heard: list[dict[str, object]] = []
    values = {"script": None if script is None else parse(script, "test.txt"), "quiet": True, **options}
    with RecordingWriter(file, Options(**values)) as writer:  # type: ignore[arg-type]
        writer.session.recorder.listeners.append(heard.append)
        writer.complete(writer.session.run())
    return heard


def replay(file: Path, card: Path | None = None, until: Until | None = None) -> Outcome:
    with read(file) as recording:
        return Replay(recording, card, until).run()


@pytest.fixture
def scene(card: Path, tmp_path: Path) -> Path:
    """A recording with every kind of action, before the drawn scene."""
    file = tmp_path / "a.rec"
    events = record(file, STORY, card=card)
    assert events[-1]["event"] == "end"
    assert {"fault", "load", "unload", "results", "state"} <= {event["event"] for event in events}
    return file


def test_presses_faults_card_and_scene_repeat(scene: Path) -> None:
    with read(scene) as recording:
        assert len(recording.events) > 40
        assert len(recording.views) > 20
        expected = len(recording.events)
    outcome = replay(scene)
    assert (outcome.difference, outcome.events, outcome.stopped) == (None, expected, False)


def test_the_pictures_are_the_recorded_ones(scene: Path, tmp_path: Path) -> None:
    """With other pictures in the file the app sees something else: a replay does not draw the scene again."""

    def black(row: str) -> str:
        return re.sub(r'("view": \[.*)"[0-9a-f]{32}"', rf'\1"{name}"', row)

    data = bytes(320 * 240 * 3)
    name = digest(data)
    other = tmp_path / "black.rec"
    with zipfile.ZipFile(scene) as old, zipfile.ZipFile(other, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.namelist():
            if member.startswith("card/"):
                new.writestr(member, old.read(member))
        new.writestr(f"frames/{name}", data)
        new.writestr(ROWS, "\n".join(map(black, old.read(ROWS).decode().split("\n"))))
    difference = replay(other).difference
    assert difference is not None
    assert (difference.recorded or {})["event"] == "results"


def test_photos_and_another_card_need_nothing_but_the_file(card: Path, tmp_path: Path) -> None:
    """Photos and both cards may be gone; an unchanged picture is stored once; a replay writes no file."""
    sources = tmp_path / "work"
    photos = sources / "photos"
    photos.mkdir(parents=True)
    for name, colour in (("photos/blue", (0, 0, 220)), ("photos/green", (0, 200, 0)), ("red", (220, 0, 0))):
        Image.new("RGB", (64, 64), colour).save(sources / f"{name}.png")
    shutil.copytree(card, sources / "card")
    shutil.copytree(card, sources / "other")
    file = tmp_path / "photos.rec"
    record(file, PHOTOS, card=sources / "card", camera=photos, script_base=sources, out=tmp_path / "out")
    shutil.rmtree(sources)
    (tmp_path / "out" / "leaf.png").unlink()
    before = sorted(tmp_path.rglob("*"))
    assert replay(file).difference is None
    assert sorted(tmp_path.rglob("*")) == before
    with zipfile.ZipFile(file) as archive:
        assert len([name for name in archive.namelist() if name.startswith("frames/")]) <= 3


def test_a_run_that_fails_repeats_its_failure(card: Path, tmp_path: Path) -> None:
    events = record(tmp_path / "a.rec", "expect detection blob >= 1 within 300ms", card=card)
    assert [event["exit"] for event in events if event["event"] == "end"] == [1]
    assert replay(tmp_path / "a.rec").difference is None


@pytest.mark.parametrize("options", [{"frames": 5}, {"seconds": 1.2}])
def test_limits_are_part_of_the_recording(card: Path, tmp_path: Path, options: dict[str, object]) -> None:
    record(tmp_path / "a.rec", None, card=card, **options)
    assert replay(tmp_path / "a.rec").difference is None


def test_interruption_is_repeated_at_its_step(card: Path, tmp_path: Path) -> None:
    """Ctrl-C and the keys of a live run take effect at the same step as in the recorded run."""
    file = tmp_path / "a.rec"
    typed = {20: " ", 60: "e", 90: "e"}
    with RecordingWriter(file, Options(card=card, quiet=True)) as writer:
        session, hear = writer.session, writer.session.finger

        def finger(_: str) -> str:
            if session.sim.steps == 130:
                session.interrupt()
            return hear(typed.get(session.sim.steps, ""))

        session.finger = finger
        code = session.run()
        writer.complete(code)
    assert code == 130
    with read(file) as recording:
        assert recording.keys == typed
        assert recording.interrupted
    outcome = replay(file)
    assert outcome.difference is None
    assert not outcome.interrupted


@pytest.mark.parametrize("last", ["heal", "say bye", "wait 1s"])
def test_interruption_while_the_script_acts(card: Path, tmp_path: Path, last: str) -> None:
    file = tmp_path / "a.rec"
    script = parse(f"frames 3\nheal\n{last}", "test.txt")
    with RecordingWriter(file, Options(card=card, script=script, quiet=True)) as writer:
        session = writer.session
        session.recorder.listeners.append(lambda event: session.interrupt() if event.get("line") == 2 else None)
        code = session.run()
        writer.complete(code)
    assert code == 130
    assert replay(file).difference is None


def test_until_stops_there(scene: Path) -> None:
    complete = replay(scene)
    early = replay(scene, until=Until(ms=900))
    assert (early.difference, early.stopped) == (None, True)
    assert 900 <= early.ms < 1500
    assert early.events < complete.events
    assert replay(scene, until=Until(frames=3)).frames == 3


def test_another_threshold_is_named_with_the_first_difference(scene: Path, card: Path, tmp_path: Path) -> None:
    changed = tmp_path / "changed"
    shutil.copytree(card, changed)
    model = changed / "models" / "10-blobs" / "model.json"
    settings = json.loads(model.read_text())
    assert settings["threshold"] < 0.99
    model.write_text(json.dumps({**settings, "threshold": 0.99}))
    assert replay(scene, card).changed == []
    outcome = replay(scene, changed)
    assert outcome.changed == ["models/10-blobs/model.json"]
    assert outcome.difference is not None
    recorded, actual = outcome.difference.recorded, outcome.difference.actual
    assert recorded is not None
    assert recorded["event"] == "results"
    assert actual != recorded


def test_a_card_that_was_left_out_is_asked_for(card: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    shutil.copytree(card, mine)
    file = tmp_path / "a.rec"
    with RecordingWriter(file, Options(card=mine, frames=4, quiet=True), with_card=False) as writer:
        writer.complete(writer.session.run())
    with zipfile.ZipFile(file) as archive:
        assert not [name for name in archive.namelist() if name.startswith("card/")]
    assert replay(file).difference is None  # the card is still at its path
    shutil.rmtree(mine)
    with pytest.raises(MaixSwitchError, match="--card FOLDER"):
        replay(file)
    assert replay(file, card).difference is None


def test_a_run_that_is_broken_off_leaves_no_file(card: Path, tmp_path: Path) -> None:
    with RecordingWriter(tmp_path / "a.rec", Options(card=card, frames=2, quiet=True)) as writer:
        writer.session.run()
        assert len(list(tmp_path.iterdir())) == 1
    with pytest.raises(MaixSwitchError), RecordingWriter(tmp_path / "b.rec", Options(card=tmp_path, quiet=True)):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals exist on POSIX only")
def test_live_keys_repeat(card: Path, tmp_path: Path) -> None:
    """Keys arrive at any time when the command runs in a terminal; the replay repeats them at the same step."""
    from tests.host.sim.test_live import Terminal

    file = tmp_path / "live.rec"
    terminal = Terminal("sim", str(card), "--record", str(file))
    terminal.read_until("sees blob")
    terminal.type(" ")
    terminal.read_until("loaded Colours")
    terminal.type("e")
    terminal.read_until("NO_CARD")
    terminal.type("e")
    terminal.read_until("--CARD_IN-->")
    terminal.type("q")
    assert terminal.end() == 0
    with read(file) as recording:
        assert [*recording.keys.values()] == [" ", "e", "e", "q"]
    assert replay(file).difference is None


def test_the_command(command: Command, card: Path, tmp_path: Path) -> None:
    result = command("sim", card, "--frames", 4, "--record", "a.rec")
    assert result.returncode == 0, result.stderr
    same = command("replay", "a.rec", "--json")
    report = json.loads(same.stdout)
    assert (same.returncode, report["same"], report["frames"], report["difference"]) == (0, True, 4, None)
    for words, code, text in (
        (("replay", "nowhere.rec"), 4, "No such file"),
        (("replay", "a.rec", "--until", "soon"), 2, "--until soon"),
        (("replay", "a.rec", "--as-test", "a.txt"), 2, ".py"),
        (("sim", card, "--frames", 2, "--no-card"), 2, "--record"),
        (("sim", card, "--frames", 2, "--record", tmp_path), 4, "a folder"),
        (("sim", card, "--frames", 2, "--record", "no/where.rec"), 4, "--record: cannot write"),
    ):
        refused = command(*words)
        assert refused.returncode == code, refused.stderr
        assert text in refused.stderr
        assert "Traceback" not in refused.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["a.rec"]
