"""Small kmodel v4 files for tests."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np

from maixswitch.kmodel.format import binary_record as record
from maixswitch.kmodel.format.v4_node import Range

FLOAT, BYTE = 0, 1
CONST, MAIN, AI_RAM = 0, 1, 2
NO_CLAMP = (-3.4028234663852886e38, 3.4028234663852886e38)


class File:
    """Allocates main memory and constants, collects nodes, and writes the file."""

    def __init__(self) -> None:
        self.main = 0
        self.constants = b""
        self.nodes: list[tuple[int, bytes]] = []
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
        self.nodes.append((opcode, body if isinstance(body, bytes) else record.write(body)))

    def build(self) -> bytes:
        counts = (len(self.constants), self.main, len(self.nodes), len(self.inputs), len(self.outputs), 0xCCCCCCCC)
        data = struct.pack("<4I6I", 0x4B4D444C, 4, 0, 1, *counts)
        data += b"".join(record.write(offset) for offset, _ in self.inputs)
        data += b"".join(struct.pack("<4i", *shape) for _, shape in self.inputs)
        data += b"".join(record.write(offset) for offset in self.outputs)
        data += self.constants
        position = len(data) + 8 * len(self.nodes)
        heads, bodies = b"", b""
        for opcode, body in self.nodes:
            body += bytes(-(position + len(body)) % 8)
            heads += struct.pack("<2I", opcode, len(body))
            bodies += body
            position += len(body)
        return data + heads + bodies
