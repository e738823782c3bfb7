"""Approximates any function of one number by the 16 linear pieces of the KPU's activation table.

A piece starts at a whole output (its result bias). So a piece may start where the curve crosses a whole number, or the
middle between two. Dynamic programming chooses the fifteen starts with the least error. The shift is 20, as in every
published file.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maixswitch.kmodel.format.registers import LOWEST_START, SEGMENTS, Activation
from maixswitch.kmodel.write.quantize import Scale

Reals = NDArray[np.float64]
SHIFT = 20
STEEPEST = 4096
"""y_mul of the steepest piece, where z has 256 steps for one output step."""
MOST_MUL = 32767
GRID = 6144
MOST_STARTS = 180
"""The largest number of possible starts that are tried."""
PIECES = SEGMENTS - 1
LARGEST_Z = 1 << 34
FALLING = 0.6
"""Additional squared error of a falling piece, because negative products are rounded to the wrong side."""
MARGIN = 0.25


def fit(
    evaluate: Callable[[Reals], Reals], out: Scale, low: float, high: float, samples: NDArray[Any]
) -> tuple[Activation, float]:
    """Returns the table of a curve, and the steps of z in one unit of the curve's argument (z = argument * steps).

    The pieces cover the arguments low..high and a quarter more on both sides. To the left of that, the first value
    holds; to the right, the last piece goes on.

    out: the scale of the results.
    samples: arguments that occur, which count most.
    """
    # 0 is always covered, because zero padding has this value.
    low, high = min(low, 0.0), max(high, 0.0)
    wide = (high - low) or 1.0
    low, high = low - MARGIN * wide, high + MARGIN * wide
    # The margin is for the values of other pictures. The curve may be undefined there, so errors are ignored.
    argument = np.linspace(low, high, GRID)
    with np.errstate(all="ignore"):
        real = np.nan_to_num(np.asarray(evaluate(argument), np.float64))
    target = np.clip(real * out.steps + out.zero, 0.0, 255.0)
    # The steepest slope decides how fine z has to be, because ``y_mul`` has 16 bits and the shift is fixed.
    slopes = np.abs(np.diff(target)) / (argument[1] - argument[0])
    units = max(float(slopes.max()), 1e-12) * 2.0**SHIFT / STEEPEST
    # z must stay inside the 36 bits of ``x_start``, so a wide range takes coarser steps.
    units = min(units, LARGEST_Z / max(-low, high))
    z = np.rint(argument * units)
    weight = _weights(argument, np.asarray(samples, np.float64).reshape(-1))
    starts = _possible_starts(target)
    return _table(z, target, starts, *_best(z, target, weight, starts)), units


def _weights(argument: Reals, samples: Reals) -> Reals:
    """The weight of each argument: one half is the same for all, the other depends on how often it occurs."""
    edges = np.append(argument, argument[-1] + (argument[1] - argument[0]))
    often = np.histogram(samples, edges)[0].astype(np.float64)
    # The histogram is smoothed, because a few pictures do not have every argument that can occur.
    often = np.convolve(often, np.ones(65) / 65, "same")
    return 0.5 / len(argument) + 0.5 * often / max(float(often.sum()), 1.0)


def _possible_starts(target: Reals) -> NDArray[np.int64]:
    """Indices at which a piece may start: near whole outputs, half way between two, and the first."""
    # The bias of a piece is a whole number, so a piece that starts elsewhere begins with an error.
    doubled = 2.0 * target
    off = np.abs(doubled - np.rint(doubled))
    near = (off[1:-1] <= off[:-2]) & (off[1:-1] <= off[2:]) & (off[1:-1] < 0.25)
    bends = np.abs(np.diff(target, 2)) > 0.02
    # A flat stretch may be near a whole number everywhere. Only its ends are possible starts.
    near &= (np.abs(np.diff(target))[:-1] > 0) | (np.abs(np.diff(target))[1:] > 0)
    inside = np.flatnonzero(near) + 1
    # The time of the search grows with the square of the starts, so they are thinned out evenly.
    if inside.size > MOST_STARTS:
        inside = inside[np.linspace(0, inside.size - 1, MOST_STARTS).astype(np.int64)]
    corners = np.flatnonzero(bends)[:MOST_STARTS] + 1
    return np.unique(np.concatenate([[0], inside, corners])).astype(np.int64)


def _best(z: Reals, target: Reals, weight: Reals, starts: NDArray[np.int64]) -> tuple[list[int], NDArray[np.int64]]:
    """The chosen starts, as indices into ``starts``, and y_mul between any two starts."""
    unit = 2.0**-SHIFT
    # With sums from the left, the error of any piece takes constant time.
    ends = np.append(starts, len(z))
    moments = [np.zeros(len(z) + 1)] + [np.zeros(len(z) + 1) for _ in range(5)]
    parts = (np.ones(len(z)), z, z * z, target, target * z, target * target)
    for total, part in zip(moments, parts, strict=True):
        total[1:] = np.cumsum(weight * part)
    one, first, second, height, mixed, square = (total[ends][None, :] - total[ends[:-1]][:, None] for total in moments)
    # Each piece starts at a whole output, because ``result_bias`` is one byte. Least squares give its slope.
    begin, base = z[starts][:, None], np.rint(target[starts])[:, None]
    spread = second - 2 * begin * first + begin**2 * one
    lean = mixed - begin * height - base * (first - begin * one)
    flat_error = square - 2 * base * height + base**2 * one
    with np.errstate(all="ignore"):
        mul = np.rint(np.nan_to_num(lean / np.where(spread > 0, spread, np.inf)) / unit)
    # The slope is cut to the bits of the register, and the error is that of the rounded slope.
    mul = np.clip(mul, -MOST_MUL, MOST_MUL)
    error = flat_error - 2 * mul * unit * lean + (mul * unit) ** 2 * spread + np.where(mul < 0, FALLING * one, 0.0)
    # A piece whose slope makes the error larger stays flat.
    mul = np.where(error <= flat_error, mul, 0.0)
    # Infinite costs exclude pieces that end at or before their start.
    cost = np.where(
        np.arange(len(ends))[None, :] > np.arange(len(starts))[:, None], np.minimum(error, flat_error), np.inf
    )
    # Each round gives the least error up to each start with one more piece.
    reached = cost[0].copy()
    before = [np.zeros(len(ends), np.int64)]
    totals = [reached[-1]]
    for _ in range(PIECES - 1):
        through = reached[:-1, None] + cost
        source = np.argmin(through, axis=0)
        reached = np.min(through, axis=0)
        before.append(source)
        totals.append(reached[-1])
    # Fewer pieces may give the least error; the others are then not used.
    count = int(np.argmin(totals))
    chosen = [len(ends) - 1]
    for piece in range(count, 0, -1):
        chosen.append(int(before[piece][chosen[-1]]))
    chosen.append(0)
    return chosen[::-1], mul.astype(np.int64)


def _table(
    z: Reals, target: Reals, starts: NDArray[np.int64], chosen: list[int], muls: NDArray[np.int64]
) -> Activation:
    top = -LOWEST_START - SEGMENTS
    # Unused pieces start at the top of z, in rising order, because the KPU takes the last one that starts below z.
    start = np.array([LOWEST_START] + [top + index for index in range(1, SEGMENTS)], np.int64)
    mul, shift, bias = (np.zeros(SEGMENTS, np.int64) for _ in range(3))
    # The first piece has the slope 0, so the curve keeps its first value to the left of the range.
    bias[0] = int(np.rint(target[0]))
    for index, (begin, end) in enumerate(pairwise(chosen), 1):
        slope = int(muls[begin, end])
        start[index] = int(z[starts[begin]])
        mul[index], shift[index] = slope, SHIFT if slope else 0
        # A falling piece starts one higher, because the shift rounds its negative product down.
        bias[index] = min(255, int(np.rint(target[starts[begin]])) + (slope < 0))
    return Activation(start, mul, shift, bias)


def lookup(evaluate: Callable[[Reals], Reals], source: Scale, out: Scale) -> NDArray[np.uint8]:
    """Returns the 256 bytes of a requantize layer: the curve from the levels of ``source`` to those of ``out``."""
    real = (np.arange(256, dtype=np.float64) - source.zero) / source.steps
    # A curve may be undefined at levels that never occur, such as a logarithm below 0.
    with np.errstate(all="ignore"):
        table: NDArray[np.uint8] = out.quantize(np.nan_to_num(np.asarray(evaluate(real), np.float64)))
    return table
