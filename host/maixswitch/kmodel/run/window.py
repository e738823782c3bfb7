"""Sliding windows in numpy, tap after tap in the order of the reference, so that float32 sums round in the same way."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from maixswitch.kmodel.format.arrays import Array, Ints
from maixswitch.kmodel.format.v4_node import Geometry

from .cpu_arithmetic import MultiplyAdd

BLOCK = 1 << 16
"""Sums that are computed at a time, so that they stay in a core's own cache."""


def multiply_add(a: Array, b: Array, c: Array) -> Array:
    """a * b + c for whole numbers."""
    return a * b + c


def inside(size: int, count: int, before: int, stride: int, shift: int) -> tuple[slice, slice]:
    """Along one axis: the outputs whose tap at ``shift`` lies in the image, and the pixels that it meets.

    size: number of pixels. count: number of outputs. before: padding before the first pixel.
    """
    # The outputs are found by their first and last index, so that each tap is one slice.
    first = max(0, -((shift - before) // stride))
    last = min(count - 1, (size - 1 + before - shift) // stride)
    if last < first:
        return slice(0, 0), slice(0, 0)
    start = first * stride - before + shift
    return slice(first, last + 1), slice(start, start + (last - first) * stride + 1, stride)


def taps(
    geometry: Geometry, height: int, width: int
) -> Iterator[tuple[int, int, tuple[slice, slice], tuple[slice, slice]]]:
    """(ky, kx, output lines and columns, input lines and columns) of every tap, row by row."""
    out_h, out_w = geometry.size(height, width)
    for ky in range(geometry.filter_h):
        lines = inside(height, out_h, geometry.pad_h.before, geometry.stride_h, ky * geometry.dilation_h)
        for kx in range(geometry.filter_w):
            columns = inside(width, out_w, geometry.pad_w.before, geometry.stride_w, kx * geometry.dilation_w)
            yield ky, kx, (lines[0], columns[0]), (lines[1], columns[1])


def _blocks(groups: int, outputs: int, height: int, width: int) -> Iterator[tuple[slice, slice]]:
    """Slices of groups and of their outputs, each with at most BLOCK sums."""
    # Many small maps are computed together; a large one is split by its outputs.
    most = max(1, BLOCK // (height * width))
    groups_at_once, outputs_at_once = max(1, most // outputs), min(outputs, most)
    for group in range(0, groups, groups_at_once):
        for output in range(0, outputs, outputs_at_once):
            yield slice(group, group + groups_at_once), slice(output, output + outputs_at_once)


def convolve(
    image: Array,
    weights: Array,
    start: Array,
    geometry: Geometry,
    groups: int,
    channels_last: bool,
    step: MultiplyAdd = multiply_add,
) -> Array:
    """Sums of one picture, (out, h', w'); taps outside the image are left out.

    image: (c, h, w). weights: (out, c / groups, kh, kw).
    start: (out,), of the dtype of the sums.
    channels_last: True for the order line, column, channel; False for channel, line, column.
    step: adds a term.
    """
    height, width = image.shape[1:]
    out, inner = weights.shape[:2]
    out_h, out_w = geometry.size(height, width)
    total = np.empty((groups, out // groups, out_h, out_w), start.dtype)
    # The sum begins with the bias, because the source adds the bias first and each addition rounds.
    total[:] = start.reshape(groups, -1, 1, 1)
    image = image.reshape(groups, inner, height, width)
    factors = weights.reshape(groups, out // groups, *weights.shape[1:])
    # float32 sums depend on their order, so all terms are added in the order of the reference.
    steps = list(taps(geometry, height, width))
    order = [(c, tap) for c in range(inner) for tap in steps]
    if channels_last:
        order = [(c, tap) for tap in steps for c in range(inner)]
    for block in _blocks(*total.shape):
        sums, own, own_image = total[block], factors[block], image[block[0]]
        for c, (ky, kx, target, source) in order:
            window = (slice(None), slice(None), *target)
            part = own_image[:, c, source[0], source[1]][:, None]
            sums[window] = step(own[:, :, c, ky, kx, None, None], part, sums[window])
    return total.reshape(out, out_h, out_w)


def whole(images: Ints, weights: Ints, start: Ints, groups: int) -> Ints:
    """The sums (n, out, 1, 1) of windows as large as the maps, for whole numbers, whose sums have no order.

    images: (n, c, h, w). weights: (out, c / groups, h, w). start: (out,).
    """
    number, out = len(images), len(weights)
    parts = images.reshape(number, groups, -1)
    sums = np.einsum("ngi,goi->ngo", parts, weights.reshape(groups, out // groups, -1))
    result: Ints = sums.reshape(number, out, 1, 1) + start.reshape(1, -1, 1, 1)
    return result


def reduce_window(
    image: Array, init: np.float32, geometry: Geometry, step: Callable[[Array, Array], Array]
) -> tuple[Array, Ints]:
    """Folds the taps of image (n, c, h, w) into ``init`` by ``step``; also the number of taps inside, (h', w')."""
    batches, channels, height, width = image.shape
    out_h, out_w = geometry.size(height, width)
    total = np.full((batches, channels, out_h, out_w), init, np.float32)
    count = np.zeros((out_h, out_w), np.int64)
    # The order of the taps matters for sums, and for which of two equal values stays.
    for _, _, target, source in taps(geometry, height, width):
        window = (slice(None), slice(None), *target)
        total[window] = step(total[window], image[:, :, source[0], source[1]])
        count[target] += 1
    return total, count


def scatter(
    image: Array, weights: Array, geometry: Geometry, groups: int, out_size: tuple[int, int], step: MultiplyAdd
) -> Array:
    """The transposed convolution of one picture, (out, *out_size).

    image: (c, h, w). weights: (out, c / groups, kh, kw).
    Each output pixel adds its terms in the order of the input: channel, line, column.
    """
    height, width = image.shape[1:]
    out, inner = weights.shape[:2]
    total = np.zeros((groups, out // groups, *out_size), np.float32)
    image = image.reshape(groups, inner, height, width)
    factors = weights.reshape(groups, out // groups, *weights.shape[1:])
    for c in range(inner):
        # The reference scatters in the order of the input, so an output pixel meets the taps in reverse order.
        for ky in reversed(range(geometry.filter_h)):
            lines = inside(out_size[0], height, geometry.pad_h.before, geometry.stride_h, ky * geometry.dilation_h)
            for kx in reversed(range(geometry.filter_w)):
                columns = inside(out_size[1], width, geometry.pad_w.before, geometry.stride_w, kx * geometry.dilation_w)
                part = image[:, c, lines[0], columns[0]][:, None]
                window = (slice(None), slice(None), lines[1], columns[1])
                total[window] = step(factors[:, :, c, ky, kx, None, None], part, total[window])
    return total.reshape(out, *out_size)
