"""What a user does between two steps, as on the page, is recorded and repeated; other lines are refused."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from maixswitch.errors import EXIT_IO, MaixSwitchError
from maixswitch.sim.recording import ROWS, read
from maixswitch.sim.recording_writer import RecordingWriter
from maixswitch.sim.replay import Outcome, Replay
from maixswitch.sim.session import Options

ACTIONS = {
    30: ["down 1"],
    35: ["up 1"],
    60: ["fail load 2006", "select 1"],
    75: ["heal", "damage models/20-colours/model.kmodel", "select 2"],
    90: ["slow 10", "heal models/20-colours/model.kmodel", "select 2"],
    120: ["fail camera"],
    135: ["heal camera", "eject"],
    140: ["power"],
    150: ["insert"],
}
LAST = 260


def record(file: Path, card: Path, actions: Mapping[int, list[str]]) -> list[str]:
    """Record a run turn by turn, as the page drives it; return the kinds of its events."""
    kinds: list[str] = []
    with RecordingWriter(file, Options(card=card, quiet=True)) as writer:
        session = writer.session
        session.recorder.listeners.append(lambda document: kinds.append(str(document["event"])))
        with session.guarded():
            session.begin()
            while session.sim.steps < LAST:
                session.turn()
                session.finger("")
                for line in actions.get(session.sim.steps, ()):
                    session.act(line)
        session.interrupt()
        session.finish()
        writer.complete(session.verdict())
    return kinds


def replay(file: Path) -> Outcome:
    with read(file) as recording:
        return Replay(recording).run()


@pytest.fixture
def file(card: Path, tmp_path: Path) -> Path:
    kinds = record(tmp_path / "a.rec", card, ACTIONS)
    assert kinds.count("hands") == sum(map(len, ACTIONS.values()))
    assert kinds.count("fault") >= 3
    return tmp_path / "a.rec"


def change(file: Path, old: str, new: str) -> None:
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert old.encode() in parts[ROWS]
    parts[ROWS] = parts[ROWS].replace(old.encode(), new.encode())
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)


def test_actions_of_the_user_repeat(file: Path) -> None:
    with read(file) as recording:
        assert recording.actions == ACTIONS
        expected = len(recording.events)
    outcome = replay(file)
    assert outcome.difference is None
    assert (outcome.events, outcome.interrupted) == (expected, False)


def test_another_action_makes_another_run(file: Path) -> None:
    change(file, '"fail load 2006"]', '"fail load 2005"]')
    difference = replay(file).difference
    assert difference is not None
    assert "fail load 2006" in json.dumps(difference.recorded)
    assert "fail load 2005" in json.dumps(difference.actual)


@pytest.mark.parametrize(
    "line",
    [
        "insert ../elsewhere",
        "camera /etc",
        "raise sensor.snapshot 1 SystemExit",
        "screenshot a",
        "wait 1s",
        "",
        "heal # nothing\\nheal",
        "no such thing",
        "x" * 3000,
    ],
)
def test_lines_that_no_user_causes_are_refused(file: Path, line: str) -> None:
    change(file, '"fail load 2006"]', f'"{line}"]')
    with pytest.raises(MaixSwitchError) as caught:
        replay(file)
    assert caught.value.exit_code == EXIT_IO
    assert str(file) in str(caught.value)
