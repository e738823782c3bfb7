"""The files that the fuzzer starts from: small ones with every layer of kmodel v3 and node of v4, and real ones."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from maixswitch.kmodel.format import binary_record as record
from maixswitch.kmodel.format import v3_layers as v3
from maixswitch.kmodel.format import v4_cpu_layers as cpu
from maixswitch.kmodel.format import v4_layers as body
from maixswitch.kmodel.format import v4_moves as moves
from maixswitch.kmodel.format.airam import MapLayout
from maixswitch.kmodel.format.registers import encode_activation, encode_block, encode_norm
from maixswitch.kmodel.format.v4_node import Clamp, Geometry, Padding, Range
from maixswitch.kmodel.write import samples
from maixswitch.kmodel.write.kpu_layers import conv_registers
from maixswitch.kmodel.write.quantize import KpuWeights
from maixswitch.kmodel.write.writer import KModelWriter
from tests.host.kmodel.small_networks import Choice, network, part
from tests.host.kmodel.v4_files import AI_RAM, BYTE, FLOAT, NO_CLAMP, File

F = np.float32
SHAPE = (1, 4, 6, 7)
OPEN = Clamp(*NO_CLAMP)
WINDOW = Geometry(Padding(1, 1), Padding(1, 1), 3, 3, 1, 1, 1, 1)
"""A window geometry that keeps the size of its input."""
SMALL, MEDIUM = 300_000, 700_000
"""Bytes: real files up to the first size are fuzzed often, up to the second sometimes, larger ones seldom."""


def _floats(shape: Sequence[int], seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 2, tuple(shape)).astype(F)


def _octets(shape: Sequence[int], seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, tuple(shape)).astype(np.uint8)


def _words(shape: Sequence[int]) -> np.ndarray:
    return np.random.default_rng(3).integers(-5000, 5000, tuple(shape)).astype(np.int32)


def v3_floats() -> bytes:
    """The layers of v3 on floats."""
    net = KModelWriter(floats=60)
    x = net.fully_connected(net.input, _floats((60, 60)), _floats((60,)), 2)
    x.shape = (3, 4, 5)
    net.output(net.flatten(x))
    pool = (5, 4, 3, 3, 2, 3, 2, 2, 2, 2, 0, 0, 0)
    y = net.layer(9, v3.AveragePool, [x], (3, 2, 3), "float32", *pool)
    z = net.layer(22, v3.ResizeNearest, [y], (3, 4, 5), "float32", 3, 2, 3, 5, 4, 0)
    total = net.add(x, z)
    mean = net.global_average_pool(total)
    net.output(net.softmax(mean))
    net.output(net.logistic(net.concat([mean, mean])))
    net.output(net.layer(14, v3.Elementwise, [mean], (3,), "float32", 3))
    return net.build()


def v3_bytes() -> bytes:
    """The layers of v3 on quantised values, with KPU layers before and behind them."""
    rng = np.random.default_rng(4)
    net = KModelWriter(3, 8, 8)
    x = net.conv(net.input, part(rng, 3, Choice(3, 4)), pool=1, to_main=True)
    both = net.layer(2, v3.QuantizedAdd, [x, x], (4, 4, 4), "uint8", 64, -9, 3, 1, -7, 5, 1, 3, 77, 6)
    pooled = net.layer(8, v3.QuantizedMaxPool, [both], (4, 2, 2), "uint8", 4, 4, 4, 2, 2, 4, 2, 2, 2, 2, 0, 0)
    large = net.layer(23, v3.QuantizedResizeNearest, [pooled], (4, 4, 4), "uint8", 2, 2, 4, 4, 4, 0)
    table = np.arange(256)[::-1].astype(np.uint8)
    turned = net.layer(13, v3.Requantize, [large], (4, 4, 4), "uint8", 64, table)
    joined = net.concat([turned, both])
    joined.shape = (8, 4, 4)
    y = net.conv(net.upload(joined), part(rng, 8, Choice(1, 2)), to_main=True)
    factors = np.array([[0.5, -1.0], [0.25, 2.0]], F)
    z = net.layer(24, v3.ChannelwiseDequantize, [y], (2, 4, 4), "float32", 2, 16, factors)
    q = net.quantize(net.global_average_pool(z), 0.1, -1.0)
    w = net.remove_padding(net.conv(net.add_padding(q), part(rng, 2, Choice(1, 3)), to_main=True))
    net.output(net.dequantize(w, 0.1, 0.5))
    net.output(z)
    return net.build()


def v3_networks() -> dict[str, bytes]:
    """KPU layers of every kind: kernels, pools, depthwise, 16-bit weights, wild tables."""
    result = {}
    rng = np.random.default_rng(5)
    for index in range(8):
        wide = index % 4 == 3
        choices = [
            Choice(
                kernel=int(rng.choice([1, 3])),
                out=int(rng.integers(2, 7)),
                pool=[0, 1, 2, 5, 7, 8, 9, 3][(index + step) % 8],
                depthwise=bool(rng.random() < 0.3),
                wide=wide,
                curve=["linear", "leaky", "falling", "wild"][(index + step) % 4],
            )
            for step in range(2)
        ]
        width = [8, 16, 20, 40][index % 4]
        result[f"v3 network {index}"] = network(rng, int(rng.integers(1, 5)), 16, max(width, 16), choices)
    return result


def v4_windows() -> bytes:
    """The convolutions and pools of v4 on floats, one after another."""
    file = File()
    x = file.input(SHAPE)

    def step(opcode: int, make: Callable[[Range, Range], object], dtype: int = FLOAT) -> Range:
        computed = file.output(SHAPE, dtype)
        file.node(opcode, make(x, computed))
        return computed

    step(2, lambda a, b: body.Conv2d(a, b, SHAPE, 1, 4, WINDOW, OPEN, _floats((4, 4, 3, 3)), _floats((4,))))
    step(8, lambda a, b: body.ReduceWindow(a, b, 0, SHAPE, WINDOW, 0.0, OPEN))
    step(
        0x13,
        lambda a, b: body.Conv2dTranspose(a, b, SHAPE, SHAPE, 2, WINDOW, OPEN, _floats((4, 2, 3, 3)), _floats((4,))),
    )
    last = (1, 6, 7, 4)
    weights, bias = _floats((4, 3, 3, 4)), _floats((4,))
    step(0x1001, lambda a, b: cpu.CpuConv2d(a, b, last, 4, WINDOW, OPEN, weights, bias))
    step(0x1002, lambda a, b: cpu.CpuDepthwiseConv2d(a, b, last, WINDOW, OPEN, _floats((4, 3, 3)), bias))
    step(0x1003, lambda a, b: cpu.CpuReduceWindow(a, b, 2, last, WINDOW, -9.0, OPEN))
    return file.build()


def v4_quantised() -> bytes:
    """The nodes of v4 on quantised values."""
    file = File()
    x = file.input(SHAPE, BYTE)
    numbers = (-120, -130, 7, 11, 100)
    full, depth, words = _octets((4, 3, 3, 4)), _octets((4, 3, 3)), _words((4,))
    last = (1, 6, 7, 4)
    rows: list[tuple[int, Callable[[Range, Range], object]]] = [
        (
            0x0F,
            lambda a, b: body.QuantizedConv2d(a, b, SHAPE, 2, 4, WINDOW, *numbers, words, _octets((4, 2, 3, 3))),
        ),
        (0x1004, lambda a, b: cpu.CpuQuantizedConv2d(a, b, last, 4, WINDOW, *numbers, full, words)),
        (0x1005, lambda a, b: cpu.CpuQuantizedDepthwiseConv2d(a, b, last, WINDOW, *numbers, depth, words)),
        (0x11, lambda a, b: body.QuantizedBinary(a, a, b, 3, SHAPE, SHAPE, SHAPE, 1, 3, 2, 4, 5, 1, 9, 7, 3)),
    ]
    for opcode, make in rows:
        file.node(opcode, make(x, file.output(SHAPE, BYTE)))
    table = file.constant(_octets((256,)))
    file.node(0x12, moves.TableLookup(x, table, file.output(SHAPE, BYTE)))
    square = file.output((6, 6), BYTE)
    left, right = Range(1, BYTE, x.start, 42), Range(1, BYTE, x.start + 42, 42)
    file.node(0x10, body.QuantizedMatmul(left, right, square, 6, 7, 6, *numbers, _words((6,))))
    file.node(3, body.Dequantize(x, file.output(SHAPE), 100, 7.3))
    return file.build()


def v4_moving() -> bytes:
    """The nodes of v4 that move data, on floats."""
    file = File()
    x = file.input(SHAPE)
    pads = (Padding(0, 0), Padding(1, 0), Padding(-1, 2), Padding(-2, -1))
    filler = np.frombuffer(struct.pack("<f", 1.5), np.uint8)
    file.node(5, moves.Pad(x, file.output((1, 5, 7, 4)), SHAPE, *pads, FLOAT, filler))
    file.node(0x0C, moves.Transpose(x, file.output(SHAPE), SHAPE, (0, 3, 1, 2)))
    slices = ((0, 3, 0, 5), (1, -1, 6, 0), (1, -1, 3, -2))
    file.node(0x0D, moves.StridedSlice(x, file.output((1, 4, 2, 3)), SHAPE, *slices, 0, 0, 0, 0, 0))
    file.node(0x0A, moves.Resize(x, file.output((1, 4, 9, 5)), SHAPE, 9, 5, 0, 0))
    file.node(0x0A, moves.Resize(x, file.output((1, 4, 9, 5)), SHAPE, 9, 5, 1, 1))
    rows = np.array([[p.memory, p.datatype, p.start, p.size] for p in (x, x)], "<u4")
    file.node(1, moves.Concat(file.output((1, 8, 6, 7)), 168, 1, 2, rows, np.array([4, 4], "<i4")))
    file.node(9, moves.MemoryCopy(x, file.output(SHAPE)))
    return file.build()


def v4_numbers() -> bytes:
    """The nodes of v4 that calculate with floats, element by element or along an axis."""
    file = File()
    x = file.input(SHAPE)
    file.node(0, body.Binary(x, x, file.output(SHAPE), 2, SHAPE, SHAPE, SHAPE, OPEN))
    file.node(0x0E, body.Unary(x, file.output(SHAPE), 3))
    file.node(7, body.Reduce(x, file.output((1, 4, 1, 1)), 0, SHAPE, (1, 4, 1, 1), 0.0))
    file.node(7, body.Reduce(x, file.output((1, 1, 6, 7)), 2, SHAPE, (1, 1, 6, 7), -9.0))
    file.node(0x0B, body.Softmax(x, file.output(SHAPE), 42, 4, 1.0))
    left, right = Range(1, FLOAT, x.start, 168), Range(1, FLOAT, x.start + 168, 168)
    file.node(4, body.Matmul(left, right, file.output((6, 6)), 6, 7, 6, OPEN, _floats((6,))))
    file.node(6, body.Quantize(x, file.output(SHAPE, BYTE), 3, 2.0))
    code = b"\x03\x01\x42\x05\x40" + b"\x06" + struct.pack("<f", 0.25) + b"\x45\xa0"
    file.node(0x14, record.write(x) + record.write(file.output(SHAPE)) + code)
    return file.build()


def _kpu_node(
    kernel: KpuWeights, source: MapLayout, computed: MapLayout, rows: tuple[int, int], main: Range | None
) -> bytes:
    registers = conv_registers(
        kernel, source, computed, 0, kernel.weights.shape[1] == 1 < source.channels, main is not None
    )
    registers.update(image_src_addr=rows[0], image_dst_addr=rows[1], bwsx_base_addr=40, active_addr=8)
    registers.update(para_start_addr=16)
    return (
        record.write(moves.KpuHead(main or Range(0, 0, 0, 0), 1, 0))
        + encode_block(registers)
        + bytes(40)
        + encode_norm(kernel.norm)
        + bytes(8)
        + encode_activation(kernel.activation)
        + bytes(16)
        + kernel.weights.tobytes()
    )


def v4_kpu() -> bytes:
    """KPU layers of v4: from the input in the AI RAM, through main memory and an upload, to the AI RAM."""
    rng = np.random.default_rng(6)
    file = File()
    source, computed, last = MapLayout(3, 9, 20), MapLayout(4, 9, 20), MapLayout(2, 9, 20)
    file.inputs.append((Range(AI_RAM, BYTE, 0, source.size), (1, 3, 9, 20)))
    middle = file.output((4, 9, 20), BYTE)
    file.node(0x2002, _kpu_node(part(rng, 3, Choice(3, 4)), source, computed, (0, 1000), middle))
    file.node(0x2001, moves.KpuUpload(middle, Range(AI_RAM, BYTE, 64 * 2000, computed.size), (1, 4, 9, 20)))
    file.node(0x2002, _kpu_node(part(rng, 4, Choice(3, depthwise=True)), computed, computed, (2000, 1000), None))
    file.node(0x2002, _kpu_node(part(rng, 4, Choice(1, 2, curve="leaky")), computed, last, (1000, 3000), None))
    file.outputs.append(Range(AI_RAM, BYTE, 64 * 3000, last.size))
    return file.build()


def written() -> dict[str, bytes]:
    """Return name to bytes of the files that need no test data; all of them load and run."""
    return {
        "v3 floats": v3_floats(),
        "v3 bytes": v3_bytes(),
        **v3_networks(),
        "v4 windows": v4_windows(),
        "v4 quantised": v4_quantised(),
        "v4 moving": v4_moving(),
        "v4 numbers": v4_numbers(),
        "v4 kpu": v4_kpu(),
        "colour classifier": samples.colour_classifier(),
        "blob detector": samples.blob_detector(),
    }


def weight(name: str, size: int) -> int:
    """Return how often a file is used: large files are slow, and so are networks with a falling activation table."""
    if size < 20_000:
        return 150 if "network" in name else 400
    return 80 if size < SMALL else 12 if size < MEDIUM else 3


def gather(folder: Path | None) -> dict[str, bytes]:
    """Return the written files, and the real ones of a folder if there is one."""
    result = written()
    if folder is not None and folder.is_dir():
        result |= {path.name: path.read_bytes() for path in sorted(folder.glob("*.kmodel"))}
    return result
