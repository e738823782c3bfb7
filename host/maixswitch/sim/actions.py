"""What a script can ask for: one frozen dataclass an action; times in ms of board time."""

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
    """Time that passes at once: the board is held up inside the firmware, and looks at nothing meanwhile."""

    ms: int


@dataclass(frozen=True)
class Frames:
    count: int


@dataclass(frozen=True)
class Press:
    """A finger on a key. `after_ms` None: at once, and the script waits until it is over; else then, and it goes on.

    `hold_ms` 0: as long as such a press usually takes. `bounce_ms`: when the contact toggles again, from both edges.
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
    """A model by its number on the card, from 1, as the serial link selects it."""

    number: int


@dataclass(frozen=True)
class Card:
    """The card out or in; `path`: another one; `at`: out at the n-th file operation from now."""

    inserted: bool
    path: str = ""
    at: int = 0


@dataclass(frozen=True)
class Power:
    """Off and on; `cut` not None: off, and not on, once that many more bytes were written to the card."""

    cut: int | None = None


@dataclass(frozen=True)
class Restart:
    """Ctrl-C, then the program starts anew without a reset of the chip."""


@dataclass(frozen=True)
class Fail:
    what: str  # "load", "run" or "camera"
    code: int


@dataclass(frozen=True)
class Raise:
    """The `nth` call from now of a firmware function raises `error`: a name, or a firmware code (KPU only)."""

    call: str
    nth: int
    error: str
    text: str = ""


@dataclass(frozen=True)
class Damage:
    """The first sector of a file of the card reads as nothing but ones, as from a worn-out card."""

    path: str


@dataclass(frozen=True)
class Slow:
    """The card reads so many times slower than a good one; 1 is as ever."""

    factor: int


@dataclass(frozen=True)
class Heal:
    """`what`: "" for every ordered failure, "camera" to plug it in, else the path of a damaged file."""

    what: str = ""


@dataclass(frozen=True)
class Boxes:
    """What detectors find from now on, instead of being emulated."""

    boxes: tuple[Box, ...]


@dataclass(frozen=True)
class Scores:
    """What classifiers answer from now on, instead of being emulated."""

    scores: tuple[float, ...]


@dataclass(frozen=True)
class Screenshot:
    name: str


@dataclass(frozen=True)
class Say:
    """A caption for whoever watches."""

    text: str


@dataclass(frozen=True)
class Camera:
    path: str


@dataclass(frozen=True)
class Expect:
    """`what` of the app should be `value`; for detections also a comparison of the score."""

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
