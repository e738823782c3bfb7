"""Measures the tensors of the float network on the calibration images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from maixswitch.convert.graph.float_math import Values
from maixswitch.convert.graph.graph import Graph, evaluate
from maixswitch.errors import MaixSwitchError
from maixswitch.language import tr

from .ranges import TensorStatistics

CHUNK = 4
"""Images that the float network runs at a time."""
MOST_KEPT = 60_000_000
"""The most numbers to keep of the tensors of the images on which the quantised network is tried (240 MB)."""
FEW = 4
"""Images on which the sums before a curve are measured; they give millions of values."""


class Calibration:
    """The values of the float network.

    makers: for each tensor, the node that makes it.
    statistics: range and sample of every tensor.
    tensors: the float tensors of the first ``tried`` images.
    """

    def __init__(self, graph: Graph, images: NDArray[np.float32], tried: int) -> None:
        """Runs the graph on all images. MaixSwitchError if a tensor has a value that is infinite or NaN.

        images: the graph's input, float32 (n, c, h, w) or (n, numbers).
        tried: the largest number of images whose tensors are kept.
        """
        self.makers = {node.output: node for node in graph.nodes}
        # All tensors of these images are in memory at the same time, so large networks keep fewer images.
        per_image = sum(int(np.prod(shape)) for shape in graph.shapes.values())
        self.tried = max(1, min(tried, len(images), MOST_KEPT // max(per_image, 1)))
        self.statistics = {name: TensorStatistics() for name in (graph.input, *self.makers)}
        parts: dict[str, list[Values]] = {name: [] for name in self.statistics}
        # A few images at a time bound the memory, whatever the number of pictures.
        for start in range(0, len(images), CHUNK):
            chunk = evaluate(graph, images[start : start + CHUNK])
            for name, statistics in self.statistics.items():
                for image in chunk[name]:
                    statistics.add(image)
                # An infinite range would make all other levels 0. The message names the tensor, because the cause is
                # a node before it. A NaN is the least and the largest value wherever it is among the others.
                if not np.isfinite((statistics.lows[-CHUNK:], statistics.highs[-CHUNK:])).all():
                    raise MaixSwitchError(
                        tr(
                            "{tensor}: the float network's own numbers are not finite there; check its weights, "
                            "and how its pixels are scaled",
                            tensor=name,
                        )
                    )
                # All values are kept for the first images only. The ranges only need the ends and a sample.
                if start < self.tried:
                    parts[name].append(chunk[name][: self.tried - start])
        self.tensors = {name: np.concatenate(values) for name, values in parts.items()}

    def first_tensors(self, names: Sequence[str]) -> list[Values]:
        """Returns tensors of a few images."""
        return [self.tensors[name][:FEW] for name in names]

    def largest_input(self, name: str) -> float:
        """Returns the largest distance from 0 in the first input of the node that makes a tensor."""
        return self.statistics[self.makers[name].inputs[0]].largest
