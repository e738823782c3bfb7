"""Decodes the maps of YOLO detectors in floats, all boxes above a threshold: the rules of papers, not of the board."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maixswitch.evaluate.job import LOWEST, MOST_BOXES
from maixswitch.evaluate.metrics.pictures import overlaps
from maixswitch.evaluate.records import BOX

MOST_CANDIDATES = 3000
"""Boxes that go into the suppression, the best ones: an untrained network has tens of thousands."""
Values = NDArray[np.float64]


def decoded(
    outputs: Sequence[NDArray[Any]],
    grids: Sequence[tuple[int, int]],
    anchors: Sequence[float],
    size: tuple[int, int],
    classes: int,
    softmax: bool,
    nms: float,
) -> NDArray[Any]:
    """Return rows of BOX with sides as shares of the picture, in canonical order.

    outputs: flat, channels first; for each anchor x, y, w, h, object and the classes. grids: (columns, rows) of each.
    anchors: shared out evenly over the outputs; cells with softmax (YOLOv2), else pixels of the input (YOLOv3).
    size: width and height of the input. classes: 0 for a detector of one thing.
    A box may have several classes, as in the evaluation of darknet; overlaps are removed within a class.
    """
    pairs = len(anchors) // 2 // len(grids)
    parts = []
    for at, ((columns, lines), output) in enumerate(zip(grids, outputs, strict=True)):
        own = np.asarray(anchors[2 * pairs * at : 2 * pairs * (at + 1)], np.float64).reshape(pairs, 2)
        share = own / ((columns, lines) if softmax else size)
        cells = output.astype(np.float64).reshape(pairs, 5 + classes, lines, columns)
        parts.append(_one(cells, share, softmax))
    boxes = np.concatenate(parts) if parts else np.zeros(0, BOX)
    return suppressed(boxes, nms)[:MOST_BOXES]


def _one(cells: Values, anchors: Values, softmax: bool) -> NDArray[Any]:
    """Return the boxes of one output above LOWEST. anchors: shares of the picture."""
    with np.errstate(over="ignore", invalid="ignore"):
        objects = 1 / (1 + np.exp(-cells[:, 4]))
        # A score is at most the objectness.
        chosen = np.argwhere(objects > LOWEST)
        pair, line, column = chosen.T
        values = cells[pair, :, line, column]
        scores = objects[pair, line, column][:, None]
        if values.shape[1] > 5:
            named = values[:, 5:]
            if softmax:
                powers = np.exp(named - named.max(1, keepdims=True))
                scores = scores * (powers / powers.sum(1, keepdims=True))
            else:
                scores = scores / (1 + np.exp(-named))
        rows, lines = cells.shape[2:]
        x = (column + 1 / (1 + np.exp(-values[:, 0]))) / lines
        y = (line + 1 / (1 + np.exp(-values[:, 1]))) / rows
        w, h = (np.exp(np.minimum(values[:, 2 + i], 20)) * anchors[pair, i] for i in (0, 1))
    at, name = np.nonzero(scores > LOWEST)
    boxes = np.zeros(len(at), BOX)
    boxes["name"], boxes["score"] = name, scores[at, name]
    sides = np.stack((x - w / 2, y - h / 2, x + w / 2, y + h / 2), axis=1)
    boxes["sides"] = np.clip(sides, 0, 1)[at]
    return boxes


def canonical(boxes: NDArray[Any]) -> NDArray[Any]:
    """Return boxes by score, the best first; of equal ones by class, then by position."""
    keys = [boxes["sides"][:, at] for at in (3, 2, 1, 0)]
    return boxes[np.lexsort((*keys, boxes["name"], -boxes["score"]))]


def suppressed(boxes: NDArray[Any], nms: float) -> NDArray[Any]:
    """Return the boxes in canonical order, without those that overlap a better one of their class by more than nms."""
    boxes = canonical(boxes)[:MOST_CANDIDATES]
    kept = np.ones(len(boxes), bool)
    for name in np.unique(boxes["name"]):
        own = np.flatnonzero(boxes["name"] == name)
        sides = boxes["sides"][own].astype(np.float64)
        alive = np.ones(len(own), bool)
        for at in range(len(own)):
            if alive[at]:
                alive[at + 1 :] &= overlaps(sides[at : at + 1], sides[at + 1 :])[0] <= nms
        kept[own] = alive
    return boxes[kept]
