"""Every call of the firmware, at every place of a day in the life of the board, fails once with all that it can raise.

Enumerated: the day is lived once with bench.trace, which lists every (call, n-th time) from the start to the end; then
again for each of them and each error of firmware_errors, and for Ctrl-C. Invariants hold after every step, and in the
end the key works (story_watch, Story.recover). `raise CALL N ERROR` then `restart` comes first, so all of it replays.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from firmware_errors import INTERRUPT, RAISES, Error, line, make
from story import DEFAULT, Story

# A start, a frame of each kind, every key, a fault, a card that goes and comes, a choice written after five seconds.
# Pictures come every 900 ms here, or most calls would be frames like the one before.
DAY = (
    "restart",
    "boxes 1,2,30,40,0,0.9 60,60,500,500,7,0.75",
    "wait 700ms",
    "press next",
    "scores 0.1 0.7 0.2",
    "wait 700ms",
    "press next",
    "wait 900ms",
    "press next",
    "wait 900ms",
    "press next",
    "wait 900ms",
    "eject",
    "wait 3s",
    "insert",
    "wait 3s",
    "press prev",
    "wait 900ms",
    "hold primary",
    "press primary",
    "wait 7s",
    "restart",
)
PERIOD_MS = 900
FLAVOURS = {"maixpy": DEFAULT, "canmv": "canmv"}
# Names of the calls that make no object and take no checked argument: Ctrl-C is all that can come out of them.
SAFE = {
    "GPIO.value", "GPIO.disirq", "utime.sleep_ms", "utils.heap_free", "lcd.clear", "lcd.direction", "lcd.mirror",
    "WDT.stop", "SDCard.remount", "fm.register",
}  # fmt: skip


def board(cards: Path, api: str) -> Story:
    """A board with three keys and the day's card, before power-on."""
    story = Story(cards, "good", "cube", FLAVOURS[api])
    story.bench.camera.period_ms = PERIOD_MS
    return story


def live(story: Story) -> Story:
    """The day, or what there is of it before the app ends."""
    for action in DAY:
        story.do(action)
        if story.rig.app is None:
            break
    return story


@pytest.fixture(scope="module")
def traces() -> dict[str, list[str]]:
    """The calls of a day, by interface; made when first asked for."""
    return {}


def trace_of(traces: dict[str, list[str]], cards: Path, api: str) -> list[str]:
    if api not in traces:
        story = board(cards, api).power_on()
        story.bench.trace = []
        live(story)
        traces[api] = story.bench.trace[:]
        story.end()
    return traces[api]


def errors_of(name: str) -> list[Error]:
    """What a call can raise; of the KPU's codes three, as test_faults_kpu has them all."""
    found = [
        error for error in RAISES.get(name, ()) if error[0] in ("2005", "2006", "2008") or not error[0].isdecimal()
    ]
    return [*found, INTERRUPT]


def fail_everywhere(cards: Path, api: str, calls: list[str], name: str) -> tuple[int, int]:
    """Lets `name` fail at each of its places in turn; returns how many places and how many failures."""
    began = calls.index("uos.stat")  # until there the restart ends the app before; as the last one does after
    before, during = Counter(calls[:began]), Counter(calls)
    last = len(calls) - 1 - calls[::-1].index("uos.stat")
    for nth in range(1, during[name] + 1):
        for error in errors_of(name):
            story = board(cards, api).power_on()
            count = story.bench.calls.get(name, 0)
            live(story.do(line(name, nth, error)))
            assert story.bench.calls[name] >= count + nth, story.text()
            if error == INTERRUPT and before[name] < nth <= Counter(calls[:last])[name]:
                assert story.rig.app is None, f"Ctrl-C was lost\n\n{story.text()}"
                assert not story.rig.ended, story.text()
            story.recover().end()
    return during[name], during[name] * len(errors_of(name))


@pytest.mark.parametrize("name", sorted([*RAISES, *SAFE]))
def test_every_call(cards: Path, traces: dict[str, list[str]], name: str) -> None:
    if name.startswith("maix."):
        pytest.skip("a call of the other firmware")
    calls = trace_of(traces, cards, "maixpy")
    places, failures = fail_everywhere(cards, "maixpy", calls, name)
    print(f"{name}: {places} places, {failures} failures")


def test_every_call_of_canmv(cards: Path, traces: dict[str, list[str]], canmv: None) -> None:
    calls = trace_of(traces, cards, "canmv")
    for name in sorted(set(calls)):
        if name.startswith("maix."):
            print(name, *fail_everywhere(cards, "canmv", calls, name))


@pytest.mark.parametrize("api", FLAVOURS)
def test_every_call_of_the_first_start(cards: Path, api: str, request: pytest.FixtureRequest) -> None:
    """After power-on, when no pin is mapped and no camera known. These failures come too early for a script."""
    if api == "canmv":
        request.getfixturevalue("canmv")
    story = board(cards, api)
    story.bench.trace = []
    calls = story.power_on().bench.trace[:]
    story.end()
    assert set(calls) <= {*RAISES, *SAFE}
    for name in sorted(set(calls)):
        for nth in range(1, calls.count(name) + 1):
            for error in errors_of(name):
                story = board(cards, api)
                story.lines.append(f"# before power-on: {line(name, nth, error)}")
                story.bench.fail_at(name, nth, make(error))
                story.watch.unclosed += name == "file.close"
                story.watch.honest = not name.startswith("lcd.")
                story.power_on()
                assert (story.rig.app is None) or error != INTERRUPT, story.text()
                story.recover().end()
    print(f"{api}: {len(calls)} places, {sum(len(errors_of(name)) for name in calls)} failures")


def test_nothing_is_left_out(cards: Path, traces: dict[str, list[str]]) -> None:
    """Every call of the day is in one of the two tables, and the day has every call that can fail in use."""
    calls = set(trace_of(traces, cards, "maixpy"))
    assert calls <= {*RAISES, *SAFE}
    rare = {"lcd.rotation", "FPIOA.set_function"}  # in settings and at the first start only
    assert {name for name in RAISES if not name.startswith("maix.")} - calls == rare
