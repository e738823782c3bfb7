"""Weights in 8 bits: every output channel has its own scale, folded into its batch norm; the layer has one zero."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

LEVELS = 255
Reals = NDArray[np.float64]


def quantise_weights(weights: NDArray[Any]) -> tuple[NDArray[np.uint8], int, Reals]:
    """Returns the weights (out, in, k, k) in uint8, the zero of the layer, and the steps per unit of each channel.

    The zero is the one with which the rounding of all channels together adds the least noise to the output. A channel
    of one sign only uses its side of the zero, so the zero leaves most levels to the side of the large weights.
    """
    real = np.asarray(weights, np.float64)
    flat = real.reshape(real.shape[0], -1)
    # 0 is part of every range, so that a weight of 0 stays exact.
    low, high = np.minimum(flat.min(axis=1), 0.0), np.maximum(flat.max(axis=1), 0.0)
    zeros = np.arange(LEVELS + 1)
    steps = _steps(zeros, low, high)
    # Rounding noise grows with the square of the step. A zero that leaves a channel no levels is excluded.
    noise = np.where(steps > 0, np.maximum(steps, 1e-100) ** -2.0, np.inf)
    # A channel of zeros has no noise, so it must not exclude any zero.
    noise[:, (low == 0) & (high == 0)] = 0.0
    zero = int(np.argmin(noise.sum(axis=1)))
    chosen = _steps(np.array([zero]), low, high)[0]
    used = chosen[np.isfinite(chosen)]
    # A channel of zeros fits any number of steps. It gets the number of another channel, so that its factor fits.
    chosen = np.where(np.isfinite(chosen), chosen, used.max() if used.size else 1.0)
    rounded = np.rint(real * chosen.reshape(-1, 1, 1, 1)) + zero
    return np.clip(rounded, 0, LEVELS).astype(np.uint8), zero, chosen


def _steps(zeros: NDArray[Any], low: Reals, high: Reals) -> Reals:
    """The most steps per unit with which a channel fits into 0..255, (zeros, channels); inf for a channel of zeros."""
    with np.errstate(divide="ignore", invalid="ignore"):
        above = np.where(high > 0, (LEVELS - zeros)[:, None] / high, np.inf)
        below = np.where(low < 0, zeros[:, None] / -low, np.inf)
    fits: Reals = np.minimum(above, below)
    return fits
