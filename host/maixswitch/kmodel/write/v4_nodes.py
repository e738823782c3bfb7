"""What a kmodel v4 file is made of: nodes in the order they run, the tensors between them, constants.

``v4_writer`` has a method for each type of node; this file places the tensors and writes the file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from maixswitch.kmodel.format.airam import ROW
from maixswitch.kmodel.format.arrays import DTYPES, Array
from maixswitch.kmodel.format.binary_record import write
from maixswitch.kmodel.format.program import AI_RAM, CONST, MAIN
from maixswitch.kmodel.format.v4_node import DATATYPES, MEMORIES, Range

from .allocate import allocate, live, set_lifetimes
from .bodies import Encode, gap
from .v4_file import Header, assemble
from .value import BLOCK_BYTES, PlacedTensor

MEMORY_NUMBERS = {name: number for number, name in MEMORIES.items()}
DATATYPE_NUMBERS = {name: number for number, name in DATATYPES.items()}
Shape4 = tuple[int, int, int, int]


def full(shape: Sequence[int]) -> Shape4:
    """A shape with ones in front, up to four sizes."""
    n, c, h, w = (1, 1, 1, 1, *shape)[-4:]
    return n, c, h, w


def range_of(value: PlacedTensor) -> Range:
    """The memory range of a tensor that has an address.

    In the AI RAM its size is that of the maps with their unused bytes, elsewhere that of the elements alone.
    """
    memory, dtype = value.memory, value.dtype
    if memory == AI_RAM:
        return Range(MEMORY_NUMBERS[memory], DATATYPE_NUMBERS[dtype], value.start * ROW, value.room * ROW)
    return Range(MEMORY_NUMBERS[memory], DATATYPE_NUMBERS[dtype], value.start, value.bytes)


@dataclass(eq=False)
class _Node:
    """One node; ``encode`` makes its body after every tensor has an address."""

    opcode: int
    inputs: list[PlacedTensor]
    outputs: list[PlacedTensor]
    encode: Encode


class V4Nodes:
    """Collects the inputs, constants, nodes and outputs of a file."""

    def __init__(self) -> None:
        self._inputs: list[PlacedTensor] = []
        self._outputs: list[PlacedTensor] = []
        self._nodes: list[_Node] = []
        self._constants = bytearray()

    def add_input(self, shape: tuple[int, ...], dtype: str = "uint8", memory: str = MAIN) -> PlacedTensor:
        """An input of the model; "ai_ram" only for uint8 (channels, h, w), which a KPU node reads."""
        if memory == AI_RAM and (dtype != "uint8" or len(shape) < 3):
            raise ValueError(f"{dtype} {shape} cannot lie in the AI RAM as maps")
        value = PlacedTensor(memory, dtype, shape)
        self._inputs.append(value)
        return value

    def constant(self, values: Array) -> PlacedTensor:
        """A tensor that the file holds: uint8, or real numbers as float32."""
        dtype = "uint8" if values.dtype == np.uint8 else "float32"
        # The firmware reads floats directly from the file's copy in memory, so they must not begin at an odd address.
        self._constants += gap(len(self._constants), BLOCK_BYTES)
        value = PlacedTensor(CONST, dtype, values.shape, len(self._constants))
        self._constants += np.ascontiguousarray(values).astype(DTYPES[dtype]).tobytes()
        return value

    def add_output(self, value: PlacedTensor) -> None:
        """Makes a tensor in main memory an output of the model. Outputs are in the order of these calls."""
        # The firmware hands a pointer into main memory to Python.
        if value.memory != MAIN:
            raise ValueError("an output lies in main memory")
        self._outputs.append(value)

    def __len__(self) -> int:
        """The number of nodes so far."""
        return len(self._nodes)

    def rows(self) -> list[int]:
        """The least rows of AI RAM that are needed while each node runs."""
        steps, outputs = self._steps()
        values = set_lifetimes(steps, self._inputs, outputs)
        return live(values, AI_RAM, len(self._nodes))

    def build(self) -> bytes:
        """The bytes of the file. ValueError if the AI RAM is too small, or if an input, node or output is lacking."""
        if not (self._inputs and self._nodes and self._outputs):
            raise ValueError("a model needs at least one input, one node and one output")
        steps, outputs = self._steps()
        main_memory, _ = allocate(steps, self._inputs, outputs, from_end=False)
        inputs = [(range_of(value), full(value.shape)) for value in self._inputs]
        constants = bytes(self._constants + gap(len(self._constants), BLOCK_BYTES))
        header = Header(main_memory, inputs, [range_of(value) for value in self._outputs], constants)
        return assemble(header, [(node.opcode, node.encode) for node in self._nodes])

    def _steps(self) -> tuple[list[tuple[list[PlacedTensor], list[PlacedTensor]]], list[PlacedTensor]]:
        """Inputs and outputs of each node, and the outputs of the model."""
        return [(node.inputs, node.outputs) for node in self._nodes], self._outputs

    def _value(self, shape: Sequence[int], dtype: str, memory: str = MAIN) -> PlacedTensor:
        return PlacedTensor(memory, dtype, tuple(shape))

    def _node(
        self, opcode: int, inputs: Sequence[PlacedTensor], outputs: Sequence[PlacedTensor], encode: Encode
    ) -> None:
        self._nodes.append(_Node(opcode, list(inputs), list(outputs), encode))

    def _plain(
        self,
        opcode: int,
        inputs: Sequence[PlacedTensor],
        result: PlacedTensor,
        make: Callable[[], object],
    ) -> PlacedTensor:
        """Adds a node whose body is one record, on main memory and constants; returns its result."""
        for value in inputs:
            # A CPU node takes elements one after another, and the lines of maps in the AI RAM have gaps.
            if value.memory == AI_RAM:
                raise ValueError("a node of the CPU reads main memory: use to_main")
        self._node(opcode, inputs, [result], lambda start: write(make()))
        return result
