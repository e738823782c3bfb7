"""Turns sums into bytes in plain loops that numba compiles; without numba they would be far too slow."""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

import numpy as np

from maixswitch.kmodel.format.arrays import Array, Bytes, Doubles


@cache
def compiled(name: str) -> Any:
    """One of the functions below as machine code, cached on disk. ImportError without numba."""
    numba = importlib.import_module("numba")
    return numba.njit(globals()[name], cache=True, error_model="numpy", nogil=True)


def by_formula(
    sums: Array,
    factor: Doubles,
    offset: Doubles,
    step: float,
    shift: float,
    even: bool,
    floor_first: bool,
    result: Bytes,
) -> None:
    """curve.Formula on sums (out, n); factor, offset (out,)."""
    for channel in range(sums.shape[0]):
        scale, start = factor[channel], offset[channel]
        for index in range(sums.shape[1]):
            value = np.float64(sums[channel, index]) * scale + start
            if floor_first:
                value = np.floor(value)
            value = value * step + shift
            value = np.rint(value) if even else np.floor(value)
            result[channel, index] = np.uint8(np.int32(min(max(value, 0.0), 255.0)))


def by_buckets(sums: Array, factor: Doubles, offset: Doubles, bits: int, moved: Array, result: Bytes) -> None:
    """curve.Buckets; the origin is in the offset already."""
    top = float((len(moved) << bits) - 1)
    for channel in range(sums.shape[0]):
        scale, start = factor[channel], offset[channel]
        for index in range(sums.shape[1]):
            value = np.float64(sums[channel, index]) * scale + start
            distance = np.int32(min(max(value, 0.0), top))
            result[channel, index] = np.uint8((distance + moved[distance >> bits]) >> bits)


def by_list(sums: Array, factor: Doubles, offset: Doubles, table: Bytes, result: Bytes) -> None:
    """curve.Listed; the origin is in the offset already."""
    top = float(len(table) - 1)
    for channel in range(sums.shape[0]):
        scale, start = factor[channel], offset[channel]
        for index in range(sums.shape[1]):
            value = np.float64(sums[channel, index]) * scale + start
            result[channel, index] = table[np.int64(min(max(value, 0.0), top))]
