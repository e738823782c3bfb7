"""The nodes of kmodel v4 on quantised values and on plain memory. Source: nncase 0.2 neutral_kernels.h."""

from __future__ import annotations

import numpy as np

from maixswitch.kmodel.format.airam import MapLayout
from maixswitch.kmodel.format.arrays import Array, Bytes, Floats, Ints, clamp8
from maixswitch.kmodel.format.v4_layers import Dequantize, Quantize, QuantizedBinary, QuantizedConv2d, QuantizedMatmul
from maixswitch.kmodel.format.v4_moves import (
    Concat,
    KpuConv,
    KpuUpload,
    MemoryCopy,
    Pad,
    Resize,
    StridedSlice,
    TableLookup,
    Transpose,
)
from maixswitch.kmodel.format.v4_node import DATATYPES, Range

from .chip import Chip
from .cpu_arithmetic import ONE, MultiplyAdd
from .v3_cpu import nearest
from .v4_float import floats, operands, store
from .window import convolve, whole


def octets(chip: Chip, part: Range, shape: tuple[int, ...] | None = None) -> Bytes:
    """A range as uint8, flat or with a shape; a view of the chip's memory."""
    use = part.use("")
    view = chip.view(use.memory, use.start, use.size)
    return view if shape is None else view[: int(np.prod(shape))].reshape(shape)


def store_octets(chip: Chip, part: Range, values: Array) -> None:
    """Writes bytes to the start of a range."""
    octets(chip, part)[: values.size] = values.reshape(-1)


def elements(chip: Chip, part: Range, shape: tuple[int, ...]) -> Array:
    """A range in its own data type."""
    return floats(chip, part, shape) if DATATYPES[part.datatype] == "float32" else octets(chip, part, shape)


def store_elements(chip: Chip, source: Range, target: Range, values: Array) -> None:
    """Writes values of ``source``'s data type into ``target``."""
    (store if DATATYPES[source.datatype] == "float32" else store_octets)(chip, target, values)


def wrap32(values: Ints) -> Ints:
    """The values wrapped to int32, as int64."""
    return values.astype(np.int32).astype(np.int64)


def scale(values: Ints, mul: int, shift: int) -> Ints:
    """(value * mul) >> shift, halves rounded up, wrapped to int32; the source keeps the shift in a byte."""
    product = values * np.int64(mul)
    # A shift beyond 62 leaves nothing but the sign, and numpy does not define it.
    shift = min(shift & 0xFF, 62)
    if shift:
        product = (product + (np.int64(1) << (shift - 1))) >> shift
    return wrap32(product)


def kpu_conv2d(spec: KpuConv, chip: Chip) -> None:
    main = spec.head.main_output
    chip.convolve(spec.conv, spec.head.batches, main.start if main.size else None)


