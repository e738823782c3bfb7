"""What the actions for faults and tests do to the simulated board."""

from __future__ import annotations

from pathlib import Path

import pytest

from maixswitch import board_code
from maixswitch.cli.sim import sim
from maixswitch.errors import MaixSwitchError
from maixswitch.kmodel.write.samples import write_card
from maixswitch.sim import script
from maixswitch.sim.recorder import Recorder
from tests.device.fsm_rules import STATES
from tests.host.sim_helpers import Play

STORIES = {
    "a press that the script does not wait for": """
        expect state RUNNING
        press after 1s
        expect title 'Bright blobs' for 900ms
        expect title Colours""",
    "a press of 20 ms is bounce": """
        expect state RUNNING
        press for 20ms bounce 3ms 9ms
        expect title 'Bright blobs' for 1s""",
    "a long press by its time": """
        expect state RUNNING
        press
        expect title Colours
        press for 900ms
        expect title 'Bright blobs'""",
    "the card is removed between two file operations": """
        expect state RUNNING
        eject at 1
        expect state NO_CARD
        insert
        expect state RUNNING""",
    "another card": """
        expect title 'Bright blobs'
        insert other
        expect title Colours within 20s
        expect state RUNNING""",
    "the last model comes back after a power cycle": """
        expect state RUNNING
        press
        expect title Colours
        wait 8s
        power
        expect title Colours
        expect state RUNNING""",
    "the power fails while the choice is written": """
        expect state RUNNING
        press
        expect title Colours
        power cut 5
        wait 8s
        power
        expect title 'Bright blobs'
        expect state RUNNING""",
    "a key that stays down is a long press": """
        expect state RUNNING
        press
        expect title Colours
        down
        expect title 'Bright blobs'
        up 1
        expect title 'Bright blobs' for 1s
        expect state RUNNING""",
    "a model by its number": """
        expect state RUNNING
        select 2
        expect title Colours
        expect state RUNNING""",
    "a damaged file, then repaired": """
        expect state RUNNING
        damage models/20-colours/model.kmodel
        press
        expect fault 2002
        heal models/20-colours/model.kmodel
        select 2
        expect state RUNNING
        expect title Colours""",
    "everything repaired at once": """
        damage models/10-blobs/model.kmodel
        fail load 2006
        fail camera
        slow 100
        heal
        select 1
        expect state RUNNING
        expect title 'Bright blobs'""",
    "the camera alone is plugged in again": """
        expect state RUNNING
        fail camera
        expect fault 105
        fail load 2006
        heal camera
        expect fault 2006""",
    "the program starts again": """
        expect state RUNNING
        press
        expect title Colours
        restart
        expect title 'Bright blobs'
        expect state RUNNING""",
    "a firmware call fails": """
        expect state RUNNING
        raise sensor.snapshot 3 RuntimeError 'Sensor timeout!'
        expect fault 105
        press
        expect state RUNNING
        raise KPU.load 2009
        press
        expect fault 2009
        press
        expect state RUNNING
        raise uos.stat OSError 5
        expect state NO_CARD
        expect state RUNNING""",
    "Ctrl-C, and then it is started again": """
        expect state RUNNING
        raise lcd.display 2 KeyboardInterrupt
        wait 1s
        restart
        expect state RUNNING""",
    "the script sets what detectors find": """
        boxes 10,20,60,60,0,0.75
        expect detection blob >= 0.74
        boxes
        expect no detection blob for 1s""",
    "the script sets what classifiers answer": """
        scores 0.1 0.9
        expect state RUNNING
        press
        expect title Colours
        expect detection green >= 0.5""",
    "a run fails whose results the script sets": """
        boxes
        expect state RUNNING
        fail run 2013
        expect fault 2013""",
    "time in which the board does nothing": """
        expect state RUNNING
        skip 3600s
        frames 2
        expect state RUNNING""",
}


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A folder that holds another card, with only the classifier."""
    write_card(tmp_path / "other")
    for path in (tmp_path / "other" / "models" / "10-blobs").iterdir():
        path.unlink()
    (tmp_path / "other" / "models" / "10-blobs").rmdir()
    return tmp_path


@pytest.mark.parametrize("name", STORIES)
def test_action(play: Play, other: Path, name: str) -> None:
    session = play(STORIES[name], script_base=other)
    assert session.code == 0, session.explain()
    session.sim.bench.kpu.check()


def test_board_time_continues_across_power_cycles(play: Play) -> None:
    session = play("wait 2s\npower\nwait 2s\nskip 10s\n")
    assert session.sim.now >= 14_000
    assert session.sim.bench.clock.now < 13_000


def test_a_card_that_does_not_exist(play: Play, tmp_path: Path) -> None:
    with pytest.raises(MaixSwitchError, match=r"test\.txt:2: .*nowhere: no such folder"):
        play("wait 1s\ninsert nowhere", script_base=tmp_path)


def test_an_app_that_ends_is_a_failure(play: Play) -> None:
    """The app cannot recover from a heap that is full at the start; a script can start it again."""
    full = "raise GPIO.init MemoryError 'memory allocation failed'\nrestart\nwait 1s\n"
    session = play(full)
    assert session.code == 3
    assert session.explain() == "the app ended: MemoryError: memory allocation failed"
    assert play(full + "restart\nexpect state RUNNING\n").code == 0


def test_help_names_every_action() -> None:
    words = set((sim.__doc__ or "").split())
    for verb in script._VERBS:
        assert verb in words, f"sim --help does not name {verb}"


@pytest.mark.parametrize("link", ["true", '{"uart": 2, "tx": 8, "rx": 9}'])
def test_a_line_to_the_link(play: Play, card: Path, link: str) -> None:
    (card / "maixswitch.json").write_text(f'{{"link": {link}}}')
    story = """
        expect state RUNNING
        send '{"do": "select", "index": 1}'
        expect title Colours within 2s
        expect state RUNNING"""
    session = play(story)
    assert session.code == 0, session.explain()  # type: ignore[attr-defined]


def load_ms(play: Play, first: str) -> int:
    """Return the board time in ms that the second model takes to load after the script's line `first`."""
    heard: list[dict[str, object]] = []
    story = f"expect state RUNNING\n{first}\npress\nexpect title Colours\nexpect state RUNNING"

    class Listening(Recorder):
        def event(self, t: int, kind: str, **fields: object) -> None:
            heard.append({"event": kind, **fields})

    play(story, recorder=Listening)
    return int(str([event["ms"] for event in heard if event["event"] == "load"][-1]))


def test_a_slow_card_reads_slower_by_the_factor(play: Play, card: Path) -> None:
    size = (card / "models/20-colours/model.kmodel").stat().st_size
    usual, slow = load_ms(play, "heal"), load_ms(play, "slow 100")
    assert slow - usual == pytest.approx(size / 10 - size / 1000, rel=0.2)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("damage models/no.kmodel", "no such file on the card"),
        ("damage models", "no such file on the card"),
        ("select 3", "no model 3"),
        ("select 0", "no model 0"),
    ],
)
def test_an_impossible_action_is_reported_with_its_line(play: Play, line: str, words: str) -> None:
    session = play(f"expect state RUNNING\n{line}")
    assert session.code == 1  # type: ignore[attr-defined]
    assert words in session.explain()
    assert "test.txt:2" in session.explain()


def test_states_are_the_apps() -> None:
    assert set(board_code.states()) == set(STATES)
