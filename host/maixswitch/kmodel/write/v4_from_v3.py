"""Writes the layers of a v3 file as the nodes of a v4 file that computes the same.

The results are equal in bytes, with two exceptions: sums of bytes, which v3 rounds down and v4 to the nearest, and the
last digits of floats.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from maixswitch.kmodel.format import v3_layers as body
from maixswitch.kmodel.format.arrays import FLOAT_MAX
from maixswitch.kmodel.format.program import MAIN

from .quantize import Scale
from .v4_numbers import sum_numbers
from .v4_writer import FREE, Limits, V4Writer
from .value import PlacedTensor
from .writer import ADD_PADDING, REMOVE_PADDING, UPLOAD, KModelWriter, Node

ACTIVATIONS: tuple[Limits, ...] = (FREE, (0.0, FLOAT_MAX), (0.0, 6.0))
"""The activations of v3's fully connected layer."""
NEAR = 1e-4
"""How far a zero may be from a whole number, because both factors of its quotient are rounded."""


def as_v4(written: KModelWriter) -> tuple[bytes, list[int]]:
    """The v4 file of a network that was written for v3.

    Returns the bytes of the file, and for each layer of v3 the number of nodes that it became.
    Raises ValueError if the AI RAM is too small, and for a layer that v4 cannot express.
    """
    # The layers say where in memory their parts begin, so the addresses of v3 are needed.
    written.build()
    net, known, counts = V4Writer(), dict[int, PlacedTensor](), list[int]()
    source = written.input
    known[id(source)] = net.add_input(source.shape, source.dtype, source.memory)
    for node in written.nodes:
        record, before = node.make(), len(net)
        inputs = [known[id(value)] for value in node.inputs]
        if node.weights is not None:
            results = _conv(net, node, inputs[0])
        elif isinstance(record, body.Concat):
            results = [_concat(net, record, node, inputs)]
        elif isinstance(record, body.FullyConnected):
            results = [_fully_connected(net, record, node, inputs[0])]
        elif node.number in TRANSLATIONS:
            results = [TRANSLATIONS[node.number](net, record, inputs)]
        else:
            raise ValueError(f"layer type {node.number} of v3 has no counterpart in v4")
        for value, result in zip(node.outputs, results, strict=True):
            # A layer of v3 moves bytes whatever they mean, so a result may have another type than its node of v4.
            same = result.shape == value.shape and result.dtype == value.dtype
            known[id(value)] = result if same else result.viewed(value.shape, value.dtype)
        counts.append(len(net) - before)
    for value in written.outputs:
        net.add_output(known[id(value)])
    return net.build(), counts


def _conv(net: V4Writer, node: Node, source: PlacedTensor) -> list[PlacedTensor]:
    assert node.weights is not None
    pool, depthwise = node.registers["pool_type"], bool(node.registers["depth_wise_layer"])
    to_main = node.outputs[-1].memory == MAIN
    return list(net.conv_both(source, node.weights, pool=pool, depthwise=depthwise, to_main=to_main))


def _quantize(net: V4Writer, record: body.Quantize, inputs: list[PlacedTensor]) -> PlacedTensor:
    source, zero = inputs[0], _zero(record)
    if zero is not None:
        return net.quantize(source, Scale(1.0 / record.scale, zero))
    # v4 adds a whole number of levels behind the factor, so any other bias is subtracted before it.
    bias = net.constant(np.array([record.bias], np.float32))
    return net.quantize(net.binary("sub", source, bias), Scale(1.0 / record.scale))


def _dequantize(net: V4Writer, record: body.Dequantize, inputs: list[PlacedTensor]) -> PlacedTensor:
    source, zero = inputs[0], _zero(record)
    if zero is not None:
        return net.dequantize(source, Scale(1.0 / record.scale, zero))
    bias = net.constant(np.array([record.bias], np.float32))
    return net.binary("add", net.dequantize(source, Scale(1.0 / record.scale)), bias)


def _zero(record: body.Quantize) -> int | None:
    """The level that stands for 0, None if there is no such level."""
    zero = -record.bias / record.scale
    return round(zero) if -NEAR < zero < 255 + NEAR and abs(zero - round(zero)) < NEAR else None


def _quantized_add(net: V4Writer, record: body.QuantizedAdd, inputs: list[PlacedTensor]) -> PlacedTensor:
    numbers = (
        *(record.a_offset, record.a_mul, record.a_shift),
        *(record.b_offset, record.b_mul, record.b_shift),
        *(record.out_offset, record.out_mul, record.out_shift),
    )
    a, b = (value.viewed((record.count,), "uint8") for value in inputs)
    return net.quantized_binary_of("add", a, b, sum_numbers(numbers))


