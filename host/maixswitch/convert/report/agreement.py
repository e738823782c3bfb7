"""Counts how often the float network and the converted one agree: in the best class, or in YOLOv2 boxes.

Source: the region layer of YOLOv2 as the firmware decodes it (sipeed_yolo2.c).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[Any]
THRESHOLD = 0.5
NMS = 0.3
SAME_BOX = 0.5
"""The least overlap (intersection over union) of two boxes of one class that count as the same."""
MOST_BOXES = 100


@dataclass
class Agreement:
    """A count of agreements.

    agree: pictures with the same best class, or boxes that both networks find.
    of: all pictures, or all boxes.
    """

    kind: str
    agree: int = 0
    of: int = 0

    @property
    def share(self) -> float | None:
        """0..1, None if nothing was counted."""
        return self.agree / self.of if self.of else None

    def add_classes(self, exact: Values, scores: Values) -> None:
        """Adds the flat scores of one picture, of the float network and of the converted one."""
        self.of += 1
        self.agree += int(np.argmax(exact) == np.argmax(scores))

    def add_boxes(self, exact: Values, output: Values, anchors: Sequence[float]) -> None:
        """Adds the YOLOv2 outputs (channels, h, w) of one picture, of the float network and of the converted one.

        anchors: width, height, width, height ... in cells.
        """
        left, right = boxes(exact, anchors), boxes(output, anchors)
        free = list(right)
        for box in left:
            same = [other for other in free if other[1] == box[1] and overlap(box[2:], other[2:]) >= SAME_BOX]
            if same:
                self.agree += 1
                # Each box may be matched once, so that one box cannot match several of the other network.
                free.remove(max(same, key=lambda other: overlap(box[2:], other[2:])))
        # Boxes that only one of the networks finds count as disagreements.
        self.of += len(left) + len(free)


Box = tuple[float, int, float, float, float, float]
"""score, class, left, top, right, bottom; the sides as shares of the picture"""


def boxes(output: Values, anchors: Sequence[float]) -> list[Box]:
    """Returns the boxes of a YOLOv2 head above ``THRESHOLD``, best first, without those that overlap a better one."""
    count = len(anchors) // 2
    _, height, width = output.shape
    cells = output.astype(np.float64).reshape(count, -1, height, width)
    sizes = np.asarray(anchors, np.float64).reshape(count, 2, 1, 1)
    # The exponentials of raw outputs may overflow; the sigmoid is still right.
    with np.errstate(over="ignore"):
        x = (1 / (1 + np.exp(-cells[:, 0])) + np.arange(width)) / width
        y = (1 / (1 + np.exp(-cells[:, 1])) + np.arange(height)[:, None]) / height
        # The firmware does not limit the exponent, but beyond 20 the box covers the picture in any case.
        w = np.exp(np.minimum(cells[:, 2], 20)) * sizes[:, 0] / width
        h = np.exp(np.minimum(cells[:, 3], 20)) * sizes[:, 1] / height
        powers = np.exp(cells[:, 5:] - cells[:, 5:].max(1, keepdims=True))
        scores = (powers / powers.sum(1, keepdims=True)) / (1 + np.exp(-cells[:, 4:5]))
    best, classes = scores.max(1), scores.argmax(1)
    candidates: list[Box] = []
    for at in np.argwhere(best > THRESHOLD):
        i = tuple(at)
        sides = (x[i] - w[i] / 2, y[i] - h[i] / 2, x[i] + w[i] / 2, y[i] + h[i] / 2)
        candidates.append((float(best[i]), int(classes[i]), *(float(side) for side in sides)))  # type: ignore[arg-type]
    best_boxes: list[Box] = []
    # The time grows with the square of the boxes, so the many boxes of an untrained network are cut off.
    for box in sorted(candidates, reverse=True)[: 10 * MOST_BOXES]:
        # The firmware only suppresses within a class, so boxes of different classes may overlap.
        if all(other[1] != box[1] or overlap(other[2:], box[2:]) <= NMS for other in best_boxes):
            best_boxes.append(box)
        if len(best_boxes) == MOST_BOXES:
            break
    return best_boxes


def overlap(a: Sequence[float], b: Sequence[float]) -> float:
    """Returns the intersection over union of (left, top, right, bottom)."""
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    intersection = width * height
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - intersection
    return intersection / union if union > 0 else 0.0
