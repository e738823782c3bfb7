"""Turns the sums of a layer into its bytes: factor, offset, activation curve, and the pools after it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from maixswitch.kmodel.format.arrays import Array, Bytes, Doubles

from .numpy_backend import pooled
from .prepare import Prepared
from .scratch import Scratch

Finish = Callable[[Array], Bytes]
"""Sums (out, h, w) to uint8; the result must be used before the next call."""
CACHE = 1 << 18
"""Bytes of float64 that are computed at a time, so that they stay in a core's own cache."""
SHORT_ROW = 100
"""Below this many pixels the numbers of a channel are repeated for each pixel, because numpy is slow on short rows."""


Apply = Callable[[Doubles, Bytes], None]
"""Writes the results of values to bytes, as ``curve.Form.apply`` does."""


def finished(layer: Prepared, rounding: str, scratch: Scratch, apply: Apply) -> Finish:
    """One pass per step, on pieces that fit into the cache. apply: the curve, ``layer.curve.form``."""
    out, height, width = layer.summed
    pixels, pool = height * width, layer.pool
    result = scratch.room("result", (out, pixels), np.uint8)
    image = result.reshape(out, height, width)
    # A piece is a part of a channel where maps are large, and several channels where they are small.
    stretch = min(pixels, CACHE // 8)
    channels = max(1, min(out, CACHE // 8 // stretch))
    room = scratch.room("values", (channels, stretch), np.float64)
    factor, offset = layer.factor, layer.offset - layer.curve.form.origin
    # The form's origin is subtracted here, together with the offset.
    if pixels < SHORT_ROW:
        factor, offset = np.repeat(factor, pixels, axis=1), np.repeat(offset, pixels, axis=1)

    def run(sums: Array) -> Bytes:
        flat = sums.reshape(out, pixels)
        for first in range(0, out, channels):
            rows = slice(first, min(first + channels, out))
            for begin in range(0, pixels, stretch):
                part = slice(begin, min(begin + stretch, pixels))
                values = room[: rows.stop - first, : part.stop - begin]
                np.copyto(values, flat[rows, part])
                np.multiply(values, factor[rows], out=values)
                np.add(values, offset[rows], out=values)
                apply(values, result[rows, part])
        return pooled(image, pool, rounding) if pool else image

    return run
