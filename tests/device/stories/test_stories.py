"""Generated stories: everything that can happen to a board, in any order; then the key must work again.

Hypothesis writes each story as actions of the script language, story_watch checks its invariants after every step, and
a story that fails is shortened and printed, so that `maixswitch sim --script` replays it (test_replay.py).
MAIXSWITCH_STORIES=20000 sets the number of stories of the nightly run.
"""

from __future__ import annotations

import gc
import json
import os
import re
import shlex
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from tests.device.stories.firmware_errors import EXIT, INTERRUPT, RAISES, calls_of, line
from tests.device.stories.story import DEFAULT, Story

COMMON = settings(
    max_examples=250,
    stateful_step_count=20,
    deadline=None,
    print_blob=False,
    report_multiple_bugs=False,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)
CI = settings(COMMON, derandomize=True)  # the same stories every time: only a change of code changes the outcome
NIGHTLY = settings(COMMON, max_examples=int(os.environ.get("MAIXSWITCH_STORIES", "20000")), database=None)

# After these the app does not know the board's keys: no key could be set up, or the card seemed to hold no settings.
DEAF = re.compile(r'raise FPIOA|raise uio.open \d+ OSError "2"')
# The app tries a release twice: only one of these calls, of which it consists, may be told to fail.
RELEASE = re.compile(r"raise (KPU\.deinit|maix\.deinit|maix\.init_yolo2)")
BOARDS = st.sampled_from(["", "cube", "m5stickv", "amigo_tft", "unitv", "maixduino", "yahboom", "wonder_mv", "dnk210"])
FLAVOURS = st.sampled_from([DEFAULT, DEFAULT, "minimum", "full"])
CARDS = st.sampled_from(["good", "good", "many", "many", "other", "late", "broken", "empty"])
TIMES = st.sampled_from(["5ms", "40ms", "130ms", "260ms", "700ms", "1s", "2100ms", "6s"])
HOLDS = st.sampled_from(["", "", "", " for 20ms", " for 35ms", " for 120ms", " for 690ms", " for 710ms", " for 3s"])
BOUNCES = st.sampled_from(["", "", " bounce 1ms", " bounce 2ms 5ms 9ms", " bounce 3ms 4ms 28ms", " bounce 29ms"])
BACK = st.sampled_from(["", "", "40ms", "130ms", "1s", "2100ms", "6s", None])
OTHER = st.sampled_from(["", "", " good", " other", " late", " broken", " empty", " plain", " many"])
# Actions after a failure was prepared, so that it happens.
WAYS = (
    "wait 400ms", "wait 2100ms", "wait 7s", "press;wait 1s", "press;wait 1s", "hold;wait 1s", "restart",
    "restart;wait 1s", "insert;wait 6s", "eject;wait 3s;insert;wait 6s",
)  # fmt: skip
THEN = st.sampled_from([way.split(";") for way in WAYS])
NTH = [1, 1, 1, 2, 3, 4, 6, 9, 14, 20, 40, 80]
AFTER = st.sampled_from(["0ms", "10ms", "100ms", "300ms", "1s"])
CODES = st.integers(2001, 2015)
# Lines for the link, which the good card has; every other card is deaf to them.
COMMANDS = st.sampled_from(
    [json.dumps({"id": 1, "do": name}) for name in ("models", "next", "previous", "reload", "results", "status")]
    + [json.dumps({"id": 2, "do": "select", "index": index}) for index in range(9)]
    + [json.dumps({"id": 3, "do": "tune", **fields}) for fields in ({"threshold": 0.25}, {"nms": 1, "keep": True}, {})]
    + [json.dumps({"id": 4, "do": "snapshot", "screen": screen}) for screen in (True, False)]
    + [json.dumps({"id": 5, "do": "subscribe", "rate": rate}) for rate in (0, 30)]
    + ["", "{", "no line at all", '{"id": 6, "do": "select", "title": "Things"}', '{"do": "next"', "x" * 300]
)
PIXELS = st.integers(-20, 330)
BOX = st.tuples(PIXELS, PIXELS, st.integers(0, 400), st.integers(0, 400), st.integers(0, 12), st.floats(0, 1, width=16))
SCORES = st.lists(st.floats(-20, 20, width=16), max_size=12)


def raises(api: str) -> st.SearchStrategy[str]:
    """Return a strategy of actions that make one call of the firmware fail, also with Ctrl-C and SystemExit."""
    table = [(call, [*RAISES[call], INTERRUPT, EXIT]) for call in calls_of(api)]
    return st.sampled_from(table).flatmap(
        lambda row: st.builds(line, st.just(row[0]), st.sampled_from(NTH), st.sampled_from(row[1]))
    )


