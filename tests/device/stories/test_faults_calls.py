"""Every call of the firmware in a day of the board fails once with each error that it can raise.

The day runs once with bench.trace, which lists every (call, n-th time); then it runs again for each of them and each
error of firmware_errors, and for Ctrl-C. The invariants hold after every step, and in the end the key works
(story_watch, Story.recover). `raise CALL N ERROR` and `restart` come first, so that every story replays. The nightly
run lets every n-th call fail; the default run takes at most SOME of each call, evenly spread.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.device.stories.firmware_errors import EXIT, IDE_STOP, INTERRUPT, RAISES, Error, calls_of, line, make
from tests.device.stories.story import DEFAULT, Story

# The app ends and starts again; then pictures of each kind, every key, a fault, and a card that is pulled and put in
# again. For calls on files EVENING follows: the choice is written after five seconds.
DAY = (
    "wait 400ms",
    "restart",
    "boxes 1,2,30,40,0,0.9 60,60,500,500,7,0.75",
    "scores 0.1 0.7 0.2",
    "wait 400ms",
    "press next",
    "wait 700ms",
    "press next",
    "wait 700ms",
    "press next",
    "wait 700ms",
    "press next",
    "wait 700ms",
    "eject",
    "wait 1900ms",
    "insert",
    "wait 2500ms",
    "press prev",
    "wait 800ms",
    "hold primary",
    "press primary",
    "wait 800ms",
)
EVENING = ("wait 6s",)
# The card comes after the app has started without one: everything is set up again, as the card's settings say.
LATE = ("eject", "restart", "wait 100ms", "insert", "wait 6s")
# Through all models of the card `many`, with something to see; two of them learn. The calls that only its kinds need
# fail here.
TEACH = ("press next for 60ms after 0ms", "press next for 60ms after 200ms", "wait 1500ms")
NEXT = ("wait 900ms", "press next")
KINDS = (
    *("wait 400ms", "restart", "boxes 100,60,80,80,0,0.9", "scores 0.5 0.25 0.125 0.75 0.5 0.5 0.25 0.75 0.75 0.75"),
    *(*NEXT * 2, "wait 900ms", *TEACH, *NEXT * 4, "wait 900ms", *TEACH, "press next", "wait 900ms"),
)
OF_KINDS = {
    "KPU.get_output", "KPU.face_encode", "KPU.face_compare", "Image.cut", "Image.strech_char", "image.Image",
    "image.get_affine_transform", "image.warp_affine_ai",
}  # fmt: skip
Traces = dict[tuple[str, tuple[str, ...]], list[str]]
FLAVOURS = {"maixpy": DEFAULT, "canmv": "canmv", "canmv_new": "canmv_new"}
# Calls that create no object and check no argument: they can raise nothing but Ctrl-C.
SAFE = {
    "GPIO.value", "GPIO.disirq", "utime.sleep_ms", "utils.heap_free", "lcd.clear", "lcd.direction", "lcd.mirror",
    "WDT.stop", "SDCard.remount", "fm.register",
}  # fmt: skip
NO_SETTINGS = (
    "uio.open",
    ("OSError", "2"),
)  # the app believes it: the keys stay unknown
SOME = 4  # how many of a call's occurrences the default run lets fail, evenly spread


def board(cards: Path, api: str, day: tuple[str, ...] = LATE) -> Story:
    """A board with three keys and the day's card, before power-on; without the card's settings it has other keys."""
    card = "many" if day is KINDS else "good"
    return Story(cards, card, "yahboom_devkit" if day is LATE else "cube", FLAVOURS[api])


def live(story: Story, day: tuple[str, ...]) -> Story:
    """Run the day, or its part before the app ends; return the story."""
    for action in day:
        if action == "restart" and story.bench.trace is not None:
            story.bench.trace.append(action)
        story.do(action)
        if story.state in ("OFF", "STOPPED"):
            break
    return story


@pytest.fixture(scope="module")
def traces() -> Traces:
    """The calls of a day, by interface and day; each is traced when first needed."""
    return {}


def trace_of(traces: Traces, cards: Path, api: str, day: tuple[str, ...]) -> list[str]:
    key = (api, day)
    if key not in traces:
        story = board(cards, api, day).power_on()
        story.bench.trace = []
        live(story, day)
        traces[key] = story.bench.trace[:]
        story.end()
    return traces[key]


def errors_of(name: str) -> list[Error]:
    """Return the errors of a call, with three of the KPU's codes: test_faults_kpu tests all of them."""
    errors = RAISES.get(name, ())
    return [error for error in errors if error[0] in ("2005", "2006", "2008") or not error[0].isdecimal()] + [INTERRUPT]


