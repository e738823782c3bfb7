"""The float32 arithmetic of MaixPy's and CanMV's firmware, where it differs from the vendor's open sources.

Seen on unmodified firmware images that ran on an emulated K210: MaixPy v0.6.2-72 (v3 and v4), CanMV lite 1.0.7 (v3).
Their compiler fuses multiplications with additions.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np

from maixswitch.kmodel.format.arrays import Array, Bytes, Floats, one_nan

from . import newlib
from .cpu_arithmetic import ONE, MultiplyAdd, SdkArithmetic
from .float32 import all_coarse, fma, fold, teach
from .jit import elementwise

ZERO, TOP = np.float32(0), np.float32(255)
GROUP = 8
"""Inputs that MaixPy's dense layer takes at a time where their number is a multiple of it."""


def limited8(values: Floats) -> Floats:
    """Cut to 0..255; not-a-number becomes 255."""
    result: Floats = np.fmax(np.fmin(values, TOP), ZERO)
    return result


def _late(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function on arrays as machine code, made when it is first called: most models need few of them."""
    return lambda *arrays: _machine_code(function, len(arrays))(*arrays)


@cache
def _machine_code(function: Callable[..., Any], inputs: int) -> Callable[..., Any]:
    teach()
    return elementwise(function, inputs)


class FirmwareArithmetic(SdkArithmetic):
    """What the firmware's own machine code computes."""

    fused = True
    greater = np.fmax

    def __init__(self, compiled: bool = False) -> None:
        super().__init__(compiled)
        self.compiled = compiled
        functions = {"exp": newlib.exp, "log": newlib.log, "sin": newlib.sin, "cos": newlib.cos}
        self.functions |= {name: _late(function) if compiled else function for name, function in functions.items()}
        self._fma = _late(fma_of) if compiled else fma

    def unary(self, name: str, values: Floats) -> Floats:
        """A negation flips the sign bit, of not-a-number too."""
        if name == "neg":
            return (values.view(np.uint32) ^ np.uint32(1 << 31)).view(np.float32)
        return super().unary(name, values)

    def multiply_add(self, a: Any, b: Any, c: Any) -> Any:
        """One rounding."""
        return self._fma(a, b, c)

    def stepper(self, *arrays: Array) -> MultiplyAdd:
        """Without a look at small numbers where none can come up."""
        return self._fma if self.compiled else partial(fma, coarse=all_coarse(*arrays))

    def accumulate(self, start: Floats | np.float32, a: Array, b: Array) -> Floats:
        """One rounding for each term."""
        return fold(start, a, b)

    def share(self, values: Floats, divisor: Any) -> Floats:
        """MaixPy's library multiplies by the reciprocal."""
        result: Floats = values * (ONE / divisor)
        return result

    def dense(self, weights: Floats, values: Floats) -> Floats:
        """Of each group of eight inputs the first two are summed first; other numbers go one by one."""
        start, factors = np.zeros(len(weights), np.float32), weights.T
        if values.size % GROUP:
            return fold(start, values[:, None], factors)
        x, w = values.reshape(-1, GROUP, 1), factors.reshape(-1, GROUP, len(weights))
        # The pair is one addition, so it goes the way of the products, times 1.
        pairs = fma(x[:, 0], w[:, 0], x[:, 1] * w[:, 1])
        terms = np.concatenate([pairs[:, None], w[:, 2:]], 1).reshape(-1, len(weights))
        times = np.concatenate([np.ones_like(x[:, :1]), x[:, 2:]], 1).reshape(-1, 1)
        return fold(start, times, terms)

    def quantize_v3(self, values: Floats) -> Bytes:
        """The firmware has its own roundf, which cuts toward zero (MaixPy's sipeed_math.c)."""
        return limited8(values).astype(np.uint8)

    def quantize_v4(self, values: Floats, scale: np.float32, zero: np.float32) -> Bytes:
        """Pairs round half to even; the last of an odd number meets the firmware's roundf, which cuts."""
        limited = limited8(self.multiply_add(values, scale, zero))
        even = values.size // 2 * 2
        np.rint(limited[:even], out=limited[:even])
        return limited.astype(np.uint8)

    def dequantize_v4(self, values: Bytes, scale: np.float32, zero: int) -> Floats:
        """The zero point is folded into a second constant."""
        inverse = ONE / scale
        return one_nan(fma(values.astype(np.float32), inverse, np.float32(-zero) * inverse))


def fma_of(a: Any, b: Any, c: Any) -> Any:
    """``fma``, for numba: of that function itself it knows only how to call it."""
    return fma(a, b, c)