class MaixPyStories(RuleBasedStateMachine):
    """One board, one story; `count` counts them, `folder` holds the cards."""

    folder: ClassVar[Path]
    count = 0
    story: Story

    @initialize(card=CARDS, board=BOARDS, flavour=FLAVOURS)
    def begin(self, card: str, board: str, flavour: str) -> None:
        self.start(card, board, flavour)

    def start(self, card: str, board: str, flavour: str) -> None:
        MaixPyStories.count += 1
        if MaixPyStories.count % 200 == 0:
            gc.unfreeze()
            gc.collect()
        gc.freeze()  # skip what Hypothesis keeps of older stories: the app collects three times for each switch
        self.story = Story(self.folder, card, board, flavour)
        self.story.power_on()

    def do(self, *texts: str) -> None:
        for text in texts:
            self.story.do(*(["heal"] if RELEASE.match(text) else []), text)

    @rule(time=TIMES)
    def wait(self, time: str) -> None:
        self.do(f"wait {time}")

    @rule(verb=st.sampled_from(["press", "press", "press", "hold"]), hold=HOLDS, bounce=BOUNCES, data=st.data())
    def press(self, verb: str, hold: str, bounce: str, data: Any) -> None:
        key = data.draw(st.integers(1, len(self.story.sim.keys)))
        self.do(f"{verb} {key}{hold}{bounce}")

    @rule(fingers=st.lists(st.tuples(st.integers(1, 3), HOLDS, AFTER, BOUNCES), min_size=1, max_size=4))
    def press_several(self, fingers: list[tuple[int, str, str, str]]) -> None:
        keys = len(self.story.sim.keys)
        self.do(*[f"press {min(key, keys)}{hold} after {after}{bounce}" for key, hold, after, bounce in fingers])

    def learner(self) -> None:
        """Press on to a model that learns; there are two on the card with many kinds, and on no other."""
        self.do("heal", "insert many", "wait 3s")
        for _ in range(7):
            app = self.story.sim.app
            if app is None or (app.slot.loaded and app.slot.loaded.learns):
                return
            self.do("press next" if len(self.story.sim.keys) > 1 else "press", "wait 1s")

    @rule(apart=st.sampled_from(["90ms", "200ms", "300ms", "450ms"]), scores=SCORES, seek=st.booleans())
    def press_twice(self, apart: str, scores: list[float], seek: bool) -> None:
        """A model that learns does so within the next picture."""
        if seek:
            self.learner()
        self.do(" ".join(["scores", *map(str, scores)]), "boxes 0,0,320,240,0,0.9")
        self.twice(apart)
        self.do("wait 1s")

    def twice(self, apart: str) -> None:
        key = "next" if len(self.story.sim.keys) > 1 else "primary"
        self.do(f"press {key} for 60ms after 0ms", f"press {key} for 60ms after {apart}")

    @rule(lines=st.lists(COMMANDS, min_size=1, max_size=4), time=st.sampled_from(["", "0ms", "70ms", "300ms", "1s"]))
    def command(self, lines: list[str], time: str) -> None:
        self.do(*[f"send {shlex.quote(line)}" for line in lines], *([f"wait {time}"] if time else []))

    @rule(line=COMMANDS, key=st.integers(1, 3), after=AFTER)
    def command_and_press(self, line: str, key: int, after: str) -> None:
        """Both at once, in any order."""
        key = min(key, len(self.story.sim.keys))
        self.do(f"press {key} for 60ms after {after}", f"send {shlex.quote(line)}", "wait 400ms")

    @rule(back=BACK, other=OTHER)
    def eject(self, back: str | None, other: str) -> None:
        """Mostly the card comes back, or nothing else would happen in the story."""
        self.do("eject", *([f"wait {back}"] if back else []), *([f"insert{other}"] if back is not None else []))

    @rule(at=st.sampled_from(NTH), then=THEN, back=BACK, other=OTHER)
    def eject_at(self, at: int, then: list[str], back: str | None, other: str) -> None:
        self.do(f"eject at {at}", *then)
        self.eject(back, other)

    @rule(other=OTHER)
    def insert(self, other: str) -> None:
        self.do(f"insert{other}")

    @rule(call=st.sampled_from(["load", "run"]), code=CODES, then=THEN)
    def fail(self, call: str, code: int, then: list[str]) -> None:
        self.do(f"fail {call} {code}", *then)

    @rule(back=BACK)
    def fail_camera(self, back: str | None) -> None:
        self.do("fail camera", *([f"wait {back}"] if back else []), *(["heal"] if back is not None else []))

    @rule(action=raises("maixpy"), then=THEN)
    def fail_call(self, action: str, then: list[str]) -> None:
        self.do(action, *then)

    @rule(first=raises("maixpy"), second=raises("maixpy"), then=THEN)
    def fail_calls(self, first: str, second: str, then: list[str]) -> None:
        self.do(first, second, *then)

    @rule()
    def heal(self) -> None:
        self.do("heal")

    @rule(boxes=st.lists(BOX, max_size=10), scores=SCORES)
    def results(self, boxes: list[tuple[Any, ...]], scores: list[float]) -> None:
        self.do(" ".join(["boxes", *[",".join(map(str, box)) for box in boxes]]))
        self.do(" ".join(["scores", *map(str, scores)]))

    @rule(how=st.sampled_from(["restart", "power", "cut"]), after=st.integers(0, 30))
    def start_again(self, how: str, after: int) -> None:
        """The choice is written after five seconds with one model: then the power can be cut."""
        self.do(*([f"power cut {after}", "wait 7s", "power", "heal"] if how == "cut" else [how]))

    @rule(after=st.integers(0, 30), seek=st.booleans())
    def cut_while_learning(self, after: int, seek: bool) -> None:
        if seek:
            self.learner()
        self.do("boxes 0,0,320,240,0,0.9", f"power cut {after}")
        self.twice("200ms")
        self.do("wait 1s", "power", "heal")

    @rule(time=st.sampled_from(["100ms", "900ms", "1900ms"]))
    def skip(self, time: str) -> None:
        self.do(f"skip {time}", "wait 50ms")

    @precondition(lambda self: not self.story.bench.wdt)
    @rule(time=st.sampled_from(["10s", "3600s", "300000s", "1073735s", "4294960s"]))
    def skip_long(self, time: str) -> None:
        """Not with a watchdog, which would rightly reset the chip. The longest come close to 2**30 and 2**32 ms."""
        self.do(f"skip {time}")

    def teardown(self) -> None:
        if hasattr(self, "story"):
            if any(DEAF.match(line) for line in self.story.lines):
                self.story.do("heal", "restart")
            self.story.recover("6s").end()


