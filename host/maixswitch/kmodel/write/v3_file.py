"""The bytes of a kmodel v3 file: header, table of layers, bodies, and the parts of a KPU layer's body.

Source: nncase 0.1 Generator.cs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from maixswitch.kmodel.format import v3_layers as body
from maixswitch.kmodel.format.arrays import Array
from maixswitch.kmodel.format.binary_record import write
from maixswitch.kmodel.format.registers import Activation, BatchNorm, encode_activation, encode_block, encode_norm

from .bodies import Encode, gap, lay_out

EIGHT_BIT = 1
"""Bit of the header's flags: one byte per weight in all layers."""


@dataclass(frozen=True)
class Header:
    """The header of a file.

    lowest_row: the first row of AI RAM that the model uses.
    outputs: (address in main memory, bytes) of each.
    """

    flags: int
    lowest_row: int
    main_memory: int
    outputs: Sequence[tuple[int, int]]


def assemble(header: Header, layers: Sequence[tuple[int, Encode]]) -> bytes:
    """The whole file. A layer is (type, function that encodes its body); bodies end at a multiple of 8."""
    words = [3, header.flags, 0, len(layers), header.lowest_row, header.main_memory, len(header.outputs)]
    ranges = [number for pair in header.outputs for number in pair]
    # Bodies are aligned by their position in the file, so the size of everything before them is needed first.
    start = 4 * (len(words) + len(ranges) + 2 * len(layers))
    heads, bodies = lay_out(start, layers)
    return np.array([*words, *ranges, *heads], "<u4").tobytes() + bodies


def conv_body(
    start: int,
    head: tuple[int, int],
    registers: Mapping[str, int],
    weights: Array,
    norm: BatchNorm,
    activation: Activation,
) -> bytes:
    """A KPU layer's body at the file position ``start``; ``head``: flags and address in main memory.

    The register block begins at a multiple of 8, weights and batch norm at 128, the activation table at 256.
    Raises ValueError for a number that its field cannot hold.
    """
    content, offsets = bytearray(24), []
    little = weights.dtype.newbyteorder("<")
    # The alignments are those of nncase 0.1 (Generator.cs).
    for alignment, part in (
        (8, encode_block(registers)),
        (128, np.ascontiguousarray(weights).astype(little).tobytes()),
        (128, encode_norm(norm)),
        (256, encode_activation(activation)),
    ):
        content += gap(start + len(content), alignment)
        offsets.append(start + len(content))
        content += part
    content[:24] = write(body.ConvBody(*head, *offsets))
    return bytes(content)
