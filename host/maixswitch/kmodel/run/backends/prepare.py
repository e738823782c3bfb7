"""Rewrites a KPU layer for speed, with the proof that nothing changes: integers in floats, and one curve per layer.

For each output channel and pixel a layer computes acc = sum of x*w + zero-point terms, z = ((acc * mul) >> shift) + add
and y = curve(z). That is rewritten as y = curve(floor(s * factor + offset)) with s = sum of x * (w - zero):
- s is a sum of integers. If the positive terms alone and the negative terms alone stay below 2**24 (2**53), every
  partial sum is exact in float32 (float64), whatever order the sum is taken in.
- factor is mul / 2**shift and offset collects the constant terms; both and the result are multiples of 2**-shift below
  2**53 / 2**shift, so float64 holds them exactly.
- where mul is negative, the signs of that channel's weights and of mul are changed, so that no factor is negative and a
  larger s never means a smaller z. Where the curve rises too, a max pool may come before it.
``prepare`` checks these conditions on the numbers of the layer and returns None where one fails.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil, floor

import numpy as np

from maixswitch.kmodel.format.arrays import Array, Doubles, Floats, Ints
from maixswitch.kmodel.format.conv import Conv
from maixswitch.kmodel.format.registers import BatchNorm

from .curve import Curve, curve_of

BRIGHTEST = 255
AT_ONCE = 1 << 18
"""Weights that are summed at a time; all weights of a large layer would take eight times their bytes in 64 bits."""
EXACT32 = 1 << 24
EXACT64 = 1 << 53
MAX_PARTS = 4
PICKED = {5: (0, 0, 2), 6: (0, 1, 2), 7: (0, 0, 4)}
"""Pools that take one pixel: line, column, stride."""
GREATEST = {1: (2, 2), 3: (4, 4), 9: (2, 1)}
"""Pools that take the greatest pixel: window, stride."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """A layer in its fast form.

    weights32: whole numbers in float32, (out, in, k, k), depthwise (channels, 1, k, k).
    narrow: True if all sums are exact in float32.
    factor, offset: float64 (out, 1).
    pick: line, column and stride of the pixels that are computed.
    greatest: window and stride of a max pool of the sums, or None.
    pool: number of the pool that is still to be applied to the bytes.
    parts: slices of the input channels, each with sums that are exact in float32, if those of all channels are not.
    """

    conv: Conv
    weights32: Floats
    narrow: bool
    factor: Doubles
    offset: Doubles
    curve: Curve
    pick: tuple[int, int, int]
    greatest: tuple[int, int] | None
    pool: int
    parts: tuple[slice, ...] = ()

    def over(self, part: slice) -> Prepared:
        """The same sums over some of the input channels, in float32, before any max pool."""
        return replace(self, weights32=self.weights32[:, part].copy(), narrow=True, greatest=None, parts=())

    @property
    def weights(self) -> Array:
        """``weights32``, or a copy in float64 if the sums need it."""
        return self.weights32 if self.narrow else self.weights32.astype(np.float64)

    @property
    def convolved(self) -> tuple[int, int, int]:
        """(out, h, w) of the sums before a max pool."""
        stride = self.pick[2]
        height, width = self.conv.input.height // stride, self.conv.input.width // stride
        return self.weights32.shape[0], height, width

    @property
    def summed(self) -> tuple[int, int, int]:
        """(out, h, w) of the sums that go into the curve."""
        out, height, width = self.convolved
        if self.greatest is not None:
            stride = self.greatest[1]
            height, width = height // stride, width // stride
        return out, height, width


def whole_zero(conv: Conv) -> int | None:
    """The zero point of the weights as a whole number; None where the registers hold a fraction."""
    argument, shift = conv.registers["arg_x"], conv.registers["shr_x"]
    # A fraction would have to be shifted after the sum, which floats cannot imitate.
    return None if argument & ((1 << shift) - 1) else -(argument >> shift)


def _offsets(conv: Conv, norm: BatchNorm) -> list[int]:
    """offset * 2**shift of every channel, in Python's integers, which cannot overflow."""
    registers = conv.registers
    terms = conv.weights.shape[1]
    sums = conv.weights.reshape(conv.weights.shape[0], -1).sum(axis=1, dtype=np.int64).tolist()
    rows = zip(sums, norm.mul.tolist(), norm.shift.tolist(), norm.add.tolist(), strict=True)
    result = []
    for total, mul, shift, add in rows:
        # Constant terms are the same for every pixel, so they go into the offset.
        constant = ((registers["arg_w"] * total) >> registers["shr_w"]) + registers["arg_add"] * terms
        result.append(constant * mul + (add << shift))
    return result


