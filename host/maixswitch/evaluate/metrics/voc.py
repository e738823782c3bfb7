"""Average precision as the VOC challenges define it, at an overlap of 0.5.

Detections by score; each looks at the object of its class that it overlaps best. If that one is taken, the detection is
wrong. Difficult objects, and detections of them, do not count. 2007: eleven points of recall; from 2010 on: the area.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .pictures import Boxes, mean, overlaps

LIMIT = 0.5


@dataclass(frozen=True)
class Curve:
    """Precision and recall of one class, a point for each detection that counts; scores fall. objects: that count."""

    scores: NDArray[np.float64]
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    objects: int

    @property
    def voc07(self) -> float:
        """The mean of the best precision at recalls of 0, 0.1 ... 1; NaN without an object."""
        if not self.objects:
            return float("nan")
        points = [self.precision[self.recall >= at] for at in np.arange(0.0, 1.1, 0.1)]
        return sum(float(part.max()) if len(part) else 0.0 for part in points) / 11

    @property
    def voc12(self) -> float:
        """The area under the best precision at each recall or a higher one; NaN without an object."""
        if not self.objects:
            return float("nan")
        recall = np.concatenate(([0.0], self.recall, [1.0]))
        best = np.maximum.accumulate(np.concatenate(([0.0], self.precision, [0.0]))[::-1])[::-1]
        step = np.flatnonzero(recall[1:] != recall[:-1])
        return float(np.sum((recall[step + 1] - recall[step]) * best[step + 1]))


def curve(pictures: Sequence[Boxes], name: int) -> Curve:
    """Return the curve of one class. pictures: in canonical order."""
    scores: list[NDArray[np.float64]] = []
    verdicts: list[NDArray[np.int8]] = []
    objects = 0
    for picture in pictures:
        found, true = picture.found_names == name, picture.true_names == name
        # A crowd has no box of one object, so it is left out as a difficult object is.
        left_out = (picture.difficult | picture.crowd)[true]
        objects += int((~left_out).sum())
        if found.any():
            scores.append(picture.scores[found])
            verdicts.append(_judge(overlaps(picture.found[found], picture.true[true]), left_out))
    score = np.concatenate(scores) if scores else np.zeros(0)
    verdict = np.concatenate(verdicts) if verdicts else np.zeros(0, np.int8)
    order = np.argsort(-score, kind="stable")
    score, verdict = score[order], verdict[order]
    counted = verdict >= 0
    right = np.cumsum(verdict[counted] == 1)
    total = np.arange(1, len(right) + 1)
    return Curve(score[counted], right / total if len(right) else np.zeros(0), right / max(objects, 1), objects)


def _judge(table: NDArray[np.float64], left_out: NDArray[np.bool_]) -> NDArray[np.int8]:
    """Return 1 for right, 0 for wrong, -1 for a detection that does not count. table: overlaps (found, true)."""
    verdict = np.zeros(len(table), np.int8)
    taken = np.zeros(table.shape[1], bool)
    for row in range(len(table)) if table.size else ():
        best = int(table[row].argmax())
        if table[row, best] <= LIMIT:
            continue
        if left_out[best]:
            verdict[row] = -1
        elif not taken[best]:
            verdict[row], taken[best] = 1, True
    return verdict


def voc(pictures: Sequence[Boxes], classes: int) -> tuple[dict[str, Any], dict[int, Curve]]:
    """Return "VOC07" and "VOC12", their means over the classes with an object, and the curve of each class."""
    curves = {name: curve(pictures, name) for name in range(classes)}
    known = [item for item in curves.values() if item.objects]
    figures = {"VOC07": mean([item.voc07 for item in known]), "VOC12": mean([item.voc12 for item in known])}
    return figures, curves
