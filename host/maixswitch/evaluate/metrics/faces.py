"""Verification of faces: how many pairs of one person are accepted at a limit that lets few strangers in.

A score is that of the firmware: 50 * (1 + cosine). A picture in which no face is found is never accepted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

RATES = (0.1, 0.01, 0.001)
"""False accept rates."""
STEPS = 1 << 14
"""Of the score's histogram; a limit is exact to 0.006 of 100."""
BLOCK = 512


def scores(rows: NDArray[Any]) -> NDArray[np.float64]:
    """Return rows of equal length divided by their length, so that their products are cosines; zeros stay zeros.

    rows: (n, numbers), int8 or float32.
    """
    values = rows.astype(np.float64)
    lengths = np.sqrt((values * values).sum(1, keepdims=True))
    units: NDArray[np.float64] = np.divide(values, lengths, out=np.zeros_like(values), where=lengths > 0)
    return units


def figures(persons: Sequence[int], faces: Sequence[NDArray[Any]], accept: float) -> dict[str, Any]:
    """Return the figures over all pairs of pictures.

    persons: of each picture. faces: the numbers of each, empty if no face was found. accept: the card's limit, 0..100.
    """
    found = [at for at, face in enumerate(faces) if len(face)]
    person = np.asarray(persons, int)
    pairs = _pairs(person)
    same, other = np.zeros(STEPS + 1, np.int64), np.zeros(STEPS + 1, np.int64)
    accepted = [0, 0]
    if found:
        rows, own = scores(np.stack([faces[at] for at in found])), person[found]
        for first in range(0, len(rows), BLOCK):
            part = slice(first, first + BLOCK)
            score = 50 * (1 + np.clip(rows[part] @ rows.T, -1, 1))
            # Each pair once: only with the pictures behind it.
            behind = np.arange(len(rows))[None] > np.arange(first, first + len(score))[:, None]
            alike = own[part][:, None] == own[None]
            bins = np.floor(score / 100 * STEPS).astype(int)
            for table, chosen, at in ((same, alike & behind, 0), (other, ~alike & behind, 1)):
                table += np.bincount(bins[chosen], minlength=STEPS + 1)
                accepted[at] += int((score[chosen] >= accept).sum())
    # How many score at least the lower edge of each step.
    own_above, other_above = same[::-1].cumsum()[::-1], other[::-1].cumsum()[::-1]
    at_rates = []
    for rate in RATES:
        allowed = np.flatnonzero(other_above <= rate * pairs[1])
        # Only strangers tell which rate a limit has.
        if not pairs[1] or not len(allowed):
            at_rates.append({"rate": rate, "limit": float("nan"), "accepted": float("nan")})
            continue
        step = int(allowed[0])
        share = int(own_above[step]) / pairs[0] if pairs[0] else float("nan")
        at_rates.append({"rate": rate, "limit": step * 100 / STEPS, "accepted": share})
    return {
        "pictures": len(faces),
        "found": len(found),
        "same_pairs": pairs[0],
        "other_pairs": pairs[1],
        "at_rates": at_rates,
        "accept": accept,
        "accepted_same": accepted[0] / pairs[0] if pairs[0] else float("nan"),
        "accepted_other": accepted[1] / pairs[1] if pairs[1] else float("nan"),
    }


def _pairs(person: NDArray[np.int64]) -> tuple[int, int]:
    """Return the number of pairs of one person and of two, among all pictures."""
    sizes = np.unique(person, return_counts=True)[1]
    same = int((sizes * (sizes - 1) // 2).sum())
    return same, len(person) * (len(person) - 1) // 2 - same
