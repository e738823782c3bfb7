"""The steps of the KPU after the sums of a convolution: batch norm, activation table, pool.

The vendor's two simulators round differently; ``roundings`` names them. Both are imitated with their mistakes, because
the numbers of a model were chosen with one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from maixswitch.kmodel.format.arrays import Bytes, Ints, clamp8
from maixswitch.kmodel.format.pools import POOL_TYPES
from maixswitch.kmodel.format.registers import SEGMENTS, Activation, BatchNorm

from .roundings import V01, V02

Pool = Callable[[Bytes, str], Bytes]
"""A pool of a map: uint8 (channels, height, width) and the rounding to uint8 (channels, height', width')."""
FEW = 4096
"""Up to this many values, one comparison with all pieces is faster than one comparison for each piece."""


def round_v01(product: Ints, shift: Ints) -> Ints:
    """Shifts right and rounds halves up, as nncase 0.1 and the chip's own CPU code do.

    product: int64; shift: int64, 0 to 62, broadcast.
    Returns int64. An odd negative half goes *below* the floor, as in the source.
    """
    # One more bit than the result has is kept: it says whether the remainder is at least a half.
    half = product >> np.maximum(shift - 1, 0)
    step = np.where(half >= 0, 1, -1)
    rounded = (half >> 1) + np.where(half & 1, step, 0)
    result: Ints = np.where(shift == 0, product, rounded)
    return result


def round_v02(product: Ints, shift: Ints) -> Ints:
    """Shifts right and rounds halves to even, as nncase 0.2 does.

    product: int64; shift: int64, 0 to 62, broadcast.
    Returns int64. For negative products the correction has the wrong sign, as in the source.
    """
    one = np.int64(1)
    floor = product >> shift
    remainder = product & ((one << shift) - 1)
    # A shift of 0 leaves no remainder, so any value of ``half`` is right.
    half = np.where(shift == 0, one, one << np.maximum(shift - 1, 0))
    up = (remainder > half) | ((remainder == half) & ((floor & 1) != 0))
    result: Ints = floor + np.where(up, np.where(product < 0, -1, 1), 0)
    return result


ROUND: dict[str, Callable[[Ints, Ints], Ints]] = {V02: round_v02, V01: round_v01}


def normalise(acc: Ints, norm: BatchNorm) -> Ints:
    """Applies batch norm.

    acc: int64 sums (channels, ...).
    Returns z, int64 of the same shape. The shift rounds toward minus infinity, as the register block asks for.
    """
    shape = (-1,) + (1,) * (acc.ndim - 1)
    z: Ints = ((acc * norm.mul.reshape(shape)) >> norm.shift.reshape(shape)) + norm.add.reshape(shape)
    return z


def _segments(z: Ints, table: Activation, rounding: str) -> NDArray[np.intp]:
    """The index of the piece for each z: the last one whose start lies below z."""
    # The two simulators disagree about a z that equals a start: v01 gives it to that piece, v02 to the one before.
    above = np.greater if rounding == V02 else np.greater_equal
    # Small layers spend their time in calls and not in comparisons.
    if z.size <= FEW:
        within = above(z[..., None], table.start)
        within[..., 0] = True  # a z below all starts belongs to the first piece
        last: NDArray[np.intp] = SEGMENTS - 1 - np.argmax(within[..., ::-1], axis=-1)
        return last
    segment = np.zeros(z.shape, np.intp)
    for index in range(1, SEGMENTS):
        segment[above(z, table.start[index])] = index
    return segment


def activate(z: Ints, table: Activation, rounding: str) -> Bytes:
    """Applies the activation table.

    z: int64 of any shape; table: 16 pieces; rounding: one of ``roundings.ROUNDINGS``.
    Returns uint8 of the same shape, saturated. No source says what a z below the first start becomes; here it
    belongs to the first piece.
    """
    segment = _segments(z, table, rounding)
    # The product of a z of 36 bits and a factor of 16 fits into int64.
    product = (z - table.start[segment]) * table.mul[segment]
    # A shift of 62 leaves nothing of a product but its sign, and numpy does not define longer ones.
    return clamp8(ROUND[rounding](product, np.minimum(table.shift, 62)[segment]) + table.bias[segment])


def _tiles(image: Bytes, size: int) -> Bytes:
    """A view of the complete tiles of the map, (channels, h // size, size, w // size, size)."""
    channels, height, width = image.shape
    height, width = height // size, width // size
    return image[:, : height * size, : width * size].reshape(channels, height, size, width, size)


def _max_tiles(size: int) -> Pool:
    def pool(image: Bytes, rounding: str) -> Bytes:
        best: Bytes = _tiles(image, size).max(axis=(2, 4))
        return best

    return pool


def _mean_tiles(size: int) -> Pool:
    def pool(image: Bytes, rounding: str) -> Bytes:
        # Both simulators cut the mean instead of rounding it.
        total = _tiles(image, size).astype(np.int64).sum(axis=(2, 4))
        return clamp8(total // (size * size))

    return pool


def _pick(line: int, column: int, step: int) -> Pool:
    return lambda image, rounding: _tiles(image, step)[:, :, line, :, column]


def _mean_sliding(image: Bytes, rounding: str) -> Bytes:
    """The mean of 2x2 pixels at stride 1.

    Past the edge v02 repeats the last pixel, and v01 divides by the number of pixels that exist.
    """
    # Beyond the edge, v01 has zeros that do not count, and v02 has copies that do.
    wide = np.pad(image.astype(np.int64), ((0, 0), (0, 1), (0, 1)), mode="edge" if rounding == V02 else "constant")
    total = wide[:, :-1, :-1] + wide[:, 1:, :-1] + wide[:, :-1, 1:] + wide[:, 1:, 1:]
    taps = np.full(image.shape[1:], 4, np.int64)
    if rounding == V01:
        # At the edge, a window of v01 has half of its pixels, and in the corner a quarter.
        taps[-1, :] //= 2
        taps[:, -1] //= 2
    return (total // taps).astype(np.uint8)


def _max_sliding(image: Bytes, rounding: str) -> Bytes:
    """The maximum of 2x2 pixels at stride 1; pixels past the edge do not count."""
    # Zeros never win a maximum of bytes against the pixel itself.
    wide = np.pad(image, ((0, 0), (0, 1), (0, 1)))
    best: Bytes = np.maximum.reduce([wide[:, :-1, :-1], wide[:, 1:, :-1], wide[:, :-1, 1:], wide[:, 1:, 1:]])
    return best


POOL_FUNCTIONS: Mapping[int, Pool] = {
    0: lambda image, rounding: image,
    1: _max_tiles(2),
    2: _mean_tiles(2),
    3: _max_tiles(4),
    4: _mean_tiles(4),
    5: _pick(0, 0, 2),
    6: _pick(0, 1, 2),
    7: _pick(0, 0, 4),
    8: _mean_sliding,
    9: _max_sliding,
}
POOLS: Mapping[int, tuple[str, int, Pool]] = {
    # pool_type: name, stride, function
    number: (pool.name, pool.stride, POOL_FUNCTIONS[number])
    for number, pool in POOL_TYPES.items()
}
