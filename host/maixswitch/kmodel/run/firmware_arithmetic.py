"""The float32 arithmetic of MaixPy's and CanMV's firmware, where it differs from the vendor's open sources.

Source: unmodified firmware images on an emulated K210, MaixPy v0.6.2-72 (kmodel v3 and v4) and CanMV lite 1.0.7 (v3).
Their compiler turned a multiplication and the addition behind it into one instruction with one rounding. So the
results of a model differ in the last bits, and at a quantize layer sometimes by one step.
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
from .native.jit import elementwise

ZERO, TOP = np.float32(0), np.float32(255)
GROUP = 8
"""MaixPy's dense layer takes this many inputs at a time if their number is a multiple of it."""
PLAIN_CALLS, FEW = 100, 1024
"""So many calls for at most so many values run in numpy, before the function is compiled."""


def limited8(values: Floats) -> Floats:
    """Cuts values to 0..255; what is not a number becomes 255."""
    # For a NaN, fmin and fmax return the other argument, so the inner call decides which limit a NaN becomes.
    result: Floats = np.fmax(np.fmin(values, TOP), ZERO)
    return result


def _late(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function for arrays, as machine code where that saves time; the results are the same."""
    calls = 0

    def run(*arrays: Any) -> Any:
        nonlocal calls
        calls += 1
        # Loading machine code takes as long as hundreds of calls for few values, and most models need no more.
        if calls <= PLAIN_CALLS and all(np.size(array) <= FEW for array in arrays):
            return function(*arrays)
        return machine_code(function, len(arrays))(*arrays)

    return run


@cache
def machine_code(function: Callable[..., Any], inputs: int) -> Callable[..., Any]:
    """The function of ``inputs`` arrays as machine code. ImportError without numba."""
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
        # Compiled loops save most of the time here, as numpy needs a pass over the values for each operation.
        self.functions |= {name: _late(function) if compiled else function for name, function in functions.items()}
        self._fma = _late(fma_of) if compiled else fma

    def unary(self, name: str, values: Floats) -> Floats:
        """A v4 unary node."""
        # The firmware flips the sign bit, also that of a NaN; numpy's own negation may change a NaN's payload.
        if name == "neg":
            return (values.view(np.uint32) ^ np.uint32(1 << 31)).view(np.float32)
        return super().unary(name, values)

    def multiply_add(self, a: Any, b: Any, c: Any) -> Any:
        """a * b + c with one rounding."""
        return self._fma(a, b, c)

    def stepper(self, *arrays: Array) -> MultiplyAdd:
        """``multiply_add`` for many steps; it skips the search for tiny results where these arrays cannot give any."""
        return self._fma if self.compiled else partial(fma, coarse=all_coarse(*arrays))

    def accumulate(self, start: Floats | np.float32, a: Array, b: Array) -> Floats:
        """Adds the products of the rows of a and b to ``start``, each with one rounding."""
        return fold(start, a, b)

    def share(self, values: Floats, divisor: Any) -> Floats:
        """The division of a v3 global average pool and softmax: MaixPy's library multiplies by the reciprocal."""
        # A reciprocal and a multiplication round twice where a division rounds once, so the last digits differ.
        result: Floats = values * (ONE / divisor)
        return result

    def dense(self, weights: Floats, values: Floats) -> Floats:
        """Sums of a v3 dense layer without its bias: weights (out, n) by values (n,) to (out,)."""
        # If the inputs do not fill groups of eight, the library adds one product after another.
        start, factors = np.zeros(len(weights), np.float32), weights.T
        if values.size % GROUP:
            return fold(start, values[:, None], factors)
        # In a group, the library adds the products of the first two inputs. Then it adds that sum, and the other six
        # products one by one.
        x, w = values.reshape(-1, GROUP, 1), factors.reshape(-1, GROUP, len(weights))
        # ``fold`` adds products, so the sum of the pair is passed on as a product with 1.
        pairs = fma(x[:, 0], w[:, 0], x[:, 1] * w[:, 1])
        terms = np.concatenate([pairs[:, None], w[:, 2:]], 1).reshape(-1, len(weights))
        times = np.concatenate([np.ones_like(x[:, :1]), x[:, 2:]], 1).reshape(-1, 1)
        return fold(start, times, terms)

    def quantize_v3(self, values: Floats) -> Bytes:
        """The uint8 of a v3 quantize layer: the firmware's own roundf truncates (MaixPy's sipeed_math.c)."""
        return limited8(values).astype(np.uint8)

    def quantize_v4(self, values: Floats, scale: np.float32, zero: np.float32) -> Bytes:
        """The uint8 of a v4 quantize node.

        The compiler took two values at a time and rounds those halves to even. The last of an odd number of values goes
        through the firmware's own roundf, which truncates.
        """
        limited = limited8(self.multiply_add(values, scale, zero))
        # The firmware pairs the values of the whole layer, so this must not be called for pieces of odd length.
        even = values.size // 2 * 2
        np.rint(limited[:even], out=limited[:even])
        return limited.astype(np.uint8)

    def dequantize_v4(self, values: Bytes, scale: np.float32, zero: int) -> Floats:
        """The floats of a v4 dequantize node: the zero point became a second constant, -zero / scale."""
        inverse = ONE / scale
        return one_nan(fma(values.astype(np.float32), inverse, np.float32(-zero) * inverse))


def fma_of(a: Any, b: Any, c: Any) -> Any:
    """``fma`` for numba, which can call that function but cannot compile it as the function of a loop."""
    return fma(a, b, c)
