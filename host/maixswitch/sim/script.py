"""The script language: one action a line, all of it checked before anything runs.

    wait 2s                      board time: 500ms, 2s
    frames 30                    until thirty more pictures went through a network
    press            press 2     the key for the next model, or one by its number (1, 2, ...) or its role
    hold             hold 1      the same, for a long press
    press 1 for 120ms after 50ms bounce 2ms 5ms
                                 how long; when, then the script does not wait for it; contacts that bounce
    down 1   up 1                a finger that stays on the key until it comes up
    select 2                     the second model of the card, as the serial link selects it
    eject   insert               the card; `insert FOLDER` is another one, beside the script
    eject at 3                   the card goes at the third file operation from now
    power   power cut 12         off and on; off once twelve more bytes were written to the card (`power`: on again)
    restart                      Ctrl-C, and the program starts again
    skip 60s                     time that passes at once, while the board looks at nothing
    fail load 2006               the next load raises this firmware code; so does `fail run 2008` for the next run
    fail camera                  no pictures until `heal camera`
    damage PATH                  a file of the card begins with a dead sector, until `heal PATH`
    slow 10                      the card reads ten times slower than a good one; 1 is as ever
    heal                         ends every fault that was ordered
    raise sensor.snapshot 2 RuntimeError 'Sensor timeout!'
                                 the second call from now of a firmware function (names: stubs/bench.py) fails;
                                 an exception with a text or number, or for KPU.* a code; KeyboardInterrupt is Ctrl-C
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
    """A parsed script: the name that it was read from (for messages), its actions in order, and its whole text."""

    name: str
    lines: list[Line] = field(default_factory=list)
    source: str = ""


def read_script(path: Path) -> Script:
    """Read a script from a UTF-8 file. Raises MaixSwitchError if it cannot be read, and what `parse` raises."""
    try:
        text = files.read(path, option="--script").decode().replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise MaixSwitchError(
            tr("--script {path}: no text in UTF-8; wanted one action a line, such as: press", path=path), EXIT_USAGE
        ) from error
    return parse(text, str(path))


def parse(text: str, name: str = "script") -> Script:
    """Parse a script. Raises MaixSwitchError, which lists every mistake as `name:line: what is wrong`."""
    script = Script(name, source=text)
    mistakes = []
    # Collect all mistakes: nobody wants to run a script once for each of them.
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
    verb, rest = words[0], words[1:]
    parser = _VERBS.get(verb)
    if parser is None:
        raise Mistake(tr("unknown action {verb!r}; known: {known}", verb=verb, known=", ".join(_VERBS)))
    return parser(verb, rest)


def _wait(verb: str, words: list[str]) -> Wait | Skip:
    ms = read_duration(take_one(verb, words, tr("a time such as 2s")))
    return Wait(ms) if verb == "wait" else Skip(ms)


def _frames(verb: str, words: list[str]) -> Frames:
    return Frames(read_number(take_one(verb, words, tr("a number")), tr("number")))


def _press(verb: str, words: list[str]) -> Press:
    given: dict[str, list[str]] = {}
    option = ""
    # Options come in any order. Words before the first one name the key.
    for word in words:
        if word in _FINGER:
            option = word
            given[option] = []
        else:
            given.setdefault(option, []).append(word)
    key = take_one(verb, given[""], tr("one key")) if "" in given else ""
    times = {name: [read_duration(word) for word in given.get(name, ())] for name in _FINGER}
    # Only `bounce` takes several times.
    for name in given:
        if name and (not times[name] or (name != "bounce" and len(times[name]) > 1)):
            raise Mistake(
                tr(
                    "{verb}: wanted {name} {finger}, found {given!r}",
                    verb=verb,
                    name=name,
                    finger=_FINGER[name],
                    given=" ".join(given[name]) or tr("nothing"),
                )
            )
    # Each time is one toggle of the contact: two at the same moment would cancel each other.
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


def _damage(verb: str, words: list[str]) -> Damage:
    return Damage(take_one(verb, words, tr("a path on the card")))


def _slow(verb: str, words: list[str]) -> Slow:
    factor = read_number(take_one(verb, words, tr("a number")), tr("number"))
    if not 1 <= factor <= 1000:
        raise Mistake(tr("slow {factor}: wanted 1 to 1000", factor=factor))
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
    if len(words) < 2 or not re.fullmatch(r"\w+(\.\w+)?", words[0]):
        raise Mistake(tr("raise takes a call, its number and an error, found {words!r}", words=" ".join(words)))
    # The number is optional, and a firmware code is a number as well: it counts calls only if an error follows.
    call, rest = words[0], words[1:]
    nth = 1
    if len(rest) > 1 and rest[0].isdecimal():
        nth, rest = max(read_number(rest[0], tr("number")), 1), rest[1:]
    error, text = rest[0], " ".join(rest[1:])
    if error.isdecimal():
        _code(error)
        # Other functions of the firmware never raise these codes: such a test would prove nothing.
        if text or not call.startswith(("KPU.", "maix.")):
            raise Mistake(tr("a firmware code is for KPU.* alone, found {words!r}", words=" ".join(words)))
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
        raise Mistake(tr("{text!r} is not a box; wanted x,y,w,h,class,score", text=text)) from error


def _scores(verb: str, words: list[str]) -> Scores:
    try:
        return Scores(tuple(float(word) for word in words))
    except ValueError as error:
        raise Mistake(tr("scores takes numbers, found {words!r}", words=" ".join(words))) from error


def _screenshot(verb: str, words: list[str]) -> Screenshot:
    name = take_one(verb, words, tr("a name")).removesuffix(".png")
    # It becomes a file in the output folder, and must not lead out of it.
    if not re.fullmatch(r"[\w][\w.-]*", name):
        raise Mistake(tr("{name!r} is not a file name; wanted letters, digits, . _ -", name=name))
    return Screenshot(name)


def _say(verb: str, words: list[str]) -> Say:
    if not words:
        raise Mistake(tr("say takes a text"))
    return Say(" ".join(words))


def _camera(verb: str, words: list[str]) -> Camera:
    return Camera(take_one(verb, words, tr("a path")))


_FINGER = {"for": "TIME", "after": "TIME", "bounce": "TIME ..."}
_VERBS: dict[str, Callable[[str, list[str]], Action]] = {
    "wait": _wait,
    "frames": _frames,
    "press": _press,
    "hold": _press,
    "down": _finger,
    "up": _finger,
    "select": _select,
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
