"""A kmodel v3 file read and written again: the proof that reader and writer agree on every byte of the format."""

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
"""Bytes of padding that a published converter may leave away at the end: it seeks there and writes nothing."""


def rewrite(data: bytes) -> bytes:
    """The bytes of a v3 file written anew from what was read; all offsets are worked out, none is copied.

    What stands behind the last body is kept, and padding that is absent at the end stays absent. KModelError for a
    file that cannot be read; ValueError for another version than 3.
    """
    program = read_program(data)
    if program.version != 3:
        raise ValueError(f"kmodel v{program.version}: wanted v3")
    _, flags, _, _, lowest_row, main_memory, _ = struct.unpack_from("<7I", data)
    header = Header(flags, lowest_row, main_memory, [(tensor.address, tensor.bytes) for tensor in program.outputs])
    made = assemble(header, list(_layers(program.layers)))
    if 0 < len(made) - len(data) <= SLACK and not any(made[len(data) :]):
        return made[: len(data)]
    return made + data[len(made) :]


def _layers(layers: tuple[Layer, ...]) -> Iterator[tuple[int, Encode]]:
    for layer in layers:
        yield layer.type.id, partial(_body, layer)


def _body(layer: Layer, start: int) -> bytes:
    spec = layer.spec
    if isinstance(spec, body.KpuConv):
        conv, head = spec.conv, (spec.body.flags, spec.body.main_output)
        return conv_body(start, head, conv.registers, conv.weights, conv.norm, conv.activation)
    if isinstance(spec, Opaque):
        return struct.pack("<I", spec.flags) + spec.content
    return write(spec)
