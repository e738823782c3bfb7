"""Ways to compute a KPU layer; all of them give the same bytes.

"numpy" is the reference, step by step on 64-bit integers. "fast" is numpy too, about ten times as fast. "onnxruntime"
needs that package, and is several times as fast again with numba beside it. "best" takes the last of them that can run.

A backend turns a layer into a kernel once; the kernel then maps uint8 (in, h, w) to uint8 (out, h', w').
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr

from .interface import Backend

BEST = "best"


def _numpy() -> Backend:
    from .numpy_backend import NumpyBackend

    return NumpyBackend()


def _fast() -> Backend:
    from .fast_backend import FastBackend

    return FastBackend()


def _onnxruntime() -> Backend:
    from .onnx_backend import OnnxBackend

    return OnnxBackend()


BACKENDS: dict[str, Callable[[], Backend]] = {
    "numpy": _numpy,
    "fast": _fast,
    "onnxruntime": _onnxruntime,
}
NEEDS = {"onnxruntime": "onnxruntime"}
"""The package that a backend cannot do without."""


def available(name: str) -> bool:
    """Is the package there that the backend needs?"""
    return name not in NEEDS or find_spec(NEEDS[name]) is not None


def best() -> str:
    """The fastest backend that can run here."""
    return [name for name in BACKENDS if available(name)][-1]


def backend(name: str) -> Backend:
    """The backend of that name; MaixSwitchError says which there are, or what to install."""
    if name == BEST:
        name = best()
    if name not in BACKENDS:
        raise MaixSwitchError(
            tr("no backend {name!r}; there are {best}, {names}", name=name, best=BEST, names=", ".join(BACKENDS)),
            EXIT_USAGE,
        )
    if not available(name):
        raise MaixSwitchError(tr('the backend {name!r} needs: pip install "maixswitch[fast]"', name=name), EXIT_USAGE)
    return BACKENDS[name]()
