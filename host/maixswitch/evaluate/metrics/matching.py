"""Precision, recall and F1 of a detector at one threshold: what somebody sees who looks at the panel.

Detections by score; each takes the free object of its class with the best overlap of at least 0.5. Difficult objects
and crowds may be matched, and count neither as found nor as missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .pictures import Boxes, overlaps

LIMIT = 0.5
RIGHT, WRONG, LEFT_OUT = 1, 0, -1


@dataclass(frozen=True)
class Counts:
    """right: objects that were found. wrong: detections of nothing. missed: objects that were not found."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.right + other.right, self.wrong + other.wrong, self.missed + other.missed)

    @property
    def precision(self) -> float:
        """The share of detections that are right; NaN without any."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else float("nan")

    @property
    def recall(self) -> float:
        """The share of objects that were found; NaN without any."""
        return self.right / (self.right + self.missed) if self.right + self.missed else float("nan")

    @property
    def f1(self) -> float:
        """2 * right / (2 * right + wrong + missed); NaN if all are 0."""
        total = 2 * self.right + self.wrong + self.missed
        return 2 * self.right / total if total else float("nan")


def verdicts(picture: Boxes) -> tuple[NDArray[np.int8], NDArray[np.intp]]:
    """Return RIGHT, WRONG or LEFT_OUT for each detection, and the object that it took, -1 for none."""
    left_out = picture.difficult | picture.crowd
    table = overlaps(picture.found, picture.true)
    table[picture.found_names[:, None] != picture.true_names[None]] = 0
    verdict = np.full(len(table), WRONG, np.int8)
    which = np.full(len(table), -1, np.intp)
    # -1: an object that is taken. A crowd is never taken.
    for row in range(len(table)) if table.size else ():
        # An object that counts is preferred to one that does not.
        for kind in (~left_out, left_out):
            values = np.where(kind, table[row], -1.0)
            best = int(values.argmax())
            if values[best] >= LIMIT:
                verdict[row], which[row] = LEFT_OUT if left_out[best] else RIGHT, best
                if not picture.crowd[best]:
                    table[:, best] = -1.0
                break
    return verdict, which


def counts(picture: Boxes) -> dict[int, Counts]:
    """Return the counts of one picture by class, those classes that occur."""
    verdict, _ = verdicts(picture)
    left_out = picture.difficult | picture.crowd
    result = {}
    for name in np.union1d(picture.found_names, picture.true_names).tolist():
        own = verdict[picture.found_names == name]
        right = int((own == RIGHT).sum())
        objects = int((~left_out[picture.true_names == name]).sum())
        result[name] = Counts(right, int((own == WRONG).sum()), objects - right)
    return result


def total(pictures: Sequence[Boxes], classes: int) -> tuple[Counts, dict[int, Counts]]:
    """Return the counts over all pictures, and by class."""
    by_class = {name: Counts() for name in range(classes)}
    for picture in pictures:
        for name, item in counts(picture).items():
            by_class[name] = by_class.get(name, Counts()) + item
    return sum(by_class.values(), Counts()), by_class
