"""How much a layer computes and moves: multiply-accumulates, elements, weight bytes."""

from __future__ import annotations

from math import prod

import numpy as np

from .arrays import DTYPES
from .conv import Conv
from .pools import POOL_TYPES
from .program import AI_RAM, CONST, Layer, Use
from .registers import ACTIVATION_SIZE, BLOCK_SIZE

LEARNED = ("weights", "bias", "table", "factors")
"""Fields that hold what a network has learned, in the layers that the CPU runs."""
TABLE_BYTES = BLOCK_SIZE + ACTIVATION_SIZE


def conv_of(layer: Layer) -> Conv | None:
    """The convolution of a KPU layer, None for a layer that the CPU runs."""
    conv = getattr(layer.spec, "conv", None)
    return conv if isinstance(conv, Conv) else None


def batches(layer: Layer) -> int:
    """How often a KPU layer runs in one inference: 1, except for the dilated convolutions of v4."""
    head = getattr(layer.spec, "head", None)
    return int(getattr(head, "batches", 1))


def macs(layer: Layer) -> int:
    """Multiply-accumulates of one layer.

    A KPU layer counts at its full resolution, before pooling, because the chip computes a convolution of stride 2 or
    4 at stride 1 and throws pixels away. Layers that do not multiply by weights count 0.
    """
    conv = conv_of(layer)
    spec = layer.spec
    if conv is not None:
        return conv.macs * batches(layer)
    # Each kind of layer has its own fields for the sizes that count.
    if hasattr(spec, "a_rows"):  # matrix products of v4
        return int(spec.a_rows * spec.a_cols * spec.b_cols)
    weights = getattr(spec, "weights", None)
    if weights is None:
        return 0
    if hasattr(spec, "in_channels"):  # fully connected, v3
        return int(weights.size)
    scattered = "transpose" in layer.name  # every input pixel meets all weights, else every output pixel does
    # The shapes of v3 and v4 differ in their fields, but each layer says what it reads and writes.
    shape = next((use.shape for use in layer.uses() if use.writes != scattered and use.shape), None)
    if shape is None:
        return 0
    # The layers of the CPU target have the channels last, all others before height and width.
    channels = shape[-1] if layer.name.startswith("cpu_") else shape[-3]
    return prod(shape) // channels * int(weights.size)


def elements(layer: Layer) -> int:
    """Values that the layer reads or writes, whichever are more."""
    read = sum(_count(use) for use in layer.uses() if not use.writes)
    written = sum(_count(use) for use in layer.written())
    return max(read, written)


def _count(use: Use) -> int:
    if use.shape is not None:
        return prod(use.shape)
    return use.size // DTYPES[use.dtype].itemsize


def main_out_bytes(layer: Layer) -> int:
    """Bytes that a KPU layer also sends to main memory."""
    if conv_of(layer) is None:
        return 0
    # A result in the AI RAM costs nothing more, as the KPU writes it there anyway.
    return sum(use.size for use in layer.written() if use.memory != AI_RAM)


def parameters(layer: Layer) -> int:
    """Numbers that the file holds for this layer: weights, biases, tables, constants."""
    conv = conv_of(layer)
    if conv is not None:
        return int(conv.weights.size) + 2 * int(conv.norm.mul.size)
    # The constants of v4 lie outside the layer, but they are part of what the network has learned.
    learned = (getattr(layer.spec, name, None) for name in LEARNED)
    constants = sum(_count(use) for use in layer.uses() if use.memory == CONST)
    return constants + sum(int(value.size) for value in learned if isinstance(value, np.ndarray))


def weight_bytes(layer: Layer) -> int:
    """Bytes that the KPU loads for one pass of this layer: weights, batch norm, activation table; 0 for CPU layers."""
    conv = conv_of(layer)
    if conv is None:
        return 0
    return int(conv.weights.nbytes) + 8 * int(conv.norm.mul.size) + TABLE_BYTES


def layer_title(layer: Layer) -> str:
    """A description such as "conv 3x3 depthwise, stride 2" of a KPU layer; the name of any other layer."""
    conv = conv_of(layer)
    if conv is None:
        return layer.name
    title = f"conv {conv.kernel}x{conv.kernel}" + (" depthwise" if conv.depthwise else "")
    pool = POOL_TYPES[conv.pool].title
    title += f", {pool}" if pool else ""
    return title + (f", {batches(layer)} times" if batches(layer) > 1 else "")
