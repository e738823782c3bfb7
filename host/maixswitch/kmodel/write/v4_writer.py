"""Makes the bytes of a kmodel v4 file from a list of nodes; each method returns the tensor that its node makes.

Source: nncase 0.2 neutral_ops_body.h, k210_ops_body.h.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from maixswitch.kmodel.format import v4_layers as body
from maixswitch.kmodel.format import v4_moves as moves
from maixswitch.kmodel.format.airam import MapLayout
from maixswitch.kmodel.format.arrays import DTYPES, FLOAT_MAX, Array
from maixswitch.kmodel.format.program import AI_RAM
from maixswitch.kmodel.format.v4_node import Clamp, Geometry, Padding

from .kpu_layers import KpuLayers, conv_registers, maps_of
from .quantize import KpuWeights, Scale
from .v4_file import NOWHERE, conv_body
from .v4_nodes import DATATYPE_NUMBERS, V4Nodes, full, range_of
from .v4_numbers import BINARY, binary_numbers
from .value import PlacedTensor

REDUCE = ("mean", "min", "max", "sum")
"""Names of the reductions, by their number in the file."""
START = {"mean": 0.0, "min": FLOAT_MAX, "max": -FLOAT_MAX, "sum": 0.0}
RESIZE = ("bilinear", "nearest")
Limits = tuple[float, float]
Pair = tuple[int, int]
FREE: Limits = (-FLOAT_MAX, FLOAT_MAX)
"""The limits of a result that is not clamped."""


def kpu_registers(
    part: KpuWeights, source: MapLayout, target: MapLayout, pool: int, depthwise: bool, to_main: bool
) -> dict[str, int]:
    """``conv_registers`` as nncase 0.2 writes them: the zeros of input and weights without fraction bits."""
    registers = conv_registers(part, source, target, pool, depthwise, to_main)
    registers.update(arg_x=-part.weight_zero, shr_x=0, arg_w=-part.input_zero, shr_w=0)
    return registers


def _joined(a: Sequence[int], b: Sequence[int]) -> tuple[int, ...]:
    """The shape of an operation on two tensors, of which sizes of 1 are repeated."""
    if any(one != other and 1 not in (one, other) for one, other in zip(full(a), full(b), strict=True)):
        raise ValueError(f"shapes {tuple(a)} and {tuple(b)} do not go together")
    joined = tuple(max(pair) for pair in zip(full(a), full(b), strict=True))
    return joined[4 - max(len(a), len(b)) :]


class V4Writer(V4Nodes, KpuLayers):
    """Collects nodes in the order they run.

    Shapes have up to four sizes (n, c, h, w); the first ones may be left out. Tensors lie in main memory, except those
    of the KPU.
    """

    def conv_both(
        self, source: PlacedTensor, part: KpuWeights, *, pool: int = 0, depthwise: bool = False, to_main: bool = True
    ) -> tuple[PlacedTensor, ...]:
        """A KPU node. Returns its result in the AI RAM, and with ``to_main`` also the copy in main memory."""
        batch = source.shape[:-3]
        layout, target = maps_of(source, part, pool, depthwise)
        shape = (*batch, target.channels, target.height, target.width)
        results = [self._value(shape, "uint8", AI_RAM)]
        if to_main:
            results.append(self._value(shape, "uint8"))
        registers = kpu_registers(part, layout, target, pool, depthwise, to_main)

        def encode(start: int) -> bytes:
            head = moves.KpuHead(range_of(results[1]) if to_main else NOWHERE, prod(batch), 0)
            addresses = {"image_src_addr": source.address, "image_dst_addr": results[0].address}
            return conv_body(start, head, registers | addresses, part.weights, part.norm, part.activation)

        self._node(0x2002, [source], results, encode)
        return tuple(results)

    def upload(self, source: PlacedTensor) -> PlacedTensor:
        """uint8 (channels, h, w) from main memory into the AI RAM, for a KPU node."""
        if source.dtype != "uint8" or len(source.shape) < 3:
            raise ValueError(f"{source.dtype} {source.shape} cannot lie in the AI RAM as maps")
        result = self._value(source.shape, "uint8", AI_RAM)
        shape = full(source.shape)
        return self._plain(0x2001, [source], result, lambda: moves.KpuUpload(range_of(source), range_of(result), shape))

    def quantize(self, source: PlacedTensor, scale: Scale) -> PlacedTensor:
        """float32 to the levels of a scale."""
        return self._scaled(0x06, body.Quantize, source, "uint8", scale)

    def dequantize(self, source: PlacedTensor, scale: Scale) -> PlacedTensor:
        """The levels of a scale to float32."""
        return self._scaled(0x03, body.Dequantize, source, "float32", scale)

    def _scaled(self, opcode: int, record: type, source: PlacedTensor, dtype: str, scale: Scale) -> PlacedTensor:
        _expect("uint8" if dtype == "float32" else "float32", source)
        result = self._value(source.shape, dtype)
        numbers = (scale.zero, scale.steps)
        return self._plain(opcode, [source], result, lambda: record(range_of(source), range_of(result), *numbers))

    def binary(self, operation: str, a: PlacedTensor, b: PlacedTensor, limits: Limits = FREE) -> PlacedTensor:
        """Two float32 tensors by "add", "sub", "mul", "div", "min" or "max", and then cut to limits.

        Sizes of 1 are repeated.
        """
        _expect("float32", a, b)
        result = self._value(_joined(a.shape, b.shape), "float32")
        shapes = (full(a.shape), full(b.shape), full(result.shape))
        arguments: tuple[Any, ...] = (BINARY.index(operation), *shapes, Clamp(*limits))
        return self._plain(
            0x00, [a, b], result, lambda: body.Binary(range_of(a), range_of(b), range_of(result), *arguments)
        )

    def quantized_binary(
        self, operation: str, a: PlacedTensor, b: PlacedTensor, scales: tuple[Scale, Scale, Scale]
    ) -> PlacedTensor:
        """Two uint8 tensors by "add", "sub", "mul", "min" or "max".

        scales: those of a, of b and of the result, which saturates at 0 and 255.
        """
        return self.quantized_binary_of(operation, a, b, binary_numbers(operation, *scales))

    def quantized_binary_of(
        self, operation: str, a: PlacedTensor, b: PlacedTensor, numbers: Sequence[int]
    ) -> PlacedTensor:
        """``quantized_binary`` with its nine numbers: offset, factor and shift of a, of b and of the result."""
        _expect("uint8", a, b)
        result = self._value(_joined(a.shape, b.shape), "uint8")
        shapes = (full(a.shape), full(b.shape), full(result.shape))
        arguments: tuple[Any, ...] = (BINARY.index(operation), *shapes, *numbers)
        return self._plain(
            0x11, [a, b], result, lambda: body.QuantizedBinary(range_of(a), range_of(b), range_of(result), *arguments)
        )

    def reduce(self, operation: str, source: PlacedTensor, axes: Sequence[int]) -> PlacedTensor:
        """float32: "mean", "min", "max" or "sum" over axes of the shape; their sizes become 1."""
        _expect("float32", source)
        places = {axis % len(source.shape) for axis in axes}
        result = self._value([1 if axis in places else size for axis, size in enumerate(source.shape)], "float32")
        arguments: tuple[Any, ...] = (REDUCE.index(operation), full(source.shape), full(result.shape), START[operation])
        return self._plain(0x07, [source], result, lambda: body.Reduce(range_of(source), range_of(result), *arguments))

    def pad(self, source: PlacedTensor, pads: Sequence[tuple[int, int]], value: float = 0) -> PlacedTensor:
        """Either type: ``pads`` elements before and after along each of the last axes; negative ones crop.

        value: what the new elements are; for uint8 a level.
        """
        if len(pads) > len(source.shape):
            raise ValueError(f"pads of {len(pads)} axes do not fit {source.shape}")
        every = [(0, 0)] * (4 - len(pads)) + list(pads)
        shape = [size + sum(pair) for size, pair in zip(full(source.shape), every, strict=True)]
        result = self._value(shape[4 - len(source.shape) :], source.dtype)
        if min(result.shape) < 1:
            raise ValueError(f"pads {list(pads)} leave nothing of {source.shape}")
        filler = struct.pack("<f", value) if source.dtype == "float32" else bytes([int(value), 0, 0, 0])
        arguments: tuple[Any, ...] = (
            full(source.shape),
            *(Padding(*pair) for pair in every),
            DATATYPE_NUMBERS[source.dtype],
            np.frombuffer(filler, np.uint8),
        )
        return self._plain(
            0x05,
            [source],
            result,
            lambda: moves.Pad(range_of(source), range_of(result), *arguments),
        )

    def concat(self, values: Sequence[PlacedTensor], axis: int = 0) -> PlacedTensor:
        """Tensors of one type, one after another along an axis of their shape; all other sizes are equal."""
        first, sources = values[0], list(values)
        axis %= len(first.shape)
        for value in sources:
            same = value.shape[:axis] == first.shape[:axis] and value.shape[axis + 1 :] == first.shape[axis + 1 :]
            if not same or len(value.shape) != len(first.shape) or value.dtype != first.dtype:
                raise ValueError(f"{value.dtype} {value.shape} does not go with {first.dtype} {first.shape}")
        sizes = [value.shape[axis] for value in sources]
        result = self._value((*first.shape[:axis], sum(sizes), *first.shape[axis + 1 :]), first.dtype)
        inner = prod(first.shape[axis + 1 :]) * DTYPES[first.dtype].itemsize

        def make() -> moves.Concat:
            parts = [(part.memory, part.datatype, part.start, part.size) for part in map(range_of, sources)]
            return moves.Concat(range_of(result), inner, prod(first.shape[:axis]), len(sources), parts, sizes)

        return self._plain(0x01, sources, result, make)

    def resize(
        self, source: PlacedTensor, height: int, width: int, mode: str = "bilinear", align_corners: bool = False
    ) -> PlacedTensor:
        """Either type, (channels, h, w) to another height and width, "bilinear" or "nearest"; bytes are cut off."""
        result = self._value((*source.shape[:-2], height, width), source.dtype)
        arguments: tuple[Any, ...] = (full(source.shape), height, width, RESIZE.index(mode), int(align_corners))
        return self._plain(0x0A, [source], result, lambda: moves.Resize(range_of(source), range_of(result), *arguments))

    def copy(self, source: PlacedTensor) -> PlacedTensor:
        """The same bytes at another address. ValueError where the firmware would leave the last bytes behind."""
        # It copies whole words of four bytes and no rest.
        if source.bytes % 4:
            raise ValueError(f"{source.bytes} bytes cannot be copied: the firmware copies four at a time")
        result = self._value(source.shape, source.dtype)
        return self._plain(0x09, [source], result, lambda: moves.MemoryCopy(range_of(source), range_of(result)))

    def table(self, source: PlacedTensor, table: Array) -> PlacedTensor:
        """uint8 to uint8 by a table of 256."""
        _expect("uint8", source)
        result, entries = self._value(source.shape, "uint8"), self.constant(table)
        return self._plain(
            0x12,
            [source, entries],
            result,
            lambda: moves.TableLookup(range_of(source), range_of(entries), range_of(result)),
        )

    def matmul(self, source: PlacedTensor, weights: Array, bias: Array, limits: Limits = FREE) -> PlacedTensor:
        """float32 (n,) to (out,), and then cut to limits; weights (out, n)."""
        _expect("float32", source)
        out, inner = weights.shape
        if inner != source.count:
            raise ValueError(f"weights {weights.shape} do not fit the input {source.shape}")
        factors, result = self.constant(weights.T), self._value((out,), "float32")
        arguments: tuple[Any, ...] = (1, inner, out, Clamp(*limits), bias)
        return self._plain(
            0x04,
            [source, factors],
            result,
            lambda: body.Matmul(range_of(source), range_of(factors), range_of(result), *arguments),
        )

    def softmax(self, source: PlacedTensor) -> PlacedTensor:
        """float32, along the last axis."""
        _expect("float32", source)
        result, inner = self._value(source.shape, "float32"), source.shape[-1]
        arguments = (inner, source.count // inner, 1.0)
        return self._plain(0x0B, [source], result, lambda: body.Softmax(range_of(source), range_of(result), *arguments))

    def unary(self, operation: str, source: PlacedTensor) -> PlacedTensor:
        """float32, each value by itself; ``operation``: a name of ``v4_layers.UNARY_NAMES``."""
        _expect("float32", source)
        result, number = self._value(source.shape, "float32"), body.UNARY_NAMES.index(operation)
        return self._plain(0x0E, [source], result, lambda: body.Unary(range_of(source), range_of(result), number))

    def transpose(self, source: PlacedTensor, order: Sequence[int]) -> PlacedTensor:
        """Either type; ``order``: for each axis of the result, the axis of the source."""
        front = 4 - len(order)
        result = self._value([source.shape[axis] for axis in order], source.dtype)
        arguments: tuple[Any, ...] = (full(source.shape), (*range(front), *(front + axis for axis in order)))
        return self._plain(
            0x0C, [source], result, lambda: moves.Transpose(range_of(source), range_of(result), *arguments)
        )

    def window(
        self, operation: str, source: PlacedTensor, kernel: Pair, strides: Pair, sides: Pair, pads: Pair = (0, 0)
    ) -> PlacedTensor:
        """float32 (channels, h, w): "mean", "min", "max" or "sum" of windows, which are cut at the edges of the map.

        kernel, strides: of the windows, (y, x). sides: height and width of the result.
        pads: by how much the first window begins above and on the left of the map.
        """
        _expect("float32", source)
        # The file holds pads instead of the size of the result; a negative one crops what no window reaches.
        height, width = (
            Padding(pad, (out - 1) * stride + size - pad - inside)
            for size, stride, out, pad, inside in zip(kernel, strides, sides, pads, source.shape[-2:], strict=True)
        )
        result = self._value((*source.shape[:-2], *sides), "float32")
        geometry = Geometry(height, width, *kernel, *strides, 1, 1)
        arguments: tuple[Any, ...] = (full(source.shape), geometry, START[operation], Clamp(*FREE))
        number = REDUCE.index(operation)
        return self._plain(
            0x08, [source], result, lambda: body.ReduceWindow(range_of(source), range_of(result), number, *arguments)
        )


def _expect(dtype: str, *values: PlacedTensor) -> None:
    for value in values:
        if value.dtype != dtype:
            raise ValueError(f"{value.dtype} {value.shape}: expected {dtype}")
