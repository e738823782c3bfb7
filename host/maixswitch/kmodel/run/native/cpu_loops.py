"""The layers of the CPU as compiled loops. Each adds and rounds term after term, as the numpy form does."""

from __future__ import annotations

from typing import Any

import numpy as np

from maixswitch.kmodel.format.arrays import Array, Bytes, Floats, Ints
from maixswitch.kmodel.run.float32 import fma, teach

from .jit import jit
from .tiles import add_products

teach()
ADD, SUBTRACT, MULTIPLY, DIVIDE, SMALLER = range(5)


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
def spread(image: Array, zero: Any, rows: Ints, sizes: Ints, group: int, first: int, count: int, room: Array) -> None:
    """Lays out the pixels for output lines from ``first`` on in the rows of ``room``; 0 outside the picture.

    zero: what is subtracted from a pixel; rows, sizes: see ``convolve``. group: its first channel.
    """
    stride_y, stride_x, pitch = sizes[0], sizes[1], sizes[6]
    height, width = image.shape[1], image.shape[2]
    for row in range(rows.shape[0]):
        channel, shift_y, shift_x = group + rows[row, 0], rows[row, 1], rows[row, 2]
        # Only the columns low..high lie inside the picture.
        low = min(pitch, max(0, -(shift_x // stride_x)))
        high = max(low, min(pitch, (width - 1 - shift_x) // stride_x + 1))
        for line in range(count):
            part = room[row, line * pitch : (line + 1) * pitch]
            y = (first + line) * stride_y + shift_y
            if y < 0 or y >= height or low == high:
                part[:] = 0
                continue
            for x in range(low):
                part[x] = 0
            for x in range(high, pitch):
                part[x] = 0
            inside, source = part[low:high], image[channel, y, low * stride_x + shift_x :]
            # The usual strides have loops with a constant step, which compile to vector code.
            if stride_x == 1:
                for x in range(inside.size):
                    inside[x] = source[x] - zero
            elif stride_x == 2:
                for x in range(inside.size):
                    inside[x] = source[2 * x] - zero
            else:
                for x in range(inside.size):
                    inside[x] = source[x * stride_x] - zero


@jit
def convolve(
    image: Array,
    zero: Any,
    rows: Ints,
    places: Ints,
    sizes: Ints,
    weights: Array,
    start: Array,
    fused: bool,
    room: Array,
    sums: Array,
    total: Array,
) -> None:
    """window.convolve on an image (c, h, w) into ``total`` (out, h' * w').

    zero: what is subtracted from a pixel, of the type of the sums: float32 or int32, which wraps around.
    rows: (n, 3), what is laid out in ``room``: channel within the group, line and column relative to the output's.
    places: where in ``room`` the pixels of each term begin, in the order of the sum.
    sizes: stride of lines and columns, height and width of the output, groups, lines at a time, columns of a laid out
        line, laid out lines beyond those of the output.
    weights: of each group, as ``tiles.packed`` makes them, (groups, ...). start: (out,).
    room, sums: memory, with a row for each of ``rows`` and for each output of a group.
    """
    out_h, out_w, groups, at_once, pitch, extra = sizes[2], sizes[3], sizes[4], sizes[5], sizes[6], sizes[7]
    inner, outputs = image.shape[0] // groups, total.shape[0] // groups
    for group in range(groups):
        for first in range(0, out_h, at_once):
            count = min(at_once, out_h - first)
            spread(image, zero, rows, sizes, group * inner, first, count + extra, room)
            for output in range(outputs):
                sums[output, :] = start[group * outputs + output]
            add_products(weights[group], room.reshape(-1), places, fused, sums)
            for output in range(outputs):
                there, here = total[group * outputs + output], sums[output]
                for line in range(count):
                    into = there[(first + line) * out_w : (first + line + 1) * out_w]
                    source = here[line * pitch :]
                    for x in range(into.size):
                        into[x] = source[x]


@jit
def limit(values: Floats, low: np.float32, high: np.float32) -> bool:
    """np.clip in place, and NaN as the chip writes it; True if a value was 0."""
    zeros = 0
    for index in range(values.size):
        value = values[index]
        zeros += value == np.float32(0)
        # A NaN fails every comparison, so it passes the cuts.
        cut = low if value < low else value
        cut = high if cut > high else cut
        values[index] = cut if value == value else np.float32(np.nan)
    return zeros > 0


@jit
def fold(
    planes: Floats,
    start: np.float32,
    terms: Ints,
    sizes: Ints,
    op: int,
    counts: Floats,
    low: np.float32,
    high: np.float32,
    line: Floats,
    result: Floats,
) -> None:
    """window.reduce_window on planes (n, h, w) into ``result`` (n, h', w'), with the mean and the clamp after it.

    terms: (taps, 2), line and column relative to the output's. sizes: stride of lines and columns.
    op: 0 mean, 1 min, 2 max, 3 sum. counts: taps inside the picture, (h', w'). line: memory for w' numbers.
    """
    stride_y, stride_x = sizes[0], sizes[1]
    height, width, out_w = planes.shape[1], planes.shape[2], result.shape[2]
    for plane in range(result.shape[0]):
        for y in range(result.shape[1]):
            total = result[plane, y]
            total[:] = start
            for term in range(terms.shape[0]):
                from_y, shift = y * stride_y + terms[term, 0], terms[term, 1]
                first = min(out_w, max(0, -(shift // stride_x)))
                last = max(first, min(out_w, (width - 1 - shift) // stride_x + 1))
                if from_y < 0 or from_y >= height or last == first:
                    continue
                part, source = total[first:last], planes[plane, from_y, first * stride_x + shift :]
                if stride_x > 1:
                    for x in range(part.size):
                        line[x] = source[x * stride_x]
                    source = line
                # Of two equal values the first one stays, and a NaN never wins, as in the source.
                if op == 1:
                    for x in range(part.size):
                        part[x] = source[x] if source[x] < part[x] else part[x]
                elif op == 2:
                    for x in range(part.size):
                        part[x] = source[x] if part[x] < source[x] else part[x]
                else:
                    for x in range(part.size):
                        part[x] += source[x]
            if op == 0:
                for x in range(out_w):
                    total[x] /= counts[y, x]
            limit(total, low, high)


@jit
def operate(
    op: int,
    a: Floats,
    from_a: Ints,
    b: Floats,
    from_b: Ints,
    low: np.float32,
    high: np.float32,
    constants: Floats,
    result: Floats,
) -> None:
    """v4_float.binary, row by row; result (rows, n).

    from_a, from_b: where the n values of each row begin. A row of one and the same value has the bits of its place
        inverted. constants: memory for 2 x n numbers.
    """
    for row in range(result.shape[0]):
        total = result[row]
        size = total.size
        left, right = constants[0], constants[1]
        if from_a[row] < 0:
            left[:] = a[~from_a[row]]
        else:
            left = a[from_a[row] : from_a[row] + size]
        if from_b[row] < 0:
            right[:] = b[~from_b[row]]
        else:
            right = b[from_b[row] : from_b[row] + size]
        if op == ADD:
            for x in range(size):
                total[x] = left[x] + right[x]
        elif op == SUBTRACT:
            for x in range(size):
                total[x] = left[x] - right[x]
        elif op == MULTIPLY:
            for x in range(size):
                total[x] = left[x] * right[x]
        elif op == DIVIDE:
            for x in range(size):
                total[x] = left[x] / right[x]
        elif op == SMALLER:
            for x in range(size):
                total[x] = right[x] if right[x] < left[x] else left[x]
        else:
            for x in range(size):
                total[x] = right[x] if left[x] < right[x] else left[x]
        limit(total, low, high)


@jit
def scale(values: Array, mul: int, shift: int, offset: int, result: Bytes) -> None:
    """v4_bytes.scale of int32, plus ``offset``, cut to bytes."""
    half = (1 << shift) >> 1
    for index in range(values.size):
        scaled = np.int64(np.int32((np.int64(values[index]) * mul + half) >> shift)) + offset
        result[index] = np.uint8(0 if scaled < 0 else 255 if scaled > 255 else scaled)


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
