"""The answers and the truth of each picture, in the same units: what the metrics calculate with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Sides = NDArray[np.float64]
"""(n, 4): left, top, right, bottom in pixels of the upright picture."""


@dataclass(frozen=True)
class Boxes:
    """The boxes of one picture.

    found: sides of the answers, in canonical order: by score, then class, then position.
    scores, found_names: of the answers. true, true_names: of the truth.
    difficult: objects that the metrics of VOC leave out. crowd: objects that stand for many.
    """

    found: Sides
    scores: NDArray[np.float64]
    found_names: NDArray[np.int64]
    true: Sides
    true_names: NDArray[np.int64]
    difficult: NDArray[np.bool_]
    crowd: NDArray[np.bool_]

    def above(self, threshold: float) -> Boxes:
        """Return the picture with the answers above a threshold only."""
        kept = self.scores > threshold
        return Boxes(
            self.found[kept], self.scores[kept], self.found_names[kept],
            self.true, self.true_names, self.difficult, self.crowd,
        )  # fmt: skip


def in_order(sides: Sides, scores: NDArray[np.float64], names: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return the canonical order of boxes. Scores of eight bits have many ties, which the order in a file must not
    decide."""
    return np.lexsort((*(sides[:, at] for at in (3, 2, 1, 0)), names, -scores))


def overlaps(found: Sides, true: Sides, crowd: NDArray[np.bool_] | None = None) -> NDArray[np.float64]:
    """Return the intersection over union (found, true). For a crowd the union is the found box, as COCO has it."""
    low = np.maximum(found[:, None, :2], true[None, :, :2])
    high = np.minimum(found[:, None, 2:], true[None, :, 2:])
    size = np.clip(high - low, 0, None)
    shared = size[..., 0] * size[..., 1]
    own = areas(found)[:, None]
    union = own + areas(true)[None] - shared
    if crowd is not None:
        union = np.where(crowd[None], own, union)
    shares: NDArray[np.float64] = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return shares


def areas(sides: Sides) -> NDArray[np.float64]:
    """Return width times height."""
    result: NDArray[np.float64] = (sides[:, 2] - sides[:, 0]) * (sides[:, 3] - sides[:, 1])
    return result


def rounded(value: Any) -> Any:
    """Return NaN as None, in dictionaries and lists too: JSON has no NaN."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and value != value else value


def mean(values: Sequence[float]) -> float:
    """Return the mean of the values that are numbers, NaN without one; in the order given."""
    known = [value for value in values if value == value]
    return float(np.mean(known)) if known else float("nan")
