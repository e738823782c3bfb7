"""The forms of an activation curve as compiled loops."""

from __future__ import annotations

import numpy as np

from maixswitch.kmodel.format.arrays import Array, Bytes, Doubles, Ints

from .jit import jit

FORMULA, BUCKETS, PIECES = range(3)
SINGLE = 4
"""Steps of curve.Capped, in order; those that are not used are infinite."""


@jit
def by_formula(values: Doubles, form: Ints, rule: Doubles, result: Bytes) -> None:
    """curve.Formula and curve.Capped; see ``curve``."""
    step, shift, least, most = rule[0], rule[1], rule[2], rule[3]
    # Each case has a separate loop, because a branch inside would keep the compiler from vector code.
    if form[3] == 0 and form[1] and form[2]:
        for index in range(values.size):
            y = np.rint(np.floor(values[index]) * step + shift)
            result[index] = np.uint8(np.int32(min(max(y, 0.0), 255.0)))
    elif form[3] == 0 and form[1]:
        for index in range(values.size):
            result[index] = np.uint8(np.int32(min(max(np.rint(values[index] * step + shift), 0.0), 255.0)))
    elif form[3] == 0:
        for index in range(values.size):
            z = np.floor(values[index]) if form[2] else values[index]
            result[index] = np.uint8(np.int32(min(max(z * step + shift, 0.0), 255.0)))
    else:
        # The four steps are kept in variables, because reading them from the array costs a check each time.
        low = np.int32(least)
        t0, t1, t2, t3 = rule[4], rule[5], rule[6], rule[7]
        for index in range(values.size):
            z = np.floor(values[index])
            line = np.int32(min(max(np.rint(z * step + shift), least), most)) - low
            reached = np.int32(z >= t0) + np.int32(z >= t1) + np.int32(z >= t2) + np.int32(z >= t3)
            result[index] = np.uint8(line + reached)


@jit
def by_pieces(values: Doubles, form: Ints, rule: Doubles, result: Bytes) -> None:
    """curve.Pieces; see ``curve``."""
    for index in range(values.size):
        values[index] = np.floor(values[index])
    # A pass for each piece has no branches and looks nothing up, so it compiles to vector code.
    for piece in range(form[3]):
        after, start, step, bias = rule[4 * piece], rule[4 * piece + 1], rule[4 * piece + 2], rule[4 * piece + 3]
        if step == 0.0:
            for index in range(values.size):
                result[index] = np.uint8(np.int32(bias)) if values[index] > after else result[index]
            continue
        for index in range(values.size):
            exact = (values[index] - start) * step
            below = np.floor(exact)
            rest = exact - below
            # Halves go up, or to the even neighbour; a negative number goes the wrong way, as in the source.
            odd = below - 2.0 * np.floor(below * 0.5)
            limit = 0.5 if form[1] == 0 or odd == 1.0 else 0.75
            away = (-1.0 if exact < 0.0 else 1.0) if rest >= limit or rest > 0.5 else 0.0
            y = np.int32(min(max(below + away + bias, 0.0), 255.0))
            result[index] = np.uint8(y) if values[index] > after else result[index]


@jit
def curve(values: Doubles, form: Ints, rule: Doubles, moved: Array, result: Bytes) -> None:
    """Computes the results of values from which the curve's origin has been subtracted; overwrites the values.

    form: kind, halves to even, floor_first, bits of a bucket, number of single steps, or number of pieces.
    rule: step, shift, least, most, steps; or the rows of curve.Pieces.
    """
    if form[0] == FORMULA:
        by_formula(values, form, rule, result)
    elif form[0] == BUCKETS:
        bits = np.uint32(form[3])
        top = np.float64((moved.size << form[3]) - 1)
        for index in range(values.size):
            # Unsigned numbers spare the loop the test for an index from the end.
            distance = np.uint32(np.int32(min(max(values[index], 0.0), top)))
            result[index] = np.uint8((distance + moved[distance >> bits]) >> bits)
    else:
        by_pieces(values, form, rule, result)