def _extremes(weights: Array) -> tuple[Ints, Ints]:
    """The least and the greatest sum of every output, int64 (out,).

    weights: whole numbers (out, ...). A sum has fewer than 2**14 terms below 2**24, so float64 is exact.
    """
    flat = weights.reshape(weights.shape[0], -1)
    least, most = np.empty(len(flat)), np.empty(len(flat))
    # A few outputs at a time keep the sums in 64 bits small.
    outs = max(1, AT_ONCE // flat.shape[1])
    for first in range(0, len(flat), outs):
        part = slice(first, first + outs)
        np.minimum(flat[part], 0).sum(axis=1, dtype=np.float64, out=least[part])
        np.maximum(flat[part], 0).sum(axis=1, dtype=np.float64, out=most[part])
    return BRIGHTEST * least.astype(np.int64), BRIGHTEST * most.astype(np.int64)


def reach(weights: Array) -> int:
    """The largest absolute value of a partial sum of any output; ``weights``: whole numbers (out, ...)."""
    least, most = _extremes(weights)
    return int(max(most.max(), -least.min()))


def _parts(weights: Array) -> tuple[slice, ...]:
    """Up to MAX_PARTS equal runs of input channels with sums below EXACT32; empty where there are none."""
    inner = weights.shape[1]
    # As few parts as possible are used, because each is a separate product.
    for count in range(2, min(MAX_PARTS, inner) + 1):
        edges = [inner * index // count for index in range(count + 1)]
        parts = tuple(slice(begin, end) for begin, end in pairwise(edges))
        if all(reach(weights[:, part]) < EXACT32 for part in parts):
            return parts
    return ()


def prepare(conv: Conv, rounding: str) -> Prepared | None:
    """The layer in its fast form, or None where one of the conditions above does not hold."""
    zero = whole_zero(conv)
    if zero is None:
        return None
    weights32 = conv.weights.astype(np.float32)  # exact: 16 bits minus a zero point of 24 bits with its sign
    # Subtracting the zero point from the weights makes the term of the pixel sums disappear.
    weights32 -= zero
    # A negative factor would let a larger sum give a smaller z, and a max pool could not come before the curve.
    weights32 *= np.where(conv.norm.mul < 0, np.float32(-1), np.float32(1)).reshape(-1, 1, 1, 1)
    least, most = _extremes(weights32)
    largest = int(max(most.max(), -least.min()))
    # From here on all factors are positive. Both extremes of every channel must stay exact in float64.
    mul = np.abs(conv.norm.mul)
    offsets = _offsets(conv, conv.norm)
    rows = list(zip(least.tolist(), most.tolist(), mul.tolist(), offsets, conv.norm.shift.tolist(), strict=True))
    if largest >= EXACT64 or any(max(-low, high) * m + abs(o) >= EXACT64 for low, high, m, o, _ in rows):
        return None
    # The curve is proven for the range of z that these weights can reach, not for all of 36 bits.
    lowest = min(floor((low * m + o) / 2**s) for low, _, m, o, s in rows)
    highest = max(ceil((high * m + o) / 2**s) for _, high, m, o, s in rows)
    curve = curve_of(conv.activation, rounding, lowest, highest)
    if curve is None:
        return None
    # A max pool may come first if the curve rises. A pool that takes one pixel makes the others unnecessary.
    scale = 2.0 ** -conv.norm.shift.astype(np.float64)
    greatest = GREATEST.get(conv.pool) if curve.rising else None
    pick = PICKED.get(conv.pool, (0, 0, 1))
    return Prepared(
        conv=conv,
        weights32=weights32,
        narrow=largest < EXACT32,
        factor=(mul * scale)[:, None],
        offset=(np.array(offsets, np.float64) * scale)[:, None],
        curve=curve,
        pick=pick,
        greatest=greatest,
        # A pool that was moved before the curve, or into the choice of pixels, must not be done again.
        pool=0 if greatest or pick[2] > 1 else conv.pool,
        # A depthwise sum has nine terms, so it hardly ever needs parts.
        parts=() if largest < EXACT32 or conv.depthwise else _parts(weights32),
    )
