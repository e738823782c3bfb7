"""Arithmetic in float32 that several operators share, on batches (n, ...)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .curve import Curve, limits_of

Array = NDArray[np.floating]
Shape = tuple[int, ...]
Values = NDArray[Any]
CACHED = 1 << 16
"""Numbers of a map that are computed at a time."""


def taps(values: Values, size: int, stride: int = 1) -> list[tuple[int, int, Values]]:
    """Returns (row, column, values (n, c, h, w) under that tap of the kernel); a kernel of 3 has a border of zeros."""
    border = (size - 1) // 2
    height, width = (side - side % stride for side in values.shape[2:])
    padded = np.pad(values, ((0, 0), (0, 0), (border, border), (border, border))) if border else values
    return [
        (row, column, padded[:, :, row : row + height : stride, column : column + width : stride])
        for row in range(size)
        for column in range(size)
    ]


def convolve(values: Values, weights: Values, depthwise: bool, stride: int = 1) -> Values:
    """Returns the convolution of float32 (n, c, h, w), zero padding, no bias.

    weights: (out, in, k, k), depthwise (c, 1, k, k).
    """
    # The weights may be float64 here, but the calibration computes in float32.
    values, weights = values.astype(np.float32, copy=False), weights.astype(np.float32)
    if depthwise:
        # Few channels at a time stay in the processor's cache through all taps.
        step = max(1, CACHED // (values.shape[2] * values.shape[3]))
        parts = [slice(first, first + step) for first in range(0, values.shape[1], step)]
        images = [
            np.concatenate([_channelwise(image[None, p], weights[p], stride) for p in parts], 1) for image in values
        ]
        return np.concatenate(images)
    number, channels = values.shape[:2]
    total: Values = np.zeros(0, np.float32)
    for row, column, shifted in taps(values, weights.shape[2], stride):
        # One matrix product for each tap is far faster than a view of windows, and it does not copy the input.
        flat = np.ascontiguousarray(shifted).reshape(number, channels, -1)
        part = np.matmul(weights[:, :, row, column], flat).reshape(number, -1, *shifted.shape[2:])
        total = np.add(total, part, out=part) if total.size else part
    return total


def _channelwise(values: Values, weights: Values, stride: int) -> Values:
    """Returns the depthwise convolution of float32."""
    total: Values = np.zeros(0, np.float32)
    for row, column, shifted in taps(values, weights.shape[2], stride):
        part = shifted * weights[:, 0, row, column].reshape(1, -1, 1, 1)
        total = np.add(total, part, out=part) if total.size else part
    return total


def mean_sums(values: Values, weights: Values, depthwise: bool, stride: int = 1) -> NDArray[np.float64]:
    """Returns the mean of ``convolve`` over images and pixels for each output channel, without the convolution."""
    total = np.zeros(weights.shape[0])
    # The mean of a sum is the sum of the means, so nine means for each channel replace the convolution.
    for row, column, shifted in taps(values, weights.shape[2], stride):
        means = shifted.mean(axis=(0, 2, 3), dtype=np.float64)
        part = weights[:, :, row, column].astype(np.float64)
        total += part[:, 0] * means if depthwise else part @ means
    return total


def apply(curve: Curve | None, values: Values) -> Values:
    """Returns the curve of the values, float32, or the values themselves where there is no curve."""
    if curve is None:
        return values
    # A clamp rounds nothing if its ends are float32, so it needs no float64.
    exact = curve.is_clamp and all(float(np.float32(end)) == end for end in limits_of(curve))
    return curve.evaluate(values if exact else values.astype(np.float64)).astype(np.float32, copy=False)


def pooled(values: Values, pool: str) -> Values:
    """Returns (n, c, h, w) after the KPU's pool of that name, see ``ops.conv.Conv``."""
    if not pool:
        return values
    # This pool has a border on the right and below, which never is the maximum.
    if pool == "max2s1":
        wide = np.pad(values, ((0, 0), (0, 0), (0, 1), (0, 1)), constant_values=-np.inf)
        corners = [wide[:, :, y : y + values.shape[2], x : x + values.shape[3]] for y in (0, 1) for x in (0, 1)]
        best: Values = np.maximum.reduce(corners)
        return best
    size = int(pool[-1])
    number, channels, height, width = values.shape
    # Like the KPU, this leaves out the rows and columns that do not fill a tile.
    tiles = values[:, :, : height - height % size, : width - width % size]
    tiles = tiles.reshape(number, channels, height // size, size, width // size, size)
    result: Values = tiles.max(axis=(3, 5)) if pool.startswith("max") else tiles.mean(axis=(3, 5))
    return result
