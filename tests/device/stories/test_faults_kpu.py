"""Every code of the KPU library in every state of the app: at the load, at the run, while a task is set up or released.

A situation leads into the state in which the call fails; then the fault shows its code, and the key works.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.device.stories.firmware_errors import CODES, RAISES, line
from tests.device.stories.story import DEFAULT, Story

# The actions before the load that fails. The order of the good card: Face, Digits, Things, New (v4), ...
LOADS: dict[str, tuple[str, ...]] = {
    "the first after power-on": (),
    "the first after Ctrl-C": ("wait 1s", "restart"),
    "NEXT in RUNNING": ("wait 1s", "press next"),
    "PREVIOUS in RUNNING": ("wait 1s", "press next", "wait 1s", "press prev"),
    "RELOAD in RUNNING": ("wait 1s", "press primary"),
    "NEXT in FAULT": ("fail load 2006", "wait 1s", "expect state FAULT", "press next"),
    "PREVIOUS in FAULT": ("wait 1s", "press next", "fail load 2006", "expect state FAULT", "press prev"),
    "RELOAD in FAULT": ("fail load 2006", "expect state FAULT", "press primary"),
    "NEXT in UNLOADED": ("wait 1s", "press next", "press next"),
    "the card came back": ("wait 1s", "eject", "expect state NO_CARD", "insert", "expect state UNLOADED"),
    "NEXT in EMPTY": ("insert empty", "expect state EMPTY", "eject", "insert good", "expect state UNLOADED"),
    "the camera came back": (
        "wait 1s",
        "fail camera",
        "expect state FAULT",
        "heal",
        "expect state UNLOADED within 70s",
    ),
}
# The actions that make the app release the model in RUNNING, tried with a detector and a classifier.
RELEASES: dict[str, tuple[str, ...]] = {
    "NEXT": ("press next",),
    "PREVIOUS": ("press prev",),
    "RELOAD": ("press primary",),
    "the card is pulled": ("eject", "wait 3s"),
    "the run fails": ("fail run 2008", "wait 500ms"),
    "the camera fails": ("fail camera", "wait 1s"),
    "Ctrl-C": ("restart",),
}
MODELS = {"detector": "wait 1s", "classifier": "press next"}


def begin(cards: Path, *actions: str, flavour: str = DEFAULT) -> Story:
    return Story(cards, "good", "cube", flavour).power_on().do(*actions)


@pytest.mark.parametrize("situation", LOADS)
def test_load(cards: Path, situation: str) -> None:
    for code, _ in CODES:
        story = begin(cards, *LOADS[situation])
        story.do(f"raise KPU.load {code}", f"expect fault {code} within 3s", "wait 2500ms", f"expect fault {code}")
        story.do("press next", "expect state RUNNING within 5s")
        story.recover().end()


@pytest.mark.parametrize("situation", LOADS)
def test_run(cards: Path, situation: str) -> None:
    """The run fails in the first picture of the model that this situation loads."""
    for code, _ in CODES:
        story = begin(cards, *LOADS[situation])
        story.do(f"fail run {code}", f"expect fault {code} within 3s", "wait 2500ms", f"expect fault {code}")
        story.do("press primary", "expect state RUNNING within 5s")
        story.recover().end()


@pytest.mark.parametrize("call", ["KPU.set_outputs", "KPU.init_yolo2"])
@pytest.mark.parametrize("situation", LOADS)
def test_setting_up(cards: Path, situation: str, call: str) -> None:
    """It fails between a good load and the first picture: no model stays loaded. The fourth model is a v4."""
    for error in RAISES[call]:
        story = begin(cards, *LOADS[situation])
        story.do(line(call, 1, error))
        for _ in range(4):
            story.do("press next", "wait 800ms")
        assert [row for row in story.log if row[1] == "fault"], story.text()
        assert story.bench.calls[call], story.text()
        story.recover().end()


def test_outputs_of_another_shape(cards: Path) -> None:
    """set_outputs() returns False and raises nothing for a v4 whose outputs differ from model.json."""
    story = Story(cards, "good", "cube").power_on()
    spec = story.sim.app.catalog[3]
    spec.outputs = ((20, 15, 35),)
    story.lines.append("# model.json of 4-new says [[20, 15, 35]]")
    story.do("press next", "press next", "press next", "expect fault 2012", "press next", "wait 1s")
    story.recover().end()


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("flavour", [DEFAULT, "canmv"])
def test_release(cards: Path, release: str, model: str, flavour: str, request: pytest.FixtureRequest) -> None:
    """deinit fails once: the app tries again and goes on, and the next load has enough memory."""
    if flavour == "canmv":
        request.getfixturevalue("canmv")
    call = "KPU.deinit" if flavour == DEFAULT else "maix.deinit"
    for error in ("TypeError", "MemoryError", "KeyboardInterrupt"):
        story = begin(cards, MODELS[model], "wait 1s", "expect state RUNNING", flavour=flavour)
        story.do(f"raise {call} {error}", *RELEASES[release])
        assert story.sim.app is None or error != "KeyboardInterrupt" or release == "Ctrl-C", story.text()
        story.recover().end()


@pytest.mark.parametrize("state", ["NO_CARD", "EMPTY", "UNLOADED", "FAULT"])
def test_states_without_a_model_call_nothing(cards: Path, state: str) -> None:
    """In the other states the app calls no function of the KPU, so a prepared error waits for the next load."""
    ways = {
        "NO_CARD": ("eject", "expect state NO_CARD"),
        "EMPTY": ("insert empty", "expect state EMPTY"),
        "UNLOADED": ("press next after 0ms", "expect state UNLOADED"),
        "FAULT": ("fail load 2002", "press next", "expect fault 2002"),
    }
    story = begin(cards, "wait 1s", *ways[state])
    before = {name: count for name, count in story.bench.calls.items() if name.startswith("KPU.")}
    story.do("raise KPU.load 2006", "raise KPU.run_yolo2 2008", "raise KPU.forward 2008", "raise KPU.deinit TypeError")
    if state == "UNLOADED":
        story.do("expect fault 2006")
    else:
        story.do("wait 3s", f"expect state {state}")
        assert {name: count for name, count in story.bench.calls.items() if name.startswith("KPU.")} == before
    story.recover().end()
