"""Measures a detector's boxes, and draws the fresh pictures that the demo networks are judged by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from maixswitch.sim import pictures

FRESH_SEED = 20_000
"""Pictures with this seed are used neither for training nor for calibration."""
CALIBRATION_SEED = 10_000
LEAST = 0.05
"""Boxes of a smaller score are left out of the mean average precision."""
NMS = 0.3

Box = Sequence[float]
"""x, y, width, height in pixels, class, and for a detection its score."""


def fresh_digits(count: int, seed: int = FRESH_SEED) -> Iterator[tuple[pictures.Picture, int]]:
    """Yield `count` pictures with their digits, each digit equally often."""
    for index in range(count):
        yield pictures.digit_picture(np.random.default_rng((seed, index)), index % 10)


def fresh_shapes(count: int, seed: int = FRESH_SEED) -> Iterator[tuple[pictures.Picture, list[Box]]]:
    """Yield `count` pictures with the boxes in them."""
    for index in range(count):
        picture, objects = pictures.shape_picture(np.random.default_rng((seed, index)))
        yield picture, [(o.x, o.y, o.width, o.height, pictures.SHAPES.index(o.kind)) for o in objects]


def planes(picture: pictures.Picture) -> NDArray[np.uint8]:
    """Return a picture (height, width, 3) as (3, height, width), as the KPU takes it."""
    return np.ascontiguousarray(picture.transpose(2, 0, 1))


def overlap(a: Box, b: Box) -> float:
    """Return the intersection over union of two boxes (left, top, width, height)."""
    wide = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    high = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    common = max(0.0, wide) * max(0.0, high)
    return common / (a[2] * a[3] + b[2] * b[3] - common) if common else 0.0


def average_precision(predicted: Sequence[Sequence[Box]], true_boxes: Sequence[Sequence[Box]], kind: int) -> float:
    """Return the area under the curve of precision over recall of one class, at an overlap of 0.5.

    predicted, true_boxes: the predicted and the true boxes of each picture.
    """
    total = sum(box[4] == kind for boxes in true_boxes for box in boxes)
    ranked = sorted(
        ((box[5], at, box) for at, boxes in enumerate(predicted) for box in boxes if box[4] == kind), reverse=True
    )
    taken: set[tuple[int, int]] = set()
    hits = np.zeros(len(ranked))
    for rank, (_, at, box) in enumerate(ranked):
        rivals = [(overlap(box, real), index) for index, real in enumerate(true_boxes[at]) if real[4] == kind]
        best, index = max(rivals, default=(0.0, -1))
        if best >= 0.5 and (at, index) not in taken:
            taken.add((at, index))
            hits[rank] = 1
    if not total or not ranked:
        return 0.0
    precision = np.cumsum(hits) / np.arange(1, len(ranked) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float((envelope * hits).sum() / total)


def mean_average_precision(predicted: Sequence[Sequence[Box]], true_boxes: Sequence[Sequence[Box]]) -> float:
    """Return the mean of the average precision over all shapes, at an overlap of 0.5."""
    return float(np.mean([average_precision(predicted, true_boxes, kind) for kind in range(len(pictures.SHAPES))]))
