"""The layers of the CPU as compiled loops. Each adds and rounds term after term, as the numpy form does."""

from __future__ import annotations

import numpy as np

from maixswitch.kmodel.format.arrays import Array, Bytes, Floats, Ints
from maixswitch.kmodel.run.float32 import fma, teach
from maixswitch.kmodel.run.jit import jit

teach()
ADD, SUBTRACT, MULTIPLY, SMALLER = 0, 1, 2, 4


@jit
def combine(a: Bytes, b: Bytes, numbers: Ints, result: Bytes) -> None:
    """v4_bytes.quantized_binary, except for division.

    numbers: op; offset, mul, shift of a; offset, mul, shift of b; mul, shift, offset of the result.
    """
    op, add_a, mul_a, shift_a = numbers[0], numbers[1], numbers[2], numbers[3]
    add_b, mul_b, shift_b = numbers[4], numbers[5], numbers[6]
    mul, shift, offset = numbers[7], numbers[8], numbers[9]
    # Adding half a step rounds halves up. A shift of 0 has no half.
    half_a, half_b, half = (1 << shift_a) >> 1, (1 << shift_b) >> 1, (1 << shift) >> 1
    # Sums are by far the most frequent, so they have a loop without branches.
    if op == ADD:
        for index in range(result.size):
            # The casts to int32 wrap around where the source's int32 would.
            x = np.int64(np.int32(((np.int64(a[index]) + add_a) * mul_a + half_a) >> shift_a))
            y = np.int64(np.int32(((np.int64(b[index]) + add_b) * mul_b + half_b) >> shift_b))
            scaled = np.int64(np.int32((np.int64(np.int32(x + y)) * mul + half) >> shift)) + offset
            result[index] = np.uint8(0 if scaled < 0 else 255 if scaled > 255 else scaled)
        return
    for index in range(result.size):
        x = np.int64(np.int32(((np.int64(a[index]) + add_a) * mul_a + half_a) >> shift_a))
        y = np.int64(np.int32(((np.int64(b[index]) + add_b) * mul_b + half_b) >> shift_b))
        if op == SUBTRACT:
            value = x - y
        elif op == MULTIPLY:
            value = x * y
        elif op == SMALLER:
            value = min(x, y)
        else:
            value = max(x, y)
        scaled = np.int64(np.int32((np.int64(np.int32(value)) * mul + half) >> shift)) + offset
        result[index] = np.uint8(0 if scaled < 0 else 255 if scaled > 255 else scaled)


@jit
def look_up(values: Bytes, table: Array, result: Array) -> None:
    """table[values]."""
    # A plain loop needs no array in between, unlike indexing by an array.
    for index in range(values.size):
        result[index] = table[values[index]]


@jit
def quantize_pairs(values: Floats, scale: np.float32, zero: np.float32, result: Bytes) -> None:
    """firmware_arithmetic.quantize_v4: halves to even, the last of an odd number is cut; NaN becomes 255."""
    even = values.size // 2 * 2
    for index in range(values.size):
        value = fma(values[index], scale, zero)
        # A NaN fails the first comparison and becomes 255, as in the firmware.
        value = value if value < np.float32(255) else np.float32(255)
        value = value if value > np.float32(0) else np.float32(0)
        result[index] = np.uint8(np.int32(np.rint(value) if index < even else value))


@jit
def quantize(values: Floats, scale: np.float32, zero: np.float32, result: Bytes) -> None:
    """round(value * scale + zero), halves up; NaN becomes 0."""
    for index in range(values.size):
        value = values[index] * scale + zero
        rounded = np.floor(value)
        rounded = rounded + np.float32(1) if value - rounded >= np.float32(0.5) else rounded
        # Here a NaN fails the first comparison and becomes 0.
        rounded = rounded if rounded > np.float32(0) else np.float32(0)
        result[index] = np.uint8(np.int32(rounded if rounded < np.float32(255) else np.float32(255)))


