"""A KPU layer as loops over the AI RAM itself: columns of taps, the sums of depthwise layers, bytes from sums.

A layer computes ``count`` lines of its result at a time. One channel of the picture is laid out with its border so that
each tap of all these lines is one stretch of bytes. At stride 1, the channel stays as it is, and the border on the
right of a line is also the border on the left of the next line. At other strides, it is split into stride x stride
phases, and the tap (ky, kx) is in phase (ky % stride, kx % stride). A line of a stretch has ``pitch`` columns. Those of
the border at its end are computed but never read. Lines of complete words of 4 bytes are moved word by word.
"""

from __future__ import annotations

import numpy as np

from maixswitch.kmodel.format.arrays import Array, Bytes, Doubles, Floats, Ints

from .curve_loops import curve
from .jit import jit

WORD = 8
"""Bytes on both sides of a laid out channel, for the taps that begin before it or end after it."""
NEAR = 2048
"""Sums that stay in the first cache of a core."""
FEW = 8
"""Up to this many words, a line is copied word by word; a slice would take longer."""


@jit
def move(words: Array, begin: int, pitch: int, into: Array, at: int, step: int, count: int, width: int) -> None:
    """Copies ``count`` lines of ``width`` words.

    words, begin, pitch: the source, its first word, and the words from line to line.
    into, at, step: the target, its first word, and the words from line to line.
    Indices are unsigned: for a signed one, numba would check whether it counts from the end.
    """
    # Small networks mostly have lines of one or two words, for which a loop takes longer than the copy.
    if width == 1:
        for line in range(count):
            into[np.uint64(at + line * step)] = words[np.uint64(begin + line * pitch)]
    elif width == 2:
        for line in range(count):
            there, here = at + line * step, begin + line * pitch
            into[np.uint64(there)] = words[np.uint64(here)]
            into[np.uint64(there + 1)] = words[np.uint64(here + 1)]
    elif width <= FEW:
        for line in range(count):
            there, here = at + line * step, begin + line * pitch
            for x in range(width):
                into[np.uint64(there + x)] = words[np.uint64(here + x)]
    else:
        for line in range(count):
            source, target = words[begin + line * pitch :][:width], into[at + line * step :][:width]
            for x in range(width):
                target[x] = source[x]


