"""SpaceToDepth: each block of pixels becomes channels, by a KPU layer whose weights are single ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from maixswitch.convert.graph.float_math import Values
from maixswitch.convert.graph.importer import Importer
from maixswitch.convert.graph.onnx_node import OnnxNode
from maixswitch.convert.graph.value import Value
from maixswitch.convert.lower.layers import KpuConv, Layer
from maixswitch.convert.lower.runnable import summing
from maixswitch.convert.quantise.quantiser import Quantiser
from maixswitch.language import tr, word

from .moved import Moved
from .operator import Operator

CORNERS = ((0, 0), (0, 1), (1, 0), (1, 1))
"""(row, column) of the pixels of a block in the order of ONNX."""
EVERY_SECOND = 5
"""The KPU's pool type that takes every second pixel."""


@dataclass(frozen=True, eq=False)
class SpaceToDepth(Moved):
    """(c, 2 * h, 2 * w) to (4 * c, h, w): the pixels of each block in the order of ``corners``, with all channels."""

    corners: tuple[tuple[int, int], ...] = CORNERS

    def evaluate(self, values: Sequence[Values]) -> Values:
        map_ = values[0]
        return np.concatenate([map_[:, :, row::2, column::2] for row, column in self.corners], axis=1)

    def last_layer(self, quantiser: Quantiser, source: str) -> Layer:
        channels = quantiser.shapes[source][0]
        weights = np.zeros((4, channels, channels, 3, 3))
        for block, (row, column) in enumerate(self.corners):
            # The pool takes the pixel at the top left of each block. The others are taps on its right and below.
            weights[block, np.arange(channels), np.arange(channels), 1 + row, 1 + column] = 1
        part = summing(weights.reshape(4 * channels, channels, 3, 3))
        return KpuConv(self.sources, (source,), self.output, part, EVERY_SECOND)


def read(importer: Importer, node: OnnxNode) -> None:
    """Adds a SpaceToDepth for each power of two, and shows their channels in the order of the file."""
    value = importer.map(node)
    channels, height, width = importer.shape(value)
    block = int(node.attributes.get("blocksize", 0))
    # The KPU takes every second pixel, so blocks of 4 are blocks of blocks.
    if block not in (2, 4) or height % block or width % block:
        why = tr("it makes channels of blocks of {block} x {block} pixels", block=block)
        raise node.refused(why, word("use blocks of 2 or 4 on sides that are multiples of it"))
    name = node.outputs[0] if block == 2 else importer.graph.name(node.outputs[0], "blocks")
    tensor, shape = value.tensor, (channels, height, width)
    while shape[1] > height // block:
        shape = (4 * shape[0], shape[1] // 2, shape[2] // 2)
        output = name if shape[1] == height // block else importer.graph.name(node.outputs[0], "halves")
        importer.add(SpaceToDepth((node.name,), (tensor,), output), shape)
        tensor = output
    from_blocks = Value(node.outputs[0], name, (1, *shape))
    importer.values[node.outputs[0]] = from_blocks
    if block == 4:
        # The second step came last, so its rows and columns are outside; the file has both rows before both columns.
        order = np.arange(int(np.prod(shape))).reshape(2, 2, 2, 2, channels, *shape[1:])
        importer.show(node, from_blocks, order.transpose(0, 2, 1, 3, 4, 5, 6).reshape(1, *shape))


OPERATORS = (
    Operator(
        ("SpaceToDepth",),
        read,
        "a KPU layer with single ones as weights and stride 2, which is exact",
        "blocks of 2 or 4",
    ),
)
