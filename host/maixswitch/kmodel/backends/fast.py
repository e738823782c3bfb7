"""The fast backend in numpy alone: matrix products in float32 wherever that is proven exact."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.lib.stride_tricks import as_strided

from ..arrays import Array, Bytes
from ..conv import Conv
from . import Kernel
from .finish import Finish, numpy_finish
from .plain import PlainBackend
from .prepare import Prepared, prepare

Sums = Callable[[Bytes], Array]
"""uint8 (in, h, w) to the sums (out, h', w') that go into the curve; the result is used before the next call."""
CACHE = 1 << 19
"""Bytes that a step should work on, so that they stay in a core's own cache."""
SMALL_MAP = 600
"""Pixels; below, a depthwise layer goes through matrix products of several channels at a time."""
GROUP = 8
"""Channels of such a product."""


def bordered(image: Bytes, edge: int, value: int, room: Bytes | None = None) -> Bytes:
    """The image with ``edge`` pixels of ``value`` around it; in ``room``, whose border is there already, if given."""
    if not edge:
        return image
    channels, height, width = image.shape
    if room is None:
        room = np.full((channels, height + 2 * edge, width + 2 * edge), value, np.uint8)
    room[:, edge:-edge, edge:-edge] = image
    return room


def greatest(sums: Array, window: int, stride: int) -> Array:
    """The max pool, on sums; a window that hangs over the edge counts what is inside."""
    if stride == 1:
        lines = sums.copy()
        np.maximum(sums[:, :-1], sums[:, 1:], out=lines[:, :-1])
        result = lines.copy()
        np.maximum(lines[:, :, :-1], lines[:, :, 1:], out=result[:, :, :-1])
        return result
    height, width = sums.shape[1] // stride, sums.shape[2] // stride
    lines = sums[:, 0 : height * stride : stride]
    for index in range(1, window):
        lines = np.maximum(lines, sums[:, index : height * stride : stride])
    result = lines[:, :, 0 : width * stride : stride]
    for index in range(1, window):
        result = np.maximum(result, lines[:, :, index : width * stride : stride])
    return result


