"""Decorators for loops that numba compiles. Without numba, the loops stay ordinary Python, which is far too slow."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any, TypeVar

Loop = TypeVar("Loop", bound=Callable[..., Any])
COMPILED = find_spec("numba") is not None
"""True if numba is installed."""


def jit(function: Loop) -> Loop:
    """The function as machine code, cached on disk if possible. Float operations are not fused or reordered."""
    # Without numba, the caller has to choose another backend. The function still works, so tests can call it.
    if not COMPILED:
        return function
    return _cached(partial(importlib.import_module("numba").njit, error_model="numpy", nogil=True), function)


def elementwise(function: Loop, inputs: int) -> Loop:
    """The function of single float32 as machine code that works on whole arrays. ImportError without numba."""
    signature = f"f4({','.join(['f4'] * inputs)})"
    return _cached(partial(importlib.import_module("numba").vectorize, [signature]), function)


def _cached(compiler: Callable[..., Callable[[Loop], Loop]], function: Loop) -> Loop:
    try:
        return compiler(cache=True)(function)
    except RuntimeError:  # no folder for the cache: neither beside the package nor in the user's home
        return compiler()(function)