def _max_pool(net: V4Writer, record: body.QuantizedMaxPool, inputs: list[PlacedTensor]) -> PlacedTensor:
    """v4 has windows over floats only; the levels survive the way to floats and back."""
    levels = Scale(1.0)
    return net.quantize(_window(net, "max", record, net.dequantize(inputs[0], levels)), levels)


def _average_pool(net: V4Writer, record: body.AveragePool, inputs: list[PlacedTensor]) -> PlacedTensor:
    return _window(net, "mean", record, inputs[0])


def _window(net: V4Writer, operation: str, record: body.Pool, source: PlacedTensor) -> PlacedTensor:
    kernel, strides = (record.kernel_h, record.kernel_w), (record.stride_h, record.stride_w)
    sides, pads = (record.out_h, record.out_w), (record.pad_h, record.pad_w)
    return net.window(operation, source.viewed((record.in_c, record.in_h, record.in_w)), kernel, strides, sides, pads)


def _resize(net: V4Writer, record: body.ResizeNearest, inputs: list[PlacedTensor]) -> PlacedTensor:
    dtype = "uint8" if isinstance(record, body.QuantizedResizeNearest) else "float32"
    source = inputs[0].viewed((record.in_c, record.in_h, record.in_w), dtype)
    return net.resize(source, record.out_h, record.out_w, "nearest")


def _concat(net: V4Writer, record: body.Concat, node: Node, inputs: list[PlacedTensor]) -> PlacedTensor:
    """The parts of v3 are addresses, which lie within the inputs of the layer."""
    parts = []
    for start, size in record.parts:
        for value, source in zip(node.inputs, inputs, strict=True):
            if value.address <= start and start + size <= value.address + value.bytes:
                elements = size // (source.bytes // source.count)
                parts.append(source.viewed((elements,), offset=start - value.address))
                break
        else:
            raise ValueError(f"no input of the layer holds bytes {start}..{start + size}")
    return net.concat(parts)


def _mean(net: V4Writer, record: body.GlobalAveragePool, inputs: list[PlacedTensor]) -> PlacedTensor:
    return net.reduce("mean", inputs[0].viewed((record.channels, record.kernel_size)), (1,))


def _flatten(net: V4Writer, record: body.Flatten, inputs: list[PlacedTensor]) -> PlacedTensor:
    return net.transpose(inputs[0].viewed((record.channels, record.height, record.width)), (1, 2, 0))


def _logistic(net: V4Writer, record: body.Elementwise, inputs: list[PlacedTensor]) -> PlacedTensor:
    one = net.constant(np.ones(1, np.float32))
    return net.binary("div", one, net.binary("add", net.unary("exp", net.unary("neg", inputs[0])), one))


def _softmax(net: V4Writer, record: body.Elementwise, inputs: list[PlacedTensor]) -> PlacedTensor:
    return net.softmax(inputs[0].viewed((record.channels,)))


def _add(net: V4Writer, record: body.Add, inputs: list[PlacedTensor]) -> PlacedTensor:
    a, b = (value.viewed((record.count,)) for value in inputs)
    return net.binary("add", a, b)


def _table(net: V4Writer, record: body.Requantize, inputs: list[PlacedTensor]) -> PlacedTensor:
    return net.table(inputs[0], np.asarray(record.table, np.uint8))


def _upload(net: V4Writer, record: body.Upload, inputs: list[PlacedTensor]) -> PlacedTensor:
    return net.upload(inputs[0].viewed((record.channels, record.height, record.width)))


def _add_padding(net: V4Writer, record: body.AddPadding, inputs: list[PlacedTensor]) -> PlacedTensor:
    pixels = inputs[0].viewed((record.channels, 1, 1))
    return net.upload(net.pad(pixels, [(0, 3), (0, 3)]))


def _remove_padding(net: V4Writer, record: body.RemovePadding, inputs: list[PlacedTensor]) -> PlacedTensor:
    return net.pad(inputs[0].viewed((record.channels, 4, 4)), [(0, -3), (0, -3)])


def _fully_connected(net: V4Writer, record: body.FullyConnected, node: Node, source: PlacedTensor) -> PlacedTensor:
    # A layer of groups reads a part of its input, which begins later.
    flat = source.viewed((record.in_channels,), offset=record.input - node.inputs[0].address)
    return net.matmul(flat, np.asarray(record.weights), record.bias, ACTIVATIONS[record.act])


TRANSLATIONS: Mapping[int, Callable[[V4Writer, Any, list[PlacedTensor]], PlacedTensor]] = {
    # type of the layer in v3: what makes its nodes
    1: _add,
    2: _quantized_add,
    5: _mean,
    8: _max_pool,
    9: _average_pool,
    11: _quantize,
    12: _dequantize,
    13: _table,
    15: _softmax,
    20: _flatten,
    22: _resize,
    23: _resize,
    25: _logistic,
    ADD_PADDING: _add_padding,
    REMOVE_PADDING: _remove_padding,
    UPLOAD: _upload,
}
