"""A day with a card of the other kinds: every entry runs, and what two of them learnt is there after a power cut."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.device.stories.story import DEFAULT, Story
from tests.device.stories.story_watch import FIGURES

TITLES = ("Raw", "Points", "Learn", "Three", "Wide", "Sort", "Who")
SEEN = ("boxes 0,0,320,240,0,0.9", "scores 0.5 0.25 0.125 0.75 0.5 0.5 0.25 0.75 0.75 0.75")
TWICE = ("press next for 60ms after 0ms", "press next for 60ms after 200ms", "wait 1500ms")


def walk(story: Story) -> Story:
    for title in TITLES:
        story.do(f"expect title {title} within 3s", "expect state RUNNING within 3s", "frames 3")
        if title in ("Learn", "Who"):
            story.do(*TWICE, f"expect title {title}", "frames 2")
        story.do("press next")
    return story


@pytest.mark.parametrize("flavour", [DEFAULT, "full", "canmv"])
def test_a_walk_through_every_kind(cards: Path, flavour: str, request: pytest.FixtureRequest) -> None:
    if flavour == "canmv":
        request.getfixturevalue("canmv")
    story = Story(cards, "many", "cube", flavour).power_on().do(*SEEN)
    walk(story).do("power", *SEEN)
    assert sorted(map(sorted, story.watch.learnt.values())) == [[1], [1]], story.text()
    walk(story)
    assert sorted(map(sorted, story.watch.learnt.values())) == [[2], [2]], story.text()
    assert FIGURES["names learnt"] == 4
    story.recover().end()
