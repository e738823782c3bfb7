"""The truth and the answers of a picture in pixels of the upright picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .data.sample import Sample
from .job import BOARD, SWEEP, Column, Job
from .metrics.pictures import Boxes, Sides, in_order
from .records import Answer, Record
from .views.camera import placed

SEEN = 0.5
"""An object of which the board sees less than this share is neither found nor missed."""


def resized(sample: Sample, record: Record) -> bool:
    """Were the labels drawn on a picture of another size, so that they have to be scaled?"""
    return not sample.shares and sample.size != (0, 0) and sample.size != _sizes(sample, record)


def _lying(sample: Sample, record: Record) -> bool:
    """Were the labels drawn on the picture as it is stored, without the turn that its EXIF data asks for?"""
    stored = record.height, record.width
    return record.turned >= 5 and sample.size == stored and stored != (record.width, record.height)


def _sizes(sample: Sample, record: Record) -> tuple[int, int]:
    return (record.height, record.width) if _lying(sample, record) else (record.width, record.height)


def pixels(sample: Sample, record: Record, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return points (n, 2) of the labels in pixels of the upright picture."""
    width, height = _sizes(sample, record)
    if sample.shares:
        points = points * (width, height)
    # A tool that writes 0 as the size, or another one, has labelled this very picture all the same.
    elif sample.size != (0, 0):
        points = points * (width / sample.size[0], height / sample.size[1])
    if not _lying(sample, record):
        return points
    x, y = points.T
    # What the turn does to a stored picture of width x height.
    turned = {5: (y, x), 6: (height - y, x), 7: (height - y, width - x), 8: (y, width - x)}[record.turned]
    return np.stack(turned, axis=1)


def true_sides(sample: Sample, record: Record) -> Sides:
    """Return the true boxes (n, 4) in pixels of the upright picture, clipped to it."""
    sides = np.array([box.sides for box in sample.boxes], np.float64).reshape(-1, 4)
    corners = pixels(sample, record, sides.reshape(-1, 2)).reshape(-1, 2, 2)
    low, high = corners.min(1), corners.max(1)
    limits = (record.width, record.height)
    return np.concatenate((np.clip(low, 0, limits), np.clip(high, 0, limits)), axis=1)


def found_points(job: Job, column: Column, record: Record, answer: Answer, points: NDArray[Any]) -> NDArray[np.float64]:
    """Return points (n, 2) of an answer in pixels of the upright picture."""
    points = points.astype(np.float64)
    if not answer.width:
        return points * (record.width, record.height)
    view = answer.width, answer.height
    scale_x, x, scale_y, y = placed((record.width, record.height), view, job.onto, job.fit)
    return (points - (x, y)) / (scale_x, scale_y)


def boxes(
    job: Job, column: Column, sample: Sample, record: Record, answer: Answer, numbers: Mapping[str, int]
) -> Boxes:
    """Return the boxes of a picture. numbers: class of the data set -> index of the label."""
    rows = answer.rows
    names = rows["name"].astype(np.int64)
    scores = rows["score"].astype(np.float64)
    found = found_points(job, column, record, answer, rows["sides"].reshape(-1, 2)).reshape(-1, 4)
    order = in_order(found, scores, names)
    # A class that the model does not know is no mistake of the model.
    known = np.array([box.name in numbers for box in sample.boxes], bool)
    true = true_sides(sample, record)[known]
    own = [box for box in sample.boxes if box.name in numbers]
    true_names = np.array([numbers[box.name] for box in own], np.int64)
    difficult = np.array([box.difficult for box in own], bool)
    crowd = np.array([box.crowd for box in own], bool)
    if column.view in (BOARD, SWEEP):
        true, hidden = _seen(job, record, answer, true)
        difficult = difficult | hidden
    return Boxes(found[order], scores[order], names[order], true, true_names, difficult, crowd)


def _seen(job: Job, record: Record, answer: Answer, true: Sides) -> tuple[Sides, NDArray[np.bool_]]:
    """Return the true boxes as far as the board sees them, and which of them it hardly sees."""
    view = answer.width, answer.height
    scale_x, x, scale_y, y = placed((record.width, record.height), view, job.onto, job.fit)
    low = np.array((-x / scale_x, -y / scale_y))
    high = np.array(((view[0] - x) / scale_x, (view[1] - y) / scale_y))
    seen = np.concatenate((np.clip(true[:, :2], low, high), np.clip(true[:, 2:], low, high)), axis=1)
    whole = (true[:, 2] - true[:, 0]) * (true[:, 3] - true[:, 1])
    part = (seen[:, 2] - seen[:, 0]) * (seen[:, 3] - seen[:, 1])
    return seen, part < SEEN * whole
