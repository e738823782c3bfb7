"""The float network, as the file holds it that was converted."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maixswitch.convert.read.onnx_reader import read
from maixswitch.convert.report.emulate import reordered
from maixswitch.convert.report.float_net import FloatNet
from maixswitch.convert.report.pixel_formulas import formula_of
from maixswitch.errors import MaixSwitchError
from maixswitch.evaluate.job import FloatFile
from maixswitch.language import tr


class FloatView:
    """Runs the float network on the pixels that the kmodel gets."""

    def __init__(self, file: FloatFile) -> None:
        """Raise MaixSwitchError if the converter cannot read the file."""
        with tempfile.TemporaryDirectory(prefix="maixswitch-evaluate-") as folder:
            path = Path(folder, Path(file.name).name)
            path.write_bytes(file.data)
            graph = read(path, file.scale, file.mean, file.std)
            self._network = FloatNet(path)
        self._orders = graph.orders
        self._formula = formula_of(graph.pixels)
        self._names = [name for name in graph.outputs if name in self._network.names]
        if len(self._names) < len(graph.outputs):
            raise MaixSwitchError(tr("{path}: its outputs cannot be compared with those of a kmodel", path=file.name))

    def run(self, planes: NDArray[np.uint8]) -> Sequence[NDArray[Any]]:
        """Return the outputs as flat float32 arrays, channels first. planes: uint8 (c, h, w)."""
        tensors = {
            name: values[0] for name, values in self._network.run(self._formula.units(planes), self._names).items()
        }
        ordered = reordered(tensors, self._orders)
        return [ordered[name].reshape(-1) for name in self._names]
