"""The float32 arithmetic of the layers that the CPU runs, as the vendor's open sources have it when built on a PC.

A runtime (``runtimes``) names the arithmetic that its layers use: this one, or a class derived from it that says only
what differs.
"""

from __future__ import annotations

import numpy as np

from .arrays import Array, Bytes, Floats, ordered_sum

HALF = np.float32(0.5)
ZERO = np.float32(0)


def rounded8(values: Floats) -> Bytes:
    """clamp8 of C's roundf: halves away from zero, which for results above 0 means up; not-a-number becomes 0."""
    whole = np.floor(values)
    whole += values - whole >= HALF
    np.clip(whole, 0, 255, out=whole)
    np.copyto(whole, 0, where=np.isnan(whole))
    return whole.astype(np.uint8)


class SdkArithmetic:
    """Every operation rounds by itself. Sources: SDK kpu.c (v3), nncase 0.2 neutral_kernels.h (v4)."""

    def quantized(self, values: Floats) -> Bytes:
        """The uint8 of a v3 quantize layer from values that are scaled already."""
        return rounded8(values)

    def dense(self, weights: Floats, values: Floats) -> Floats:
        """Sums of a v3 dense layer without its bias: weights (out, n) by values (n,) -> (out,)."""
        if not values.size:
            return np.zeros(len(weights), np.float32)
        terms: Array = weights.T * values[:, None]
        return ordered_sum(terms, 0)
