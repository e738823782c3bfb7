"""A failing story prints a script, and `maixswitch sim --script` repeats with it what the story did."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import Phase, settings

from maixswitch.sim.script import parse
from maixswitch.sim.session import Options, Session
from tests.device.stories import test_stories
from tests.device.stories.story import Story, words

ROOT = Path(__file__).resolve().parents[3]
KINDS = ("state", "select", "load", "unload", "fault", "camera", "choice", "note")

STORIES = {
    "every action of a story": """
        press 1 for 35ms bounce 3ms 9ms
        boxes 1,2,30,40,0,0.9 5,5,20,20,1,0.5
        scores 0.1 -2.5 7
        frames 2
        press 1 after 100ms
        press 2 for 120ms after 130ms
        hold 1
        skip 900ms
        fail load 2006
        press
        fail run 2008
        wait 2100ms
        raise KPU.init_yolo2 1 MemoryError "memory allocation failed, allocating 240 bytes"
        raise sensor.snapshot 3 RuntimeError "Sensor timeout!"
        raise uos.stat 2 OSError "5"
        raise KPU.load 2 2009
        eject at 2
        wait 6s
        insert other
        wait 6s
        fail camera
        wait 1s
        heal
        eject
        insert
        restart
        power cut 12
        wait 7s
        power
        raise lcd.display 5 KeyboardInterrupt
        wait 3s
        restart""",
    "a card without models": "insert empty\nwait 6s\npress\ninsert broken\nwait 6s\npress\nwait 1s",
}


def told(story: Story) -> list[tuple[Any, ...]]:
    """Return the app's reports as the simulator writes them."""
    return [(row[0], row[1], *[value for value in row[2:] if value is not None]) for row in story.log]


def heard(events: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    # Before the app starts, the simulator notes that the firmware does not set up the board's power chip.
    own = [event for event in events if (event["event"], event["t"]) != ("note", 0)]
    return [tuple(event.values()) for event in own if event["event"] in KINDS]


def command(cards: Path, text: str) -> tuple[subprocess.CompletedProcess[str], list[dict[str, Any]]]:
    """Run the command line that the story prints, with the story's text in the file that it names."""
    (cards / "story.txt").write_text(text)
    card, *options = words(text)
    done = subprocess.run(
        [sys.executable, "-m", "maixswitch", "sim", cards / card, *options, "--json", "--script", cards / "story.txt"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "host")},
        timeout=300,
        check=False,
    )
    return done, [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("name", STORIES)
def test_replay(cards: Path, name: str) -> None:
    story = Story(cards, "good", "m5stickv", "full").power_on()
    story.do(*[line.strip() for line in STORIES[name].strip().splitlines()])
    story.recover()
    expected = told(story)
    story.end()
    done, events = command(cards, story.text())
    assert done.returncode == 0, done.stderr
    reports = heard(events)
    assert reports[: len(expected)] == expected
    assert [row[1] for row in reports[len(expected) :]] == ["unload", "state"]  # the end of the run


def test_a_failing_story_prints_what_fails_again(cards: Path) -> None:
    """The message holds the script, and the command fails at the same line for the same reason."""
    story = Story(cards).power_on()
    with pytest.raises(AssertionError) as caught:
        story.do("boxes", "press", "fail load 2015", "expect state RUNNING within 2s")
    text = str(caught.value).split("\n\n", 1)[1]
    done, events = command(cards, text)
    assert done.returncode == 1
    assert events[-1]["event"] == "end"
    finding = "expected: state RUNNING within 2 s\n  found:    state FAULT, Digits, fault 2015"
    assert finding in str(caught.value)
    assert finding in done.stderr
    story.do("heal").end()


def test_an_unexpected_fault_fails_the_story(cards: Path) -> None:
    """The app shows the fault and goes on; the story must fail."""
    story = Story(cards).power_on().do("wait 1s")
    story.bench.fail_at("lcd.display", 1, ValueError("odd"))
    with pytest.raises(AssertionError, match="unexpected fault: ValueError: odd"):
        story.do("wait 1s")


class Kept(test_stories.MaixPyStories):
    """Stories of the rule machine, kept after their end."""

    stories: ClassVar[list[Story]] = []

    def teardown(self) -> None:
        super().teardown()
        if hasattr(self, "story"):
            self.stories.append(self.story)


def test_generated_stories_replay(cards: Path) -> None:
    """Every story of the rule machine is a script that does the same."""
    test_stories.tell(Kept, cards, settings(test_stories.CI, max_examples=6, phases=(Phase.generate,)))
    assert len(Kept.stories) >= 6
    for story in Kept.stories:
        card, *options = words(story.text())
        arguments = dict(zip(options[::2], options[1::2], strict=True))
        events: list[dict[str, Any]] = []
        session = Session(
            Options(
                cards / card,
                board=arguments.get("--board", ""),
                flavour=arguments["--firmware"],
                script=parse(story.text()),
                script_base=cards,
            )
        )
        session.recorder.listeners.append(events.append)
        assert session.run() == 0, session.explain() + story.text()
        assert heard(events) == told(story), story.text()