class CanmvStories(MaixPyStories):
    """The same stories on CanMV."""

    @initialize(card=CARDS, board=BOARDS)
    def begin(self, card: str, board: str) -> None:
        self.start(card, board, "canmv")

    @rule(action=raises("canmv"), then=THEN)
    def fail_call(self, action: str, then: list[str]) -> None:
        self.do(action, *then)

    @rule(first=raises("canmv"), second=raises("canmv"), then=THEN)
    def fail_calls(self, first: str, second: str, then: list[str]) -> None:
        self.do(first, second, *then)


class NewCanmvStories(MaixPyStories):
    """The same stories on the CanMV firmware with the newer KPU class."""

    @initialize(card=CARDS, board=BOARDS)
    def begin(self, card: str, board: str) -> None:
        self.start(card, board, "canmv_new")

    @rule(action=raises("canmv_new"), then=THEN)
    def fail_call(self, action: str, then: list[str]) -> None:
        self.do(action, *then)

    @rule(first=raises("canmv_new"), second=raises("canmv_new"), then=THEN)
    def fail_calls(self, first: str, second: str, then: list[str]) -> None:
        self.do(first, second, *then)


def tell(machine: type[MaixPyStories], folder: Path, profile: settings) -> None:
    machine.folder = folder
    before = MaixPyStories.count
    run_state_machine_as_test(machine, settings=profile)
    print(f"{MaixPyStories.count - before} stories")


def test_stories(cards: Path) -> None:
    tell(MaixPyStories, cards, settings(CI, max_examples=200))


def test_stories_on_canmv(cards: Path, canmv: None) -> None:
    tell(CanmvStories, cards, settings(CI, max_examples=50))


def test_stories_on_newer_canmv(cards: Path, canmv_new: None) -> None:
    tell(NewCanmvStories, cards, settings(CI, max_examples=50))


@pytest.mark.nightly
def test_many_stories(cards: Path) -> None:
    tell(MaixPyStories, cards, settings(NIGHTLY, max_examples=NIGHTLY.max_examples * 3 // 5))


@pytest.mark.nightly
def test_many_stories_on_canmv(cards: Path, canmv: None) -> None:
    tell(CanmvStories, cards, settings(NIGHTLY, max_examples=NIGHTLY.max_examples // 5))


@pytest.mark.nightly
def test_many_stories_on_newer_canmv(cards: Path, canmv_new: None) -> None:
    tell(NewCanmvStories, cards, settings(NIGHTLY, max_examples=NIGHTLY.max_examples // 5))
