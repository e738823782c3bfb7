"""The integer layers of a network before any picture is measured: right in every size, wrong in every number.

Lowered like the real ones, they tell what follows from shapes alone: limits of the chip, memory, size of the file.
"""

from __future__ import annotations

import numpy as np

from maixswitch.convert.graph.float_math import Shape, Values
from maixswitch.convert.graph.graph import Graph, is_map
from maixswitch.convert.lower.layers import Quantised

from .calibration import Calibration
from .quantiser import QuantiseOptions, Quantiser, border_pixel
from .ranges import TensorStatistics
from .scales import plan
from .trial import Trial

SIDE = 4
"""Pixels of the maps that stand for all sizes."""


class _Unmeasured(Calibration):
    """As if every tensor had values from -1 to 1, and a few images of zeros."""

    def __init__(self, graph: Graph) -> None:
        self.makers = {node.output: node for node in graph.nodes}
        self.tried = 1
        values = TensorStatistics.of(np.array([[-1.0, 1.0]]))
        names = (graph.input, *self.makers)
        self.statistics = dict.fromkeys(names, values)
        self.tensors = {name: np.zeros(_small(graph.shapes[name]), np.float32) for name in names}


class _Untried(Trial):
    """Returns zeros for every tensor."""

    def values(self, name: str) -> Values:
        return np.zeros(_small(self._shapes[name]), np.uint8)


def sketch(graph: Graph) -> Quantised:
    """Returns the layers of the graph with the shapes, memories and numbers of weights of the real ones."""
    calibration = _Unmeasured(graph)
    scales, methods = plan(graph, calibration, border_pixel(graph), "minmax")
    options = QuantiseOptions("minmax", 1)
    images = np.zeros(_small(graph.shapes[graph.input]), np.uint8)
    return Quantiser(graph, calibration, scales, methods, images, options, _Untried).result()


def _small(shape: Shape) -> Shape:
    return (1, shape[0], SIDE, SIDE) if is_map(shape) else (1, *shape)
