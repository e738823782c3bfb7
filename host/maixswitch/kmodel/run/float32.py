"""float32 arithmetic that gives the same results on numpy arrays and, value by value, in compiled loops.

The functions here are written for arrays. After ``teach``, code that numba compiles may call them too: it gets the
overloads at the end of this file. For ``fma`` that is the processor's instruction, or the C library's fmaf on a
processor without one.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

import numpy as np

from maixswitch.kmodel.format.arrays import Array, Doubles, Floats, Ints

from .native.jit import COMPILED

Function = TypeVar("Function", bound=Callable[..., Any])
LOW_BITS = (1 << 29) - 1
"""The bits of a float64 that a float32 does not have."""
TIE = 1 << 28
SMALL = 2.0**-125
"""Below this size a float32 holds fewer bits, so that a tie looks different."""
COARSE = 2.0**-50
"""Products of float32 of at least this size, and their sums, are multiples of the smallest float32."""


def fma(a: Any, b: Any, c: Any, coarse: bool = False) -> Any:
    """a * b + c of float32 with one rounding; arrays are broadcast, and the result is float32.

    coarse: True where ``all_coarse`` holds for the operands.
    """
    # The product is exact in float64. The sum is rounded to float64 and then to float32; two roundings give a wrong
    # result only where the first one ends half way between two float32. Those sums are computed again.
    product = np.multiply(a, b, dtype=np.float64)  # exact
    total = np.asarray(product + c)
    result: Floats = total.astype(np.float32)
    # Computing all sums again would take several times as long, and only a few are doubtful.
    wrong = _suspicious(total, coarse)
    if wrong.any():
        # The operands are broadcast first, so that the mask selects the same elements of both.
        both = np.broadcast_arrays(product, np.asarray(c, np.float64))
        result[wrong] = _to_odd(*(part[wrong] for part in both))
    return result[()]


def all_coarse(*arrays: Array) -> bool:
    """True if every value is 0 or at least COARSE: then no sum of their products is a subnormal float32."""
    return not any(np.any((np.abs(values) < COARSE) & (values != 0)) for values in arrays)


def _suspicious(total: Doubles, coarse: bool = False) -> Array:
    """Marks the float64 sums that may round wrongly to float32."""
    # A tie of float32 shows in the last 29 bits of the float64: exactly the first of them is set.
    wrong: Array = (total.view(np.int64) & LOW_BITS) == TIE
    if not coarse:
        # A subnormal float32 has fewer bits, so its ties look different. As such values are rare, all are marked.
        wrong |= (np.abs(total) < SMALL) & (total != 0)
    return wrong


def _addition_error(product: Doubles, c: Doubles, total: Doubles) -> Doubles:
    """The exact error of ``total``, the float64 sum of ``product`` and ``c`` (Knuth's two-sum)."""
    back = total - product
    error: Doubles = (product - (total - back)) + (c - back)
    return error


def _to_odd(product: Doubles, c: Doubles) -> Floats:
    """The exact sum as float32. The float64 between is rounded to odd, so that the second rounding is right."""
    total = product + c
    error, bits = _addition_error(product, c, total), total.view(np.int64)
    # A sum that is rounded to odd keeps a trace of the lost bits, so the second rounding cannot see a false tie.
    step = np.where((error > 0) == (total > 0), 1, -1)
    # An exact or infinite sum needs no step, and an odd one has its trace already.
    inexact = (error != 0) & np.isfinite(error) & (bits & 1 == 0)
    return (bits + np.where(inexact, step, 0)).view(np.float64).astype(np.float32)


def fold(start: Floats | np.float32, a: Array, b: Array) -> Floats:
    """Repeated fma: ``start`` (...) + a[0] * b[0] + a[1] * b[1] and so on; a and b (n, ...) are broadcast.

    All sums are first computed in float64. If one of them may have been rounded wrongly, all are computed again by fma.
    """
    # numpy rounds each float64 sum to float32 as it is stored, which is right for almost all of them.
    products = np.multiply(a, b, dtype=np.float64)
    sums = np.empty((len(products) + 1, *products.shape[1:]), np.float32)
    sums[0] = start
    for index, product in enumerate(products):
        np.add(product, sums[index], out=sums[index + 1, ...])
    totals = products + sums[:-1]
    wrong = _suspicious(totals)
    # A suspicious total is only wrong if it was rounded itself. An exact tie is rounded correctly by numpy.
    if _addition_error(products[wrong], sums[:-1][wrong].astype(np.float64), totals[wrong]).any():
        for index, (left, right) in enumerate(zip(a, b, strict=True)):
            sums[index + 1] = fma(left, right, sums[index])
    result: Floats = sums[-1]
    return result


def choose(condition: Any, yes: Any, no: Any) -> Any:
    """np.where."""
    return np.where(condition, yes, no)


def word_of(values: Any) -> Ints:
    """The bits of float32 as int32."""
    return np.asarray(values, np.float32).view(np.int32)


def float_of(words: Any) -> Floats:
    """The float32 of such bits."""
    return np.asarray(words).astype(np.int32).view(np.float32)


def to_int32(values: Any) -> Ints:
    """float32 to int32, toward zero."""
    return np.asarray(values).astype(np.int32)


def real(values: Any) -> Floats:
    """Whole numbers to float32."""
    return np.asarray(values).astype(np.float32)


_COMPILABLE: list[Callable[..., Any]] = []


def compilable(function: Function) -> Function:
    """The function itself, which code that numba compiles may then call too."""
    _COMPILABLE.append(function)
    return function


@cache
def teach() -> None:
    """Gives numba versions of these functions for single values; call it before compiling a function that uses them."""
    # Without numba, the functions only run on arrays.
    if not COMPILED:
        return
    extending = importlib.import_module("numba.extending")
    float32 = importlib.import_module("numba").types.float32

    # numba has no name for the instruction, so the code is written for its compiler, LLVM.
    @extending.intrinsic  # type: ignore[untyped-decorator]
    def fused(_context: Any, _a: Any, _b: Any, _c: Any) -> Any:
        def code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            return builder.fma(*arguments)

        return float32(float32, float32, float32), code

    # A loop works on single values, where a choice is a branch and a cast is a cast.
    singles = {
        fma: lambda _a, _b, _c: lambda a, b, c: fused(a, b, c),
        choose: lambda _condition, _yes, _no: lambda condition, yes, no: yes if condition else no,
        word_of: lambda _values: lambda values: np.float32(values).view(np.int32),
        float_of: lambda _words: lambda words: np.int32(words).view(np.float32),
        to_int32: lambda _values: lambda values: np.int32(values),
        real: lambda _values: lambda values: np.float32(values),
    }
    for function, single in singles.items():
        extending.overload(function, strict=False)(single)
    # These functions call only functions that numba knows by now, so they compile as they are.
    for shared in _COMPILABLE:
        extending.register_jitable(shared)
