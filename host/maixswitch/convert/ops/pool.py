"""Pools that follow no convolution: on the KPU behind a layer that copies, or on the CPU, whichever costs less."""

from __future__ import annotations

from maixswitch.convert.graph import node as ir
from maixswitch.convert.lower.layers import QuantizedMaxPool

WINDOWS = {"max2": (2, 2), "max4": (4, 4), "max2s1": (2, 1)}
"""Size and stride."""
MOST_COPIED = 128
"""Channels; the copying layer's weights are their square, and so is the KPU's time."""
LEAST_SIDE = 4
"""Pixels that a map of the KPU has at the least."""


def max_pool_step(op: ir.Pool, given: str, shape: ir.Shape, pixels: bool) -> QuantizedMaxPool | None:
    """The CPU's layer for a maximum pool, or None where the KPU is to do it.

    The KPU takes the time of channels squared, the CPU that of every tap; the camera's bytes lie in the AI RAM alone.
    """
    if op.pool not in WINDOWS:
        return None
    size, stride = WINDOWS[op.pool]
    channels, height, width = shape
    fits = min(height, width) // stride >= LEAST_SIDE
    if fits and (pixels or channels <= MOST_COPIED):
        return None
    return QuantizedMaxPool(op.nodes, (given,), op.output, size, stride)
