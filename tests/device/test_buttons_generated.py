"""One key against generated signals, seen as on the board: with late handlers and at irregular times."""

from __future__ import annotations

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from device.buttons import DEBOUNCE_MS, LONG_MS, Button

BOUNCE = st.lists(st.integers(0, 9), max_size=6)


def toggles(presses: list[tuple[int, int, list[int], list[int]]], start: int = 300) -> tuple[list[int], int]:
    """Return the times of all level changes. presses: (pause before, hold, bounce at the press, at the release)."""
    times: list[int] = []
    at = start
    for rest, hold, first, last in presses:
        at += rest
        for base, bounce in ((at, first), (at + hold, last)):
            flicks = sorted(set(bounce))
            flicks = flicks[: len(flicks) // 2 * 2]
            times += [base] + [base + 1 + flick for flick in flicks]
        at += hold
    return times, at


def observe(
    times: list[int], end: int, gaps: list[int], blocking: bool, tail: int = 400, double: str | None = None
) -> list[tuple[str, int]]:
    """Run a Button over the signal: looks `gaps` apart; blocking: handlers run only at the looks."""
    button = Button("NEXT", "PREVIOUS")
    button.double = double
    actual = []

    def level(at: int) -> int:
        return (1 + sum(1 for time in times if time <= at)) % 2

    def take(event: str | None, at: int) -> None:
        if event:
            actual.append((event, at))

    now, turn = 0, 0
    take(button.sample(level(0), 0), 0)
    while now < end + tail:
        gap = gaps[turn % len(gaps)]
        turn += 1
        edges = [time for time in times if now < time <= now + gap]
        now += gap
        for time in edges:
            seen = now if blocking else time
            take(button.edge(level(seen), seen), seen)
        take(button.sample(level(now), now), now)
    return actual


# 80 ms: 10 of bounce, a gap of up to 40 that hides the beginning, 30 of debounce.
PRESSES = st.lists(st.tuples(st.integers(150, 600), st.integers(80, 500), BOUNCE, BOUNCE), min_size=1, max_size=4)


@settings(max_examples=160, deadline=None)
@given(PRESSES, st.lists(st.integers(5, 60), min_size=1, max_size=5), st.booleans())
def test_every_bouncy_press_is_one_event(presses, gaps, blocking):
    times, end = toggles(presses)
    assert [event for event, _ in observe(times, end, gaps, blocking)] == ["NEXT"] * len(presses)


@settings(max_examples=80, deadline=None)
@given(st.integers(40, 600), BOUNCE, BOUNCE, st.integers(40, 900), st.booleans(), st.sampled_from([None, "LEARN"]))
def test_no_press_is_lost_however_slow_the_frames(hold, first, last, gap, blocking, double):
    times, end = toggles([(0, hold + 12, first, last)], start=1000)
    # A look amid a bounce splits it. What follows has no time of its own and looks like another press.
    press, release = [[time for time in times if (time < end) == early] for early in (True, False)]
    looks = range(gap, end + 3000, gap)
    assume(not blocking or not any(part[0] <= look < part[-1] for part in (press, release) for look in looks))
    assert [event for event, _ in observe(times, end, [gap], blocking, 3000, double)] in (["NEXT"], ["PREVIOUS"])


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.integers(60, 300), st.integers(1, DEBOUNCE_MS - 1)), min_size=1, max_size=5), st.data())
def test_glitches_give_no_event_while_the_key_is_polled(glitches, data):
    times, end = toggles([(rest, hold, [], []) for rest, hold in glitches])
    gaps = data.draw(st.lists(st.integers(1, 39), min_size=1, max_size=5))
    assert observe(times, end, gaps, False) == []


@settings(max_examples=80, deadline=None)
@given(st.integers(LONG_MS + 130, 3000), BOUNCE, BOUNCE, st.lists(st.integers(5, 60), min_size=1, max_size=5))
def test_a_long_press_fires_once_while_held_and_never_early(hold, first, last, gaps):
    times, end = toggles([(300, hold, first, last)])
    actual = observe(times, end, gaps, True)
    assert [event for event, _ in actual] == ["PREVIOUS"]
    assert times[0] + LONG_MS <= actual[0][1] <= end


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 200), st.booleans()), max_size=60))
def test_any_trace_obeys_the_rules(trace):
    """An event is one of two, and quiet() is never negative."""
    button = Button("NEXT", "PREVIOUS")
    now = 0
    for level, gap, is_edge in trace:
        now += gap
        assert (button.edge if is_edge else button.sample)(level, now) in (None, "NEXT", "PREVIOUS")
        assert button.quiet(now) >= 0
