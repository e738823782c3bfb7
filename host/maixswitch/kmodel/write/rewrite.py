"""Reads a kmodel v3 file and writes it again, to prove that reader and writer agree on every byte of the format."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import partial

from maixswitch.kmodel.format import v3_layers as body
from maixswitch.kmodel.format.binary_record import write
from maixswitch.kmodel.format.model_file import read_program
from maixswitch.kmodel.format.program import Layer
from maixswitch.kmodel.format.v3_reader import Opaque

from .v3_file import Encode, Header, assemble, conv_body

SLACK = 7
"""Bytes of padding that may be missing at the end: converters seek there and write nothing."""


def rewrite(data: bytes) -> bytes:
    """Reads a v3 file and writes it again; all offsets are computed, not copied.

    Bytes after the last body are kept, and padding that is missing at the end stays missing.
    Raises KModelError for a file that cannot be read, and ValueError for any version but 3.
    """
    program = read_program(data)
    # v4 has another layout, and this package does not write it.
    if program.version != 3:
        raise ValueError(f"kmodel v{program.version}: expected v3")
    # Unknown parts of the header are taken from the file. Offsets are not, because they are to be proven.
    _, flags, _, _, lowest_row, main_memory, _ = struct.unpack_from("<7I", data)
    header = Header(flags, lowest_row, main_memory, [(tensor.address, tensor.bytes) for tensor in program.outputs])
    content = assemble(header, list(_layers(program.layers)))
    # A file may lack the zeros of its last padding.
    if 0 < len(content) - len(data) <= SLACK and not any(content[len(data) :]):
        return content[: len(data)]
    return content + data[len(content) :]


def _layers(layers: tuple[Layer, ...]) -> Iterator[tuple[int, Encode]]:
    for layer in layers:
        yield layer.type.id, partial(_body, layer)


def _body(layer: Layer, start: int) -> bytes:
    spec = layer.spec
    if isinstance(spec, body.KpuConv):
        # The two numbers that a body has besides its offsets are not computed from anything else.
        conv, head = spec.conv, (spec.body.flags, spec.body.main_output)
        return conv_body(start, head, conv.registers, conv.weights, conv.norm, conv.activation)
    if isinstance(spec, Opaque):
        return struct.pack("<I", spec.flags) + spec.content
    return write(spec)
