"""Average precision as COCO defines it: the same numbers as pycocotools' COCOeval, whose rules these are.

Detections by score; each takes the free object of its class with the best overlap of at least the limit. Objects of a
crowd, and those outside the range of areas, may be matched but count neither as found nor as missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .pictures import Boxes, areas, mean, overlaps

LIMITS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0.0, 1.0, 101)
AREAS = {"all": (0.0, 1e10), "small": (0.0, 32.0**2), "medium": (32.0**2, 96.0**2), "large": (96.0**2, 1e10)}
MOST = (1, 10, 100)
"""Detections of a class in a picture that count."""


@dataclass(frozen=True)
class _Matched:
    """One class in one picture: for each limit, whether a detection is matched, or ignored."""

    scores: NDArray[np.float64]
    matched: NDArray[np.bool_]
    ignored: NDArray[np.bool_]
    objects: int


def coco(pictures: Sequence[Boxes], classes: int) -> dict[str, Any]:
    """Return COCO's twelve numbers by their names, NaN where there is nothing to count, and "by_class".

    pictures: in canonical order. classes: how many there are; each class without an object is left out.
    """
    by_name: dict[int, list[tuple[Boxes, NDArray[np.float64]]]] = {name: [] for name in range(classes)}
    used = set()
    for picture in pictures:
        used.update(picture.true_names.tolist())
        for name in {*picture.true_names.tolist(), *picture.found_names.tolist()} & by_name.keys():
            by_name[name].append(_of_class(picture, name))
    names = [name for name in range(classes) if name in used]
    precision: dict[tuple[str, int], NDArray[np.float64]] = {}
    recall: dict[tuple[str, int, int], NDArray[np.float64]] = {}
    for name in names:
        own = by_name[name]
        for area, limits in AREAS.items():
            matches = [_match(picture, table, limits) for picture, table in own]
            for most in MOST if area == "all" else MOST[-1:]:
                curve, reached = _accumulate(matches, most)
                recall[area, most, name] = reached
                if most == MOST[-1]:
                    precision[area, name] = curve

    def ap(area: str, at: int | None = None) -> float:
        parts = [precision[area, name] if at is None else precision[area, name][at] for name in names]
        return _mean_known(parts)

    def ar(area: str, most: int) -> float:
        return _mean_known([recall[area, most, name] for name in names])

    by_class = {name: _mean_known([precision["all", name]]) for name in names}
    return {
        "AP": ap("all"),
        "AP50": ap("all", 0),
        "AP75": ap("all", 5),
        "AP_small": ap("small"),
        "AP_medium": ap("medium"),
        "AP_large": ap("large"),
        "AR1": ar("all", 1),
        "AR10": ar("all", 10),
        "AR100": ar("all", 100),
        "AR_small": ar("small", 100),
        "AR_medium": ar("medium", 100),
        "AR_large": ar("large", 100),
        "by_class": by_class,
    }


def _mean_known(parts: Sequence[NDArray[np.float64]]) -> float:
    values = np.concatenate([part.reshape(-1) for part in parts]) if parts else np.zeros(0)
    return mean(values[values > -1].tolist())


def _of_class(picture: Boxes, name: int) -> tuple[Boxes, NDArray[np.float64]]:
    found, true = picture.found_names == name, picture.true_names == name
    part = Boxes(
        picture.found[found][: MOST[-1]], picture.scores[found][: MOST[-1]], picture.found_names[found][: MOST[-1]],
        picture.true[true], picture.true_names[true], picture.difficult[true], picture.crowd[true],
    )  # fmt: skip
    return part, overlaps(part.found, part.true, part.crowd)


def _match(picture: Boxes, table: NDArray[np.float64], limits: tuple[float, float]) -> _Matched:
    """Match the detections of one class in one picture. table: overlaps (found, true)."""
    sizes = areas(picture.true)
    ignore = picture.crowd | (sizes < limits[0]) | (sizes > limits[1])
    # Objects that count come first, and a detection that has found one looks no further.
    order = np.argsort(ignore, kind="stable")
    ignore, crowd, table = ignore[order], picture.crowd[order], table[:, order]
    count = len(picture.found)
    matched, ignored = np.zeros((len(LIMITS), count), bool), np.zeros((len(LIMITS), count), bool)
    nearest = table.max(1) if table.size else np.zeros(count)
    for at, limit in enumerate(LIMITS):
        taken = np.zeros(len(order), bool)
        lowest = min(limit, 1 - 1e-10)
        for row in np.flatnonzero(nearest >= lowest):
            best, which = lowest, -1
            for column in range(len(order)):
                if taken[column] and not crowd[column]:
                    continue
                if which > -1 and not ignore[which] and ignore[column]:
                    break
                if table[row, column] < best:
                    continue
                best, which = table[row, column], column
            if which > -1:
                matched[at, row], ignored[at, row] = True, ignore[which]
                taken[which] = True
    outside = (areas(picture.found) < limits[0]) | (areas(picture.found) > limits[1])
    ignored |= ~matched & outside[None]
    return _Matched(picture.scores, matched, ignored, int((~ignore).sum()))


def _accumulate(matches: Sequence[_Matched], most: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return precision (limits, recalls) and the recall reached (limits), -1 where there is no object."""
    precision, reached = np.full((len(LIMITS), len(RECALLS)), -1.0), np.full(len(LIMITS), -1.0)
    objects = sum(item.objects for item in matches)
    if not objects:
        return precision, reached
    scores = np.concatenate([item.scores[:most] for item in matches])
    # Pictures are in order, and so are detections within one: a stable sort decides between equal scores.
    order = np.argsort(-scores, kind="mergesort")
    matched = np.concatenate([item.matched[:, :most] for item in matches], axis=1)[:, order]
    ignored = np.concatenate([item.ignored[:, :most] for item in matches], axis=1)[:, order]
    right = np.cumsum(matched & ~ignored, axis=1).astype(float)
    wrong = np.cumsum(~matched & ~ignored, axis=1).astype(float)
    for at in range(len(LIMITS)):
        recall = right[at] / objects
        share = right[at] / (wrong[at] + right[at] + np.spacing(1))
        reached[at] = recall[-1] if len(recall) else 0
        share = np.maximum.accumulate(share[::-1])[::-1]
        where = np.searchsorted(recall, RECALLS, side="left")
        precision[at] = np.where(where < len(share), share[np.minimum(where, len(share) - 1)], 0) if len(share) else 0
    return precision, reached
