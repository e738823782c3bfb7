"""How precision, recall and F1 depend on threshold and nms, in the board's view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import truth
from .job import LOWEST_SWEPT, SWEEP
from .measured import Measured
from .metrics.matching import LEFT_OUT, RIGHT, WRONG, Counts, verdicts
from .metrics.pictures import Boxes

THRESHOLDS = tuple(round(LOWEST_SWEPT * step, 2) for step in range(1, 20))
NMS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
ROOM = 10
"""Boxes that the firmware has room for: the first ones in its own order."""


@dataclass(frozen=True)
class Point:
    """One setting. crowded: pictures with more boxes than there is room for."""

    threshold: float
    nms: float
    counts: Counts
    crowded: int


def document(measured: Measured) -> list[dict[str, Any]]:
    """Return the curve and the best setting of each model, [] without a sweep."""
    result = []
    for at, model in enumerate(measured.models):
        points = swept(measured, at)
        if points:
            best = best_of(points)
            result.append(
                {
                    "model": at,
                    "now": {"threshold": model.threshold, "nms": model.nms},
                    "best": _row(best),
                    "points": [_row(point) for point in points],
                }
            )
    return result


def best_of(points: Sequence[Point]) -> Point:
    """Return the point with the best F1; of equal ones the one with fewest crowded pictures, then the highest
    threshold and the lowest nms."""
    return max(points, key=lambda point: (point.counts.f1, -point.crowded, point.threshold, -point.nms))


def _row(point: Point) -> dict[str, Any]:
    counts = point.counts
    return {
        "threshold": point.threshold,
        "nms": point.nms,
        "precision": counts.precision,
        "recall": counts.recall,
        "f1": counts.f1,
        "crowded": point.crowded,
    }


def swept(measured: Measured, network: int) -> list[Point]:
    """Return a point for each nms and threshold that was measured for a model."""
    points = []
    for index, column in enumerate(measured.job.columns):
        if column.view == SWEEP and column.network == network:
            points += _curve(measured, index, column.nms)
    return points


def _curve(measured: Measured, index: int, nms: float) -> list[Point]:
    sums = np.zeros((len(THRESHOLDS), 4), np.int64)  # right, wrong, missed, crowded
    column = measured.job.columns[index]
    for sample, record, answer in measured.answers(index):
        # Before truth.boxes() sorts them: which ten the firmware keeps depends on its own order.
        scores = answer.rows["score"].astype(np.float64)
        whole = truth.boxes(measured.job, column, sample, record, answer, measured.naming.numbers)
        sums += _counted(whole)
        for at, threshold in enumerate(THRESHOLDS):
            above = scores > threshold
            if above.sum() <= ROOM:
                break
            # The boxes of a lower threshold are no longer the first of these, so they are counted anew.
            kept = np.flatnonzero(above)[:ROOM]
            part = type(answer)(answer.rows[kept], answer.width, answer.height, len(kept))
            cut = truth.boxes(measured.job, column, sample, record, part, measured.naming.numbers)
            sums[at, :3] += _counts(cut) - _counts(whole.above(threshold))
            sums[at, 3] += 1
    return [
        Point(threshold, nms, Counts(*map(int, sums[at, :3])), int(sums[at, 3]))
        for at, threshold in enumerate(THRESHOLDS)
    ]


def _counts(boxes: Boxes) -> Any:
    verdict, _ = verdicts(boxes)
    objects = int((~(boxes.difficult | boxes.crowd)).sum())
    right = int((verdict == RIGHT).sum())
    return np.array((right, int((verdict == WRONG).sum()), objects - right), np.int64)


def _counted(boxes: Boxes) -> Any:
    """Return right, wrong, missed, 0 for each threshold.

    Boxes are matched by falling score, so a higher threshold only takes the last ones away.
    """
    verdict, _ = verdicts(boxes)
    objects = int((~(boxes.difficult | boxes.crowd)).sum())
    rows = np.zeros((len(THRESHOLDS), 4), np.int64)
    for at, threshold in enumerate(THRESHOLDS):
        kept = verdict[: int((boxes.scores > threshold).sum())]
        right = int((kept == RIGHT).sum())
        rows[at, :3] = right, len(kept) - right - int((kept == LEFT_OUT).sum()), objects - right
    return rows
