"""Decorators for loops that numba compiles. Without numba, the loops stay ordinary Python, which is far too slow."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

from maixswitch.console import bars, say
from maixswitch.files import cache_folder
from maixswitch.language import tr

Loop = TypeVar("Loop", bound=Callable[..., Any])
COMPILED = find_spec("numba") is not None
"""True if numba is installed."""


def jit(function: Loop) -> Loop:
    """The function as machine code, kept on disk if possible. Float operations are not fused or reordered."""
    # Without numba, the caller has to choose another backend. The function still works, so tests can call it.
    if not COMPILED:
        return function
    return _kept(importlib.import_module("numba").njit(function, error_model="numpy", nogil=True), function)


@cache
def _stamp() -> str:
    """A digest of all code that may end up in a compiled function."""
    # numba itself looks at the function's own file only, although it compiles functions of other files into it.
    files = [*Path(__file__).parent.glob("*.py"), Path(__file__).parents[1] / "float32.py"]
    return sha256(b"".join(path.read_bytes() for path in sorted(files))).hexdigest()


@cache
def _folder() -> str | None:
    """Where machine code is kept: beside the package, so once for an installation, or else in the user's folder."""
    mine = cache_folder()
    for folder in (Path(__file__).parent / "__pycache__", mine and mine / f"loops-{_stamp()[:16]}"):
        with suppress(OSError):
            if folder:
                folder.mkdir(parents=True, exist_ok=True)
                if os.access(folder, os.W_OK):
                    return str(folder)
    return None


class _Place:
    """What numba asks about a function's file in the cache."""

    @classmethod
    def from_function(cls, _function: Any, _path: str) -> _Place | None:
        return cls() if _folder() else None

    def ensure_cache_path(self) -> None: ...

    def get_cache_path(self) -> str | None:
        return _folder()

    def get_source_stamp(self) -> str:
        return _stamp()

    def get_disambiguator(self) -> None: ...


@cache
def _announce() -> None:
    """Says once that functions are compiled, to a person who waits for it."""
    if bars():
        say(tr("compiling the emulator's loops for this PC; the next start will find them ready"))


def _kept(compiled: Any, function: Loop) -> Loop:
    """Gives a compiled function its place on disk."""
    caching = importlib.import_module("numba.core.caching")

    class Implementation(caching.CompileResultCacheImpl):  # type: ignore[misc, name-defined]
        _locator_classes = (_Place,)

    class Cache(caching.FunctionCache):  # type: ignore[misc, name-defined]
        _impl_class = Implementation

        def load_overload(self, signature: Any, target: Any) -> Any:
            found = super().load_overload(signature, target)
            if found is None:
                _announce()
            return found

    with suppress(RuntimeError):  # no folder that can be written
        compiled._cache = Cache(function)
    result: Loop = compiled
    return result


def elementwise(function: Loop, inputs: int) -> Loop:
    """The function of single float32 as machine code that works on whole arrays. ImportError without numba."""
    signature = f"f4({','.join(['f4'] * inputs)})"
    return _cached(partial(importlib.import_module("numba").vectorize, [signature]), function)


def _cached(compiler: Callable[..., Callable[[Loop], Loop]], function: Loop) -> Loop:
    try:
        return compiler(cache=True)(function)
    except RuntimeError:  # no folder for the cache: neither beside the package nor in the user's home
        return compiler()(function)
