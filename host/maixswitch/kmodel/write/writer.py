"""Makes the bytes of a kmodel v3 file from a list of layers.

Source: nncase 0.1 Generator.cs, K210Conv2d.cs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from maixswitch.kmodel.format import airam
from maixswitch.kmodel.format import v3_layers as body
from maixswitch.kmodel.format.arrays import DTYPES, Array
from maixswitch.kmodel.format.binary_record import write

from .allocate import allocate, fits_ai_ram, live, set_lifetimes
from .kpu_layers import KpuLayers, conv_registers, maps_of
from .quantize import KpuWeights
from .v3_file import EIGHT_BIT, Header, assemble, conv_body
from .value import PlacedTensor

CONV, ADD_PADDING, REMOVE_PADDING, UPLOAD = 10240, 10241, 10242, 10243


@dataclass(eq=False)
class Node:
    """One layer; ``make`` returns its body after every value has an address.

    only_v4: for a layer that v3 does not have, adds its nodes to a ``V4Writer``; takes the writer and the inputs.
    """

    number: int
    inputs: list[PlacedTensor]
    outputs: list[PlacedTensor]
    make: Callable[[], object]
    weights: KpuWeights | None = None
    registers: dict[str, int] = field(default_factory=dict)
    only_v4: Callable[[Any, list[PlacedTensor]], PlacedTensor] | None = None


class KModelWriter(KpuLayers):
    """Collects layers in the order they run; every method returns the value that its layer makes.

    The input is uint8 (channels, height, width) in the AI RAM, or with ``floats`` that many float32 for a network of
    fully connected layers.
    """

    def __init__(self, channels: int = 0, height: int = 0, width: int = 0, *, floats: int = 0) -> None:
        if floats:
            self.input = PlacedTensor("main", "float32", (floats,))
        else:
            self.input = PlacedTensor("ai_ram", "uint8", (channels, height, width))
        self._values = [self.input]
        self.nodes: list[Node] = []
        self.outputs: list[PlacedTensor] = []

    def room(self, memory: str, shape: tuple[int, ...]) -> PlacedTensor:
        """Memory for a uint8 map (channels, h, w) whose channels several KPU layers write (``conv_both``, ``into``)."""
        return self._value(memory, "uint8", shape)

    def conv_both(
        self,
        source: PlacedTensor,
        part: KpuWeights,
        *,
        pool: int = 0,
        depthwise: bool = False,
        to_main: bool = True,
        into: tuple[PlacedTensor | None, PlacedTensor | None] = (None, None),
    ) -> tuple[PlacedTensor, ...]:
        """A KPU layer. Returns its result in the AI RAM, and with ``to_main`` also the copy in main memory.

        into: channels of rooms in the AI RAM and in main memory that take the result, None for memory of its own.
        """
        layout, target = maps_of(source, part, pool, depthwise)
        shape = (target.channels, target.height, target.width)
        features = into[0] or self._value("ai_ram", "uint8", shape)
        result = [features]
        if to_main:
            result.append(into[1] or self._value("main", "uint8", shape))
        if any(value.shape != shape for value in result):
            raise ValueError(f"a result of {shape} does not fit into {result[-1].shape}")
        # The rows in the AI RAM are only known when the network is complete.
        registers = conv_registers(part, layout, target, pool, depthwise)

        # The addresses are set when the file is built, so the body is made then.
        def make() -> body.ConvBody:
            registers.update(image_src_addr=source.start, image_dst_addr=features.start)
            return body.ConvBody(int(to_main), result[-1].start if to_main else 0, 0, 0, 0, 0)

        self.nodes.append(Node(CONV, [source], result, make, part, registers))
        return tuple(result)

    def upload(self, source: PlacedTensor) -> PlacedTensor:
        """uint8 (channels, h, w) from main memory into the AI RAM."""
        channels, height, width = source.shape
        result = self._value("ai_ram", "uint8", source.shape)
        self._add(
            UPLOAD, [source], result, lambda: body.Upload(0, source.start, result.address, width, height, channels)
        )
        return result

    def add_padding(self, source: PlacedTensor) -> PlacedTensor:
        """uint8 (n,) from main memory as the first pixels of n 4x4 maps in the AI RAM, for a 1x1 convolution."""
        result = self._value("ai_ram", "uint8", (source.count, 4, 4))
        self._add(
            ADD_PADDING, [source], result, lambda: body.AddPadding(0, source.address, result.address, source.count)
        )
        return result

    def remove_padding(self, source: PlacedTensor) -> PlacedTensor:
        """uint8 (n, 4, 4) in main memory to their first pixels (n,)."""
        channels = source.shape[0]
        return self.layer(REMOVE_PADDING, body.RemovePadding, [source], (channels,), "uint8", channels)

    def layer(
        self,
        number: int,
        record: type,
        inputs: Sequence[PlacedTensor],
        shape: tuple[int, ...],
        dtype: str,
        *arguments: Any,
    ) -> PlacedTensor:
        """Any layer on main memory whose body is flags, input addresses, output address and then ``arguments``."""
        result = self._value("main", dtype, shape)
        sources = list(inputs)
        self._add(number, sources, result, lambda: record(0, *(v.address for v in sources), result.address, *arguments))
        return result

    def dequantize(self, source: PlacedTensor, factor: float, bias: float) -> PlacedTensor:
        """uint8 to float32: value * factor + bias."""
        return self.layer(12, body.Dequantize, [source], source.shape, "float32", source.count, factor, bias)

    def quantize(self, source: PlacedTensor, factor: float, bias: float) -> PlacedTensor:
        """float32 to uint8: (value - bias) / factor."""
        return self.layer(11, body.Quantize, [source], source.shape, "uint8", source.count, factor, bias)

    def global_average_pool(self, source: PlacedTensor) -> PlacedTensor:
        """float32 (channels, h, w) to (channels,)."""
        channels, height, width = source.shape
        arguments = (height * width, channels)
        return self.layer(5, body.GlobalAveragePool, [source], (channels,), "float32", *arguments)

    def fully_connected(
        self, source: PlacedTensor, weights: Array, bias: Array, act: int = 0, first: int | None = None
    ) -> PlacedTensor:
        """float32 (n,) to (out,); weights (out, n); act 0 none, 1 relu, 2 relu6, which MaixPy ignores.

        first: for a layer that reads a part of the input, the first number of it.
        """
        out, inner = np.shape(weights)
        # The file does not state the shape of this layer, so a wrong size would read other tensors.
        if inner != source.count if first is None else not 0 <= first <= source.count - inner:
            raise ValueError(f"weights {np.shape(weights)} do not fit the input {source.shape}")
        result, offset = self._value("main", "float32", (out,)), (first or 0) * DTYPES["float32"].itemsize
        self._add(
            18,
            [source],
            result,
            lambda: body.FullyConnected(0, source.address + offset, result.address, inner, out, act, weights, bias),
        )
        return result

    def flatten(self, source: PlacedTensor) -> PlacedTensor:
        """float32 channels first to channels last, flat."""
        channels, height, width = source.shape
        return self.layer(20, body.Flatten, [source], (source.count,), "float32", width, height, channels)

    def softmax(self, source: PlacedTensor) -> PlacedTensor:
        """float32, over all values together."""
        return self.layer(15, body.Elementwise, [source], source.shape, "float32", source.count)

    def logistic(self, source: PlacedTensor) -> PlacedTensor:
        """float32, each value by itself."""
        return self.layer(25, body.Elementwise, [source], source.shape, "float32", source.count)

    def add(self, a: PlacedTensor, b: PlacedTensor) -> PlacedTensor:
        """float32 sums."""
        return self.layer(1, body.Add, [a, b], a.shape, "float32", a.count)

    def quantized_add(self, a: PlacedTensor, b: PlacedTensor, numbers: Sequence[int]) -> PlacedTensor:
        """uint8 sums; ``numbers``: offset, factor and shift of a, of b and of the result (v3_layers.QuantizedAdd)."""
        return self.layer(2, body.QuantizedAdd, [a, b], a.shape, "uint8", a.count, *numbers)

    def requantize(self, source: PlacedTensor, table: Array) -> PlacedTensor:
        """uint8 to uint8 by a table of 256."""
        return self.layer(13, body.Requantize, [source], source.shape, "uint8", source.count, table)

    def quantized_max_pool(
        self,
        source: PlacedTensor,
        kernel: Sequence[int],
        strides: Sequence[int],
        pads: Sequence[int],
        sides: Sequence[int],
    ) -> PlacedTensor:
        """uint8 (channels, h, w) to (channels, *sides); windows are clipped at the map.

        kernel, strides, pads, sides: (y, x); pads: above and on the left.
        """
        return self._window(8, body.QuantizedMaxPool, source, (kernel, strides, pads, sides), "uint8")

    def average_pool(
        self,
        source: PlacedTensor,
        kernel: Sequence[int],
        strides: Sequence[int],
        pads: Sequence[int],
        sides: Sequence[int],
    ) -> PlacedTensor:
        """float32 means of the pixels inside the map; arguments as in ``quantized_max_pool``."""
        return self._window(9, body.AveragePool, source, (kernel, strides, pads, sides), "float32", 0)

    def _window(
        self, number: int, record: type, source: PlacedTensor, window: Sequence[Sequence[int]], dtype: str, *more: int
    ) -> PlacedTensor:
        channels, height, width = source.shape
        kernel, strides, pads, sides = window
        # The fields of the file are in the order width, height.
        pairs = [number for pair in (kernel, strides, pads) for number in reversed(pair)]
        sizes = (width, height, channels, sides[1], sides[0], channels, *pairs, *more)
        return self.layer(number, record, [source], (channels, *sides), dtype, *sizes)

    def quantized_resize(self, source: PlacedTensor, factor: int = 2) -> PlacedTensor:
        """uint8 (channels, h, w), nearest neighbour."""
        channels, height, width = source.shape
        shape = (channels, factor * height, factor * width)
        return self.layer(
            23, body.QuantizedResizeNearest, [source], shape, "uint8", width, height, channels, shape[2], shape[1], 0
        )

    def repeated(self, source: PlacedTensor, sides: Sequence[int]) -> PlacedTensor:
        """uint8 (n,) to (n, *sides): maps of which all pixels are the same."""
        shape = (source.count, *sides)
        return self.layer(23, body.QuantizedResizeNearest, [source], shape, "uint8", 1, 1, shape[0], *shape[:0:-1], 0)

    def turned(self, source: PlacedTensor, shape: tuple[int, ...]) -> PlacedTensor:
        """uint8 (channels, ...): the first axis becomes the last, in this shape; by floats of the same levels."""
        channels, count = source.shape[0], source.count
        sizes = (count // channels, 1, channels)
        turned = self.layer(20, body.Flatten, [self.dequantize(source, 1.0, 0.0)], (count,), "float32", *sizes)
        return self.layer(11, body.Quantize, [turned], shape, "uint8", count, 1.0, 0.0)

    def masked(self, source: PlacedTensor, mask: PlacedTensor) -> PlacedTensor:
        """float32 (n,): the same bits where the byte of ``mask`` (n,) is 255, and 0.0 where it is 0."""
        # Each byte of the mask is repeated four times. The quantised sum of a byte and 255 - 255 is that byte; the sum
        # of a byte and 0 - 255 saturates at 0.
        count = source.count * DTYPES["float32"].itemsize
        # The mask has one byte for each float, which has four.
        sizes = (1, 1, mask.count, count // mask.count, 1, 0)
        spread = self.layer(23, body.QuantizedResizeNearest, [mask], (count,), "uint8", *sizes)
        numbers = (0, 1, 0, -255, 1, 0, 0, 1, 0)
        return self.layer(2, body.QuantizedAdd, [source, spread], source.shape, "float32", count, *numbers)

    def concat(self, values: Sequence[PlacedTensor], shape: tuple[int, ...] = ()) -> PlacedTensor:
        """Values of one type, one after another; their channels add up, unless ``shape`` is given."""
        shape = shape or (sum(value.shape[0] for value in values), *values[0].shape[1:])
        return self.pieces([(value, 0, value.count) for value in values], shape)

    def pieces(self, parts: Sequence[tuple[PlacedTensor, int, int]], shape: tuple[int, ...]) -> PlacedTensor:
        """Parts of values of one type, one after another; a part is a value, its first element and their number."""
        dtype = parts[0][0].dtype
        result = self._value("main", dtype, shape)
        size = DTYPES[dtype].itemsize
        number, record = (16, body.Concat) if dtype == "float32" else (17, body.QuantizedConcat)
        sources = list(dict.fromkeys(value for value, _, _ in parts))

        def make() -> object:
            sections = [(value.address + start * size, count * size) for value, start, count in parts]
            return record(0, result.address, len(sections), sections)

        self._add(number, sources, result, make)
        return result

    def only_v4(
        self,
        inputs: Sequence[PlacedTensor],
        shape: tuple[int, ...],
        dtype: str,
        make: Callable[[Any, list[PlacedTensor]], PlacedTensor],
    ) -> PlacedTensor:
        """A layer that v3 does not have: ``make`` adds its nodes to a ``V4Writer``, from the writer and the inputs."""
        result = self._value("main", dtype, shape)

        def refuse() -> object:
            raise ValueError("kmodel v3 has no such layer")

        self.nodes.append(Node(0, list(inputs), [result], refuse, only_v4=make))
        return result

    def __len__(self) -> int:
        """The number of layers so far."""
        return len(self.nodes)

    def fits(self) -> bool:
        """Do all maps find their rows in the AI RAM?"""
        if max(self.rows(), default=0) > airam.ROWS:
            return False
        return fits_ai_ram(self._steps(), [self.input], self.outputs)

    def _steps(self) -> list[tuple[list[PlacedTensor], list[PlacedTensor]]]:
        return [(node.inputs, node.outputs) for node in self.nodes]

    def rows(self) -> list[int]:
        """The least rows of AI RAM that are needed while each layer runs."""
        values = set_lifetimes(self._steps(), [self.input], self.outputs)
        return live(values, "ai_ram", len(self.nodes))

    def output(self, value: PlacedTensor) -> None:
        """Makes a value in main memory an output of the model. Outputs are in the order of these calls."""
        # The firmware returns a pointer into main memory for an output (kpu.c).
        if value.memory != "main":
            raise ValueError("an output lies in main memory: use to_main")
        self.outputs.append(value)

    def build(self) -> bytes:
        """The bytes of the file. ValueError as for ``place``, and for a layer that only v4 has."""
        main_memory, rows = self.place()
        return _assemble(self.nodes, self.outputs, main_memory, airam.ROWS - rows)

    def place(self) -> tuple[int, int]:
        """Sets the address of every value; returns the bytes of main memory and the rows of AI RAM.

        ValueError if the AI RAM is too small, or if there is no layer or no output.
        """
        if not self.nodes or not self.outputs:
            raise ValueError("a model needs layers and at least one output")
        return allocate(self._steps(), [self.input], self.outputs)

    def _value(self, memory: str, dtype: str, shape: tuple[int, ...]) -> PlacedTensor:
        value = PlacedTensor(memory, dtype, shape)
        self._values.append(value)
        return value

    def _add(self, number: int, inputs: list[PlacedTensor], result: PlacedTensor, make: Callable[[], object]) -> None:
        self.nodes.append(Node(number, inputs, [result], make))


def _assemble(nodes: list[Node], outputs: list[PlacedTensor], main_memory: int, lowest_row: int) -> bytes:
    wide = {node.weights.weights.dtype.itemsize for node in nodes if node.weights is not None}
    # The width of the weights is a flag of the header, and thus the same for all layers.
    if len(wide) > 1:
        raise ValueError("8-bit and 16-bit weights in one model: the KPU has one mode for all layers")
    flags = 0 if 2 in wide else EIGHT_BIT
    # The header counts four bytes for each element, whatever its type is.
    header = Header(flags, lowest_row, main_memory, [(value.address, 4 * value.count) for value in outputs])
    return assemble(header, [(node.number, partial(_body, node)) for node in nodes])


def _body(node: Node, start: int) -> bytes:
    result, part = node.make(), node.weights
    if part is None:
        return write(result)
    assert isinstance(result, body.ConvBody)
    head = (result.flags, result.main_output)
    return conv_body(start, head, node.registers, part.weights, part.norm, part.activation)
