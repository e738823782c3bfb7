"""The way from the camera's bytes to the network's units, folded into the convolutions that see the picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .node import Array, Conv, Graph


def in_pixels(graph: Graph) -> Graph:
    """The same graph for bytes 0..255 instead of ``byte * factor + offset``; exact but for the border.

    There zero padding stands for the byte ``-offset / factor``, of which the KPU has one for all channels.
    """
    if not graph.pixels:
        return graph
    factor, offset = (np.array(part, np.float64) for part in zip(*graph.pixels, strict=True))
    return replace(
        graph,
        ops=tuple(
            _folded(op, factor, offset) if isinstance(op, Conv) and op.inputs[0] == graph.input else op
            for op in graph.ops
        ),
    )


def _folded(op: Conv, factor: Array, offset: Array) -> Conv:
    weights = np.asarray(op.weights, np.float64)
    if op.depthwise:
        bias = weights.sum(axis=(1, 2, 3)) * offset
        return replace(op, weights=weights * factor[:, None, None, None], bias=np.asarray(op.bias, np.float64) + bias)
    bias = np.tensordot(weights.sum(axis=(2, 3)), offset, axes=1)
    return replace(op, weights=weights * factor[:, None, None], bias=np.asarray(op.bias, np.float64) + bias)
