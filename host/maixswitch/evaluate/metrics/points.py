"""How far landmarks are from where they should be: the mean distance, as a share of a length of the face or object."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

EYES = {5: (0, 1), 68: (36, 45)}
"""Number of points -> the two whose distance is the length: the eyes, of 68 points their outer corners. Of any other
number it is the diagonal of the box around the true points."""
FAILED = 0.1
"""From this error on a picture counts as failed."""


def length(true: NDArray[np.float64]) -> float:
    """Return the length by which errors are divided. true: (n, 2)."""
    pair = EYES.get(len(true))
    span = true[pair[0]] - true[pair[1]] if pair else true.max(0) - true.min(0)
    return float(np.hypot(*span))


def error(found: NDArray[np.float64], true: NDArray[np.float64]) -> float:
    """Return the normalised mean error of one picture; NaN if the number of points differs. Both: (n, 2) in pixels."""
    size = length(true) if len(true) else 0.0
    if found.shape != true.shape or not size:
        return float("nan")
    return float(np.mean(np.hypot(*(found - true).T)) / size)


def figures(errors: Sequence[float]) -> dict[str, Any]:
    """Return the figures over pictures. errors: in their order; NaN for a picture that cannot be judged."""
    known = np.array([value for value in errors if value == value])
    count = len(known)
    return {
        "pictures": count,
        "nme": float(np.mean(known)) if count else float("nan"),
        "median": float(np.median(known)) if count else float("nan"),
        "failed": float(np.mean(known >= FAILED)) if count else float("nan"),
        "unjudged": len(errors) - count,
    }
