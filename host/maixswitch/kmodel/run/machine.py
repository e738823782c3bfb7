"""Runs the layers of a program on the emulated chip, one after another."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from maixswitch.kmodel.format.program import Layer, Program

from .backends.interface import Backend, Binding, Step
from .chip import Chip
from .runners import runner_of
from .runtimes import Runtime


class Machine(Chip):
    """A chip with one program. The first run of a layer decides how it runs, and the decision is kept."""

    def __init__(self, program: Program, backend: Backend, rounding: str, runtime: Runtime) -> None:
        super().__init__(program, backend, rounding, runtime)
        self._calls: list[Step] = []

    def run(self) -> None:
        """Runs all layers."""
        # Overflows and divisions by zero give the results of the FPU, so numpy must not warn about them.
        with np.errstate(all="ignore"):
            for call in self._calls:
                call()
            # In the first run, or after one that an error ended, some layers have no call yet.
            for index in range(len(self._calls), len(self.program.layers)):
                self._run(index)

    def steps(self) -> Iterator[Layer]:
        """Runs the layers in order and yields each one when it is done."""
        for index, layer in enumerate(self.program.layers):
            with np.errstate(all="ignore"):
                self._run(index)
            yield layer

    def _run(self, index: int) -> None:
        """Runs one layer. The first run looks up everything that later runs need."""
        if index < len(self._calls):
            return self._calls[index]()
        layer = self.program.layers[index]
        runner = runner_of(self.program.version, layer.type)
        # A backend that works on the chip's memory is asked first. The runner of the table can run every layer.
        call: Step | None = None
        if isinstance(self.backend, Binding) and self.binds:
            call = self.backend.bind_layer(layer, runner, self)
        self._calls.append(call or partial(runner, layer.spec, self))
        self._calls[index]()
