"""DepthToSpace: the channels of each pixel become a block of pixels, as after a sub-pixel convolution.

Neither the KPU nor the firmware moves numbers between channels and positions. But a resize repeats every channel over
its blocks. Then each output pixel is in one of the ``block * block`` channels of its group. A mask sets the others to
0, by a sum that saturates, and a 1x1 convolution adds the channels of the group. Every layer is exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from maixswitch.convert.graph.float_math import Values
from maixswitch.convert.graph.importer import Importer
from maixswitch.convert.graph.onnx_node import OnnxNode
from maixswitch.convert.lower.layers import KpuConv, Layer, QuantizedAdd, Shape
from maixswitch.convert.lower.runnable import summing
from maixswitch.convert.quantise.quantiser import Quantiser
from maixswitch.kmodel.format.v3_layers import QuantizedResizeNearest
from maixswitch.kmodel.write.quantize import Scale
from maixswitch.kmodel.write.value import PlacedTensor
from maixswitch.kmodel.write.writer import KModelWriter
from maixswitch.language import tr, word

from .moved import Moved
from .operator import Operator
from .resize import QuantizedResize

BLOCKS = (2, 3, 4)
KEEP = 255
"""Byte of the mask that keeps a byte; 0 clears it."""
MASKING = (0, 1, 0, -KEEP, 1, 0, 0, 1, 0)
"""The nine numbers of the addition byte + (mask - 255), which saturates at 0."""
RESIZE = 23
"""Type of a quantized_resize_nearest_neighbor layer."""


@dataclass(frozen=True, eq=False)
class DepthToSpace(Moved):
    """(block * block * c, h, w) to (c, block * h, block * w).

    together: are the channels of one block side by side (ONNX's mode CRD), or c channels apart (DCR)?
    """

    block: int
    together: bool

    def evaluate(self, values: Sequence[Values]) -> Values:
        number, channels, h, w = values[0].shape
        # The two modes of ONNX differ in which axes come first.
        b, c = self.block, channels // self.block**2
        if self.together:
            parts = values[0].reshape(number, c, b, b, h, w).transpose(0, 1, 4, 2, 5, 3)
        else:
            parts = values[0].reshape(number, b, b, c, h, w).transpose(0, 3, 4, 1, 5, 2)
        return parts.reshape(number, c, b * h, b * w)

    def last_layer(self, quantiser: Quantiser, source: str) -> Layer:
        scale, (c, height, width) = quantiser.scales[source], quantiser.graph.shapes[self.output]
        count = self.block**2
        repeated = (count * c, height, width)
        # These three tensors are the largest of this node; their memory limits the size of the map.
        wide, mask, masked = (f"{self.output}:{part}" for part in ("wide", "mask", "masked"))
        quantiser.put(QuantizedResize(self.sources, (source,), wide, self.block), repeated, scale)
        quantiser.put(BlockMask(self.sources, (source,), mask, self.block, self.together), repeated, Scale(1.0))
        quantiser.put(QuantizedAdd(self.sources, (wide, mask), masked, MASKING), repeated, scale)
        # Each sum over a group has one channel that is not 0.
        weights = np.repeat(np.eye(c), count, axis=1) if self.together else np.tile(np.eye(c), count)
        return KpuConv(self.sources, (masked,), self.output, summing(weights[:, :, None, None]))


@dataclass(frozen=True, eq=False)
class BlockMask(Layer):
    """255 at the pixels of each channel that the output keeps, 0 at the other pixels of each block.

    A file of version 3 has no constants in main memory. So a resize copies the first byte of the input, a table of 256
    turns it into 255 or 0, and concatenations join such bytes to rows, maps and channels.
    """

    block: int
    together: bool
    title = "block mask"

    def write(self, writer: KModelWriter, inputs: Sequence[PlacedTensor], shape: Shape) -> PlacedTensor:
        b, (channels, height, width) = self.block, shape
        # The two bytes are made once, and all rows and maps are copies of them.
        keep, drop = (_byte(writer, inputs[0], value) for value in (KEEP, 0))
        empty = writer.concat([drop] * width, (width,))
        rows = [writer.concat([keep if x % b == j else drop for x in range(width)], (width,)) for j in range(b)]
        maps = [
            writer.concat([rows[j] if y % b == i else empty for y in range(height)], (height, width))
            for i in range(b)
            for j in range(b)
        ]
        each = channels // b**2
        order = maps * each if self.together else [pattern for pattern in maps for _ in range(each)]
        return writer.concat(order, shape)


def _byte(writer: KModelWriter, source: PlacedTensor, value: int) -> PlacedTensor:
    """Adds layers that make one byte with this value."""
    first = writer.layer(RESIZE, QuantizedResizeNearest, [source], (1,), "uint8", 1, 1, 1, 1, 1, 0)
    return writer.requantize(first, np.full(256, value, np.uint8))


def read(importer: Importer, node: OnnxNode) -> None:
    """Adds a DepthToSpace."""
    value = importer.map(node)
    channels, height, width = importer.shape(value)
    block = int(node.attributes.get("blocksize", 0))
    # The main memory of the mask grows with the square of the block, so larger blocks are not supported.
    if block not in BLOCKS or channels % block**2:
        why = tr("it makes blocks of {block} x {block} pixels of {channels} channels", block=block, channels=channels)
        raise node.refused(why, word("use blocks of 2, 3 or 4, and a multiple of their pixels as channels"))
    together = str(node.attributes.get("mode", "DCR")) == "CRD"
    depth_to_space = DepthToSpace((node.name,), (value.tensor,), node.outputs[0], block, together)
    importer.produce(node, depth_to_space, (channels // block**2, block * height, block * width))


OPERATORS = (
    Operator(
        ("DepthToSpace",),
        read,
        "bytes repeated over their blocks and masked, then summed by a KPU layer, which is exact",
        "blocks of 2, 3 or 4; main memory for three times the repeated bytes",
    ),
)
