"""A kernel of any size as 3x3 blocks, each on a shifted copy of the map.

A copy that is shifted by ``c`` has the pixel ``y + c`` at ``y``, and zeros where the map ends. A 3x3 layer on that copy
reaches the taps ``c - 1`` to ``c + 1``. Near the border, a block must not read beyond the copy where the map still has
a pixel. So which taps a block may have depends on the pixels that the result takes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product, takewhile

import numpy as np
from numpy.typing import NDArray

from .float_math import Array
from .window import Pair, Window

Pixels = NDArray[np.integer]

MOST_SHIFTS = 5
"""The largest number of shifts along one axis."""
FARTHEST = 12
"""The longest shift in pixels; each pixel costs a layer."""


@dataclass(frozen=True)
class Axis:
    """A plan for one axis.

    base: the first pixel of the full result that counts; the others follow in steps of the stride.
    shifts: for each tap (counted from the pixel of the result), the shift of the copy that it reads.
    """

    base: int
    shifts: dict[int, int]

    @property
    def count(self) -> int:
        """The number of different shifts."""
        return len(set(self.shifts.values()))


@dataclass(frozen=True)
class Blocks:
    """A kernel in blocks.

    base: the first pixel (y, x) of the full result that counts.
    kernels: by shift (y, x), weights (out, in, 3, 3).
    """

    base: Pair
    kernels: dict[Pair, Array]


def distance(shift: Pair) -> int:
    """Returns the number of 3x3 layers that a shift takes."""
    return max(abs(shift[0]), abs(shift[1]))


def in_blocks(weights: Array, window: Window, size: Pair, out: Pair) -> Blocks | None:
    """Returns the kernel in as few blocks as possible; None if no blocks give exactly the same result.

    weights: (out, in, kh, kw).
    size, out: height and width of the map and of the result.
    """
    taps = {
        (ky * window.dilations[0] - window.pads[0], kx * window.dilations[1] - window.pads[1]): weights[:, :, ky, kx]
        for ky, kx in product(range(window.kernel[0]), range(window.kernel[1]))
        if weights[:, :, ky, kx].any()
    }
    axes = [
        list(_plans(sorted({tap[axis] for tap in taps}), size[axis], out[axis], window.strides[axis]))
        for axis in range(2)
    ]
    # Each block takes weights, each step of a shift only a cheap layer. So the number of blocks counts most.
    plans = sorted(product(*axes), key=lambda pair: (pair[0].count * pair[1].count, _steps(*pair)))
    if not plans:
        return None
    down, right = plans[0]
    kernels: dict[Pair, Array] = {}
    for (ty, tx), numbers in taps.items():
        y, x = ty - down.base, tx - right.base
        # A tap that only ever reads beyond the map has no shift and no effect.
        if y not in down.shifts or x not in right.shifts:
            continue
        shift = (down.shifts[y], right.shifts[x])
        block = kernels.setdefault(shift, np.zeros((*weights.shape[:2], 3, 3)))
        block[:, :, y - shift[0] + 1, x - shift[1] + 1] = numbers
    return Blocks((down.base, right.base), kernels or {(0, 0): np.zeros((*weights.shape[:2], 3, 3))})


def _steps(down: Axis, right: Axis) -> int:
    """The layers of all shifts, those of the copies and that of the result."""
    farthest = max((abs(shift) for axis in (down, right) for shift in axis.shifts.values()), default=0)
    return farthest + distance((down.base, right.base))


def _plans(taps: list[int], side: int, out: int, stride: int) -> Iterator[Axis]:
    """Yields a plan for each first pixel; ``taps`` count from the pixel that the stride takes."""
    for base in range(min(side - (out - 1) * stride, FARTHEST + 1)):
        pixels = np.arange(out) * stride + base
        moved = [tap - base for tap in taps if _inside(pixels + tap - base, side).any()]
        shifts = _fewest_shifts(moved, pixels, side)
        if shifts is not None:
            yield Axis(base, shifts)


def _fewest_shifts(taps: list[int], pixels: Pixels, side: int) -> dict[int, int] | None:
    """Returns a shift for each tap, in ascending order; None if there are too many or too long ones."""
    shifts: dict[int, int] = {}
    for index, tap in enumerate(taps):
        if tap in shifts:
            continue
        # The shift that takes most of the next taps leaves the fewest for others. Of equal ones, the shortest is best.
        best: list[int] = []
        chosen = 0
        for shift in sorted((tap - 1, tap, tap + 1), key=abs):
            reached = list(takewhile(lambda t, c=shift: _may_read(t, c, pixels, side), taps[index:]))  # type: ignore[misc]
            if len(reached) > len(best) and abs(shift) <= FARTHEST:
                best, chosen = reached, shift
        if not best:
            return None
        shifts.update(dict.fromkeys(best, chosen))
    return shifts if len(set(shifts.values())) <= MOST_SHIFTS else None


def _may_read(tap: int, shift: int, pixels: Pixels, side: int) -> bool:
    """Does the copy with this shift have the right number under the tap, for all pixels of the result?"""
    if abs(tap - shift) > 1:
        return False
    # Beyond the copy there are zeros, which is only right if the map ends there as well.
    return not (~_inside(pixels + tap - shift, side) & _inside(pixels + tap, side)).any()


def _inside(positions: Pixels, side: int) -> NDArray[np.bool_]:
    return (positions >= 0) & (positions < side)
