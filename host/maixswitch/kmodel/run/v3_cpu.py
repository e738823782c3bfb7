"""The layers of kmodel v3 that the CPU runs; ``cpu_arithmetic`` says how floats round. Source: SDK kpu.c."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from maixswitch.kmodel.format.airam import ROW
from maixswitch.kmodel.format.arrays import Array, Bytes, Floats, clamp8, one_nan, ordered_sum
from maixswitch.kmodel.format.v3_layers import (
    Add,
    AddPadding,
    AveragePool,
    ChannelwiseDequantize,
    Concat,
    Dequantize,
    Elementwise,
    Flatten,
    FullyConnected,
    GlobalAveragePool,
    KpuConv,
    Pool,
    Quantize,
    QuantizedAdd,
    QuantizedMaxPool,
    RemovePadding,
    Requantize,
    ResizeNearest,
    Upload,
)

from .arithmetic import round_v01
from .chip import Chip
from .cpu_arithmetic import ONE, SdkArithmetic

SMALLEST = np.finfo(np.float32).tiny


def conv(spec: KpuConv, chip: Chip) -> None:
    chip.convolve(spec.conv, 1, spec.main_output)


def keep(chip: Chip, address: int, values: Array) -> None:
    """Writes results to main memory as float32."""
    chip.floats(address, values.size)[:] = one_nan(values)


def add(spec: Add, chip: Chip) -> None:
    keep(chip, spec.output, chip.floats(spec.a, spec.count) + chip.floats(spec.b, spec.count))


def quantized_add(spec: QuantizedAdd, chip: Chip) -> None:
    """Adds quantised values; operands are shifted without rounding, and the result rounds halves up."""
    # The firmware works on eight values at a time, so it writes up to 7 bytes beyond the end.
    count = -(-spec.count // 8) * 8
    a = (chip.bytes(spec.a, count).astype(np.int64) + spec.a_offset) * spec.a_mul
    b = (chip.bytes(spec.b, count).astype(np.int64) + spec.b_offset) * spec.b_mul
    # With equal shifts the firmware adds first and shifts the sum once.
    total = (a + b) >> spec.a_shift if spec.a_shift == spec.b_shift else (a >> spec.a_shift) + (b >> spec.b_shift)
    rounded = round_v01(total * spec.out_mul, np.full(count, spec.out_shift, np.int64))
    chip.bytes(spec.output, count)[:] = clamp8(rounded + spec.out_offset)


def global_average_pool(spec: GlobalAveragePool, chip: Chip) -> None:
    values = chip.floats(spec.input, spec.channels * spec.kernel_size).reshape(spec.channels, spec.kernel_size)
    keep(chip, spec.output, chip.arithmetic.share(ordered_sum(values, 1), np.float32(spec.kernel_size)))


def _windows(spec: Pool, image: Array) -> Iterator[tuple[Array, Array]]:
    """Yields for every tap its values (out_c, out_h, out_w), and a mask of those that lie inside the image."""
    y = np.arange(spec.out_h) * spec.stride_h - spec.pad_h
    x = np.arange(spec.out_w) * spec.stride_w - spec.pad_w
    for line in range(spec.kernel_h):
        for column in range(spec.kernel_w):
            # The window is cut at the edge of the image, so each tap marks the outputs for which it counts.
            inside_y = (y + line >= 0) & (y + line < spec.in_h)
            inside_x = (x + column >= 0) & (x + column < spec.in_w)
            lines = np.clip(y + line, 0, spec.in_h - 1)[:, None]
            columns = np.clip(x + column, 0, spec.in_w - 1)[None, :]
            yield image[: spec.out_c, lines, columns], inside_y[:, None] & inside_x[None, :]


def quantized_max_pool(spec: QuantizedMaxPool, chip: Chip) -> None:
    """The maximum of each window; the window is cut at the edge of the image, and the start value is 0."""
    image = chip.bytes(spec.input, spec.in_c * spec.in_h * spec.in_w).reshape(spec.in_c, spec.in_h, spec.in_w)
    best = np.zeros((spec.out_c, spec.out_h, spec.out_w), np.uint8)
    for values, inside in _windows(spec, image):
        best = np.maximum(best, np.where(inside, values, 0))
    chip.bytes(spec.output, best.size)[:] = best.reshape(-1)


def average_pool(spec: AveragePool, chip: Chip) -> None:
    """The mean of the taps inside the image; the firmware ignores ``act``."""
    image = chip.floats(spec.input, spec.in_c * spec.in_h * spec.in_w).reshape(spec.in_c, spec.in_h, spec.in_w)
    total = np.zeros((spec.out_c, spec.out_h, spec.out_w), np.float32)
    number = np.zeros((spec.out_h, spec.out_w), np.float32)
    for values, inside in _windows(spec, image):
        # Outside the image, ``values`` holds copies of edge pixels, which must not be added.
        total = np.where(inside, total + values, total)
        number += inside
    keep(chip, spec.output, (total / number).reshape(-1))


def quantized(spec: Quantize, values: Floats, arithmetic: SdkArithmetic) -> Bytes:
    """The bytes of floats."""
    # The firmware divides once and multiplies each value, which rounds differently from dividing each.
    inverse = ONE / np.float32(spec.scale)
    return arithmetic.quantize_v3((values - np.float32(spec.bias)) * inverse)


def quantize(spec: Quantize, chip: Chip) -> None:
    chip.bytes(spec.output, spec.count)[:] = quantized(spec, chip.floats(spec.input, spec.count), chip.arithmetic)


def levels(spec: Dequantize, values: Bytes, chip: Chip) -> Floats:
    """The floats of bytes."""
    scale, bias = np.float32(spec.scale), np.float32(spec.bias)
    return one_nan(chip.arithmetic.multiply_add(values.astype(np.float32), scale, bias))


def dequantize(spec: Dequantize, chip: Chip) -> None:
    chip.floats(spec.output, spec.count)[:] = levels(spec, chip.bytes(spec.input, spec.count), chip)


def requantize(spec: Requantize, chip: Chip) -> None:
    chip.bytes(spec.output, spec.count)[:] = spec.table[chip.bytes(spec.input, spec.count)]


def l2_normalize(spec: Elementwise, chip: Chip) -> None:
    values = chip.floats(spec.input, spec.channels)
    # The sum of an empty layer is 0; the constant keeps the division below finite.
    total = chip.arithmetic.accumulate(np.float32(0), values, values) if spec.channels else np.float32(0)
    factor = ONE / np.sqrt(chip.arithmetic.greater(total, np.float32(1e-10)))
    keep(chip, spec.output, values * factor)


def softmax(spec: Elementwise, chip: Chip) -> None:
    """Softmax over all values."""
    # The firmware starts its maximum at FLT_MIN, so it never subtracts a negative maximum.
    values = chip.floats(spec.input, spec.channels)
    arithmetic = chip.arithmetic
    powers = arithmetic.functions["exp"](values - arithmetic.greater.reduce(values, initial=SMALLEST))
    keep(chip, spec.output, arithmetic.share(powers, ordered_sum(powers, 0)))


def logistic(spec: Elementwise, chip: Chip) -> None:
    keep(chip, spec.output, ONE / (ONE + chip.arithmetic.functions["exp"](-chip.floats(spec.input, spec.channels))))


def concat(spec: Concat, chip: Chip) -> None:
    position = spec.output
    # Parts may overlap with the result, so each is copied before it is written.
    for start, size in spec.parts.tolist():
        chip.bytes(position, size)[:] = chip.bytes(start, size).copy()
        position += size


def activated(spec: FullyConnected, sums: Floats, chip: Chip) -> Floats:
    """Applies the relu or relu6 of a dense layer, if the runtime reads ``act`` at all."""
    # MaixPy's library never reads the field.
    act = spec.act if chip.runtime.dense_activation else 0
    if act:
        sums = np.maximum(sums, np.float32(0))
    return np.minimum(sums, np.float32(6)) if act == 2 else sums


def fully_connected(spec: FullyConnected, chip: Chip) -> None:
    sums = chip.arithmetic.dense(spec.weights, chip.floats(spec.input, spec.in_channels)) + spec.bias
    keep(chip, spec.output, activated(spec, sums, chip))


def flatten(spec: Flatten, chip: Chip) -> None:
    """Channels first to channels last."""
    count = spec.channels * spec.height * spec.width
    image = chip.floats(spec.input, count).reshape(spec.channels, spec.height, spec.width)
    chip.floats(spec.output, count)[:] = image.transpose(1, 2, 0).reshape(-1)


def nearest(size: int, count: int) -> Array:
    """Source index of each of ``count`` outputs, by a float32 scale; the firmware ignores align_corners."""
    # The firmware computes the scale in float32, whose error decides where the next pixel begins.
    scale = np.float32(size) / np.float32(count)
    indices = np.floor(np.arange(count, dtype=np.float32) * scale).astype(np.int64)
    limited: Array = np.minimum(indices, size - 1)
    return limited


def _resize(spec: ResizeNearest, values: Array) -> Array:
    image = values.reshape(spec.in_c, spec.in_h, spec.in_w)
    resized = image[:, nearest(spec.in_h, spec.out_h)[:, None], nearest(spec.in_w, spec.out_w)[None, :]]
    return resized.reshape(-1)


def resize_nearest(spec: ResizeNearest, chip: Chip) -> None:
    resized = _resize(spec, chip.floats(spec.input, spec.in_c * spec.in_h * spec.in_w))
    chip.floats(spec.output, resized.size)[:] = resized


def quantized_resize_nearest(spec: ResizeNearest, chip: Chip) -> None:
    resized = _resize(spec, chip.bytes(spec.input, spec.in_c * spec.in_h * spec.in_w))
    chip.bytes(spec.output, resized.size)[:] = resized


def channelwise_dequantize(spec: ChannelwiseDequantize, chip: Chip) -> None:
    count = spec.channels * spec.channel_size
    values = chip.bytes(spec.input, count).reshape(spec.channels, spec.channel_size).astype(np.float32)
    scaled = chip.arithmetic.multiply_add(values, spec.factors[:, :1], spec.factors[:, 1:])
    keep(chip, spec.output, scaled.reshape(-1))


def add_padding(spec: AddPadding, chip: Chip) -> None:
    """Sets the first pixel of each 4x4 map, the only one that the 1x1 layer after it needs."""
    channel = np.arange(spec.channels)
    offsets = spec.row * ROW + (channel // 4) * 256 + (channel % 4) * 16
    chip.ram[offsets] = chip.bytes(spec.input, spec.channels)


def remove_padding(spec: RemovePadding, chip: Chip) -> None:
    """The first pixel of each packed 4x4 map."""
    chip.bytes(spec.output, spec.channels)[:] = chip.bytes(spec.input, 16 * spec.channels)[::16].copy()


def upload(spec: Upload, chip: Chip) -> None:
    count = spec.channels * spec.height * spec.width
    spec.layout.write(chip.ram, spec.row, chip.bytes(spec.input, count).reshape(spec.channels, spec.height, spec.width))
