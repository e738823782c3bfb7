"""The messages of the board's serial line, version 1: every event, every field, its type and range.

docs/serial.md is generated from this table, the parser accepts messages by it, and tests hold device/link.py to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

VERSION = 1
LABEL = 24
TEXT = 80
"""The most characters of a label, and of any other text. The board cuts longer ones."""


@dataclass(frozen=True)
class Field:
    """A field of a message.

    type: "int", "str", "bool", "found" for a list of results, or "points" or "outputs", what some kinds add.
    meaning: with unit and range; docs.py replaces {results} by the form of the results of each kind.
    optional: may it be absent?
    """

    name: str
    type: str
    meaning: str
    optional: bool = False


@dataclass(frozen=True)
class Event:
    """A kind of message: when it is sent, and its fields in addition to those of COMMON."""

    name: str
    when: str
    fields: tuple[Field, ...]


COMMON = (
    Field("v", "int", "version of this format: 1"),
    Field("t", "int", "ms since the board's power-on, 0 or more; keeps running over a soft reset"),
    Field("event", "str", "which message this is"),
)

_TITLE = Field("title", "str", "title of the model; in `load` and `unload` the loaded one, elsewhere the selected one")
_INDEX = Field("index", "int", "position of the selected model, 0 to total - 1")
_TOTAL = Field("total", "int", "models on the card, 0 or more")
_FREE = Field("free", "int", "bytes of system heap, where models live, above the highest block ever used")
_DETAIL = Field("detail", "str", "the firmware's message, or details; may be empty", optional=True)
_FRAMES = Field("frames", "int", "frames shown since the app's start, 0 or more")
_DROPPED = Field(
    "dropped",
    "int",
    "messages not sent since the link's start: results that newer ones replaced, and events beyond the 8 that can wait",
)

_ID = Field("id", "int", "of the command that asked for this message; absent if none did", optional=True)

EVENTS = (
    Event(
        "start",
        "The link has started: after power-on, or when a card with the settings was inserted.",
        (
            Field("board", "str", "id of the board in the table of boards"),
            Field("rate", "int", "the most results a second, 1 to 30"),
        ),
    ),
    Event(
        "state",
        "The state machine went from one state to another.",
        (
            Field("old", "str", "state before: NO_CARD, EMPTY, UNLOADED, RUNNING, FAULT"),
            Field("cause", "str", "event of the state machine"),
            Field("new", "str", "state now"),
        ),
    ),
    Event("select", "A model was selected, by a key or at the start.", (_TITLE, _INDEX, _TOTAL)),
    Event(
        "load",
        "A model was loaded.",
        (_TITLE, Field("ms", "int", "how long the load took, in ms, 0 or more"), _FREE),
    ),
    Event(
        "unload",
        "A model was released.",
        (_TITLE, Field("error", "str", "the exception of the release; absent if there was none", optional=True)),
    ),
    Event(
        "results",
        "The results of the frame just shown; at most `rate` a second. A newer message replaces one that waits.",
        (
            Field("ms", "int", "time from the last frame to this one, in ms, 0 or more"),
            Field("frame", "int", "number of the frame since the app's start, from 0"),
            _ID,
            Field("count", "int", "results of the frame, 0 to 10; `found` holds fewer if the line would be too long"),
            Field(
                "found",
                "found",
                "list, {results}; score 0 to 1 in thousandths; x, y, w, h in pixels of the view",
            ),
            Field(
                "points",
                "points",
                "of a network of landmarks: [x, y, x, y, ...] in pixels of the view, as many as fit the line",
                optional=True,
            ),
            Field(
                "outputs",
                "outputs",
                "of the kind `raw`: [[values, smallest, largest, index of the largest], ...], as many as fit the line",
                optional=True,
            ),
        ),
    ),
    Event(
        "status",
        "Sent once a second in every state, but not during a load.",
        (
            Field("state", "str", 'state now; "" until the first change'),
            _TITLE,
            _INDEX,
            _TOTAL,
            Field("fps", "int", "frames in the last second, 0 if unknown or if no model runs"),
            _FRAMES,
            Field("width", "int", "of the view that boxes are in, pixels, 8 to 320"),
            Field("height", "int", "of the view, pixels, 8 to 240"),
            _FREE,
            Field("heap", "int", "bytes of Python heap that are free; garbage counts as used", optional=True),
            _DROPPED,
            Field("fault", "int", "code of the last fault, absent if there was none", optional=True),
            _ID,
        ),
    ),
    Event(
        "fault",
        "Something failed; the app continues.",
        (
            Field("code", "int", "100 to 4095; `maixswitch explain CODE` says more"),
            Field("name", "str", "its name, such as ERR_NO_MEM"),
            _DETAIL,
        ),
    ),
    Event("camera", "The camera was started.", (Field("what", "str", "ok or missing"), _DETAIL)),
    Event(
        "choice",
        "The app has tried to remember the running model for the next start.",
        (
            Field("folder", "str", "name of its folder"),
            Field("written", "bool", "false if the card could not be written"),
        ),
    ),
    Event("note", "Mistakes in the settings, and missing parts.", (Field("text", "str", "one line each"),)),
    Event("end", "The app ends, or opens the link again after a card was inserted.", (_FRAMES, _DROPPED)),
    Event(
        "answer",
        "The answer to a command. What the command asks for comes after it, in messages with its id.",
        (
            Field("id", "int", "of the command; 0 for one without, and for a bad line"),
            Field("ok", "bool", "was the command carried out?"),
            Field("error", "str", "why not; a bad line says what is wrong with it", optional=True),
            Field("total", "int", "of `models`: models on the card; as many `model` messages follow", optional=True),
            Field("index", "int", "of `models`: position of the selected model", optional=True),
            Field("file", "str", "of `snapshot`: the picture's path below the card's folder", optional=True),
        ),
    ),
    Event(
        "model",
        "A model of the card, after the answer to `models`.",
        (
            Field("id", "int", "of the command"),
            Field("index", "int", "its position, 0 to total - 1"),
            Field("title", "str", "its title; the folder's name if its model.json is wrong"),
            Field("kind", "str", "its kind; absent if its model.json is wrong", optional=True),
        ),
    ),
)

BY_NAME: Mapping[str, Event] = {event.name: event for event in EVENTS}


def fits(message: Mapping[str, Any]) -> bool:
    """Do the fields of a message fit its event? Unknown fields and events always fit."""
    # Check the common fields first: `event` must be a text before it can be looked up.
    if not all(_is(message.get(field.name), field.type) for field in COMMON):
        return False
    event = BY_NAME.get(message["event"])
    if event is None:
        return True
    return all(
        _is(message[field.name], field.type) if field.name in message else field.optional for field in event.fields
    )


def _is(value: object, kind: str) -> bool:
    if kind == "int":
        # In Python a bool is an int, but in JSON true is not a number.
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    if kind == "bool":
        return isinstance(value, bool)
    if kind == "str":
        return isinstance(value, str)
    return isinstance(value, list) and all(_ITEMS[kind](item) for item in value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_result(item: object) -> bool:
    # A label and a score, then no coordinates, a point or a box, depending on the kind (device/results.py).
    if not isinstance(item, list) or len(item) not in (2, 4, 6):
        return False
    label, score, *coordinates = item
    score_fits = _is_number(score) and 0 <= score <= 1
    return isinstance(label, str) and score_fits and all(_is(value, "int") for value in coordinates)


def _is_output(item: object) -> bool:
    if not isinstance(item, list) or len(item) != 4:
        return False
    elements, least, most, where = item
    return _is(elements, "int") and _is_number(least) and _is_number(most) and _is(where, "int")


_ITEMS: Mapping[str, Callable[[object], bool]] = {
    "found": _is_result,
    "points": lambda item: _is(item, "int"),
    "outputs": _is_output,
}