def full_sums(layer: Prepared) -> Sums:
    """A convolution over all channels: columns of taps by lines, then one matrix product per piece."""
    conv = layer.conv
    kernel, dtype = conv.kernel, layer.weights.dtype
    out, height, width = layer.convolved
    inner = layer.weights.shape[1]
    weights = np.ascontiguousarray(layer.weights.reshape(out, -1))
    line, column, stride = layer.pick
    taps = weights.shape[1]
    lines = max(1, min(height, CACHE // (dtype.itemsize * taps * width)))
    room = np.empty((taps, lines * width), dtype)
    result = np.empty((out, height, width), dtype)
    edge = kernel // 2
    bordered_room = bordered(np.zeros((inner, conv.input.height, conv.input.width), np.uint8), edge, conv.pad_value)

    def run(image: Bytes) -> Array:
        wide = bordered(image, edge, conv.pad_value, bordered_room)
        plane, row, pixel = wide.strides
        origin = wide[:, line:, column:]
        for first in range(0, height, lines):
            count = min(lines, height - first)
            shape = (inner, kernel, kernel, count, width)
            strides = (plane, row, pixel, row * stride, pixel * stride)
            view = as_strided(origin[:, first * stride :], shape, strides, writeable=False)
            columns = room.reshape(-1)[: taps * count * width].reshape(shape)
            np.copyto(columns, view)
            target = result[:, first : first + count].reshape(out, -1) if count == height else None
            product = np.matmul(weights, columns.reshape(taps, -1), out=target)
            if target is None:
                result[:, first : first + count] = product.reshape(out, count, width)
        return result

    return run


def depthwise_sums(layer: Prepared) -> Sums:
    """Each channel for itself: nine shifted copies of large maps, small matrix products for small ones."""
    if layer.conv.kernel == 1:
        factors = layer.weights.reshape(-1, 1, 1)
        return lambda image: _picked(image, layer) * factors
    small = layer.conv.input.height * layer.conv.input.width < SMALL_MAP
    return _grouped(layer) if small or layer.pick[2] > 1 else _shifted(layer)


def _picked(image: Bytes, layer: Prepared) -> Bytes:
    line, column, stride = layer.pick
    _, height, width = layer.convolved
    return image[:, line::stride, column::stride][:, :height, :width]


def _shifted(layer: Prepared) -> Sums:
    """Lines are taken with their border, so that each tap is one long stretch; the border's results are thrown away."""
    conv = layer.conv
    channels, height, width = layer.convolved
    row = width + 2
    stretch = height * row
    at_once = max(1, min(channels, CACHE // 8 // (stretch + 2 * row)))
    weights = layer.weights.reshape(channels, 9)
    dtype = weights.dtype
    source = np.zeros((at_once, (height + 2) * row + 2), dtype)
    total, term = np.empty((at_once, stretch), dtype), np.empty((at_once, stretch), dtype)
    result = np.empty((channels, height, width), dtype)
    room = bordered(np.zeros((channels, height, width), np.uint8), 1, conv.pad_value)

    def run(image: Bytes) -> Array:
        wide = bordered(image, 1, conv.pad_value, room).reshape(channels, -1)
        for first in range(0, channels, at_once):
            last = min(first + at_once, channels)
            part, product, tap = source[: last - first], total[: last - first], term[: last - first]
            part[:, :-2] = wide[first:last]
            for index in range(9):
                place = index // 3 * row + index % 3
                values = part[:, place : place + stretch]
                factor = weights[first:last, index : index + 1]
                if index:
                    np.multiply(values, factor, out=tap)
                    np.add(product, tap, out=product)
                else:
                    np.multiply(values, factor, out=product)
            result[first:last] = product.reshape(-1, height, row)[:, :, :width]
        return result

    return run


def _grouped(layer: Prepared) -> Sums:
    """Matrices of GROUP channels whose off-diagonal blocks are zero."""
    conv = layer.conv
    channels, height, width = layer.convolved
    groups = -(-channels // GROUP)
    dtype = layer.weights.dtype
    weights = np.zeros((groups * GROUP, GROUP, 9), dtype)
    for channel in range(channels):
        weights[channel, channel % GROUP] = layer.weights[channel].reshape(9)
    matrices = weights.reshape(groups, GROUP, GROUP * 9)
    columns = np.zeros((groups * GROUP, 3, 3, height, width), dtype)
    line, column, stride = layer.pick
    given = conv.input
    room = bordered(np.zeros((channels, given.height, given.width), np.uint8), 1, conv.pad_value)
    result = np.empty((groups, GROUP, height * width), dtype)

    def run(image: Bytes) -> Array:
        wide = bordered(image, 1, conv.pad_value, room)[:, line:, column:]
        plane, row, pixel = wide.strides
        shape, strides = (channels, 3, 3, height, width), (plane, row, pixel, row * stride, pixel * stride)
        np.copyto(columns[:channels], as_strided(wide, shape, strides, writeable=False))
        np.matmul(matrices, columns.reshape(groups, GROUP * 9, height * width), out=result)
        return result.reshape(groups * GROUP, height, width)[:channels]

    return run


def numpy_sums(layer: Prepared) -> Sums:
    """The sums of a layer, max pool included."""
    sums = (depthwise_sums if layer.conv.depthwise else full_sums)(layer)
    if layer.greatest is None:
        return sums
    window, stride = layer.greatest
    return lambda image: greatest(sums(image), window, stride)


def split_sums(layer: Prepared, sums: Callable[[Prepared], Sums]) -> Sums:
    """A layer too large for float32 in one go, as several over some of the input channels each; added in float64."""
    if not layer.parts:
        return sums(layer)
    pieces = [(part, sums(layer.over(part))) for part in layer.parts]

    def run(image: Bytes) -> Array:
        total: Array = np.zeros(layer.convolved, np.float64)
        for part, piece in pieces:
            total += piece(image[part])
        return total if layer.greatest is None else greatest(total, *layer.greatest)

    return run


class FastBackend:
    """Name "fast". A layer that cannot be proven exact in floats runs on the reference backend."""

    name = "fast"

    def __init__(
        self,
        sums: Callable[[Prepared], Sums] = numpy_sums,
        finish: Callable[[Prepared, str], Finish] = numpy_finish,
    ) -> None:
        self._sums = sums
        self._finish = finish

    def prepare(self, conv: Conv, rounding: str) -> Kernel:
        layer = prepare(conv, rounding)
        if layer is None:
            return PlainBackend().prepare(conv, rounding)
        sums, finish = split_sums(layer, self._sums), self._finish(layer, rounding)
        return lambda image: finish(sums(image))
