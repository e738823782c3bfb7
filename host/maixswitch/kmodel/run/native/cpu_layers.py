"""Ties CPU layers to the chip's memory: everything is looked up once, and a run is one call or two.

A layer without a row in BINDERS is run by its function in ``run.runners``. So is a layer that writes over its own
inputs, because the compiled loops read while they write.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import gcd, prod
from typing import Any

import numpy as np

from maixswitch.kmodel.format import v3_layers, v4_layers, v4_moves
from maixswitch.kmodel.format.airam import ROW, MapLayout
from maixswitch.kmodel.format.arrays import Array, Bytes, one_nan, settle
from maixswitch.kmodel.format.program import Layer
from maixswitch.kmodel.run import v3_cpu, v4_bytes, v4_cpu, v4_float
from maixswitch.kmodel.run.backends.interface import Step
from maixswitch.kmodel.run.chip import Chip

from . import cpu_loops as loops
from .memory import apart
from .window_layers import conv2d, quantized_conv2d, reduce_window2d

EVERY = np.arange(256, dtype=np.uint8)
WORD = 8
"""Bytes of a word; lines of complete words are moved word by word."""


def quantized_binary(layer: Layer, chip: Chip) -> Step | None:
    spec: v4_layers.QuantizedBinary = layer.spec
    shapes = spec.shapes()
    # The loop knows neither division nor operands that are broadcast.
    if spec.op == 3 or len(set(shapes.values())) > 1 or not apart(layer, same=True):
        return None
    size = prod(shapes["output"])
    a, b, result = (v4_bytes.octets(chip, part)[:size] for part in (spec.a, spec.b, spec.output))
    # The source keeps a shift in a byte, and numpy does not define shifts beyond 62.
    shifts = [min(shift & 0xFF, 62) for shift in (spec.a_shift, spec.b_shift, spec.out_shift)]
    left, right = (spec.a_offset, spec.a_mul, shifts[0]), (spec.b_offset, spec.b_mul, shifts[1])
    numbers = np.array([spec.op, *left, *right, spec.out_mul, shifts[2], spec.out_offset], np.int64)
    return partial(loops.combine, a, b, numbers, result)


def kpu_upload(layer: Layer, chip: Chip) -> Step | None:
    spec: v4_moves.KpuUpload = layer.spec
    layout = MapLayout(*spec.in_shape[1:])
    # The address of main memory counts too, because a view of words needs an aligned start.
    unit = gcd(WORD, layout.width, chip.main.ctypes.data + spec.input.start)
    images = v4_bytes.octets(chip, spec.input, spec.in_shape).reshape(spec.in_shape[0], layout.channels, -1)
    ram, words = chip.ram.view(f"u{unit}"), images.view(f"u{unit}")
    # The size of a word depends on the address of main memory, so the input has to lie there.
    if not apart(layer) or spec.input.use("").memory != "main":
        return None
    # The loop takes all distances in words.
    line = layout.line_rows * ROW
    layout_numbers = [layout.groups, line * layout.height, layout.pitch, line]
    calls = []
    for index, image in enumerate(words):
        sizes = [spec.output.start + index * layout.size, *layout_numbers]
        units = [size // unit if position != 1 else size for position, size in enumerate(sizes)]
        calls.append((image, np.array([*units, layout.height, layout.width // unit], np.int64), ram))

    def run() -> None:
        for call in calls:
            loops.upload(*call)

    return run


def _table(layer: Layer, source: Bytes, table: Array, result: Array) -> Step | None:
    # There are only 256 bytes, so any function of a byte can be a table that the reference computes.
    return partial(loops.look_up, source, table, result[: source.size]) if apart(layer) else None


def dequantize(layer: Layer, chip: Chip) -> Step | None:
    spec: v4_layers.Dequantize = layer.spec
    source = v4_bytes.octets(chip, spec.input)
    return _table(layer, source, v4_bytes.levels(spec, EVERY, chip), v4_float.floats(chip, spec.output))


def dequantize_v3(layer: Layer, chip: Chip) -> Step | None:
    spec: v3_layers.Dequantize = layer.spec
    result = chip.floats(spec.output, spec.count)
    return _table(layer, chip.bytes(spec.input, spec.count), v3_cpu.levels(spec, EVERY, chip), result)


def quantize(layer: Layer, chip: Chip) -> Step | None:
    spec: v4_layers.Quantize = layer.spec
    values = v4_float.floats(chip, spec.input)
    if not apart(layer):
        return None
    result = v4_bytes.octets(chip, spec.output)[: values.size]
    # The firmware's compiler took values in pairs; the vendor's sources round each by itself.
    loop = loops.quantize_pairs if chip.arithmetic.fused else loops.quantize
    return partial(loop, values, np.float32(spec.scale), np.float32(spec.zero_point), result)


def binary(layer: Layer, chip: Chip) -> Step | None:
    spec: v4_layers.Binary = layer.spec
    shapes = spec.shapes()
    out = shapes["output"]
    low, high = np.float32(spec.act.low), np.float32(spec.act.high)
    inputs = [v4_float.floats(chip, part, shapes[name]) for name, part in (("a", spec.a), ("b", spec.b))]
    # A size that is neither 1 nor that of the output has its own rules in the source.
    fits = all(size in (1, wanted) for values in inputs for size, wanted in zip(values.shape, out, strict=True))
    if not fits or not low <= high or not prod(out) or not apart(layer, same=True):
        return None
    # The last axes in which an input either has all values or repeats one make up a row.
    axis, kind = len(out), None
    while axis and (out[axis - 1] == 1 or kind in (None, tuple(values.shape[axis - 1] > 1 for values in inputs))):
        axis -= 1
        kind = tuple(values.shape[axis] > 1 for values in inputs) if out[axis] > 1 else kind
    size = prod(out[axis:])
    rows = []
    for values in inputs:
        each = prod(values.shape[axis:])
        places = np.arange(prod(values.shape[:axis]), dtype=np.int64).reshape(values.shape[:axis]) * each
        begins = np.broadcast_to(places, out[:axis]).reshape(-1)
        # Constants never change, and a copy has the same type for numba as any other memory.
        own = values.reshape(-1) if values.flags.writeable else values.flatten()
        rows.append((own, np.array(begins if each == size else ~begins)))
    (a, from_a), (b, from_b) = rows
    result = v4_float.floats(chip, spec.output)[: prod(out)].reshape(-1, size)
    constants = np.empty((2, size), np.float32)
    return partial(loops.operate, spec.op, a, from_a, b, from_b, low, high, constants, result)


def reduce(layer: Layer, chip: Chip) -> Step | None:
    """Means and sums over the last axes."""
    spec: v4_layers.Reduce = layer.spec
    # Only consecutive values can be added in order; other axes would need a transposed copy.
    is_kept = [out == size for out, size in zip(spec.out_shape, spec.in_shape, strict=True)]
    first = is_kept.index(False) if False in is_kept else 4
    tail = prod(spec.in_shape[first:])
    if spec.op not in (0, 3) or prod(spec.out_shape[first:]) != 1 or not apart(layer):
        return None
    rows = v4_float.floats(chip, spec.input, spec.in_shape).reshape(-1, tail)
    result = v4_float.floats(chip, spec.output)[: len(rows)]
    # Each sum starts with the initial value, because its addition rounds like any other.
    start = np.full(len(rows), spec.init, np.float32)
    factor = np.float32(spec.output.size // 4) / np.float32(spec.input.size // 4)

    def run() -> None:
        loops.sums(rows, start, result)
        if spec.op == 0:
            np.multiply(result, factor, out=result)
        settle(result)

    return run


def pad(layer: Layer, chip: Chip) -> Step | None:
    spec: v4_moves.Pad = layer.spec
    values = v4_bytes.elements(chip, spec.input, spec.in_shape)
    # Views of two data types do not match, so the reference runs such a layer.
    if not apart(layer) or spec.input.datatype != spec.output.datatype:
        return None
    result = v4_bytes.elements(chip, spec.output, spec.shapes()["output"])
    target, source = spec.copied()
    inside, copied = result[target], values[source]
    filler = spec.value[: values.itemsize].view(values.dtype)[0]

    def run() -> None:
        # Without a border the copy writes the whole result.
        if result.size > inside.size:
            result[...] = filler
        inside[...] = copied

    return run


def global_average_pool(layer: Layer, chip: Chip) -> Step | None:
    spec: v3_layers.GlobalAveragePool = layer.spec
    # A pool over no values divides by 0, which the reference does as the chip does.
    if not apart(layer) or not spec.kernel_size:
        return None
    values = chip.floats(spec.input, spec.channels * spec.kernel_size).reshape(spec.channels, spec.kernel_size)
    result, size = chip.floats(spec.output, spec.channels), np.float32(spec.kernel_size)

    def run() -> None:
        # The first value is the start: adding it to 0.0 would turn -0.0 into 0.0.
        loops.sums(values[:, 1:], values[:, 0], result)
        result[...] = chip.arithmetic.share(result, size)
        settle(result)

    return run


def fully_connected(layer: Layer, chip: Chip) -> Step | None:
    spec: v3_layers.FullyConnected = layer.spec
    if not spec.in_channels or not apart(layer):
        return None
    values, sums = chip.floats(spec.input, spec.in_channels), chip.floats(spec.output, spec.out_channels)
    # The weights are transposed once, so that the loop adds one input to all outputs at a time.
    rows, fused = np.ascontiguousarray(spec.weights.T), chip.arithmetic.fused
    # See FirmwareArithmetic.dense: whole groups of eight are added in another order.
    eights = fused and not spec.in_channels % 8

    def run() -> None:
        if eights:
            sums[...] = 0
            loops.eights(rows, values, sums)
        elif fused:
            sums[...] = 0
            loops.multiplied(rows, values, True, sums)
        else:
            # Without fused operations the first product is the start, as the source has no initial 0.
            np.multiply(rows[0], values[0], out=sums)
            loops.multiplied(rows[1:], values[1:], False, sums)
        sums[...] = one_nan(v3_cpu.activated(spec, sums + spec.bias, chip))

    return run


def matmul(layer: Layer, chip: Chip) -> Step | None:
    spec: v4_layers.Matmul = layer.spec
    shapes = spec.shapes()
    if not apart(layer):
        return None
    a, b = v4_float.floats(chip, spec.a, shapes["a"]), v4_float.floats(chip, spec.b, shapes["b"])
    sums, fused = v4_float.floats(chip, spec.output, shapes["output"]), chip.arithmetic.fused
    low, high = np.float32(spec.act.low), np.float32(spec.act.high)

    def run() -> None:
        # The bias is the start of each sum, as in the source.
        sums[...] = spec.bias
        for values, total in zip(a, sums, strict=True):
            loops.multiplied(b, values, fused, total)
        np.clip(sums, low, high, out=sums)
        settle(sums)

    return run


def conv(layer: Layer, chip: Chip) -> Step:
    return chip.step(layer.spec.conv, 1, layer.spec.main_output)


def kpu_conv2d(layer: Layer, chip: Chip) -> Step:
    head = layer.spec.head
    return chip.step(layer.spec.conv, head.batches, head.main_output.start if head.main_output.size else None)


BINDERS: dict[Callable[[Any, Chip], None], Callable[[Layer, Chip], Step | None]] = {
    v3_cpu.conv: conv,
    v3_cpu.dequantize: dequantize_v3,
    v3_cpu.global_average_pool: global_average_pool,
    v3_cpu.fully_connected: fully_connected,
    v4_bytes.kpu_conv2d: kpu_conv2d,
    v4_bytes.kpu_upload: kpu_upload,
    v4_bytes.quantized_binary: quantized_binary,
    v4_bytes.quantize: quantize,
    v4_bytes.dequantize: dequantize,
    v4_bytes.pad: pad,
    v4_float.conv2d: conv2d,
    v4_cpu.conv2d: conv2d,
    v4_bytes.quantized_conv2d: quantized_conv2d,
    v4_cpu.quantized_conv2d: quantized_conv2d,
    v4_float.matmul: matmul,
    v4_float.binary: binary,
    v4_float.reduce_window2d: reduce_window2d,
    v4_float.reduce: reduce,
}


def bind(layer: Layer, runner: Callable[[Any, Chip], None], chip: Chip) -> Step | None:
    """Ties a layer to the memory of ``chip``; None where only its runner can run it."""
    # Layers that take little time, or that are rare, have no loop.
    binder = BINDERS.get(runner)
    return None if binder is None else binder(layer, chip)
