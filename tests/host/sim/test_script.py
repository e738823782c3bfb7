"""The script language: every action parses to its values, and every mistake is reported with file and line."""

from __future__ import annotations

import pytest

from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.sim import actions as s
from maixswitch.sim.script import Line, parse

GOOD = {
    "wait 2s": s.Wait(2000),
    "wait 500ms": s.Wait(500),
    "wait 1.5s": s.Wait(1500),
    "frames 30": s.Frames(30),
    "press": s.Press("", long=False),
    "press B": s.Press("B", long=False),
    "hold 2": s.Press("2", long=True),
    "press for 120ms": s.Press("", long=False, hold_ms=120),
    "press 1 after 0ms": s.Press("1", long=False, after_ms=0),
    "press next for 80ms after 1s bounce 2ms 5ms": s.Press("next", False, 80, 1000, (2, 5)),
    "hold 2 bounce 3ms": s.Press("2", long=True, bounce_ms=(3,)),
    "eject": s.Card(inserted=False),
    "eject at 3": s.Card(inserted=False, at=3),
    "insert": s.Card(inserted=True),
    "insert cards/other": s.Card(inserted=True, path="cards/other"),
    "power": s.Power(),
    "power cut 12": s.Power(12),
    "restart": s.Restart(),
    "skip 60s": s.Skip(60_000),
    "fail load 2006": s.Fail("load", 2006),
    "fail run 2008": s.Fail("run", 2008),
    "fail camera": s.Fail("camera", 0),
    "raise KPU.init_yolo2 MemoryError": s.Raise("KPU.init_yolo2", 1, "MemoryError"),
    "raise sensor.snapshot 2 RuntimeError 'Sensor timeout!'": s.Raise(
        "sensor.snapshot", 2, "RuntimeError", "Sensor timeout!"
    ),
    "raise uio.open 3 OSError 5": s.Raise("uio.open", 3, "OSError", "5"),
    "raise KPU.load 2006": s.Raise("KPU.load", 1, "2006"),
    "raise KPU.load 2 2006": s.Raise("KPU.load", 2, "2006"),
    "raise WDT KeyboardInterrupt": s.Raise("WDT", 1, "KeyboardInterrupt"),
    "heal": s.Heal(),
    "boxes": s.Boxes(()),
    "boxes 10,20,60,60,0,0.9 -5,0,9,9,1,0.5": s.Boxes(((10, 20, 60, 60, 0, 0.9), (-5, 0, 9, 9, 1, 0.5))),
    "scores 0.1 -2": s.Scores((0.1, -2.0)),
    "screenshot first": s.Screenshot("first"),
    "screenshot first.png": s.Screenshot("first"),
    "camera photos/cat.png": s.Camera("photos/cat.png"),
    "expect state RUNNING": s.Expect("state", "RUNNING"),
    "expect title Two words": s.Expect("title", "Two words"),
    "expect fault 2006": s.Expect("fault", "2006"),
    "expect no fault": s.Expect("fault", "", absent=True),
    "expect detection face": s.Expect("detection", "face"),
    "expect detection face >= 0.9": s.Expect("detection", "face", score=0.9),
    "expect detection 'traffic light' < 0.5": s.Expect("detection", "traffic light", comparison="<", score=0.5),
    "expect no detection face for 2s": s.Expect("detection", "face", absent=True, for_ms=2000),
    "expect state FAULT within 20s for 500ms": s.Expect("state", "FAULT", within_ms=20_000, for_ms=500),
}
BAD = {
    "jump": "unknown action 'jump'; known: wait, frames",
    "wait": "wait takes a time such as 2s, found 'nothing'",
    "wait 2": "'2' is not a time; expected one such as 2s or 500ms",
    "wait -2s": "'-2s' is not a time",
    f"wait {'9' * 400}s": f"'{'9' * 400}s' is not a time",
    "frames many": "'many' is not a number",
    f"frames {'9' * 5000}": f"'{'9' * 5000}' is not a number",
    f"raise KPU.load {'9' * 5000} 2006": f"'{'9' * 5000}' is not a number",
    "press A B": "press takes one key, found 'A B'",
    "press for": "press: expected for TIME, found 'nothing'",
    "press for 1s 2s": "press: expected for TIME, found '1s 2s'",
    "press after soon": "'soon' is not a time",
    "hold bounce": "hold: expected bounce TIME ..., found 'nothing'",
    "press bounce 5ms 2ms": "press: the times of bounce must grow",
    "eject now": "eject takes nothing, or at N, found 'now'",
    "eject at once": "'once' is not a number",
    "insert a b": "insert takes one folder, found 'a b'",
    "power off": "power takes nothing, or cut BYTES, found 'off'",
    "power cut short": "'short' is not a number of bytes",
    "restart now": "restart takes nothing, found 'now'",
    "skip": "skip takes a time such as 2s, found 'nothing'",
    "raise KPU.load": "raise takes a call, its number and an error, found 'KPU.load'",
    "raise KPU-load 2006": "raise takes a call, its number and an error",
    "raise uio.open Oops": "unknown error 'Oops'; known: OSError, ValueError",
    "raise uio.open 2006": "only KPU.* calls raise firmware codes, found 'uio.open 2006'",
    "raise KPU.load 7": "code 7: the firmware has 2001 to 2015",
    "boxes 1,2,3": "'1,2,3' is not a box; expected x,y,w,h,class,score",
    "boxes" + " 1,1,1,1,0,0.5" * 11: "11 boxes: the firmware holds 10",
    "scores high": "scores takes numbers, found 'high'",
    "fail load": "fail takes load CODE, run CODE or camera, found 'load'",
    "fail load 7": "code 7: the firmware has 2001 to 2015",
    "fail card": "fail takes load CODE, run CODE or camera, found 'card'",
    "screenshot ../x": "'../x' is not a file name",
    "expect": "cannot expect ''; known: state, title, fault, no fault, detection, no detection",
    "expect joy": "cannot expect 'joy'",
    "expect no state RUNNING": "cannot expect 'no state RUNNING'",
    "expect state running": "no state 'running'; known: NO_CARD, EMPTY, UNLOADED, RUNNING, FAULT, STOPPED",
    "expect title": "expect title takes a text",
    "expect fault out of memory": "expect fault takes one code, such as 2006",
    "expect detection face 0.9": "expected LABEL",
    "expect detection face >= high": "'high' is not a score",
    "expect detection face >= 9": "score 9: expected 0 to 1",
    "expect state FAULT within soon": "'soon' is not a time",
    "expect title 'open": "no closing quotation",
}


