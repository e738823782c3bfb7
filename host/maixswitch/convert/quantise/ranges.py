"""Chooses the range that the 8 bits of a tensor cover, from its values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maixswitch.kmodel.write.quantize import Scale

Reals = NDArray[np.float64]
PER_IMAGE = 6000
"""Values of a tensor that are kept per image."""
TAILS = (0.001, 0.0001)
BINS = 2048
LEVELS = 255
CLIPS = np.linspace(0.3, 1.0, 36)


@dataclass
class TensorStatistics:
    """The values of a tensor: the least and the largest value of every image, and a sample in two halves.

    One half is for choosing a range, the other for judging it. Images go to the halves in turn; with a single image,
    both halves are the same.
    """

    lows: list[float] = field(default_factory=list)
    highs: list[float] = field(default_factory=list)
    halves: tuple[list[Reals], list[Reals]] = field(default_factory=lambda: ([], []))
    images: int = 0

    @classmethod
    def of(cls, images: NDArray[Any]) -> TensorStatistics:
        """Returns the statistics of a tensor of several images (n, ...)."""
        statistics = cls()
        for image in images:
            statistics.add(image)
        return statistics

    def add(self, values: NDArray[Any]) -> None:
        """Adds the tensor of one image."""
        flat = np.asarray(values).reshape(-1)
        # About the same number of values is kept of each image, so that large maps do not outweigh the others.
        step = max(1, flat.size // PER_IMAGE)
        self.lows.append(float(flat.min()))
        self.highs.append(float(flat.max()))
        # The start moves from image to image, so that the sample does not have the same columns of every map.
        # A copy, so that the whole tensor need not stay in memory for its sample.
        self.halves[self.images % 2].append(flat[self.images % step :: step].astype(np.float64))
        self.images += 1

    @property
    def largest(self) -> float:
        """The largest distance from 0."""
        return max(-min(self.lows), max(self.highs), 0.0)

    @property
    def unchanging(self) -> bool:
        """Has the tensor the same values in all of several images?"""
        if self.images < 2 or len(set(self.lows)) > 1 or len(set(self.highs)) > 1:
            return False
        # Samples of large tensors are of other elements in each image, so only their ends can be compared.
        parts = [*self.halves[0], *self.halves[1]]
        return all(part.size >= PER_IMAGE or np.array_equal(part, parts[0]) for part in parts)

    def ends(self, halves: Sequence[int]) -> tuple[Reals, Reals]:
        """Returns the least and the largest values of the images in some halves."""
        # With a single image, both halves are this image, because an empty half cannot judge anything.
        indices = range(self.images) if len(halves) > 1 else range(halves[0] if self.images > 1 else 0, self.images, 2)
        return np.array([self.lows[index] for index in indices]), np.array([self.highs[index] for index in indices])

    def half(self, index: int) -> Reals:
        """Returns the sample of one half."""
        return np.concatenate(self.halves[index] or self.halves[0])


def choose(
    members: Sequence[TensorStatistics], method: str = "auto", limits: tuple[float, float] = (-np.inf, np.inf)
) -> tuple[Scale, str]:
    """Returns the scale for tensors that share one, and how its range was chosen: minmax, wide, percentile ... or kl.

    There are five candidates: the least and largest value; the same, widened by how much they differ between images;
    99.9 % and 99.99 % of the values; and the least loss of information. Each is made from half of the images. The one
    with the least error on the other half is taken; the error of each tensor is relative to its power.

    method: "auto", or the name of a candidate.
    limits: bounds of all possible values.
    """
    # Judged on the same images, the narrowest range that fits them would always be best.
    if method == "auto":
        held_back = [statistics.half(1) for statistics in members]
        errors = {
            name: sum(_error(part, Scale.covering(*ends)) for part in held_back)
            for name, ends in _candidates(members, (0,)).items()
        }
        method = min(errors, key=lambda name: errors[name])
    # Once the method is chosen, all images measure the range.
    low, high = _candidates(members, (0, 1), method)[method]
    # Levels beyond the limits would never be used.
    return Scale.covering(max(low, limits[0]), min(high, limits[1])), method


def _candidates(
    members: Sequence[TensorStatistics], halves: Sequence[int], method: str = ""
) -> dict[str, tuple[float, float]]:
    """Returns ranges by the name of their method, from one half of the images or from both.

    method: the only one that is needed, "" for all.
    """
    ends = [statistics.ends(halves) for statistics in members]
    low, high = min(lows.min() for lows, _ in ends), max(highs.max() for _, highs in ends)
    # The spread from image to image hints at the values of pictures on the board.
    wide = min(lows.min() - lows.std() for lows, _ in ends), max(highs.max() + highs.std() for _, highs in ends)
    ranges = {"minmax": (float(low), float(high)), "wide": (float(wide[0]), float(wide[1]))}
    # The other methods sort or count all values, which takes far more time.
    if method in ranges:
        return ranges
    values = np.concatenate([statistics.half(half) for statistics in members for half in halves])
    # A few outliers can make the levels of all others coarse, so cutting them off often has a smaller error.
    for tail in TAILS:
        lower, upper = np.quantile(values, [tail, 1 - tail])
        ranges[f"percentile {100 * (1 - tail):g}"] = (float(lower), float(upper))
    if method not in ranges:
        ranges["kl"] = least_divergence(values)
    return ranges


def _error(values: Reals, scale: Scale) -> float:
    # The error is relative to the power, so that tensors of small values count as much in a shared scale.
    real = (scale.quantize(values).astype(np.float64) - scale.zero) / scale.steps
    power = float(np.mean(values * values)) or 1.0
    return float(np.mean((real - values) ** 2)) / power


def least_divergence(values: Reals) -> tuple[float, float]:
    """Returns the range, a part of the whole, whose 255 levels lose the least information (Kullback-Leibler).

    Both ends shrink by the same factor. Values outside count as the ends, to which they are clipped.
    """
    # 0 is always a level, because padding and relu need it exactly.
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    if low == high:
        return low, high
    counts, edges = np.histogram(values, BINS, (low, high))
    centres = (edges[:-1] + edges[1:]) / 2
    best, least = (low, high), np.inf
    # The widest range comes first, so that of equal results, the one that cuts least stays.
    for clip in CLIPS[::-1]:
        lower, upper = low * clip, high * clip
        inside = (centres >= lower) & (centres <= upper)
        inner_counts = counts[inside].astype(np.float64)
        true = inner_counts.copy()
        # Values beyond the ends get the last level. The model does not have them, which makes a cut cost something.
        true[0] += counts[centres < lower].sum()
        true[-1] += counts[centres > upper].sum()
        level = np.minimum(((centres[inside] - lower) / (upper - lower) * LEVELS).astype(np.int64), LEVELS - 1)
        occupied = inner_counts > 0
        total = np.bincount(level, inner_counts, LEVELS)
        bins = np.bincount(level, occupied.astype(np.float64), LEVELS)
        # A small amount in every bin keeps the logarithm finite where the model is empty.
        model = np.where(occupied, (total / np.maximum(bins, 1))[level], 0.0) + 1e-3
        where = true > 0
        p, q = true / true.sum(), model / model.sum()
        divergence = float(np.sum(p[where] * np.log(p[where] / q[where])))
        if divergence < least:
            best, least = (lower, upper), divergence
    return best
