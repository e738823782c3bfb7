"""KPU arithmetic after the sums: batch norm, the activation table in both published flavours, the pools.

No public source says which flavour the silicon follows: "v02" is nncase 0.2 to 1.6 and the vendor's SDK (the default),
"v01" is nncase 0.1's own emulator.
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
"""Values; up to here all pieces are compared at once, beyond one after another."""


def round_v01(product: Ints, shift: Ints) -> Ints:
    """Half up, as nncase 0.1 and the device's own CPU code do; an odd negative half goes *below* the floor (kept)."""
    half = product >> np.maximum(shift - 1, 0)
    step = np.where(half >= 0, 1, -1)
    rounded = (half >> 1) + np.where(half & 1, step, 0)
    result: Ints = np.where(shift == 0, product, rounded)
    return result


def round_v02(product: Ints, shift: Ints) -> Ints:
    """Half to even, as nncase 0.2 does: for negative products the correction has the wrong sign (kept)."""
    one = np.int64(1)
    floor = product >> shift
    rest = product & ((one << shift) - 1)
    half = np.where(shift == 0, one, one << np.maximum(shift - 1, 0))
    up = (rest > half) | ((rest == half) & ((floor & 1) != 0))
    result: Ints = floor + np.where(up, np.where(product < 0, -1, 1), 0)
    return result


ROUND: dict[str, Callable[[Ints, Ints], Ints]] = {V02: round_v02, V01: round_v01}


def normalise(acc: Ints, norm: BatchNorm) -> Ints:
    """z of every sum; ``acc`` is int64 (channels, ...)."""
    shape = (-1,) + (1,) * (acc.ndim - 1)
    z: Ints = ((acc * norm.mul.reshape(shape)) >> norm.shift.reshape(shape)) + norm.add.reshape(shape)
    return z


def _segments(z: Ints, table: Activation, rounding: str) -> NDArray[np.intp]:
    """The last piece whose start lies below z; v01 also takes a start that equals z."""
    above = np.greater if rounding == V02 else np.greater_equal
    if z.size <= FEW:
        within = above(z[..., None], table.start)
        within[..., 0] = True
        last: NDArray[np.intp] = SEGMENTS - 1 - np.argmax(within[..., ::-1], axis=-1)
        return last
    segment = np.zeros(z.shape, np.intp)
    for index in range(1, SEGMENTS):
        segment[above(z, table.start[index])] = index
    return segment


def activate(z: Ints, table: Activation, rounding: str) -> Bytes:
    """uint8 of every z; a z below the first start takes segment 0, which no source defines.

    Shifts above 62 are taken as 62: there every product is a plain sign already.
    """
    segment = _segments(z, table, rounding)
    product = (z - table.start[segment]) * table.mul[segment]
    return clamp8(ROUND[rounding](product, np.minimum(table.shift, 62)[segment]) + table.bias[segment])


def _tiles(image: Bytes, size: int) -> Bytes:
    """(channels, h//size, size, w//size, size)."""
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
        total = _tiles(image, size).astype(np.int64).sum(axis=(2, 4))
        return clamp8(total // (size * size))

    return pool


def _pick(line: int, column: int, step: int) -> Pool:
    return lambda image, rounding: _tiles(image, step)[:, :, line, :, column]


def _mean_sliding(image: Bytes, rounding: str) -> Bytes:
    """2x2 at stride 1; past the edge v02 repeats the last pixel, v01 divides by the pixels that exist."""
    wide = np.pad(image.astype(np.int64), ((0, 0), (0, 1), (0, 1)), mode="edge" if rounding == V02 else "constant")
    total = wide[:, :-1, :-1] + wide[:, 1:, :-1] + wide[:, :-1, 1:] + wide[:, 1:, 1:]
    taps = np.full(image.shape[1:], 4, np.int64)
    if rounding == V01:
        taps[-1, :] //= 2
        taps[:, -1] //= 2
    return (total // taps).astype(np.uint8)


def _max_sliding(image: Bytes, rounding: str) -> Bytes:
    """2x2 at stride 1; pixels past the edge do not count."""
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