@jit
def fill(ram: Bytes, layout: Ints, channel: int, first: int, count: int, room: Array) -> None:
    """Lays out one channel in ``room``, as phases, for ``count`` lines of the result from ``first`` on.

    layout: start, groups, bytes of a block, bytes between groups, bytes of a line, height, width, edge, border, top,
        left, stride, phases, lines of a phase, pitch.
    """
    start, groups, block, between, line_bytes = layout[0], layout[1], layout[2], layout[3], layout[4]
    height, width, edge, border = layout[5], layout[6], layout[7], layout[8]
    top, left, stride, phases, lines, pitch = layout[9], layout[10], layout[11], layout[12], layout[13], layout[14]
    plane = start + channel // groups * block + channel % groups * between
    # A phase holds every stride-th line and column, so that a tap is a stretch in it at any stride.
    for phase_y in range(phases):
        for line in range(lines):
            y = (first + line) * stride + phase_y + top - edge
            for phase_x in range(phases):
                at = ((phase_y * phases + phase_x) * lines + line) * pitch
                part = room[at : at + pitch]
                if y < 0 or y >= height:  # a line above or below the picture is all border
                    for x in range(pitch):
                        part[x] = border
                    continue
                shift = phase_x + left - edge
                # Only the columns low..high lie inside the picture.
                low = min(pitch, (stride - 1 - shift) // stride) if shift < 0 else 0
                high = max(low, min(pitch, (width - 1 - shift) // stride + 1))
                for x in range(low):
                    part[x] = border
                for x in range(high, pitch):
                    part[x] = border
                begin = plane + y * line_bytes + shift + low * stride
                inside, source = part[low:high], ram[begin : begin + (high - low - 1) * stride + 1]
                # The usual strides have loops with a constant step, which compile to vector code.
                if stride == 1:
                    for x in range(high - low):
                        inside[x] = source[x]
                elif stride == 2:
                    for x in range(high - low):
                        inside[x] = source[2 * x]
                else:
                    for x in range(high - low):
                        inside[x] = source[x * stride]


@jit
def lay(ram: Array, layout: Ints, channel: int, first: int, border: int, room: Array) -> None:
    """Lays out one channel in ``room``, from line ``first`` - 1 on; ``room`` already has the border on the right.

    layout: start, groups, words of a block, words between groups, words of a line, height, width, pitch.
    border: a word of it.
    """
    start, groups, block, between, line_words = layout[0], layout[1], layout[2], layout[3], layout[4]
    height, width, pitch = layout[5], layout[6], layout[7]
    plane = start + channel // groups * block + channel % groups * between
    lines = room.size // pitch
    # The first run begins above the picture, and the last one ends below it.
    above, below = max(0, 1 - first), max(0, first - 1 + lines - height)
    for line in range(above):
        for x in range(width):
            room[line * pitch + x] = border
    for line in range(lines - below, lines):
        for x in range(width):
            room[line * pitch + x] = border
    begin = plane + (first - 1 + above) * line_words
    move(ram, begin, line_words, room, above * pitch, pitch, lines - above - below, width)


@jit
def arrange(
    ram: Bytes, layout: Ints, words: Ints, unit: int, channel: int, first: int, count: int, room: Bytes
) -> None:
    """Lays out one channel by ``lay`` in words of ``unit`` bytes, 4 or 1, or by ``fill`` if ``unit`` is 0."""
    # ``fill`` is for strides, where a line has to be split.
    if unit == 0:
        fill(ram, layout, channel, first, count, room)
    elif unit == 4:
        lines = room[WORD : room.size - WORD].view(np.uint32)
        lay(ram.view(np.uint32), words, channel, first, layout[8] * np.uint32(0x01010101), lines)
    else:
        lay(ram, words, channel, first, layout[8], room[WORD : room.size - WORD])


@jit
def gather(
    ram: Bytes, layout: Ints, words: Ints, unit: int, first: int, count: int, taps: Ints, room: Bytes, columns: Bytes
) -> None:
    """Copies the taps of all channels for ``count`` lines to the rows of ``columns``.

    layout, words, unit: see ``arrange``.
    taps: where each tap starts in ``room``.
    columns: uint8 (in * taps, count * pitch).
    """
    number, each = columns.shape[1], taps.size
    # ``lay`` does not write the border on the right of each line, so the border is set here.
    if unit:
        for index in range(room.size):
            room[index] = layout[8]
    for channel in range(columns.shape[0] // each):
        # A 1x1 layer has one tap, the channel itself, so the channel is laid out in ``columns``.
        laid = columns[channel] if each == 1 else room
        arrange(ram, layout, words, unit, channel, first, count, laid)
        for tap in range(each if each > 1 else 0):
            source, target = room[taps[tap] : taps[tap] + number], columns[channel * each + tap]
            for index in range(number):
                target[index] = source[index]


@jit
def gather_words(ram: Array, layout: Ints, columns: Array) -> None:
    """``gather`` for a whole 1x1 layer at stride 1; ``ram`` and ``columns`` are words.

    layout: start, groups, words of a block, words between groups, words of a line, height, width.
    """
    start, groups, block, between, line_words = layout[0], layout[1], layout[2], layout[3], layout[4]
    width, number = layout[6], columns.shape[1]
    flat = columns.reshape(-1)
    for channel in range(columns.shape[0]):
        plane = start + channel // groups * block + channel % groups * between
        move(ram, plane, line_words, flat, channel * number, width, number // width, width)


@jit
def multiply(weights: Array, columns: Bytes, sums: Array) -> None:
    """Multiplies weights (out, k) by columns (k, n) in int32, for products that take less time than a library call."""
    # The sums of a stretch stay in the first cache while all taps are added to them.
    for begin in range(0, columns.shape[1], NEAR):
        for channel in range(weights.shape[0]):
            row = sums[channel][begin : begin + NEAR]
            for x in range(row.size):
                row[x] = 0
            for tap in range(weights.shape[1]):
                factor, column = weights[channel, tap], columns[tap][begin : begin + NEAR]
                for x in range(row.size):
                    row[x] += np.int32(factor * np.int32(column[x]))


@jit
def greatest(values: Array, window: int, count: int, width: int, pitch: int) -> None:
    """The max pool in place: lines of ``pitch`` become lines of ``width`` without gaps."""
    wide = width * window
    # The lines are compared first, because such long loops compile to vector code. Then the columns are.
    for line in range(count):
        upper = values[line * window * pitch :][:wide]
        for y in range(1, window):
            lower = values[(line * window + y) * pitch :][:wide]
            for x in range(wide):
                upper[x] = upper[x] if upper[x] > lower[x] else lower[x]
        result = values[line * width :][:width]
        if window == 2:
            for x in range(width):
                left, right = upper[2 * x], upper[2 * x + 1]
                result[x] = left if left > right else right
        else:
            for x in range(width):
                best = upper[x * window]
                for side in range(1, window):
                    best = max(best, upper[x * window + side])
                result[x] = best


@jit
def store(result: Array, each: int, pitch: int, layout: Ints, channel: int, first: int, count: int, ram: Array) -> None:
    """Copies lines of all channels in ``result`` to the AI RAM; all sizes are in words.

    each: words from channel to channel in ``result``.
    layout: start, groups, words of a block, words between groups, words of a line, height, width.
    channel: number of the first channel.
    """
    start, groups, block, between, line_words, width = layout[0], layout[1], layout[2], layout[3], layout[4], layout[6]
    # Channels side by side fill a row before the next block begins.
    lane = channel % groups
    begin = start + channel // groups * block + first * line_words
    for index in range(result.size // each):
        move(result, index * each, pitch, ram, begin + lane * between, line_words, count, width)
        lane += 1
        if lane == groups:
            lane = 0
            begin += block


@jit
def deliver(
    values: Doubles,
    channel: int,
    channels: int,
    first: int,
    count: int,
    lines: Ints,
    target: Ints,
    form: Ints,
    rule: Doubles,
    moved: Array,
    result: Bytes,
    ram: Bytes,
    main: Bytes,
) -> None:
    """Turns ``values`` into bytes in the AI RAM and in ``main``.

    values: of some channels, ``count`` lines each, after the max pool.
    main: main memory for packed results, or empty.
    """
    # Without a pool, the lines still have columns of the border at their end.
    pitch, width, unit = lines[0] if lines[1] == 1 else lines[2], lines[2], lines[3]
    each = count * pitch
    part = result[: channels * each]
    curve(values[: channels * each], form, rule, moved, part)
    # Lines of complete words are moved word by word, which takes fewer steps.
    if unit == 4:
        store(part.view(np.uint32), each // 4, pitch // 4, target, channel, first, count, ram.view(np.uint32))
    else:
        store(part, each, pitch, target, channel, first, count, ram)
    # The copy in main memory has no such columns and no gaps between channels.
    if main.size:
        packed = pitch == width
        runs, stretch = (channels, each) if packed else (channels * count, width)
        for run in range(runs):
            at = (channel + run) * target[5] * width + first * width
            if not packed:
                at = ((channel + run // count) * target[5] + first + run % count) * width
            source, there = part[run * (each if packed else pitch) :][:stretch], main[at:][:stretch]
            for x in range(stretch):
                there[x] = source[x]


@jit
def affine(sums: Array, factor: float, offset: float, values: Doubles) -> None:
    """Batch norm, of which ``prepare`` has proven that float64 is exact."""
    for x in range(values.size):
        values[x] = np.float64(sums[x]) * factor + offset


@jit
def nine(pixels: Floats, taps: Ints, weights: Floats, factor: float, offset: float, values: Doubles) -> None:
    """A depthwise channel: nine stretches, and batch norm. All sums are whole numbers below 2**24: exact in float32."""
    size = values.size
    a, b, c = pixels[taps[0] :][:size], pixels[taps[1] :][:size], pixels[taps[2] :][:size]
    d, e, f = pixels[taps[3] :][:size], pixels[taps[4] :][:size], pixels[taps[5] :][:size]
    g, h, i = pixels[taps[6] :][:size], pixels[taps[7] :][:size], pixels[taps[8] :][:size]
    u, v, w = weights[:3], weights[3:6], weights[6:]
    for x in range(size):
        total = u[0] * a[x] + u[1] * b[x] + u[2] * c[x]
        total += v[0] * d[x] + v[1] * e[x] + v[2] * f[x]
        total += w[0] * g[x] + w[1] * h[x] + w[2] * i[x]
        values[x] = np.float64(total) * factor + offset


@jit
def finish(
    sums: Array,
    factor: Doubles,
    offset: Doubles,
    first: int,
    count: int,
    values: Doubles,
    lines: Ints,
    target: Ints,
    form: Ints,
    rule: Doubles,
    moved: Array,
    result: Bytes,
    ram: Bytes,
    main: Bytes,
) -> None:
    """Turns sums (out, n) of ``count`` lines into bytes in the AI RAM and in ``main``.

    lines: pitch, window of the max pool, width after it, bytes of a word, channels at a time.
    target: the ``layout`` of ``store``.
    """
    pitch, window, width, at_once = lines[0], lines[1], lines[2], lines[4]
    number, out = count * pitch, sums.shape[0]
    # With a pool, each channel has fewer values, which lie without gaps for the curve.
    each = number if window == 1 else count // window * width
    for begin in range(0, out, at_once):
        channels = min(at_once, out - begin)
        for index in range(channels):
            part, row, scale = values[index * each : (index + 1) * each], sums[begin + index], factor[begin + index]
            # The pool comes first, as it leaves fewer values; the greatest result may be that of the least sum.
            if window > 1:
                if scale < 0.0:
                    scale = -scale
                    for x in range(number):
                        row[x] = -row[x]
                greatest(row, window, count // window, width, pitch)
            affine(row, scale, offset[begin + index], part)
        # The channels that fit into the cache are finished before the next ones begin.
        at = first // window, count // window
        deliver(values, begin, channels, *at, lines, target, form, rule, moved, result, ram, main)


@jit
def depthwise(
    ram: Bytes,
    layout: Ints,
    layout_words: Ints,
    in_unit: int,
    weights: Floats,
    factor: Doubles,
    offset: Doubles,
    height: int,
    count: int,
    taps: Ints,
    room: Bytes,
    pixels: Floats,
    values: Doubles,
    lines: Ints,
    target: Ints,
    form: Ints,
    rule: Doubles,
    moved: Array,
    result: Bytes,
    main: Bytes,
) -> None:
    """Computes a whole 3x3 depthwise layer of ``height`` lines, ``count`` at a time.

    layout, layout_words, in_unit, taps, room: see ``gather``.
    weights: float32 (channels, 9).
    pixels: for the same in float32.
    The other arguments are those of ``finish``.
    """
    pitch, window, width, at_once = lines[0], lines[1], lines[2], lines[4]
    number, all_channels = count * pitch, weights.shape[0]
    # The border on the right of each line is set once, because ``lay`` does not write it.
    if in_unit:
        for index in range(room.size):
            room[index] = layout[8]
    for first in range(0, height, count):
        valid = min(count, height - first)
        # The last run may have fewer lines, but its windows of the pool are complete.
        each = valid * pitch if window == 1 else valid // window * width
        for begin in range(0, all_channels, at_once):
            channels = min(at_once, all_channels - begin)
            for index in range(channels):
                arrange(ram, layout, layout_words, in_unit, begin + index, first, count, room)
                for x in range(room.size):
                    pixels[x] = room[x]
                part = values[index * each : index * each + number]
                nine(pixels, taps, weights[begin + index], factor[begin + index], offset[begin + index], part)
                if window > 1:
                    greatest(part, window, valid // window, width, pitch)
            at = first // window, valid // window
            deliver(values, begin, channels, *at, lines, target, form, rule, moved, result, ram, main)
