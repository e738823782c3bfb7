"""Double presses: only for models that learn, and no other press gets slower for models that do not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.buttons import DEBOUNCE_MS, DOUBLE_MS, LONG_MS, QUIET_MS, Button


def play(presses, frame=10, double="LEARN", tail=1500):
    """Press a key and return [(event, ms), ...]. presses: (start, end) in ms. frame: ms between two looks.

    The handlers run at the looks, as behind a frame that blocks.
    """
    button = Button("NEXT", "PREVIOUS")
    button.double = double
    changes = sorted([(time, 0) for time, _ in presses] + [(time, 1) for _, time in presses])
    actual = []
    at = level = 1
    button.sample(1, 0)
    now = 0
    while now < changes[-1][0] + tail:
        now += frame
        edges = 0
        while changes and at <= len(changes) and changes[at - 1][0] <= now:
            level = changes[at - 1][1]
            at += 1
            edges += 1
        seen = [button.edge(level, now) for _ in range(edges)] + [button.sample(level, now)]
        actual += [(event, now) for event in seen if event]
        if at > len(changes) and now > changes[-1][0] + tail:
            break
    return actual


def test_two_presses_are_one_event():
    assert play([(1000, 1100), (1200, 1300)]) == [("LEARN", 1330)]


def test_one_press_waits_for_a_second():
    ((event, at),) = play([(1000, 1100)])
    assert event == "NEXT"
    assert at - 1100 <= DEBOUNCE_MS + DOUBLE_MS + 20


def test_without_a_double_event_no_press_waits():
    assert play([(1000, 1100), (1200, 1300)], double=None) == [("NEXT", 1130), ("NEXT", 1330)]


def test_presses_far_apart_are_two():
    assert [event for event, _ in play([(1000, 1100), (1600, 1700)])] == ["NEXT", "NEXT"]


def test_three_presses_are_a_double_one_and_a_short_one():
    assert [event for event, _ in play([(1000, 1080), (1180, 1260), (1360, 1440)])] == ["LEARN", "NEXT"]


def test_a_long_second_press_is_a_long_press():
    assert [event for event, _ in play([(1000, 1100), (1200, 1300 + LONG_MS)])] == ["PREVIOUS"]


@settings(max_examples=60, deadline=None)
@given(st.integers(60, 250), st.integers(100, 250), st.integers(60, 250), st.integers(5, 500))
def test_a_double_press_is_seen_however_slow_the_frames(first, pause, second, frame):
    start = 2000
    presses = [(start, start + first), (start + first + pause, start + first + pause + second)]
    events = [event for event, _ in play(presses, frame)]
    # Slow frames may hide an end of a press, or the pause; then both look like one: one short press, never two.
    assert events == ["LEARN"] or (events in (["NEXT"], ["PREVIOUS"]) and frame > 20)


@pytest.mark.parametrize("phase", range(0, 200, 5))
def test_a_double_press_in_frames_of_200_ms(phase):
    """No look finds the key at rest between the two presses: each is in a frame of its own, or is cut by a look."""
    start = 2000 + phase
    assert [event for event, _ in play([(start, start + 80), (start + 200, start + 280)], 200)] == ["LEARN"]


@pytest.mark.parametrize("frame", [200, 300])
def test_two_presses_within_one_frame_are_one(frame):
    """The handlers of both run at its end: four edges may as well be one press that bounces."""
    assert [event for event, _ in play([(2001, 2031), (2081, 2111)], frame)] == ["NEXT"]


@pytest.mark.parametrize("step", [10, 60])
def test_a_load_waits_while_a_second_press_may_come(step):
    button = Button("NEXT")
    button.double = "LEARN"
    for now in range(0, 1000, step):
        button.sample(0 if 500 <= now < 600 else 1, now)
        if 500 <= now < 600 + DOUBLE_MS:
            assert button.quiet(now) < QUIET_MS


def test_switching_it_off_gives_the_press_that_waits():
    button = Button("NEXT")
    button.double = "LEARN"
    events = []
    for now in range(0, 1000, 10):
        if now == 650:
            button.double = None
        events.append(button.sample(0 if 500 <= now < 600 else 1, now))
    assert [event for event in events if event] == ["NEXT"]
