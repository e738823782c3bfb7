"""Folds the step from the camera's bytes to the network's units into the convolutions that read the picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .graph import Graph


def in_pixels(graph: Graph) -> Graph:
    """Returns the same graph for bytes 0..255 instead of ``byte * factor + offset``; exact except at the border.

    At the border, zero padding stands for the byte ``-offset / factor``, of which the KPU has one for all channels.
    """
    if not graph.pixels:
        return graph
    factor, offset = (np.array(part, np.float64) for part in zip(*graph.pixels, strict=True))
    # Only the readers of the picture read bytes. All other nodes keep the units of the network.
    nodes = [
        node.on_bytes(factor, offset) if node.on_kpu and node.inputs[0] == graph.input else node for node in graph.nodes
    ]
    return replace(graph, nodes=nodes)
