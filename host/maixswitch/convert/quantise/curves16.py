"""Any function of one number as the 16 linear pieces of the KPU's activation table.

A piece starts at a whole output (its result bias), so the places where the curve crosses a whole number, or lies
between two, are where pieces may start; dynamic programming takes the fifteen that err least. The shift is 20, as in
every published file.
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
"""y_mul at the steepest place: z has 256 steps per output step there."""
MOST_MUL = 32767
GRID = 6144
MOST_STARTS = 180
"""Places that are tried as the start of a piece."""
PIECES = SEGMENTS - 1
LARGEST_Z = 1 << 34
FALLING = 0.6
"""Squared error that a falling piece adds: negative products are rounded to the wrong side of the floor."""
MARGIN = 0.25


def fit(
    evaluate: Callable[[Reals], Reals], out: Scale, low: float, high: float, samples: NDArray[Any]
) -> tuple[Activation, float]:
    """The table of a curve, and how many steps of z are one unit of the curve's argument (z = argument * steps).

    The pieces cover the arguments low..high and a quarter more on both sides; ``seen``: arguments that occur, which
    count most. Left of that the first value stays, on the right the last piece goes on.
    """
    # 0 is always inside, because the zero padding of the layer behind meets it.
    low, high = min(low, 0.0), max(high, 0.0)
    wide = (high - low) or 1.0
    low, high = low - MARGIN * wide, high + MARGIN * wide
    # The margin covers what other pictures may bring. A curve may not be defined there, hence the errors ignored.
    argument = np.linspace(low, high, GRID)
    with np.errstate(all="ignore"):
        real = np.nan_to_num(np.asarray(evaluate(argument), np.float64))
    target = np.clip(real * out.steps + out.zero, 0.0, 255.0)
    # The steepest place decides how fine z has to be: ``y_mul`` has 16 bits with a sign, and the shift is fixed.
    slopes = np.abs(np.diff(target)) / (argument[1] - argument[0])
    units = max(float(slopes.max()), 1e-12) * 2.0**SHIFT / STEEPEST
    # z must stay inside the 36 bits of ``x_start``, so a wide range takes coarser steps.
    units = min(units, LARGEST_Z / max(-low, high))
    z = np.rint(argument * units)
    weight = _weights(argument, np.asarray(samples, np.float64).reshape(-1))
    starts = _possible_starts(target)
    return _table(z, target, starts, *_best(z, target, weight, starts)), units


def _weights(argument: Reals, samples: Reals) -> Reals:
    """How much each argument counts: half of it evenly, half by how often it occurs."""
    edges = np.append(argument, argument[-1] + (argument[1] - argument[0]))
    often = np.histogram(samples, edges)[0].astype(np.float64)
    # The histogram is smoothed, because a few pictures do not show every argument that occurs.
    often = np.convolve(often, np.ones(65) / 65, "same")
    return 0.5 / len(argument) + 0.5 * often / max(float(often.sum()), 1.0)


def _possible_starts(target: Reals) -> NDArray[np.int64]:
    """Indices where a piece may start: near whole outputs, half way between two, and the first."""
    # Only a whole result can be the bias of a piece, so a piece that starts elsewhere begins with an error.
    doubled = 2.0 * target
    off = np.abs(doubled - np.rint(doubled))
    near = (off[1:-1] <= off[:-2]) & (off[1:-1] <= off[2:]) & (off[1:-1] < 0.25)
    bends = np.abs(np.diff(target, 2)) > 0.02
    # Flat stretches lie near a whole number everywhere. Only where they begin or end is a place worth trying.
    near &= (np.abs(np.diff(target))[:-1] > 0) | (np.abs(np.diff(target))[1:] > 0)
    inside = np.flatnonzero(near) + 1
    # The search takes the square of the places, so a long curve is thinned out evenly.
    if inside.size > MOST_STARTS:
        inside = inside[np.linspace(0, inside.size - 1, MOST_STARTS).astype(np.int64)]
    corners = np.flatnonzero(bends)[:MOST_STARTS] + 1
    return np.unique(np.concatenate([[0], inside, corners])).astype(np.int64)


def _best(z: Reals, target: Reals, weight: Reals, starts: NDArray[np.int64]) -> tuple[list[int], NDArray[np.int64]]:
    """The places to start at, as indices into ``places``, and y_mul between any two places."""
    unit = 2.0**-SHIFT
    # Sums from the left give the error of any piece in constant time, instead of a sum over its own points.
    ends = np.append(starts, len(z))
    moments = [np.zeros(len(z) + 1)] + [np.zeros(len(z) + 1) for _ in range(5)]
    parts = (np.ones(len(z)), z, z * z, target, target * z, target * target)
    for total, part in zip(moments, parts, strict=True):
        total[1:] = np.cumsum(weight * part)
    one, first, second, height, mixed, square = (total[ends][None, :] - total[ends[:-1]][:, None] for total in moments)
    # Each piece starts at a whole output, as ``result_bias`` is one byte. Only its slope is fitted, by least squares.
    begin, base = z[starts][:, None], np.rint(target[starts])[:, None]
    spread = second - 2 * begin * first + begin**2 * one
    lean = mixed - begin * height - base * (first - begin * one)
    flat_error = square - 2 * base * height + base**2 * one
    with np.errstate(all="ignore"):
        mul = np.rint(np.nan_to_num(lean / np.where(spread > 0, spread, np.inf)) / unit)
    # The slope is rounded to what the register holds, and the error is that of the rounded slope.
    mul = np.clip(mul, -MOST_MUL, MOST_MUL)
    error = flat_error - 2 * mul * unit * lean + (mul * unit) ** 2 * spread + np.where(mul < 0, FALLING * one, 0.0)
    # A piece that would err more with its slope than without stays flat.
    mul = np.where(error <= flat_error, mul, 0.0)
    # A piece ends behind its start, which infinite costs enforce.
    cost = np.where(
        np.arange(len(ends))[None, :] > np.arange(len(starts))[:, None], np.minimum(error, flat_error), np.inf
    )
    # Row by row: the least error up to each place with one more piece. Every place can be the end of a piece.
    reached = cost[0].copy()
    before = [np.zeros(len(ends), np.int64)]
    totals = [reached[-1]]
    for _ in range(PIECES - 1):
        through = reached[:-1, None] + cost
        source = np.argmin(through, axis=0)
        reached = np.min(through, axis=0)
        before.append(source)
        totals.append(reached[-1])
    # Fewer pieces may do as well, and then the rest of the table is not needed.
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
    # Pieces that are not used start at the top of z, in rising order, since the KPU takes the last one that starts
    # below z.
    start = np.array([LOWEST_START] + [top + index for index in range(1, SEGMENTS)], np.int64)
    mul, shift, bias = (np.zeros(SEGMENTS, np.int64) for _ in range(3))
    # The first piece has the slope 0: left of the range the curve keeps its first value.
    bias[0] = int(np.rint(target[0]))
    for index, (begin, end) in enumerate(pairwise(chosen), 1):
        slope = int(muls[begin, end])
        start[index] = int(z[starts[begin]])
        mul[index], shift[index] = slope, SHIFT if slope else 0
        # A falling piece starts one higher: its product is negative, and the shift takes it to the next lower number.
        bias[index] = min(255, int(np.rint(target[starts[begin]])) + (slope < 0))
    return Activation(start, mul, shift, bias)


def lookup(evaluate: Callable[[Reals], Reals], source: Scale, out: Scale) -> NDArray[np.uint8]:
    """Returns the 256 bytes of a requantize layer: from every level of ``source`` through the curve to ``out``."""
    real = (np.arange(256, dtype=np.float64) - source.zero) / source.steps
    # A curve may be undefined at levels that never occur, such as a logarithm below 0.
    with np.errstate(all="ignore"):
        table: NDArray[np.uint8] = out.quantize(np.nan_to_num(np.asarray(evaluate(real), np.float64)))
    return table
