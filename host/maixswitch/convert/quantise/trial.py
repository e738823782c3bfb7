"""The quantised network on a few calibration images, while it is being made."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from maixswitch.convert import plain
from maixswitch.convert.lower.layers import KpuConv, Quantised, Step
from maixswitch.convert.ops import conv as convolutions
from maixswitch.kmodel.write.quantize import Scale

Values = NDArray[Any]


class Trial:
    """Tensors are computed when they are asked for."""

    def __init__(
        self, shapes: dict[str, tuple[int, ...]], scales: dict[str, Scale], given: str, images: Values
    ) -> None:
        """``shapes`` and ``scales`` grow with the network; ``given``: its input, ``images`` (n, ...)."""
        self._steps: dict[str, Step] = {}
        self._net = Quantised((), shapes, scales, given, ())
        self._known = {given: images}

    def add(self, step: Step) -> None:
        """The next step of the network."""
        self._steps[step.output] = step

    def values(self, name: str) -> Values:
        """The tensor of all images (n, ...)."""
        if name not in self._known:
            step = self._steps[name]
            given = [self.values(source) for source in step.inputs]
            if isinstance(step, KpuConv):
                self._known[name] = convolutions.run(step, given[0])
            else:
                made = [plain.run_step(step, parts, self._net) for parts in zip(*given, strict=True)]
                self._known[name] = np.stack(made)
        return self._known[name]
