"""The decorator for loops that numba compiles; without numba they stay ordinary Python, right and far too slow."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, TypeVar

Loop = TypeVar("Loop", bound=Callable[..., Any])
COMPILED = find_spec("numba") is not None
"""Is numba there?"""


def jit(function: Loop) -> Loop:
    """The function as machine code, kept on disk where there is a place; no fused or reordered arithmetic on floats."""
    if not COMPILED:
        return function
    numba = importlib.import_module("numba")
    made: Loop
    try:
        made = numba.njit(cache=True, error_model="numpy", nogil=True)(function)
    except RuntimeError:  # nowhere to write: neither beside the package nor in the user's own folder
        made = numba.njit(error_model="numpy", nogil=True)(function)
    return made
