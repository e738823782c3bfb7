"""Reads a kmodel file and writes it again, to prove that reader and writer agree on every byte of the format."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import partial

from maixswitch.kmodel.format import v3_layers, v4_moves
from maixswitch.kmodel.format.binary_record import write
from maixswitch.kmodel.format.model_file import read_program
from maixswitch.kmodel.format.program import Layer, Program, Tensor
from maixswitch.kmodel.format.v3_reader import Opaque
from maixswitch.kmodel.format.v4_nnil import Nnil, encode_nnil
from maixswitch.kmodel.format.v4_node import DATATYPES, MEMORIES, Range

from . import v3_file, v4_file
from .bodies import Encode

SLACK = 7
"""Bytes of padding that may be missing at the end: converters seek there and write nothing."""


def rewrite(data: bytes) -> bytes:
    """Reads a v3 or v4 file and writes it again; all offsets and gaps are computed, not copied.

    Bytes after the last body are kept, and padding that is missing at the end stays missing.
    Raises KModelError for a file that cannot be read.
    """
    program = read_program(data)
    content = _v3(program, data) if program.version == 3 else _v4(program, data)
    # A file may lack the zeros of its last padding.
    if 0 < len(content) - len(data) <= SLACK and not any(content[len(data) :]):
        return content[: len(data)]
    return content + data[len(content) :]


def _v3(program: Program, data: bytes) -> bytes:
    # Unknown parts of the header are taken from the file. Offsets are not, because they are to be proven.
    _, flags, _, _, lowest_row, main_memory, _ = struct.unpack_from("<7I", data)
    outputs = [(tensor.address, tensor.bytes) for tensor in program.outputs]
    header = v3_file.Header(flags, lowest_row, main_memory, outputs)
    return v3_file.assemble(header, list(_layers(program.layers)))


def _v4(program: Program, data: bytes) -> bytes:
    _, _, flags, target, *_, reserved = struct.unpack_from("<10I", data)
    inputs = [(_range(tensor), tensor.shape or ()) for tensor in program.inputs]
    outputs = [_range(tensor) for tensor in program.outputs]
    constants = bytes(program.constants)
    header = v4_file.Header(program.main_memory, inputs, outputs, constants, flags, target, reserved)
    return v4_file.assemble(header, list(_layers(program.layers)))


def _range(tensor: Tensor) -> Range:
    memory = {name: number for number, name in MEMORIES.items()}[tensor.memory]
    datatype = {name: number for number, name in DATATYPES.items()}[tensor.dtype]
    return Range(memory, datatype, tensor.address, tensor.bytes)


def _layers(layers: tuple[Layer, ...]) -> Iterator[tuple[int, Encode]]:
    for layer in layers:
        yield layer.type.id, partial(_body, layer)


def _body(layer: Layer, start: int) -> bytes:
    spec = layer.spec
    if isinstance(spec, v3_layers.KpuConv):
        # The two numbers that a body has besides its offsets are not computed from anything else.
        conv, head = spec.conv, (spec.body.flags, spec.body.main_output)
        return v3_file.conv_body(start, head, conv.registers, conv.weights, conv.norm, conv.activation)
    if isinstance(spec, v4_moves.KpuConv):
        conv = spec.conv
        return v4_file.conv_body(start, spec.head, conv.registers, conv.weights, conv.norm, conv.activation)
    if isinstance(spec, Opaque):
        return struct.pack("<I", spec.flags) + spec.content
    if isinstance(spec, Nnil):
        return encode_nnil(spec)
    return write(spec)
