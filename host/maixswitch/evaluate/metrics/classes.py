"""How often a classifier is right: top-1, top-5, confusion, and precision, recall and F1 of each class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .matching import Counts
from .pictures import mean


def confusion(truth: Sequence[int], best: Sequence[int], classes: int) -> NDArray[np.int64]:
    """Return counts (true class, answer); the last column is for no answer (-1)."""
    table = np.zeros((classes, classes + 1), np.int64)
    np.add.at(table, (np.asarray(truth, int), np.asarray(best, int)), 1)  # -1 is the last column
    return table


def figures(truth: Sequence[int], ranked: Sequence[NDArray[Any]], classes: int) -> dict[str, Any]:
    """Return the figures of a classifier.

    "confusion" has a row (true class, answer, count) for each pair that occurs; an answer beyond the classes is none.
    truth: the true class of each picture. ranked: the best classes of each, the best first; empty for no answer.
    """
    best = [int(names[0]) if len(names) else -1 for names in ranked]
    table = confusion(truth, best, classes)
    count = len(truth)
    right = int(np.trace(table[:, :classes]))
    among_five = sum(int(true in names[:5]) for true, names in zip(truth, ranked, strict=True))
    by_class = [
        Counts(int(table[at, at]), int(table[:, at].sum() - table[at, at]), int(table[at].sum() - table[at, at]))
        for at in range(classes)
    ]
    known = [item for at, item in enumerate(by_class) if table[at].sum()]
    return {
        "pictures": count,
        "top1": right / count if count else float("nan"),
        "top5": among_five / count if count else float("nan"),
        "right": right,
        "no_answer": int(table[:, classes].sum()),
        "macro_f1": mean([item.f1 for item in known]),
        "confusion": [[*at, int(table[at])] for at in zip(*(part.tolist() for part in np.nonzero(table)), strict=True)],
        "by_class": [
            {"precision": item.precision, "recall": item.recall, "f1": item.f1, "pictures": int(table[at].sum())}
            for at, item in enumerate(by_class)
        ],
    }
