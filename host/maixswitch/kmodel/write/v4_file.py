"""The bytes of a kmodel v4 file: header, memory ranges, constants, table of nodes, and the body of a KPU node.

Source: nncase 0.2 model.h, k210_ops_body.h.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from maixswitch.kmodel.format import v4_reader
from maixswitch.kmodel.format.arrays import Array
from maixswitch.kmodel.format.binary_record import write
from maixswitch.kmodel.format.registers import (
    BLOCK_SIZE,
    Activation,
    BatchNorm,
    encode_activation,
    encode_block,
    encode_norm,
)
from maixswitch.kmodel.format.v4_moves import KpuHead
from maixswitch.kmodel.format.v4_node import Range

from .bodies import Encode, gap, lay_out

IDENTIFIER, VERSION = 0x4B4D444C, 4
CPU, K210 = 0, 1
PART_ALIGNMENT = 256
NOWHERE = Range(0, 0, 0, 0)
"""The range of a result that is not written."""


@dataclass(frozen=True)
class Header:
    """What a file says before its nodes.

    main_memory: its bytes.
    inputs: the range and the shape (n, c, h, w) of each.
    target: 0 CPU, 1 K210; every published file has 1, also without KPU nodes.
    reserved: a word that nobody reads; published files have any number there.
    """

    main_memory: int
    inputs: Sequence[tuple[Range, Sequence[int]]]
    outputs: Sequence[Range]
    constants: bytes = b""
    flags: int = 0
    target: int = K210
    reserved: int = 0


def assemble(header: Header, nodes: Sequence[tuple[int, Encode]]) -> bytes:
    """The whole file. A node is (opcode, function that encodes its body); bodies end at a multiple of 8."""
    counts = (len(nodes), len(header.inputs), len(header.outputs), header.reserved)
    sizes = (len(header.constants), header.main_memory)
    start = write(v4_reader.Header(IDENTIFIER, VERSION, header.flags, header.target, *sizes, *counts))
    start += b"".join(write(part) for part, _ in header.inputs)
    start += b"".join(np.array(shape, "<i4").tobytes() for _, shape in header.inputs)
    start += b"".join(write(part) for part in header.outputs)
    # The constants are not aligned: the table of nodes follows them directly.
    start += header.constants
    heads, bodies = lay_out(len(start) + 8 * len(nodes), nodes)
    return start + np.array(heads, "<u4").tobytes() + bodies


def conv_body(
    start: int,
    head: KpuHead,
    registers: Mapping[str, int],
    weights: Array,
    norm: BatchNorm,
    activation: Activation,
) -> bytes:
    """A KPU node's body at the file position ``start``: register block, batch norm, activation table, weights.

    Batch norm, activation table and weights begin at a multiple of 256 in the file. Three registers hold the sizes of
    the gaps before them.
    Raises ValueError for 16-bit weights, and for a number that its field cannot hold.
    """
    if weights.dtype != np.uint8:
        raise ValueError("kmodel v4 has 8-bit weights only")
    begin, content = write(head), bytearray()
    gaps = {}
    for name, part in (
        ("bwsx_base_addr", encode_norm(norm)),
        ("active_addr", encode_activation(activation)),
        ("para_start_addr", np.ascontiguousarray(weights).tobytes()),
    ):
        space = gap(start + len(begin) + BLOCK_SIZE + len(content), PART_ALIGNMENT)
        gaps[name] = len(space)
        content += space + part
    return begin + encode_block({**registers, **gaps}) + bytes(content)
