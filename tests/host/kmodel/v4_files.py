"""Small kmodel v4 files for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from maixswitch.kmodel.format import binary_record as record
from maixswitch.kmodel.format.v4_moves import KpuHead
from maixswitch.kmodel.format.v4_node import Range
from maixswitch.kmodel.write import v4_file
from maixswitch.kmodel.write.bodies import Encode
from maixswitch.kmodel.write.quantize import KpuWeights

FLOAT, BYTE = 0, 1
CONST, MAIN, AI_RAM = 0, 1, 2
NO_CLAMP = (-3.4028234663852886e38, 3.4028234663852886e38)


class File:
    """Allocates main memory and constants, collects nodes, and writes the file."""

    def __init__(self) -> None:
        self.main = 0
        self.constants = b""
        self.nodes: list[tuple[int, Encode]] = []
        self.inputs: list[tuple[Range, tuple[int, ...]]] = []
        self.outputs: list[Range] = []

    def room(self, shape: Sequence[int], dtype: int = FLOAT) -> Range:
        """Allocate a range in main memory."""
        size = int(np.prod(shape)) * (1 if dtype else 4)
        offset = Range(MAIN, dtype, self.main, size)
        self.main += -(-size // 8) * 8
        return offset

    def input(self, shape: Sequence[int], dtype: int = FLOAT) -> Range:
        offset = self.room(shape, dtype)
        full = (*[1] * (4 - len(shape)), *shape)
        self.inputs.append((offset, full))
        return offset

    def output(self, shape: Sequence[int], dtype: int = FLOAT) -> Range:
        offset = self.room(shape, dtype)
        self.outputs.append(offset)
        return offset

    def constant(self, values: np.ndarray) -> Range:
        offset = Range(CONST, BYTE if values.dtype == np.uint8 else FLOAT, len(self.constants), values.nbytes)
        self.constants += values.tobytes()
        return offset

    def node(self, opcode: int, body: object) -> None:
        """Add a node; its body is a record or bytes."""
        content = body if isinstance(body, bytes) else record.write(body)
        self.nodes.append((opcode, lambda start: content))

    def conv(self, head: KpuHead, registers: Mapping[str, int], part: KpuWeights) -> None:
        """Add a KPU node."""
        encode = partial(v4_file.conv_body, head=head, registers=registers)
        tables = {"weights": part.weights, "norm": part.norm, "activation": part.activation}
        self.nodes.append((0x2002, partial(encode, **tables)))

    def build(self) -> bytes:
        header = v4_file.Header(self.main, self.inputs, self.outputs, self.constants, reserved=0xCCCCCCCC)
        return v4_file.assemble(header, self.nodes)
