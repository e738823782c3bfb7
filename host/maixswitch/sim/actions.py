"""The actions of a script, one frozen dataclass each; times are in ms of board time."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass

WITHIN_MS = 15_000
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
}
Box = tuple[int, int, int, int, int, float]  # x, y, width, height in pixels of the model's input, class, score


@dataclass(frozen=True)
class Wait:
    ms: int


@dataclass(frozen=True)
class Skip:
    """Lets time pass in one step, as when the firmware blocks: the app does not run meanwhile."""

    ms: int


@dataclass(frozen=True)
class Frames:
    count: int


@dataclass(frozen=True)
class Press:
    """A press of a key.

    key: number, role, or "" for the key that selects the next model.
    long: whether the usual duration is that of a long press.
    hold_ms: how long the key is down; 0 for the usual duration.
    after_ms: None starts the press at once and makes the script wait for its end; a number of ms lets the script go on.
    bounce_ms: times after each edge at which the contact toggles again.
    """

    key: str
    long: bool
    hold_ms: int = 0
    after_ms: int | None = None
    bounce_ms: tuple[int, ...] = ()


@dataclass(frozen=True)
class Finger:
    """A finger that goes down on a key and stays, or comes up again."""

    key: str  # as in Press
    down: bool


@dataclass(frozen=True)
class Select:
    """Selects a model by its number on the card, from 1, as the serial link does."""

    number: int


@dataclass(frozen=True)
class Send:
    """Sends a line of text to the app's link, as a program on its serial line does."""

    text: str


@dataclass(frozen=True)
class Card:
    """Takes the card out or puts it in.

    path: the folder of another card to put in; "" for the same card.
    at: take the card out at the n-th file operation from now; 0 for now.
    """

    inserted: bool
    path: str = ""
    at: int = 0


@dataclass(frozen=True)
class Power:
    """Switches the power off and on.

    cut: switch it off only, once this many more bytes were written to the card; None switches off and on now.
    """

    cut: int | None = None


@dataclass(frozen=True)
class Restart:
    """Sends Ctrl-C, then starts the app again without a reset of the chip."""


@dataclass(frozen=True)
class Fail:
    """Makes the next load or run end with a firmware code, or unplugs the camera.

    part: "load", "run" or "camera".
    code: 2001 to 2015; 0 for the camera.
    """

    part: str
    code: int


@dataclass(frozen=True)
class Raise:
    """Makes the `nth` call from now of a firmware function raise an error.

    call: name of the function, such as "sensor.snapshot".
    error: name of a built-in exception, or a firmware code (KPU only).
    text: the exception's argument; "" for none.
    """

    call: str
    nth: int
    error: str
    text: str = ""


@dataclass(frozen=True)
class Damage:
    """Makes the first sector of a file read as 0xFF bytes, as from a worn-out card."""

    path: str


@dataclass(frozen=True)
class Slow:
    """Makes the card read `factor` times slower than a good one; 1 restores the normal speed."""

    factor: int


@dataclass(frozen=True)
class Heal:
    """Ends ordered faults.

    part: "" for all of them, "camera" to plug the camera in, or the path of a damaged file.
    """

    part: str = ""


@dataclass(frozen=True)
class Boxes:
    """Sets the boxes that detectors find from now on; the networks are not emulated."""

    boxes: tuple[Box, ...]


@dataclass(frozen=True)
class Scores:
    """Sets the scores that classifiers answer from now on; the networks are not emulated."""

    scores: tuple[float, ...]


@dataclass(frozen=True)
class Screenshot:
    name: str


@dataclass(frozen=True)
class Say:
    """Shows a caption to the viewer."""

    text: str


@dataclass(frozen=True)
class Camera:
    path: str


@dataclass(frozen=True)
class Expect:
    """Expects a property of the app to have a value within a time.

    subject: "state", "title", "fault", "detection", "points" or "output".
    value: the state, title, code or label; the number of points; number of the output and index, as in "0 7".
    absent: expect that it is not there (fault and detection).
    comparison, score: of a detection's score (0 to 1).
    within_ms: how long it may take; for_ms: how long it must hold without a break.
    """

    subject: str
    value: str
    absent: bool = False
    comparison: str = ">="
    score: float = 0.0
    within_ms: int = WITHIN_MS
    for_ms: int = 0

    def compare(self, score: float) -> bool:
        """Does a detection of this score meet the expectation?"""
        return COMPARISONS[self.comparison](score, self.score)


Action = (
    Wait | Skip | Frames | Press | Finger | Select | Send | Card | Power | Restart | Fail | Raise | Damage | Slow | Heal
    | Boxes | Scores | Screenshot | Say | Camera | Expect
)  # fmt: skip
