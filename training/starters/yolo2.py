"""What a YOLOv2 detector learns from: anchors, and for each batch the output that it should give; numpy only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

ANCHORS = 5
"""kpu.run_yolo2 of MaixPy is hard-wired to five."""
SIMILAR = 0.55
"""An anchor that overlaps an object's size by this much counts neither as right nor as wrong for it."""
OBJECT, EMPTY = 0.98, 0.005
"""What the network should say of an object and of the background. Short of 1 and 0, outputs stay small, and the 256
levels of 8 bits lie closer together."""


def overlaps(a: Floats, b: Floats) -> Floats:
    """Return the intersection over union (n, m) of sizes (n, 2) and (m, 2) with the same centre."""
    common = np.minimum(a[:, None], b[None]).prod(2)
    return common / (a.prod(1)[:, None] + b.prod(1)[None] - common)


def anchors_of(points: Sequence[Floats], columns: int, rows: int) -> Floats:
    """Return float32 (ANCHORS, 2), widths and heights in cells, by k-means over the boxes of all pictures.

    points: of each picture (2 x boxes, 2), the corners of its boxes as shares of its size.
    """
    corners = np.concatenate(points).reshape(-1, 2, 2)
    sizes = np.maximum((corners[:, 1] - corners[:, 0]) * (columns, rows), 0.01).astype(np.float32)
    sizes = sizes[sizes.prod(1).argsort(kind="stable")]
    middle = sizes[np.linspace(0, len(sizes) - 1, 2 * ANCHORS + 1).astype(int)[1::2]]
    for _ in range(40):
        nearest = overlaps(sizes, middle).argmax(1)
        # With few boxes an anchor may be nearest to none, and stays where it is.
        middle = np.stack([sizes[nearest == k].mean(0) if (nearest == k).any() else middle[k] for k in range(ANCHORS)])
    return middle[middle.prod(1).argsort(kind="stable")]


def write_anchors(name: str, anchors: Floats) -> None:
    """Write NAME.anchors.txt: widths and heights in turn, in cells."""
    Path(f"{name}.anchors.txt").write_text(",".join(f"{v:.4f}" for v in anchors.ravel()) + "\n", encoding="utf-8")


def targets(
    points: Sequence[Floats], classes: Sequence[Sequence[int]], anchors: Floats, columns: int, rows: int, count: int
) -> Floats:
    """Return what the network should say, float32 (n, rows, columns, ANCHORS, 5 + count).

    Of each anchor of each cell: x and y of the centre in its cell (0..1), the logarithms of width and height by the
    anchor's, whether it is responsible for an object (1, 0; -1: does not count), and 1 for the class of the object.
    points, classes: of each picture, as Photos has them. count: of the classes.
    """
    aim = np.zeros((len(points), rows, columns, ANCHORS, 5 + count), np.float32)
    for picture, (corners, kinds) in enumerate(zip(points, classes, strict=True)):
        for (low, high), kind in zip(corners.reshape(-1, 2, 2) * (columns, rows), kinds, strict=True):
            centre, size = (low + high) / 2, np.maximum(high - low, 0.01).astype(np.float32)
            column, row = (int(v) for v in np.minimum(centre, (columns - 1, rows - 1)))
            alike = overlaps(size[None], anchors)[0]
            cell, best = aim[picture, row, column], int(alike.argmax())
            cell[(alike > SIMILAR) & (cell[:, 4] == 0), 4] = -1
            cell[best] = 0
            cell[best, :5] = (*(centre - (column, row)), *np.log(size / anchors[best]), 1)
            cell[best, 5 + kind] = 1
    return aim
