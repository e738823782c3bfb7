"""Ways to compute the layers of a model, which all give the same bytes. Other rooms only call ``backend``.

* "numpy" is the reference: each step of the KPU as one expression on 64-bit integers.
* "fast" is numpy too, about ten times as fast: float32 where it can be proven exact.
* "onnxruntime" needs that package. If numba is installed too, it also runs complete layers on the chip's memory,
  including those of the CPU, and is again several times as fast.
* "best" means the last of these that can run here.

``interface`` is what the emulator expects of a backend. ``prepare`` and ``curve`` prove which fast form of a KPU layer
is exact; ``fast_backend`` and ``onnx_backend`` compute its sums, and ``finish`` turns sums into bytes. The room
``native`` holds the compiled layers.
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
"""Backend -> the package that it needs."""


def available(name: str) -> bool:
    """True if the package that the backend needs is installed."""
    return name not in NEEDS or find_spec(NEEDS[name]) is not None


def best() -> str:
    """The fastest backend that can run here."""
    return [name for name in BACKENDS if available(name)][-1]


def backend(name: str) -> Backend:
    """A new backend.

    name: a key of BACKENDS, or BEST for the fastest one that can run here.
    Raises MaixSwitchError (usage) for an unknown name, and where a package is missing.
    """
    # The best backend depends on the packages of this PC, so it is chosen at run time.
    if name == BEST:
        name = best()
    if name not in BACKENDS:
        raise MaixSwitchError(
            tr("no backend {name!r}; there are {best}, {names}", name=name, best=BEST, names=", ".join(BACKENDS)),
            EXIT_USAGE,
        )
    # The message names the extra to install, which brings numba as well.
    if not available(name):
        raise MaixSwitchError(tr('the backend {name!r} needs: pip install "maixswitch[fast]"', name=name), EXIT_USAGE)
    return BACKENDS[name]()