@pytest.mark.parametrize("text", GOOD)
def test_action(text: str) -> None:
    [line] = parse(text).lines
    assert line == Line(1, text, GOOD[text])


@pytest.mark.parametrize("text", BAD)
def test_mistake(text: str) -> None:
    with pytest.raises(MaixSwitchError) as caught:
        parse(f"# a comment\n\nwait 1s\n{text}\n", "story.txt")
    assert caught.value.exit_code == EXIT_USAGE
    assert str(caught.value).startswith(f"story.txt:4: {BAD[text]}")


def test_all_mistakes_are_reported_together() -> None:
    with pytest.raises(MaixSwitchError) as caught:
        parse("jump\nwait 1s\nwait\n", "story.txt")
    assert [line.split(": ")[0] for line in str(caught.value).splitlines()] == ["story.txt:1", "story.txt:3"]


def test_comments_and_line_numbers() -> None:
    """Line numbers are those of the file: comments and blank lines count."""
    script = parse("# start\n\n  press  # the key\nexpect title 'A # B'\n")
    assert [(line.number, line.action) for line in script.lines] == [
        (3, s.Press("", long=False)),
        (4, s.Expect("title", "A # B")),
    ]


@pytest.mark.parametrize(("comparison", "score", "holds"), [(">=", 0.5, True), (">", 0.5, False), ("<=", 0.4, False)])
def test_comparison(comparison: str, score: float, holds: bool) -> None:
    assert s.Expect("detection", "face", comparison=comparison, score=score).compare(0.5) is holds
