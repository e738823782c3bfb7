"""The nine numbers of a quantised add (v3 layer 2)."""

from __future__ import annotations

import numpy as np

from maixswitch.kmodel.write.quantize import Scale

MOST_SHIFT = 20
LARGEST = 1 << 30
A_LIFTS, B_LIFTS = 512, 64
"""How many offsets of a and of b are tried."""


def add_numbers(a: Scale, b: Scale, out: Scale) -> tuple[int, ...]:
    """Returns offset, mul and shift of a, of b and of the result, for out = a + b in their scales.

    The board rounds negative sums the wrong way. So the offsets of a and b lift the sum by a whole number of output
    steps, at least by the output's zero, and the output's offset subtracts them again. A sum whose result is above 0 is
    then never negative.
    """
    # The multipliers have to fit into 32 bits with a sign for any scales.
    shift = MOST_SHIFT
    while max(out.steps / a.steps, out.steps / b.steps) * 2.0**shift >= LARGEST and shift > 0:
        shift -= 1
    a_mul, b_mul = (max(1, round(out.steps / scale.steps * 2.0**shift)) for scale in (a, b))
    # The lifts keep the sum from being negative.
    a_lift, b_lift, lift = _lifts(a_mul, b_mul, 1 << shift, out.zero)
    return (a_lift - a.zero, a_mul, 0, b_lift - b.zero, b_mul, 0, out.zero - lift, 1, shift)


def _lifts(a_mul: int, b_mul: int, unit: int, zero: int) -> tuple[int, int, int]:
    """Returns a_lift, b_lift and lift >= zero, with a_lift * a_mul + b_lift * b_mul close to lift * unit."""
    # With an output zero of 0, a negative sum saturates to 0, so its rounding does not matter.
    if zero == 0:
        return 0, 0, 0
    a_lifts = np.arange(A_LIFTS, dtype=np.int64)[:, None]
    b_lifts = -(-zero * unit // b_mul) + np.arange(B_LIFTS, dtype=np.int64)[None, :]
    # The product of offset and multiplier is rarely a whole step, so the pair of offsets that comes nearest is taken.
    total = a_lifts * a_mul + b_lifts * b_mul
    lifts = (total + unit // 2) // unit
    row, column = np.unravel_index(int(np.argmin(np.abs(total - lifts * unit))), total.shape)
    return int(row), int(b_lifts[0, column]), int(lifts[row, column])