def kpu_upload(spec: KpuUpload, chip: Chip) -> None:
    layout = MapLayout(*spec.in_shape[1:])
    for index, image in enumerate(octets(chip, spec.input, spec.in_shape)):
        layout.write(chip.ram, spec.output.start // 64 + index * layout.rows, image)


def quantize(spec: Quantize, chip: Chip) -> None:
    scale, zero = np.float32(spec.scale), np.float32(spec.zero_point)
    store_octets(chip, spec.output, chip.arithmetic.quantize_v4(floats(chip, spec.input), scale, zero))


def levels(spec: Dequantize, values: Bytes, chip: Chip) -> Floats:
    """The floats of bytes."""
    return chip.arithmetic.dequantize_v4(values, np.float32(spec.scale), spec.zero_point)


def dequantize(spec: Dequantize, chip: Chip) -> None:
    store(chip, spec.output, levels(spec, octets(chip, spec.input), chip))


def quantized_conv2d(spec: QuantizedConv2d, chip: Chip) -> None:
    images = octets(chip, spec.input, spec.in_shape).astype(np.int64) + spec.in_offset
    weights = spec.weights.astype(np.int64) + spec.weight_offset
    bias = spec.bias.astype(np.int64)
    if spec.covers_map():
        result = whole(images, weights, bias, spec.groups)
    else:
        result = np.stack([convolve(image, weights, bias, spec.geometry, spec.groups, False) for image in images])
    # The sums of the source are int32 and wrap around, which a network with extreme weights may show.
    scaled = scale(wrap32(result), spec.out_mul, spec.out_shift)
    store_octets(chip, spec.output, clamp8(scaled + spec.out_offset))


def quantized_matmul(spec: QuantizedMatmul, chip: Chip) -> None:
    shapes = spec.shapes()
    a = octets(chip, spec.a, shapes["a"]).astype(np.int64) + spec.a_offset
    b = octets(chip, spec.b, shapes["b"]).astype(np.int64) + spec.b_offset
    scaled = scale(wrap32(a @ b + spec.bias), spec.out_mul, spec.out_shift)
    store_octets(chip, spec.output, clamp8(scaled + spec.out_offset))


def _divide(a: Ints, b: Ints) -> Ints:
    """(a + b / 2) / b as in C. A divisor of 0, which C does not define, gives 0."""
    # numpy's integer division rounds down and C's toward zero, so the signs are handled separately. A divisor of 0 is
    # replaced, because numpy would warn about it.
    safe = np.where(b == 0, 1, b)
    half = np.sign(b) * (np.abs(b) // 2)
    total = a + half
    quotient: Ints = np.sign(total) * np.sign(safe) * (np.abs(total) // np.abs(safe))
    return np.where(b == 0, 0, quotient)


_BINARY = (np.add, np.subtract, np.multiply, _divide, np.minimum, np.maximum)


def quantized_binary(spec: QuantizedBinary, chip: Chip) -> None:
    shapes = spec.shapes()
    a, b = operands(octets(chip, spec.a, shapes["a"]), octets(chip, spec.b, shapes["b"]), shapes["output"])
    left = scale(a.astype(np.int64) + spec.a_offset, spec.a_mul, spec.a_shift)
    right = scale(b.astype(np.int64) + spec.b_offset, spec.b_mul, spec.b_shift)
    scaled = scale(wrap32(_BINARY[spec.op](left, right)), spec.out_mul, spec.out_shift)
    store_octets(chip, spec.output, clamp8(scaled + spec.out_offset))


def table_lookup1d(spec: TableLookup, chip: Chip) -> None:
    store_octets(chip, spec.output, octets(chip, spec.table)[octets(chip, spec.input)])


def concat(spec: Concat, chip: Chip) -> None:
    sizes = [spec.inner_size * dim for dim in spec.dims.tolist()]
    ranges = [part for name, part in spec.ranges() if name == "part"]
    parts = [octets(chip, part, (spec.outer_size, size)) for part, size in zip(ranges, sizes, strict=True)]
    if parts:
        store_octets(chip, spec.output, np.concatenate(parts, axis=1))


def memory_copy(spec: MemoryCopy, chip: Chip) -> None:
    """Copies complete floats. Up to three bytes at the end are not copied, as in the source."""
    # Input and output may overlap, so the values are copied first.
    values = floats(chip, spec.input).copy()
    floats(chip, spec.output)[: values.size] = values


def pad(spec: Pad, chip: Chip) -> None:
    """Pads each axis; a negative padding crops."""
    values = elements(chip, spec.input, spec.in_shape)
    result = np.empty(spec.shapes()["output"], values.dtype)
    # The filler is stored in four bytes, of which a byte tensor uses the first.
    result[...] = spec.value[: values.itemsize].view(values.dtype)[0]
    target, source = spec.copied()
    result[target] = values[source]
    store_elements(chip, spec.input, spec.output, result)


def transpose(spec: Transpose, chip: Chip) -> None:
    values = elements(chip, spec.input, spec.in_shape)
    store_elements(chip, spec.input, spec.output, values.transpose(spec.perm))


def strided_slice(spec: StridedSlice, chip: Chip) -> None:
    values = elements(chip, spec.input, spec.in_shape)
    store_elements(chip, spec.input, spec.output, values[np.ix_(*spec.indices())])


def resize_image(spec: Resize, chip: Chip) -> None:
    values = elements(chip, spec.input, spec.in_shape)
    resized = _nearest(values, spec) if spec.mode else _bilinear(values, spec, chip.arithmetic.multiply_add)
    store_elements(chip, spec.input, spec.output, resized)


def _nearest(values: Array, spec: Resize) -> Array:
    lines, columns = nearest(spec.in_shape[2], spec.out_h), nearest(spec.in_shape[3], spec.out_w)
    resized: Array = values[:, :, lines[:, None], columns[None, :]]
    return resized


def _neighbours(size: int, count: int, align_corners: bool) -> tuple[Array, Array, Array]:
    """(first index, second index, distance from the first) of every output."""
    step = np.float32(size) / np.float32(count)
    # With aligned corners, the last output falls on the last pixel. A single output uses the other formula.
    if align_corners and count > 1:
        step = np.float32(size - 1) / np.float32(count - 1)
    position = np.arange(count, dtype=np.float32) * step
    first = np.minimum(np.floor(position).astype(np.int64), size - 1)
    return first, np.minimum(first + 1, size - 1), position - first.astype(np.float32)


def _bilinear(values: Array, spec: Resize, multiply_add: MultiplyAdd) -> Array:
    """Bilinear interpolation; results of uint8 are truncated."""
    y0, y1, dy = _neighbours(spec.in_shape[2], spec.out_h, bool(spec.align_corners))
    x0, x1, dx = _neighbours(spec.in_shape[3], spec.out_w, bool(spec.align_corners))
    dy, dx = dy[:, None], dx[None, :]

    def corner(lines: Array, columns: Array) -> Array:
        pixels: Array = values[:, :, lines[:, None], columns[None, :]].astype(np.float32)
        return pixels

    # The order of the corners matters, since each addition rounds.
    total = corner(y1, x0) * (dy * (ONE - dx))
    total = multiply_add(corner(y0, x0), (ONE - dy) * (ONE - dx), total)
    total = multiply_add(corner(y0, x1), (ONE - dy) * dx, total)
    total = multiply_add(corner(y1, x1), dy * dx, total)
    resized: Array = total.astype(values.dtype)
    return resized
