"""The float32 arithmetic of the CPU's layers, as the vendor's open sources compute it when they are built on a PC.

A runtime (``runtimes``) names the arithmetic that its layers use: this class, or one derived from it that overrides
only what differs. Arrays are float32 unless the text says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from maixswitch.kmodel.format.arrays import Array, Bytes, Floats, one_nan, ordered_sum

ONE = np.float32(1)
HALF = np.float32(0.5)
Function = Callable[[Any], Any]
MultiplyAdd = Callable[[Any, Any, Any], Any]


def rounded8(values: Floats) -> Bytes:
    """C's roundf, cut to 0..255. Halves are rounded away from zero, that is up for results above 0; NaN becomes 0."""
    # C rounds halves away from zero, and numpy to even. Below 0 the difference is cut off in any case.
    rounded = np.floor(values)
    rounded += values - rounded >= HALF
    np.clip(rounded, 0, 255, out=rounded)
    np.copyto(rounded, 0, where=np.isnan(rounded))
    return rounded.astype(np.uint8)


class SdkArithmetic:
    """The arithmetic of the vendor's sources: every operation rounds by itself.

    fused: True if a multiplication and the addition after it round once.
    functions: the functions of one argument that v4 nodes name; softmax and logistic use exp.
    greater: C's fmaxf, or the function that the source uses instead.
    Sources: SDK kpu.c (v3), nncase 0.2 neutral_kernels.h (v4).
    """

    fused = False
    greater: np.ufunc = np.maximum

    def __init__(self, compiled: bool = False) -> None:
        """compiled: True allows compiled loops, which give the same results."""
        self.functions: dict[str, Function] = {
            "abs": np.abs,
            "ceil": np.ceil,
            "cos": np.cos,
            "exp": np.exp,
            "floor": np.floor,
            "log": np.log,
            "neg": np.negative,
            "rsqrt": lambda x: ONE / np.sqrt(x),
            "sin": np.sin,
            "square": np.square,
        }

    def unary(self, name: str, values: Floats) -> Floats:
        """A v4 unary node."""
        return one_nan(self.functions[name](values))

    def multiply_add(self, a: Any, b: Any, c: Any) -> Any:
        """a * b + c, broadcast."""
        return a * b + c

    def stepper(self, *arrays: Array) -> MultiplyAdd:
        """``multiply_add`` for many steps, all of them on values of these arrays and on their sums."""
        return self.multiply_add

    def accumulate(self, start: Floats | np.float32, a: Array, b: Array) -> Floats:
        """``start`` (...) + a[0] * b[0] + a[1] * b[1] and so on, one after another; a and b (n, ...) are broadcast."""
        terms: Array = a * b
        # numpy would add pairs first, which gives other last digits than a loop in C.
        return ordered_sum(np.concatenate([np.broadcast_to(start, terms.shape[1:])[None], terms]), 0)

    def share(self, values: Floats, divisor: Any) -> Floats:
        """The division of a v3 global average pool and softmax."""
        result: Floats = values / divisor
        return result

    def dense(self, weights: Floats, values: Floats) -> Floats:
        """Sums of a v3 dense layer without its bias: weights (out, n) by values (n,) -> (out,)."""
        # A layer without inputs has no terms, and ``ordered_sum`` needs at least one.
        if not values.size:
            return np.zeros(len(weights), np.float32)
        terms: Array = weights.T * values[:, None]
        return ordered_sum(terms, 0)

    def quantize_v3(self, values: Floats) -> Bytes:
        """The uint8 of a v3 quantize layer; ``values`` are already scaled."""
        return rounded8(values)

    def quantize_v4(self, values: Floats, scale: np.float32, zero: np.float32) -> Bytes:
        """The uint8 of a v4 quantize node; nncase 0.2 rounds halves away from zero on a PC."""
        return rounded8(values * scale + zero)

    def dequantize_v4(self, values: Bytes, scale: np.float32, zero: int) -> Floats:
        """The floats of a v4 dequantize node; nncase 0.2 multiplies by the reciprocal on a PC."""
        levels = values.astype(np.int64) - zero
        return one_nan(levels.astype(np.float32) * (ONE / scale))
