"""Ties CPU layers to the chip's memory: everything is looked up once, and a run is one call or two.

A layer without a row in BINDERS is run by its function in ``run.runners``. So is a layer that writes over its own
inputs, because the compiled loops read while they write.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import gcd, prod
from typing import Any

import numpy as np

from maixswitch.kmodel.format import v3_layers, v4_cpu_layers, v4_layers, v4_moves
from maixswitch.kmodel.format.airam import ROW, MapLayout
from maixswitch.kmodel.format.arrays import Array, Bytes, Ints, one_nan, settle
from maixswitch.kmodel.format.program import Layer, Use
from maixswitch.kmodel.format.v4_node import Geometry
from maixswitch.kmodel.run import v3_cpu, v4_bytes, v4_cpu, v4_float
from maixswitch.kmodel.run.backends.interface import Step
from maixswitch.kmodel.run.chip import Chip
from maixswitch.kmodel.run.float32 import all_coarse
from maixswitch.kmodel.run.window import reduce_window

from . import cpu_loops as loops
from .tiles import COLUMNS, packed

EVERY = np.arange(256, dtype=np.uint8)
ZERO = np.float32(0)
ROOM = 1 << 17
MANY = 16
"""From this many tiles on, one more does not matter."""
"""Bytes of the terms of a convolution that are laid out at a time."""
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


@dataclass(frozen=True, eq=False)
class Window:
    """A convolution as ``cpu_loops.convolve`` takes it.

    before, after: its arguments before and after those that depend on the layer's kind.
    size: pixels of the output. padded: True if some output misses a term.
    """

    before: tuple[Array, ...]
    after: tuple[Array, ...]
    size: int
    padded: bool


def _window(geometry: Geometry, shape: tuple[int, ...], weights: Array, groups: int, channels_last: bool) -> Window:
    """shape: of the image, (c, h, w); weights: (out, c / groups, kh, kw), float32 or int32."""
    out, inner, kernel_h, kernel_w = weights.shape
    out_h, out_w = geometry.size(*shape[1:])
    strides, dilation = (geometry.stride_h, geometry.stride_w), (geometry.dilation_h, geometry.dilation_w)
    lines = _offsets(kernel_h, geometry.dilation_h, geometry.pad_h.before)
    columns = _offsets(kernel_w, geometry.dilation_w, geometry.pad_w.before)
    terms = np.stack(np.meshgrid(np.arange(inner), lines, columns, indexing="ij"), -1)
    # float32 sums depend on the order of their terms, which is that of the source.
    order = (1, 2, 0) if channels_last else (0, 1, 2)
    terms = np.ascontiguousarray(terms.transpose(*order, 3).reshape(-1, 3))
    parts = weights.transpose(0, *(1 + axis for axis in order)).reshape(groups, out // groups, len(terms))
    last = (np.array([out_h, out_w]) - 1) * strides
    padded = bool((terms[:, 1:] < 0).any() or (terms[:, 1:] + last >= shape[1:]).any())
    # At stride 1 a channel with its border is laid out once, and each term is a stretch of it; if the border would take
    # more than the picture, or at other strides, each term has a copy of its pixels.
    border = (kernel_h - 1) * dilation[0], (kernel_w - 1) * dilation[1]
    laid = strides == (1, 1) and border[1] <= max(out_w // 2, COLUMNS // 2)
    rows = np.array([(channel, lines[0], columns[0]) for channel in range(inner)]) if laid else terms
    pitch, extra = (out_w + border[1], border[0]) if laid else (out_w, 0)
    # What is laid out at a time stays in a core's own cache.
    at_once = max(1, min(out_h, ROOM // (4 * len(rows) * pitch) - extra))
    # An odd number of tiles keeps the rows of many from falling on the same lines of the cache.
    tiles = -(-at_once * pitch // COLUMNS)
    number = (tiles | (tiles > MANY)) * COLUMNS
    long = number + extra * pitch + border[1]
    places = np.arange(len(terms), dtype=np.int64) * long
    if laid:
        places = terms[:, 0] * long + (terms[:, 1] - lines[0]) * pitch + terms[:, 2] - columns[0]
    sizes = np.array([*strides, out_h, out_w, groups, at_once, pitch, extra], np.int64)
    room, sums = np.zeros((len(rows), long), weights.dtype), np.zeros((out // groups, number), weights.dtype)
    before = rows, places, sizes, np.stack([packed(part) for part in parts])
    return Window(before, (room, sums), out_h * out_w, padded)


def _planes(images: Array, channels_last: bool) -> Array:
    """(n, h, w, c) as (n, c, h, w), a copy; other images as they are."""
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2)) if channels_last else images


def conv2d(layer: Layer, chip: Chip) -> Step | None:
    """A float convolution; of the CPU target too, whose channels come last."""
    spec: v4_layers.Conv2d | v4_cpu_layers.CpuConv2d | v4_cpu_layers.CpuDepthwiseConv2d = layer.spec
    weights, groups, last = _kernel(spec)
    low, high = np.float32(spec.act.low), np.float32(spec.act.high)
    images = v4_float.floats(chip, spec.input, spec.in_shape)
    window = _window(spec.geometry, _planes(images, last).shape[1:], weights, groups, last)
    # A term that the source leaves out is added as 0 here. That changes nothing unless the weight is not finite, or the
    # sum is -0.0: see ``run``.
    strange = window.padded and (not np.isfinite(weights).all() or np.signbit(spec.bias[spec.bias == 0]).any())
    # Where the layer overwrites its input, the reference works on a copy.
    if strange or not low <= high or not weights.size or not _apart(layer):
        return None
    result, fused = v4_float.floats(chip, spec.output, spec.shapes()["output"]), chip.arithmetic.fused
    out = len(weights)
    flat = np.empty((len(images), out, window.size), np.float32) if last else result.reshape(len(images), out, -1)
    reference = v4_cpu.conv2d if last else v4_float.conv2d
    # A copy is aligned and writable, as all memory that the loops know.
    coarse, bias = all_coarse(weights, spec.bias), np.array(spec.bias, np.float32)

    def run() -> None:
        zero = False
        for image, total in zip(_planes(images, last), flat, strict=True):
            loops.convolve(image, ZERO, *window.before, bias, fused, *window.after, total)
            zero |= loops.limit(total.reshape(-1), low, high)
        if last:
            result[...] = flat.transpose(0, 2, 1).reshape(result.shape)
        # A sum can only be -0.0 on the way if a product is too small for a float32. Then the end is 0 as well.
        if zero and window.padded and not (coarse and all_coarse(images)):
            reference(spec, chip)

    return run


def _kernel(spec: Any) -> tuple[Array, int, bool]:
    """Weights (out, c / groups, kh, kw), groups, and True if the channels come last."""
    if hasattr(spec, "groups"):
        return spec.weights, spec.groups, False
    if spec.weights.ndim == 3:
        return spec.weights[:, None], len(spec.weights), True
    return spec.weights.transpose(0, 3, 1, 2), 1, True


def quantized_conv2d(layer: Layer, chip: Chip) -> Step | None:
    """A convolution of bytes; of the CPU target too."""
    spec: v4_layers.QuantizedConv2d | v4_cpu_layers.CpuQuantizedConv2d = layer.spec
    weights, groups, last = _kernel(spec)
    if not _apart(layer):
        return None
    # The sums of the source are int32 and wrap around, so everything may be reduced to int32 before.
    sign = -1 if last else 1
    numbers = v4_bytes.wrap32(weights.astype(np.int64) + sign * spec.weight_offset).astype(np.int32)
    zero = v4_bytes.wrap32(np.array(-sign * spec.in_offset, np.int64)).astype(np.int32)[()]
    images = v4_bytes.octets(chip, spec.input, spec.in_shape)
    window = _window(spec.geometry, _planes(images, last).shape[1:], numbers, groups, last)
    result = v4_bytes.octets(chip, spec.output, spec.shapes()["output"])
    total = np.empty((len(weights), window.size), np.int32)
    rescaled, bias = np.empty(total.shape, np.uint8), np.array(spec.bias, np.int32)
    shift = min(spec.out_shift & 0xFF, 62)

    def run() -> None:
        for image, there in zip(_planes(images, last), result, strict=True):
            loops.convolve(image, zero, *window.before, bias, False, *window.after, total)
            loops.scale(total.reshape(-1), spec.out_mul, shift, spec.out_offset, rescaled.reshape(-1))
            there[...] = rescaled.T.reshape(there.shape) if last else rescaled.reshape(there.shape)

    return run


def reduce_window2d(layer: Layer, chip: Chip) -> Step | None:
    spec: v4_layers.ReduceWindow = layer.spec
    geometry, shape = spec.geometry, spec.in_shape
    planes = v4_float.floats(chip, spec.input, shape).reshape(-1, *shape[2:])
    low, high, start = np.float32(spec.act.low), np.float32(spec.act.high), np.float32(spec.init)
    if not low <= high or not _apart(layer):
        return None
    result = v4_float.floats(chip, spec.output, spec.shapes()["output"])
    result = result.reshape(-1, *result.shape[2:])
    grid = (
        _offsets(geometry.filter_h, geometry.dilation_h, geometry.pad_h.before),
        _offsets(geometry.filter_w, geometry.dilation_w, geometry.pad_w.before),
    )
    terms = np.stack(np.meshgrid(*grid, indexing="ij"), -1).reshape(-1, 2)
    sizes = np.array([geometry.stride_h, geometry.stride_w], np.int64)
    _, counts = reduce_window(np.zeros((1, 1, *shape[2:]), np.float32), start, geometry, np.add)
    line = np.empty(result.shape[2], np.float32)
    numbers = (start, terms, sizes, spec.op, counts.astype(np.float32), low, high, line)
    return partial(loops.fold, planes, *numbers, result)


def _offsets(size: int, step: int, before: int) -> Ints:
    """The places of the taps along an axis, relative to the place of the output."""
    offsets: Ints = np.arange(size, dtype=np.int64) * step - before
    return offsets


def binary(layer: Layer, chip: Chip) -> Step | None:
    spec: v4_layers.Binary = layer.spec
    shapes = spec.shapes()
    out = shapes["output"]
    low, high = np.float32(spec.act.low), np.float32(spec.act.high)
    inputs = [v4_float.floats(chip, part, shapes[name]) for name, part in (("a", spec.a), ("b", spec.b))]
    # A size that is neither 1 nor that of the output has its own rules in the source.
    fits = all(size in (1, wanted) for values in inputs for size, wanted in zip(values.shape, out, strict=True))
    if not fits or not low <= high or not prod(out) or not _apart(layer, same=True):
        return None
    # The last axes in which an input either has all values or repeats one make up a row.
    axis, kind = len(out), None
    while axis and (out[axis - 1] == 1 or kind in (None, tuple(values.shape[axis - 1] > 1 for values in inputs))):
        axis -= 1
        kind = tuple(values.shape[axis] > 1 for values in inputs) if out[axis] > 1 else kind
    size = prod(out[axis:])
    arguments = []
    for values in inputs:
        each = prod(values.shape[axis:])
        rows = np.arange(prod(values.shape[:axis]), dtype=np.int64).reshape(values.shape[:axis]) * each
        begins = np.broadcast_to(rows, out[:axis]).reshape(-1)
        # Constants never change, and a copy has the same type for numba as any other memory.
        own = values.reshape(-1) if values.flags.writeable else values.flatten()
        arguments += [own, np.array(begins if each == size else ~begins)]
    result = v4_float.floats(chip, spec.output)[: prod(out)].reshape(-1, size)
    constants = np.empty((2, size), np.float32)
    return partial(loops.operate, spec.op, *arguments, low, high, constants, result)


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
