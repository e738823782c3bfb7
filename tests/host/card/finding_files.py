"""Small kmodels for the findings, each with one fault; the writer makes them, or a few changed bytes."""

from __future__ import annotations

import struct

import numpy as np

from maixswitch.kmodel.format import v4_layers as body
from maixswitch.kmodel.format import v4_moves as moves
from maixswitch.kmodel.format.model_file import read_program
from maixswitch.kmodel.format.registers import decode_block, encode_block
from maixswitch.kmodel.format.v4_node import Padding
from maixswitch.kmodel.write import samples
from maixswitch.kmodel.write.quantize import Scale, quantize_conv
from maixswitch.kmodel.write.writer import KModelWriter
from tests.host.kmodel import v4_files

PIXEL = Scale(255.0)
BLOCK = 96


def with_main_memory(size: int) -> bytes:
    """The colour classifier with a demand for `size` bytes of main memory."""
    data = bytearray(samples.colour_classifier())
    struct.pack_into("<I", data, 20, size)
    return bytes(data)


def with_layer_type(number: int) -> bytes:
    """The colour classifier with another type in its last layer."""
    data = bytearray(samples.colour_classifier())
    layers, outputs = struct.unpack_from("<I", data, 12)[0], struct.unpack_from("<I", data, 24)[0]
    struct.pack_into("<I", data, 28 + 8 * outputs + 8 * (layers - 1), number)
    return bytes(data)


def with_register(name: str, value: int) -> bytes:
    """The colour classifier with one register of its first layer changed."""
    data = bytearray(samples.colour_classifier())
    layer = read_program(bytes(data)).layers[0]
    start = next(
        at for at in range(layer.offset, layer.offset + 256, 4) if _is_block(data, at)
    )  # fmt: skip
    registers = decode_block(bytes(data[start : start + BLOCK]))
    data[start : start + BLOCK] = encode_block({**registers, name: value})
    return bytes(data)


def _is_block(data: bytearray, at: int) -> bool:
    registers = decode_block(bytes(data[at : at + BLOCK]))
    return (registers["i_row_wid"], registers["i_col_high"]) == (223, 223)


def picture_network(width: int, height: int, out: int, shrink: int, last: str = "") -> bytes:
    """A network that halves a picture `shrink` times, to `out` channels of floats; `last`="mean": one float each."""
    rng = np.random.default_rng(1)
    net = KModelWriter(3, height, width)
    x = net.input
    for step in range(shrink):
        channels = out if step == shrink - 1 else 3
        weights = rng.normal(0, 0.1, (channels, x.shape[0], 3, 3))
        part = quantize_conv(weights, np.zeros(channels), PIXEL, PIXEL)
        x = net.conv(x, part, pool=5, to_main=step == shrink - 1)
    y = net.dequantize(x, PIXEL.factor, PIXEL.bias)
    net.output(net.global_average_pool(y) if last == "mean" else y)
    return net.build()


def floats() -> bytes:
    """A network whose input is numbers instead of a picture."""
    net = KModelWriter(floats=4)
    net.output(net.softmax(net.fully_connected(net.input, np.eye(4, dtype=np.float32), np.zeros(4, np.float32))))
    return net.build()


def swapped() -> bytes:
    """The colour classifier with the bytes of its 32-bit words swapped."""
    data = samples.colour_classifier()
    data += bytes(-len(data) % 4)
    return np.frombuffer(data, "<u4").astype(">u4").tobytes()


def version_4() -> bytes:
    """The header of a kmodel v4 with one input of 4 floats and one output of 8; the reader of the board accepts it."""
    input_range = struct.pack("<4I", 1, 0, 0, 16)
    output = struct.pack("<4I", 1, 0, 16, 32)
    head = struct.pack("<4I6I", 0x4B4D444C, 4, 0, 1, 0, 48, 0, 1, 1, 0)
    return head + input_range + struct.pack("<4i", 1, 3, 224, 224) + output


def complete_version_4() -> bytes:
    """A complete kmodel v4 with one softmax over 8 numbers."""
    ranges = [struct.pack("<4I", 1, 0, start, 32) for start in (0, 32)]
    head = struct.pack("<4I6I", 0x4B4D444C, 4, 0, 1, 0, 64, 1, 1, 1, 0)
    ends = ranges[0] + struct.pack("<4i", 1, 1, 1, 8) + ranges[1]
    body = b"".join(ranges) + struct.pack("<2if", 8, 1, 1.0)
    body += bytes(-(len(head + ends) + 8 + len(body)) % 8)
    return head + ends + struct.pack("<2I", 0x0B, len(body)) + body


def dense_relu(act: int = 1) -> bytes:
    """A network of two dense layers with an activation between them."""
    net, rng = KModelWriter(floats=4), np.random.default_rng(4)
    inner = net.fully_connected(net.input, rng.normal(size=(6, 4)), np.zeros(6), act)
    net.output(net.softmax(net.fully_connected(inner, rng.normal(size=(4, 6)), np.zeros(4))))
    return net.build()


def activation_probe() -> bytes:
    """A network whose first class wins if the runtime ignores the activation of a dense layer, otherwise the second."""
    net = KModelWriter(3, 64, 64)
    part = quantize_conv(np.zeros((4, 3, 3, 3)), np.zeros(4), PIXEL, PIXEL)
    values = net.global_average_pool(net.dequantize(net.conv(net.input, part, pool=5, to_main=True), 1 / 255, 0.0))
    inner = net.fully_connected(values, np.zeros((1, 4)), np.array([-5.0]), 1)
    net.output(net.softmax(net.fully_connected(inner, np.array([[-1.0], [0.0]]), np.array([0.0, 2.0]))))
    return net.build()


def crowd(score: float, classes: int = 1) -> bytes:
    """A detector of 4x4 cells for 64x64 pixels that finds a box of this score for every cell and anchor."""
    channels = 5 * (classes + 5)
    net = KModelWriter(3, 64, 64)
    x = net.input
    for step in range(4):
        count = channels if step == 3 else 3
        bias = np.zeros(count)
        if step == 3:
            bias[4 :: classes + 5] = np.log(score / (1 - score))
            bias[5 :: classes + 5] = 5.0
        levels = Scale.covering(-6.0, 6.0) if step == 3 else PIXEL
        part = quantize_conv(np.zeros((count, x.shape[0], 3, 3)), bias, PIXEL, levels)
        x = net.conv(x, part, pool=5, to_main=step == 3)
    net.output(net.dequantize(x, levels.factor, levels.bias))
    return net.build()


def bytes_in_main_memory(first: str) -> bytes:
    """A kmodel v4 that takes 64x64 pixels as bytes in main memory. first: "pad", "dequantize" or "transpose"."""
    file, shape = v4_files.File(), (1, 3, 64, 64)
    x = file.input(shape, v4_files.BYTE)
    if first == "pad":
        padded, no = (1, 3, 64, 72), Padding(0, 0)
        filler = np.zeros(4, np.uint8)
        y = file.room(padded, v4_files.BYTE)
        file.node(5, moves.Pad(x, y, shape, no, no, no, Padding(4, 4), v4_files.BYTE, filler))
        x, shape = y, padded
    elif first == "transpose":
        y = file.room(shape, v4_files.BYTE)
        file.node(0x0C, moves.Transpose(x, y, shape, (0, 1, 3, 2)))
        x = y
    y = file.room(shape)
    file.node(3, body.Dequantize(x, y, 0, np.float32(255.0)))
    file.node(7, body.Reduce(y, file.output((1, 3, 1, 1)), 0, shape, (1, 3, 1, 1), 0.0))
    return file.build()