@jit
def upload(values: Array, target: Ints, ram: Array) -> None:
    """Copies packed maps (channels, pixels) to the AI RAM; all sizes are in words.

    target: start, groups, words of a block, words between groups, words of a line, height, width.
    """
    start, groups, block, between, line_words = target[0], target[1], target[2], target[3], target[4]
    height, width = target[5], target[6]
    for channel in range(values.shape[0]):
        plane = start + channel // groups * block + channel % groups * between
        source = values[channel]
        for y in range(height):
            # Slices let the compiler see that the line has no gaps, so it copies with vector instructions.
            there, line = ram[plane + y * line_words :][:width], source[y * width : (y + 1) * width]
            for x in range(width):
                there[x] = line[x]


@jit
def convolve(
    image: Floats, weights: Floats, start: Floats, window: Ints, groups: int, fused: bool, total: Floats
) -> None:
    """window.convolve, channel, line, column, on float32 (c, h, w), into ``total`` (out, h', w').

    window: padding before the lines and columns, stride of lines and columns, dilation of lines and columns.
    fused: True if each product and its addition round once.
    """
    pad_y, pad_x, stride_y, stride_x, step_y, step_x = window[0], window[1], window[2], window[3], window[4], window[5]
    out, inner, kernel_h, kernel_w = weights.shape
    height, width = image.shape[1], image.shape[2]
    out_h, out_w = total.shape[1], total.shape[2]
    for channel in range(out):
        first = channel // (out // groups) * inner
        # A line of sums stays in the cache while all channels and taps are added to it.
        for y in range(out_h):
            line = total[channel, y]
            for x in range(out_w):
                line[x] = start[channel]
            for c in range(inner):
                for ky in range(kernel_h):
                    # A line above or below the picture adds nothing.
                    from_y = y * stride_y - pad_y + ky * step_y
                    if from_y < 0 or from_y >= height:
                        continue
                    for kx in range(kernel_w):
                        shift = kx * step_x - pad_x
                        # Taps outside the picture are left out, so only the columns low..high get a term.
                        low = max(0, -(shift // stride_x))
                        high = min(out_w, (width - 1 - shift) // stride_x + 1)
                        if high <= low:
                            continue
                        factor = weights[channel, c, ky, kx]
                        part = line[low:high]
                        source = image[first + c, from_y, low * stride_x + shift :]
                        # The same sum is written four times, because compiled loops are only fast without branches.
                        if fused and stride_x == 1:
                            for x in range(high - low):
                                part[x] = fma(factor, source[x], part[x])
                        elif fused:
                            for x in range(high - low):
                                part[x] = fma(factor, source[x * stride_x], part[x])
                        elif stride_x == 1:
                            for x in range(high - low):
                                part[x] += factor * source[x]
                        else:
                            for x in range(high - low):
                                part[x] += factor * source[x * stride_x]


@jit
def sums(rows: Floats, start: Floats, result: Floats) -> None:
    """Sets ``result`` to start + rows[:, 0] + rows[:, 1] and so on, in this order; rows (n, terms)."""
    for row in range(rows.shape[0]):
        total = start[row]
        for index in range(rows.shape[1]):
            total += rows[row, index]
        result[row] = total


@jit
def multiplied(rows: Floats, values: Floats, fused: bool, total: Floats) -> None:
    """Adds rows[0] * values[0] + rows[1] * values[1] and so on to ``total`` (out,), one after another; rows (n, out).

    fused: True if each product and its addition round once.
    """
    # The outer loop goes over the inputs, so every output adds its terms in the order of the source.
    for index in range(values.size):
        x, row = values[index], rows[index]
        if fused:
            for column in range(total.size):
                total[column] = fma(row[column], x, total[column])
        else:
            for column in range(total.size):
                total[column] += row[column] * x


@jit
def eights(rows: Floats, values: Floats, total: Floats) -> None:
    """firmware_arithmetic.dense for a multiple of eight values, on zeros in ``total`` (out,); rows (n, out)."""
    for index in range(0, values.size, 8):
        x, part = values[index : index + 8], rows[index : index + 8]
        for column in range(total.size):
            pair = fma(x[0], part[0, column], x[1] * part[1, column])
            result = fma(x[2], part[2, column], total[column] + pair)
            result = fma(x[4], part[4, column], fma(x[3], part[3, column], result))
            result = fma(x[6], part[6, column], fma(x[5], part[5, column], result))
            total[column] = fma(x[7], part[7, column], result)
