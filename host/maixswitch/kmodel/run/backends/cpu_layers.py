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
from maixswitch.kmodel.format.program import Layer, Use
from maixswitch.kmodel.run import v3_cpu, v4_bytes, v4_float
from maixswitch.kmodel.run.chip import Chip

from . import cpu_loops as loops
from .interface import Step

EVERY = np.arange(256, dtype=np.uint8)
WORD = 8
"""Bytes of a word; lines of complete words are moved word by word."""


def overlap(a: Use, b: Use) -> bool:
    """True if two pieces of memory share a byte."""
    return a.memory == b.memory and a.start < b.start + b.size and b.start < a.start + a.size


def _apart(layer: Layer, same: bool = False) -> bool:
    """True if the layer does not write where it reads.

    same: True allows it to write exactly over one of its inputs.
    """
    # A loop reads while it writes, so a result over its own input would be read again.
    uses = list(layer.uses())
    written = [use for use in uses if use.writes]
    return not any(
        overlap(use, out) and not (same and (use.start, use.size) == (out.start, out.size))
        for use in uses
        if not use.writes
        for out in written
    )


def quantized_binary(layer: Layer, chip: Chip) -> Step | None:
    spec: v4_layers.QuantizedBinary = layer.spec
    shapes = spec.shapes()
    # The loop knows neither division nor operands that are broadcast.
    if spec.op == 3 or len(set(shapes.values())) > 1 or not _apart(layer, same=True):
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
    if not _apart(layer) or spec.input.use("").memory != "main":
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
    return partial(loops.look_up, source, table, result[: source.size]) if _apart(layer) else None


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
    if not _apart(layer):
        return None
    result = v4_bytes.octets(chip, spec.output)[: values.size]
    # The firmware's compiler took values in pairs; the vendor's sources round each by itself.
    loop = loops.quantize_pairs if chip.arithmetic.fused else loops.quantize
    return partial(loop, values, np.float32(spec.scale), np.float32(spec.zero_point), result)


def conv2d(layer: Layer, chip: Chip) -> Step | None:
    spec: v4_layers.Conv2d = layer.spec
    shapes, geometry = spec.shapes(), spec.geometry
    # Where the layer overwrites its input, the reference works on a copy.
    if not _apart(layer):
        return None
    images, result = (
        v4_float.floats(chip, spec.input, spec.in_shape),
        v4_float.floats(chip, spec.output, shapes["output"]),
    )
    window = (geometry.pad_h.before, geometry.pad_w.before, geometry.stride_h, geometry.stride_w)
    numbers = np.array([*window, geometry.dilation_h, geometry.dilation_w], np.int64)
    low, high = np.float32(spec.act.low), np.float32(spec.act.high)

    def run() -> None:
        for image, total in zip(images, result, strict=True):
            loops.convolve(image, spec.weights, spec.bias, numbers, spec.groups, chip.arithmetic.fused, total)
        # The clamp of the source also brings infinities into the range, and NaN is written as the chip does it.
        np.clip(result, low, high, out=result)
        settle(result)

    return run


def reduce(layer: Layer, chip: Chip) -> Step | None:
    """Means and sums over the last axes."""
    spec: v4_layers.Reduce = layer.spec
    # Only consecutive values can be added in order; other axes would need a transposed copy.
    is_kept = [out == size for out, size in zip(spec.out_shape, spec.in_shape, strict=True)]
    first = is_kept.index(False) if False in is_kept else 4
    tail = prod(spec.in_shape[first:])
    if spec.op not in (0, 3) or prod(spec.out_shape[first:]) != 1 or not _apart(layer):
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
    if not _apart(layer) or spec.input.datatype != spec.output.datatype:
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
    if not _apart(layer) or not spec.kernel_size:
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
    if not spec.in_channels or not _apart(layer):
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
    if not _apart(layer):
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
    v4_float.matmul: matmul,
    v4_float.reduce: reduce,
}


def bind(layer: Layer, runner: Callable[[Any, Chip], None], chip: Chip) -> Step | None:
    """Ties a layer to the memory of ``chip``; None where only its runner can run it."""
    # Layers that take little time, or that are rare, have no loop.
    binder = BINDERS.get(runner)
    return None if binder is None else binder(layer, chip)
