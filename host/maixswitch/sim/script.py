"""The script language: one action a line, all of it checked before anything runs.

    wait 2s                      board time: 500ms, 2s
    frames 30                    until thirty more pictures went through a network
    press            press 2     a short press of the key for the next model, or of a key by number or role
    hold             hold 1      the same, for a long press
    press 1 for 120ms after 50ms bounce 2ms 5ms
                                 how long; when to begin (the script goes on meanwhile); when the contact bounces
    down 1   up 1                a finger stays on the key until it comes up
    select 2                     select the second model of the card, as the serial link does
    send '{"do": "next"}'         send a line to the app's link (docs/serial.md)
    eject   insert               take the card out, put it in; `insert FOLDER`: another card, relative to the script
    eject at 3                   take the card out at the third file operation from now
    power   power cut 12         off and on; off once twelve more bytes were written to the card (`power`: on again)
    restart                      Ctrl-C, then the app starts again
    skip 60s                     let time pass in one step, as when the firmware blocks
    fail load 2006               the next load raises this firmware code; `fail run 2008`: the next run does
    fail camera                  no pictures until `heal camera`
    damage PATH                  the first sector of a file on the card is dead until `heal PATH`
    slow 10                      the card reads ten times slower than a good one; `slow 1`: normally again
    heal                         end every fault that was ordered
    raise sensor.snapshot 2 RuntimeError 'Sensor timeout!'
                                 the second call from now of a firmware function (names: stubs/bench.py) fails;
                                 an exception with a text or number, or for KPU.* a code; KeyboardInterrupt is Ctrl-C
    boxes 10,20,60,60,0,0.9      the boxes that detectors find from now on: x,y,w,h,class,score of up to ten, or none
    scores 0.1 0.7               the scores that classifiers answer; a script with one of these two runs no network
    screenshot NAME              NAME.png in the output folder
    say TEXT                     a caption for whoever watches
    camera PATH                  another picture or folder; inside a folder of photos a file name chooses the photo
    expect state RUNNING         also: title TEXT, fault CODE, no fault, detection LABEL [>= 0.9], no detection LABEL,
                                 points 68 (so many are shown), output 0 7 (the largest value of output 0 is at 7)
                                 at the end: `within 20s` (how long it may take), `for 2s` (how long it must hold)

Blank lines, and comments from a # outside quotes to the end of the line, are ignored.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from maixswitch import files
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr
from maixswitch.sim.actions import (
    Action,
    Box,
    Boxes,
    Camera,
    Card,
    Damage,
    Fail,
    Finger,
    Frames,
    Heal,
    Power,
    Press,
    Raise,
    Restart,
    Say,
    Scores,
    Screenshot,
    Select,
    Send,
    Skip,
    Slow,
    Wait,
)
from maixswitch.sim.script_expect import read_expectation
from maixswitch.sim.script_words import Mistake, read_duration, read_number, take_none, take_one

ERRORS = (
    "OSError", "ValueError", "TypeError", "RuntimeError", "MemoryError", "AttributeError", "KeyboardInterrupt",
    "SystemExit", "Exception",
)  # fmt: skip
MAX_BOXES = 10  # the firmware's array


@dataclass(frozen=True)
class Line:
    """One action with its line number from 1 and its text without the comment."""

    number: int
    text: str
    action: Action


@dataclass
class Script:
    """A parsed script.

    name: the path or name for messages.
    lines: the actions in order.
    source: the text that was parsed.
    """

    name: str
    lines: list[Line] = field(default_factory=list)
    source: str = ""


def read_script(path: Path) -> Script:
    """Read a script from a UTF-8 file. Raises MaixSwitchError if it cannot be read, and what `parse` raises."""
    try:
        text = files.read(path, option="--script").decode().replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise MaixSwitchError(
            tr("--script {path}: not a text in UTF-8; expected one action a line, such as: press", path=path),
            EXIT_USAGE,
        ) from error
    return parse(text, str(path))


def parse(text: str, name: str = "script") -> Script:
    """Parse a script. Raises MaixSwitchError, which lists every mistake as `name:line: what is wrong`."""
    script = Script(name, source=text)
    mistakes = []
    # Collect all mistakes, so that one run shows them all.
    for number, raw in enumerate(text.splitlines(), 1):
        try:
            words = _split(raw)
            if words:
                script.lines.append(Line(number, _text(words), _action(words)))
        except Mistake as mistake:
            mistakes.append(f"{name}:{number}: {mistake}")
    if mistakes:
        raise MaixSwitchError("\n".join(mistakes), EXIT_USAGE)
    return script


def _split(raw: str) -> list[str]:
    try:
        return shlex.split(raw, comments=True)
    except ValueError as error:
        raise Mistake(str(error).lower()) from error


def _text(words: list[str]) -> str:
    return " ".join(repr(word) if " " in word or not word else word for word in words)


def _action(words: list[str]) -> Action:
    verb, arguments = words[0], words[1:]
    parser = _VERBS.get(verb)
    if parser is None:
        raise Mistake(tr("unknown action {verb!r}; known: {known}", verb=verb, known=", ".join(_VERBS)))
    return parser(verb, arguments)


def _wait(verb: str, words: list[str]) -> Wait | Skip:
    ms = read_duration(take_one(verb, words, tr("a time such as 2s")))
    return Wait(ms) if verb == "wait" else Skip(ms)


def _frames(verb: str, words: list[str]) -> Frames:
    return Frames(read_number(take_one(verb, words, tr("a number")), tr("number")))


def _press(verb: str, words: list[str]) -> Press:
    options: dict[str, list[str]] = {}  # option -> the words after it; "" for those before the first option
    option = ""
    # Options come in any order. Words before the first one name the key.
    for word in words:
        if word in _PRESS_OPTIONS:
            option = word
            options[option] = []
        else:
            options.setdefault(option, []).append(word)
    key = take_one(verb, options[""], tr("one key")) if "" in options else ""
    times = {name: [read_duration(word) for word in options.get(name, ())] for name in _PRESS_OPTIONS}
    # Only `bounce` takes several times.
    for name in options:
        if name and (not times[name] or (name != "bounce" and len(times[name]) > 1)):
            raise Mistake(
                tr(
                    "{verb}: expected {name} {form}, found {text!r}",
                    verb=verb,
                    name=name,
                    form=_PRESS_OPTIONS[name],
                    text=" ".join(options[name]) or tr("nothing"),
                )
            )
    # Each time toggles the contact once: two toggles at the same moment would cancel each other.
    if times["bounce"] != sorted(set(times["bounce"])):
        raise Mistake(tr("{verb}: the times of bounce must grow", verb=verb))
    hold, after = times["for"], times["after"]
    return Press(key, verb == "hold", hold[0] if hold else 0, after[0] if after else None, tuple(times["bounce"]))


def _eject(verb: str, words: list[str]) -> Card:
    if len(words) == 2 and words[0] == "at":
        return Card(False, at=max(read_number(words[1], tr("number")), 1))
    if words:
        raise Mistake(tr("eject takes nothing, or at N, found {words!r}", words=" ".join(words)))
    return Card(False)


def _insert(verb: str, words: list[str]) -> Card:
    return Card(True, take_one(verb, words, tr("one folder")) if words else "")


def _power(verb: str, words: list[str]) -> Power:
    if len(words) == 2 and words[0] == "cut":
        return Power(read_number(words[1], tr("number of bytes")))
    if words:
        raise Mistake(tr("power takes nothing, or cut BYTES, found {words!r}", words=" ".join(words)))
    return Power()


def _restart(verb: str, words: list[str]) -> Restart:
    take_none(verb, words)
    return Restart()


def _heal(verb: str, words: list[str]) -> Heal:
    return Heal(take_one(verb, words, tr("nothing, camera or a path on the card"))) if words else Heal()


def _finger(verb: str, words: list[str]) -> Finger:
    return Finger(take_one(verb, words, tr("one key")) if words else "", verb == "down")


def _select(verb: str, words: list[str]) -> Select:
    return Select(read_number(take_one(verb, words, tr("a number")), tr("number")))


def _send(verb: str, words: list[str]) -> Send:
    return Send(take_one(verb, words, tr("a line in quotes")))


def _damage(verb: str, words: list[str]) -> Damage:
    return Damage(take_one(verb, words, tr("a path on the card")))


def _slow(verb: str, words: list[str]) -> Slow:
    factor = read_number(take_one(verb, words, tr("a number")), tr("number"))
    if not 1 <= factor <= 1000:
        raise Mistake(tr("slow {factor}: expected 1 to 1000", factor=factor))
    return Slow(factor)


def _code(text: str) -> int:
    code = read_number(text, tr("firmware code"))
    if not 2001 <= code <= 2015:
        raise Mistake(tr("code {code}: the firmware has 2001 to 2015", code=code))
    return code


def _fail(verb: str, words: list[str]) -> Fail:
    if words == ["camera"]:
        return Fail("camera", 0)
    if len(words) == 2 and words[0] in ("load", "run"):
        return Fail(words[0], _code(words[1]))
    raise Mistake(tr("fail takes load CODE, run CODE or camera, found {words!r}", words=" ".join(words)))


def _raise(verb: str, words: list[str]) -> Raise:
    if len(words) < 2 or not re.fullmatch(r"\w+(\.\w+){0,2}", words[0]):
        raise Mistake(tr("raise takes a call, its number and an error, found {words!r}", words=" ".join(words)))
    # Both the count of calls and a firmware code are numbers: the first number is a count only if an error follows.
    call, arguments = words[0], words[1:]
    nth = 1
    if len(arguments) > 1 and arguments[0].isdecimal():
        nth, arguments = max(read_number(arguments[0], tr("number")), 1), arguments[1:]
    error, text = arguments[0], " ".join(arguments[1:])
    if error.isdecimal():
        _code(error)
        # Other functions of the firmware never raise these codes, so such a test would prove nothing.
        if text or not call.startswith(("KPU.", "maix.")):
            raise Mistake(tr("only KPU.* calls raise firmware codes, found {words!r}", words=" ".join(words)))
    elif error not in ERRORS:
        raise Mistake(
            tr("unknown error {error!r}; known: {known}, or a firmware code", error=error, known=", ".join(ERRORS))
        )
    return Raise(call, nth, error, text)


def _boxes(verb: str, words: list[str]) -> Boxes:
    if len(words) > MAX_BOXES:
        raise Mistake(tr("{words} boxes: the firmware holds {max_boxes}", words=len(words), max_boxes=MAX_BOXES))
    return Boxes(tuple(_box(word) for word in words))


def _box(text: str) -> Box:
    try:
        x, y, w, h, number, score = text.split(",")
        return int(x), int(y), int(w), int(h), int(number), float(score)
    except ValueError as error:
        raise Mistake(tr("{text!r} is not a box; expected x,y,w,h,class,score", text=text)) from error


def _scores(verb: str, words: list[str]) -> Scores:
    try:
        return Scores(tuple(float(word) for word in words))
    except ValueError as error:
        raise Mistake(tr("scores takes numbers, found {words!r}", words=" ".join(words))) from error


def _screenshot(verb: str, words: list[str]) -> Screenshot:
    name = take_one(verb, words, tr("a name")).removesuffix(".png")
    # The name becomes a file in the output folder and must not lead out of it.
    if not re.fullmatch(r"[\w][\w.-]*", name):
        raise Mistake(tr("{name!r} is not a file name; use letters, digits, . _ -", name=name))
    return Screenshot(name)


def _say(verb: str, words: list[str]) -> Say:
    if not words:
        raise Mistake(tr("say takes a text"))
    return Say(" ".join(words))


def _camera(verb: str, words: list[str]) -> Camera:
    return Camera(take_one(verb, words, tr("a path")))


_PRESS_OPTIONS = {"for": "TIME", "after": "TIME", "bounce": "TIME ..."}
_VERBS: dict[str, Callable[[str, list[str]], Action]] = {
    "wait": _wait,
    "frames": _frames,
    "press": _press,
    "hold": _press,
    "down": _finger,
    "up": _finger,
    "select": _select,
    "send": _send,
    "eject": _eject,
    "insert": _insert,
    "power": _power,
    "restart": _restart,
    "skip": _wait,
    "fail": _fail,
    "raise": _raise,
    "damage": _damage,
    "slow": _slow,
    "heal": _heal,
    "boxes": _boxes,
    "scores": _scores,
    "screenshot": _screenshot,
    "say": _say,
    "camera": _camera,
    "expect": read_expectation,
}
