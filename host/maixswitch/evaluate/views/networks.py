"""The engine behind the fake KPU: the emulator, which computes the answer to one picture once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from maixswitch.sim.emulator import Emulator, LoadedModel


class Remembered:
    """A loaded network that keeps its last input and outputs: two views of a picture often ask for the same."""

    def __init__(self, inner: LoadedModel) -> None:
        self._inner = inner
        self.planes: bytes = b""
        self.answers: list[NDArray[Any]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def run(self, planes: Any) -> list[NDArray[Any]]:
        """Return the outputs, flat arrays of uint8 or float32. planes: the bytes of the input, channels first."""
        data = bytes(planes)
        if data != self.planes:
            self.planes = b""  # a run that fails leaves nothing to remember
            self.answers = [np.array(output) for output in self._inner.run(data)]
            self.planes = data
        return self.answers


class Networks:
    """The engine in the form that the fakes expect (stubs/bench.py)."""

    needs_pixels = True

    def __init__(self, runtime: str) -> None:
        self._emulator = Emulator(runtime=runtime)
        self._loaded: dict[int, Remembered] = {}

    def load(self, data: Any) -> Remembered:
        """Return the network of a file. Raises KModelError for a file that cannot run."""
        inner = self._emulator.load(data)
        return self._loaded.setdefault(id(inner), Remembered(inner))
