"""What the float network says about its tensors over the calibration images."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from maixswitch.convert.graph import float_math as float_ops
from maixswitch.convert.graph import node as ir
from maixswitch.errors import MaixSwitchError
from maixswitch.language import tr

from .ranges import Seen

Values = NDArray[Any]
CHUNK = 4
"""Images that the float network runs at a time."""
MOST_KEPT = 60_000_000
"""Numbers kept of all tensors of the images that the quantised network is tried on (240 MB)."""
FEW = 4
"""Images on which sums before a curve are looked at; they give millions of values."""


class Calibration:
    """``seen``: range and sample of every tensor; ``kept``: the float tensors of the first ``tried`` images."""

    def __init__(self, graph: ir.Graph, images: NDArray[np.float32], tried: int) -> None:
        """``images``: the graph's input, float32 (n, c, h, w) or (n, numbers); ``tried``: at the most.

        MaixSwitchError where a tensor is infinite or not a number.
        """
        self.makers = {op.output: op for op in graph.ops}
        per_image = sum(int(np.prod(shape)) for shape in graph.shapes.values())
        self.tried = max(1, min(tried, len(images), MOST_KEPT // max(per_image, 1)))
        self.seen = {name: Seen() for name in (graph.input, *self.makers)}
        parts: dict[str, list[Values]] = {name: [] for name in self.seen}
        for start in range(0, len(images), CHUNK):
            found = float_ops.run(graph, images[start : start + CHUNK])
            for name, seen in self.seen.items():
                if not np.isfinite(found[name]).all():
                    raise MaixSwitchError(
                        tr(
                            "{tensor}: the float network itself gives no finite numbers there; check its weights, and "
                            "how its pixels are scaled",
                            tensor=name,
                        )
                    )
                for image in found[name]:
                    seen.add(image)
                if start < self.tried:
                    parts[name].append(found[name][: self.tried - start])
        self.kept = {name: np.concatenate(values) for name, values in parts.items()}

    def sums(self, op: ir.Op) -> Values:
        """What ``op`` computes before its curve and pool, for a few images."""
        given = [self.kept[name][:FEW] for name in op.inputs]
        if isinstance(op, ir.Conv):
            return float_ops.preactivation(op, given[0])
        if isinstance(op, ir.Add):
            return np.asarray(given[0] + given[1])
        return given[0]

    def unpooled(self, op: ir.Conv) -> Seen:
        """Range and sample before a mean pool, which narrows the range."""
        seen = Seen()
        for image in float_ops.apply(op.curve, self.sums(op)):
            seen.add(image)
        return seen

    def bound(self, op: ir.Conv) -> float:
        """No output of the convolution is larger than this, for inputs as large as any seen."""
        largest = self.seen[op.inputs[0]].largest
        flat = np.abs(np.asarray(op.weights, np.float64)).reshape(op.weights.shape[0], -1)
        return float((flat.sum(axis=1) * largest + np.abs(op.bias)).max())
