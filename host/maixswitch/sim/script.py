"""The script language: one action a line, all of it checked before anything runs.

    wait 2s                      board time: 500ms, 2s
    frames 30                    until thirty more pictures went through a network
    press            press 2     the key for the next model, or one by its number (1, 2, ...) or its role
    hold             hold 1      the same, for a long press
    press 1 for 120ms after 50ms bounce 2ms 5ms
                                 how long; when, then the script does not wait for it; contacts that bounce
    eject   insert               the card; `insert FOLDER` is another one, beside the script
    eject at 3                   the card goes at the third file operation from now
    power   power cut 12         off and on; off once twelve more bytes were written to the card (`power`: on again)
    restart                      Ctrl-C, and the program starts anew
    skip 60s                     time that passes at once, while the board looks at nothing
    fail load 2006               the next load raises this firmware code; so does `fail run 2008` for the next run
    fail camera                  no pictures until `heal`, which mends everything
    raise sensor.snapshot 2 RuntimeError 'Sensor timeout!'
                                 the second call from now of a firmware function (names: stubs/bench.py) fails;
                                 an exception with a text or number, or for KPU.* a code; KeyboardInterrupt is Ctrl-C
    heal
    boxes 10,20,60,60,0,0.9      what detectors find from now on: x,y,w,h,class,score of up to ten, or nothing
    scores 0.1 0.7               what classifiers answer; a script with one of these two runs no network
    screenshot NAME              NAME.png in the output folder
    say TEXT                     a caption for whoever watches
    camera PATH                  another picture or folder; inside a folder of photos a file name chooses the photo
    expect state RUNNING         also: title TEXT, fault CODE, no fault, detection LABEL [>= 0.9], no detection LABEL
                                 at the end: `within 20s` (how long it may take), `for 2s` (how long it must hold)

Blank lines and what follows a # outside quotes are left out.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field

from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr
from maixswitch.sim.actions import (
    COMPARISONS,
    WITHIN_MS,
    Action,
    Box,
    Boxes,
    Camera,
    Card,
    Expect,
    Fail,
    Frames,
    Heal,
    Power,
    Press,
    Raise,
    Restart,
    Say,
    Scores,
    Screenshot,
    Skip,
    Wait,
)

STATES = ("NO_CARD", "EMPTY", "UNLOADED", "RUNNING", "FAULT", "STOPPED")
ERRORS = (
    "OSError", "ValueError", "TypeError", "RuntimeError", "MemoryError", "AttributeError", "KeyboardInterrupt",
    "SystemExit", "Exception",
)  # fmt: skip
MAX_BOXES = 10  # the firmware's array


@dataclass(frozen=True)
class Line:
    """One action with its place: line number from 1 and the text without its comment."""

    number: int
    text: str
    action: Action


@dataclass
class Script:
    """A parsed script: the name it was read from (for messages), its actions in order, and its whole text."""

    name: str
    lines: list[Line] = field(default_factory=list)
    source: str = ""


class _Mistake(Exception):
    pass


def parse(text: str, name: str = "script") -> Script:
    """The actions of a script; raises MaixSwitchError that lists every mistake as `name:line: what is wrong`."""
    script = Script(name, source=text)
    mistakes = []
    for number, raw in enumerate(text.splitlines(), 1):
        try:
            try:
                words = shlex.split(raw, comments=True)
            except ValueError as error:
                raise _Mistake(str(error).lower()) from error
            if words:
                script.lines.append(Line(number, _text(words), _action(words)))
        except _Mistake as mistake:
            mistakes.append(f"{name}:{number}: {mistake}")
    if mistakes:
        raise MaixSwitchError("\n".join(mistakes), EXIT_USAGE)
    return script


def _text(words: list[str]) -> str:
    return " ".join(repr(word) if " " in word or not word else word for word in words)


def _action(words: list[str]) -> Action:
    verb, rest = words[0], words[1:]
    parser = _VERBS.get(verb)
    if parser is None:
        raise _Mistake(tr("unknown action {verb!r}; known: {known}", verb=verb, known=", ".join(_VERBS)))
    return parser(verb, rest)


def duration_ms(text: str) -> int:
    """Milliseconds of `2s`, `1.5s` or `500ms`; ValueError otherwise."""
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)(ms|s)", text)
    if match is None:
        raise ValueError(tr("{text!r} is no time; wanted such as 2s or 500ms", text=text))
    return round(float(match[1]) * (1000 if match[2] == "s" else 1))


def _duration(text: str) -> int:
    try:
        return duration_ms(text)
    except ValueError as error:
        raise _Mistake(str(error)) from error


def _number(text: str, what: str) -> int:
    if not text.isdecimal():
        raise _Mistake(tr("{text!r} is no {what}", text=text, what=what))
    return int(text)


def _one(verb: str, words: list[str], what: str) -> str:
    if len(words) != 1:
        raise _Mistake(
            tr("{verb} takes {what}, found {words!r}", verb=verb, what=what, words=" ".join(words) or tr("nothing"))
        )
    return words[0]


def _none(verb: str, words: list[str]) -> None:
    if words:
        raise _Mistake(tr("{verb} takes nothing, found {words!r}", verb=verb, words=" ".join(words)))


def _wait(verb: str, words: list[str]) -> Wait | Skip:
    ms = _duration(_one(verb, words, tr("a time such as 2s")))
    return Wait(ms) if verb == "wait" else Skip(ms)


def _frames(verb: str, words: list[str]) -> Frames:
    return Frames(_number(_one(verb, words, tr("a number")), tr("number")))


def _press(verb: str, words: list[str]) -> Press:
    given: dict[str, list[str]] = {}
    option = ""
    for word in words:
        if word in _FINGER:
            option = word
            given[option] = []
        else:
            given.setdefault(option, []).append(word)
    key = _one(verb, given[""], tr("one key")) if "" in given else ""
    times = {name: [_duration(word) for word in given.get(name, ())] for name in _FINGER}
    for name in given:
        if name and (not times[name] or (name != "bounce" and len(times[name]) > 1)):
            raise _Mistake(
                tr(
                    "{verb}: wanted {name} {finger}, found {given!r}",
                    verb=verb,
                    name=name,
                    finger=_FINGER[name],
                    given=" ".join(given[name]) or tr("nothing"),
                )
            )
    if times["bounce"] != sorted(set(times["bounce"])):
        raise _Mistake(tr("{verb}: the times of bounce must grow", verb=verb))
    hold, after = times["for"], times["after"]
    return Press(key, verb == "hold", hold[0] if hold else 0, after[0] if after else None, tuple(times["bounce"]))


def _eject(verb: str, words: list[str]) -> Card:
    if len(words) == 2 and words[0] == "at":
        return Card(False, at=max(_number(words[1], tr("number")), 1))
    if words:
        raise _Mistake(tr("eject takes nothing, or at N, found {words!r}", words=" ".join(words)))
    return Card(False)


def _insert(verb: str, words: list[str]) -> Card:
    return Card(True, _one(verb, words, tr("one folder")) if words else "")


def _power(verb: str, words: list[str]) -> Power:
    if len(words) == 2 and words[0] == "cut":
        return Power(_number(words[1], tr("number of bytes")))
    if words:
        raise _Mistake(tr("power takes nothing, or cut BYTES, found {words!r}", words=" ".join(words)))
    return Power()


def _restart(verb: str, words: list[str]) -> Restart:
    _none(verb, words)
    return Restart()


def _heal(verb: str, words: list[str]) -> Heal:
    _none(verb, words)
    return Heal()


def _code(text: str) -> int:
    code = _number(text, tr("firmware code"))
    if not 2001 <= code <= 2015:
        raise _Mistake(tr("code {code}: the firmware has 2001 to 2015", code=code))
    return code


def _fail(verb: str, words: list[str]) -> Fail:
    if words == ["camera"]:
        return Fail("camera", 0)
    if len(words) == 2 and words[0] in ("load", "run"):
        return Fail(words[0], _code(words[1]))
    raise _Mistake(tr("fail takes load CODE, run CODE or camera, found {words!r}", words=" ".join(words)))


def _raise(verb: str, words: list[str]) -> Raise:
    if len(words) < 2 or not re.fullmatch(r"\w+(\.\w+)?", words[0]):
        raise _Mistake(tr("raise takes a call, its number and an error, found {words!r}", words=" ".join(words)))
    call, rest = words[0], words[1:]
    nth = 1
    if len(rest) > 1 and rest[0].isdecimal():
        nth, rest = max(int(rest[0]), 1), rest[1:]
    error, text = rest[0], " ".join(rest[1:])
    if error.isdecimal():
        _code(error)
        if text or not call.startswith(("KPU.", "maix.")):
            raise _Mistake(tr("a firmware code is for KPU.* alone, found {words!r}", words=" ".join(words)))
    elif error not in ERRORS:
        raise _Mistake(
            tr("unknown error {error!r}; known: {known}, or a firmware code", error=error, known=", ".join(ERRORS))
        )
    return Raise(call, nth, error, text)


def _boxes(verb: str, words: list[str]) -> Boxes:
    if len(words) > MAX_BOXES:
        raise _Mistake(tr("{words} boxes: the firmware holds {max_boxes}", words=len(words), max_boxes=MAX_BOXES))
    return Boxes(tuple(_box(word) for word in words))


def _box(text: str) -> Box:
    try:
        x, y, w, h, number, score = text.split(",")
        return int(x), int(y), int(w), int(h), int(number), float(score)
    except ValueError as error:
        raise _Mistake(tr("{text!r} is no box; wanted x,y,w,h,class,score", text=text)) from error


def _scores(verb: str, words: list[str]) -> Scores:
    try:
        return Scores(tuple(float(word) for word in words))
    except ValueError as error:
        raise _Mistake(tr("scores takes numbers, found {words!r}", words=" ".join(words))) from error


def _screenshot(verb: str, words: list[str]) -> Screenshot:
    name = _one(verb, words, tr("a name")).removesuffix(".png")
    if not re.fullmatch(r"[\w][\w.-]*", name):
        raise _Mistake(tr("{name!r} is no file name; wanted letters, digits, . _ -", name=name))
    return Screenshot(name)


def _say(verb: str, words: list[str]) -> Say:
    if not words:
        raise _Mistake(tr("say takes a text"))
    return Say(" ".join(words))


def _camera(verb: str, words: list[str]) -> Camera:
    return Camera(_one(verb, words, tr("a path")))


def _expect(verb: str, words: list[str]) -> Expect:
    times = {"within": WITHIN_MS, "for": 0}
    while len(words) > 2 and words[-2] in times:
        times[words[-2]] = _duration(words[-1])
        words = words[:-2]
    absent = words[:1] == ["no"]
    what, values = (words[1:2] if absent else words[:1]), (words[2:] if absent else words[1:])
    parser = _EXPECTATIONS.get((what[0] if what else "", absent))
    if parser is None:
        known = ", ".join(("no " if no else "") + name for name, no in _EXPECTATIONS)
        raise _Mistake(tr("cannot expect {words!r}; known: {known}", words=" ".join(words), known=known))
    value, comparison, score = parser(values)
    return Expect(what[0], value, absent, comparison, score, times["within"], times["for"])


def _state(words: list[str]) -> tuple[str, str, float]:
    if len(words) != 1 or words[0] not in STATES:
        raise _Mistake(tr("no state {words!r}; known: {known}", words=" ".join(words), known=", ".join(STATES)))
    return words[0], ">=", 0.0


def _title(words: list[str]) -> tuple[str, str, float]:
    if not words:
        raise _Mistake(tr("expect title takes a text"))
    return " ".join(words), ">=", 0.0


def _fault(words: list[str]) -> tuple[str, str, float]:
    if len(words) != 1:
        raise _Mistake(tr("expect fault takes one code, such as 2006"))
    return str(_number(words[0], tr("code"))), ">=", 0.0


def _no_fault(words: list[str]) -> tuple[str, str, float]:
    if words:
        raise _Mistake(tr("expect no fault takes nothing, found {words!r}", words=" ".join(words)))
    return "", ">=", 0.0


def _detection(words: list[str]) -> tuple[str, str, float]:
    if len(words) == 1:
        return words[0], ">=", 0.0
    if len(words) == 3 and words[1] in COMPARISONS:
        try:
            score = float(words[2])
        except ValueError as error:
            raise _Mistake(tr("{words!r} is no score; wanted 0 to 1", words=words[2])) from error
        if not 0 <= score <= 1:
            raise _Mistake(tr("score {words}: wanted 0 to 1", words=words[2]))
        return words[0], words[1], score
    raise _Mistake(
        tr(
            "wanted: LABEL [{comparisons} SCORE], found {words!r} (quote a label of two words)",
            comparisons="|".join(COMPARISONS),
            words=" ".join(words),
        )
    )


_FINGER = {"for": "TIME", "after": "TIME", "bounce": "TIME ..."}
_VERBS: dict[str, Callable[[str, list[str]], Action]] = {
    "wait": _wait,
    "frames": _frames,
    "press": _press,
    "hold": _press,
    "eject": _eject,
    "insert": _insert,
    "power": _power,
    "restart": _restart,
    "skip": _wait,
    "fail": _fail,
    "raise": _raise,
    "heal": _heal,
    "boxes": _boxes,
    "scores": _scores,
    "screenshot": _screenshot,
    "say": _say,
    "camera": _camera,
    "expect": _expect,
}
_EXPECTATIONS: dict[tuple[str, bool], Callable[[list[str]], tuple[str, str, float]]] = {
    ("state", False): _state,
    ("title", False): _title,
    ("fault", False): _fault,
    ("fault", True): _no_fault,
    ("detection", False): _detection,
    ("detection", True): _detection,
}
