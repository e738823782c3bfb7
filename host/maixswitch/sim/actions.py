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
    """Time that passes at once: the firmware holds the board up, which sees nothing meanwhile."""

    ms: int


@dataclass(frozen=True)
class Frames:
    count: int


@dataclass(frozen=True)
class Press:
    """A press of a key. With `after_ms` None it starts at once and the script waits for its end; otherwise the script
    goes on.

    hold_ms: how long; 0 for the usual time of such a press.
    bounce_ms: when the contact toggles again, from both edges.
    """

    key: str  # "" is the key for the next model
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
    """Selects a model by its number on the card, from 1, like the serial link."""

    number: int


@dataclass(frozen=True)
class Card:
    """Takes the card out or puts it in. `path`: another card; `at`: take it out at the n-th file operation from now."""

    inserted: bool
    path: str = ""
    at: int = 0


@dataclass(frozen=True)
class Power:
    """Switches the power off and on. `cut`: off, and not on, after that many more bytes were written to the card."""

    cut: int | None = None


@dataclass(frozen=True)
class Restart:
    """Sends Ctrl-C, then starts the program again without a reset of the chip."""


@dataclass(frozen=True)
class Fail:
    what: str  # "load", "run" or "camera"
    code: int


@dataclass(frozen=True)
class Raise:
    """Makes the `nth` call from now of a firmware function raise `error`: a name, or a firmware code (KPU only)."""

    call: str
    nth: int
    error: str
    text: str = ""


@dataclass(frozen=True)
class Damage:
    """Makes the first sector of a file read as ones only, as from a worn-out card."""

    path: str


@dataclass(frozen=True)
class Slow:
    """Makes the card read `factor` times slower than a good one; 1 is normal."""

    factor: int


@dataclass(frozen=True)
class Heal:
    """Repairs `what`: "" for every ordered failure, "camera" to plug it in, otherwise the path of a damaged file."""

    what: str = ""


@dataclass(frozen=True)
class Boxes:
    """Sets what detectors find from now on, in place of the emulation."""

    boxes: tuple[Box, ...]


@dataclass(frozen=True)
class Scores:
    """Sets what classifiers answer from now on, in place of the emulation."""

    scores: tuple[float, ...]


@dataclass(frozen=True)
class Screenshot:
    name: str


@dataclass(frozen=True)
class Say:
    """A caption for the viewer."""

    text: str


@dataclass(frozen=True)
class Camera:
    path: str


@dataclass(frozen=True)
class Expect:
    """Expects `what` of the app to be `value`; for detections also compares the score."""

    what: str  # "state", "title", "fault", "detection"
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
    Wait | Skip | Frames | Press | Finger | Select | Card | Power | Restart | Fail | Raise | Damage | Slow | Heal
    | Boxes | Scores | Screenshot | Say | Camera | Expect
)  # fmt: skip