def spread(count: int, some: bool, most: int = SOME) -> range:
    """Return which occurrences of a call must fail, counted from 1."""
    return range(1, count + 1, -(-count // most) if some and count else 1)


def fail_everywhere(
    cards: Path, api: str, traces: Traces, name: str, some: bool, day: tuple[str, ...] = DAY, most: int = SOME
) -> tuple[int, int]:
    """Let each (or some) occurrences of a call fail in turn; return how many occurrences and how many failures."""
    if day is DAY and name.startswith(("file.", "uio.", "uos.")):
        day = DAY + EVENING
    if name in OF_KINDS:
        day = KINDS
    calls = trace_of(traces, cards, api, day)
    closing = closing_numbers(calls, name)
    numbers = spread(calls.count(name), some, most)
    for nth in numbers:
        for error in errors_of(name):
            story = fail_at(cards, api, name, nth, error, day)
            if error == INTERRUPT and nth not in closing:
                assert story.sim.app is None, f"Ctrl-C was lost\n\n{story.text()}"
                assert not story.sim.ended, story.text()
            if error[0] == "ValueError" and name == "FPIOA.set_function":
                assert [row for row in story.log if row[1] == "note"], f"no note about the key\n\n{story.text()}"
                story.do("heal", "restart")
            if day is LATE and (name, error) == NO_SETTINGS:
                story.do("heal", "restart")
            story.recover().end()
    return len(numbers), len(numbers) * len(errors_of(name))


def closing_numbers(calls: list[str], name: str) -> range:
    """Return which occurrences belong to the app's end in the restart: a Ctrl-C there is the second one."""
    restart = calls.index("restart")
    start = calls.index("uos.stat", restart)
    return range(calls[:restart].count(name) + 1, calls[:start].count(name) + 1)


def fail_at(cards: Path, api: str, name: str, nth: int, error: Error, day: tuple[str, ...]) -> Story:
    """Run the day on a board on which the nth call of `name` fails; return the story."""
    story = board(cards, api, day).power_on()
    count = story.bench.calls.get(name, 0)
    live(story.do(line(name, nth, error)), day)
    assert story.bench.calls[name] >= count + nth, story.text()
    return story


ALL = [pytest.param(False, marks=pytest.mark.nightly, id="all"), pytest.param(True, id="some")]


@pytest.mark.parametrize("some", ALL)
@pytest.mark.parametrize("name", sorted({*calls_of("maixpy"), *SAFE} - {"Image.invert", "Image.replace"}))
def test_every_call(cards: Path, traces: Traces, name: str, some: bool) -> None:
    print(name, *fail_everywhere(cards, "maixpy", traces, name, some))


@pytest.mark.parametrize("some", ALL)
def test_every_call_when_the_card_comes_late(cards: Path, traces: Traces, some: bool) -> None:
    for name in sorted(set(trace_of(traces, cards, "maixpy", LATE)) - {"restart"}):
        print(name, *fail_everywhere(cards, "maixpy", traces, name, some, LATE))


@pytest.mark.parametrize("some", ALL)
@pytest.mark.parametrize(
    "api", [api if api == "maixpy" else pytest.param(api, marks=pytest.mark.nightly) for api in FLAVOURS]
)
def test_every_call_of_the_other_kinds(
    cards: Path, traces: Traces, api: str, some: bool, request: pytest.FixtureRequest
) -> None:
    """On a card that has them all, while two of them learn."""
    if api != "maixpy":
        request.getfixturevalue(api)
    calls = trace_of(traces, cards, api, KINDS)
    assert set(calls) - {"restart"} <= {*RAISES, *SAFE}
    count = [
        fail_everywhere(cards, api, traces, name, some, KINDS, most=1) for name in sorted(set(calls) - {"restart"})
    ]
    print(f"{api}: {len(calls)} calls, {sum(failures for _, failures in count)} failures")


@pytest.mark.parametrize("some", ALL)
@pytest.mark.parametrize("name", [name for name in calls_of("canmv") if name.startswith("maix.")])
def test_every_call_of_canmv(cards: Path, traces: Traces, canmv: None, name: str, some: bool) -> None:
    print(name, *fail_everywhere(cards, "canmv", traces, name, some))


@pytest.mark.parametrize("some", ALL)
@pytest.mark.parametrize("name", [name for name in calls_of("canmv_new") if name.startswith("maix.")])
def test_every_call_of_newer_canmv(cards: Path, traces: Traces, canmv_new: None, name: str, some: bool) -> None:
    print(name, *fail_everywhere(cards, "canmv_new", traces, name, some))


@pytest.mark.nightly
def test_every_other_call_of_canmv(cards: Path, traces: Traces, canmv: None) -> None:
    for name in sorted(set(trace_of(traces, cards, "canmv", DAY + EVENING)) - {"restart"}):
        if not name.startswith("maix."):
            print(name, *fail_everywhere(cards, "canmv", traces, name, False))


@pytest.mark.parametrize("most", [pytest.param(40, marks=pytest.mark.nightly), 1])
@pytest.mark.parametrize("error", [EXIT, IDE_STOP], ids=["SystemExit", "the stop button of the IDE"])
def test_other_ways_out(cards: Path, traces: Traces, error: Error, most: int) -> None:
    """They end the app at any call; the IDE's, a plain exception, may be lost during a deinit or a fault."""
    calls = trace_of(traces, cards, "maixpy", DAY + EVENING)
    count = lost = 0
    for name in sorted(set(calls) - {"restart"}):
        closing = closing_numbers(calls, name)
        for nth in {*spread(calls.count(name), True, most), *closing}:
            count += 1
            story = fail_at(cards, "maixpy", name, nth, error, DAY + EVENING)
            if nth in closing:  # the app is about to end
                story.recover().end()
                continue
            if error == IDE_STOP and story.state not in ("OFF", "STOPPED"):
                assert name in ("KPU.deinit", "lcd.clear", "lcd.draw_string"), f"the button was lost\n\n{story.text()}"
                lost += 1
                story.do(line("GPIO.value", 1, error), "wait 1s")  # the user presses the button again
            assert story.state in ("OFF", "STOPPED"), f"{error} was lost\n\n{story.text()}"
            story.do("restart").recover().end()
    print(f"{count}, {lost} of them had to be repeated")


@pytest.mark.parametrize("some", ALL)
@pytest.mark.parametrize("api", FLAVOURS)
def test_every_call_of_the_first_start(cards: Path, api: str, some: bool, request: pytest.FixtureRequest) -> None:
    """After power-on, when no pin is mapped and no camera known. These failures come too early for a script."""
    if api != "maixpy":
        request.getfixturevalue(api)
    story = board(cards, api)
    story.bench.trace = []
    calls = story.power_on().bench.trace[:]
    story.end()
    assert set(calls) <= {*RAISES, *SAFE}
    count = 0
    for name in sorted(set(calls)):
        for nth in spread(calls.count(name), some):
            for error in errors_of(name):
                count += 1
                story = board(cards, api)
                story.lines.append(f"# before power-on: {line(name, nth, error)}")
                story.bench.fail_at(name, nth, make(error))
                story.watch.unclosed += name == "file.close"
                story.watch.honest = not name.startswith("lcd.")
                story.power_on()
                assert (story.sim.app is None) or error != INTERRUPT, story.text()
                if (error[0] == "ValueError" and name == "FPIOA.set_function") or (name, error) == NO_SETTINGS:
                    story.do("heal", "restart")
                story.recover().end()
    print(f"{api}: {len(calls)} calls, {count} failures")


def test_nothing_is_left_out(cards: Path, traces: Traces) -> None:
    """Every call of the day is in one of the two tables, and the day has every call that can fail in use."""
    calls = set(trace_of(traces, cards, "maixpy", DAY + EVENING)) - {"restart"}
    assert not calls & OF_KINDS
    calls |= OF_KINDS & set(trace_of(traces, cards, "maixpy", KINDS))
    assert calls <= {*RAISES, *SAFE}
    # In settings and at the first start only; not in this firmware.
    rare = {"lcd.rotation", "FPIOA.set_function", "Image.invert", "Image.replace"}
    assert {name for name in RAISES if not name.startswith("maix.")} - calls == rare
