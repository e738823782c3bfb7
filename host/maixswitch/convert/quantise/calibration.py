"""What the float network says about its tensors over the calibration images."""

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
"""Numbers kept of all tensors of the images that the quantised network is tried on (240 MB)."""
FEW = 4
"""Images on which sums before a curve are looked at; they give millions of values."""


class Calibration:
    """What occurred in the float network.

    makers: by tensor, the node that makes it.
    seen: range and sample of every tensor.
    kept: the float tensors of the first ``tried`` images.
    """

    def __init__(self, graph: Graph, images: NDArray[np.float32], tried: int) -> None:
        """Runs the graph on all images. MaixSwitchError where a tensor is infinite or not a number.

        images: the graph's input, float32 (n, c, h, w) or (n, numbers).
        tried: at most so many images are kept.
        """
        self.makers = {node.output: node for node in graph.nodes}
        # All tensors of an image are kept at once, so large networks are tried on fewer images.
        per_image = sum(int(np.prod(shape)) for shape in graph.shapes.values())
        self.tried = max(1, min(tried, len(images), MOST_KEPT // max(per_image, 1)))
        self.statistics = {name: TensorStatistics() for name in (graph.input, *self.makers)}
        parts: dict[str, list[Values]] = {name: [] for name in self.statistics}
        # A few images at a time bound the memory, whatever the number of pictures.
        for start in range(0, len(images), CHUNK):
            chunk = evaluate(graph, images[start : start + CHUNK])
            for name, statistics in self.statistics.items():
                # A range of infinity would make all other levels 0. The tensor is named, as the cause lies before it.
                if not np.isfinite(chunk[name]).all():
                    raise MaixSwitchError(
                        tr(
                            "{tensor}: the float network's own numbers are not finite there; check its weights, "
                            "and how its pixels are scaled",
                            tensor=name,
                        )
                    )
                for image in chunk[name]:
                    statistics.add(image)
                # Only the first images are kept whole. The ranges need no more than the ends and a sample.
                if start < self.tried:
                    parts[name].append(chunk[name][: self.tried - start])
        self.tensors = {name: np.concatenate(values) for name, values in parts.items()}

    def first_tensors(self, names: Sequence[str]) -> list[Values]:
        """Returns tensors of a few images."""
        return [self.tensors[name][:FEW] for name in names]

    def largest_input(self, name: str) -> float:
        """Returns the largest distance from 0 in what the maker of a tensor reads first."""
        return self.statistics[self.makers[name].inputs[0]].largest
