"""The fast backend in numpy alone: matrix products in float32 wherever that is proven exact."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.lib.stride_tricks import as_strided

from maixswitch.kmodel.format.arrays import Array, Bytes
from maixswitch.kmodel.format.conv import Conv

from .curve import Form
from .finish import Apply, finished
from .interface import Kernel
from .numpy_backend import NumpyBackend
from .prepare import Prepared, prepare
from .scratch import Scratch

Sums = Callable[[Bytes], Array]
"""uint8 (in, h, w) to the sums (out, h', w') that go into the curve; the result must be used before the next layer."""
MakeSums = Callable[[Prepared, Scratch], Sums]
CACHE = 1 << 19
"""Bytes that a step works on, so that they stay in a core's own cache."""
SMALL_MAP = 600
"""Below this many pixels a depthwise layer is computed as matrix products of several channels at a time."""
GROUP = 8
"""Channels of such a product."""


def bordered(layer: Prepared, scratch: Scratch) -> Callable[[Bytes], Bytes]:
    """Makes the function that puts the layer's border around an image; a 1x1 layer returns the image itself."""
    edge = layer.conv.kernel // 2
    if not edge:
        return lambda image: image
    source = layer.conv.input
    inner = source.channels if layer.conv.depthwise else layer.weights32.shape[1]
    room = scratch.border((inner, source.height, source.width), edge, layer.conv.pad_value)
    inside = room[:, edge:-edge, edge:-edge]

    def run(image: Bytes) -> Bytes:
        inside[...] = image
        return room

    return run


def greatest(sums: Array, window: int, stride: int) -> Array:
    """The max pool of sums; a window that reaches over the edge takes the sums inside."""
    # At stride 1 the last line and column have no neighbour, so they stand for themselves.
    if stride == 1:
        lines = sums.copy()
        np.maximum(sums[:, :-1], sums[:, 1:], out=lines[:, :-1])
        result = lines.copy()
        np.maximum(lines[:, :, :-1], lines[:, :, 1:], out=result[:, :, :-1])
        return result
    # Columns first and then lines: this takes 2 * window comparisons for each result, not its square.
    height, width = sums.shape[1] // stride, sums.shape[2] // stride
    lines = sums[:, 0 : height * stride : stride]
    for index in range(1, window):
        lines = np.maximum(lines, sums[:, index : height * stride : stride])
    result = lines[:, :, 0 : width * stride : stride]
    for index in range(1, window):
        result = np.maximum(result, lines[:, :, index : width * stride : stride])
    return result


def full_sums(layer: Prepared, scratch: Scratch) -> Sums:
    """A convolution over all channels: columns of taps by lines, then one matrix product per piece."""
    kernel = layer.conv.kernel
    out, height, width = layer.convolved
    inner = layer.weights32.shape[1]
    weights = layer.weights.reshape(out, -1)
    dtype = weights.dtype
    line, column, stride = layer.pick
    taps = weights.shape[1]
    # All taps of this many lines fit into the cache; the product of a whole map goes straight into the result.
    lines = max(1, min(height, CACHE // (dtype.itemsize * taps * width)))
    room = scratch.room("columns", (taps, lines * width), dtype)
    result = scratch.room("sums", (out, height, width), dtype)
    widen = bordered(layer, scratch)

    def run(image: Bytes) -> Array:
        wide = widen(image)
        # The strides come from the array, as a border adds bytes to each line.
        plane, row, pixel = wide.strides
        # A view with two more axes for the taps; copying it lays out the columns.
        origin = wide[:, line:, column:]
        for first in range(0, height, lines):
            count = min(lines, height - first)
            shape = (inner, kernel, kernel, count, width)
            strides = (plane, row, pixel, row * stride, pixel * stride)
            view = as_strided(origin[:, first * stride :], shape, strides, writeable=False)
            columns = room.reshape(-1)[: taps * count * width].reshape(shape)
            np.copyto(columns, view)
            # Only the product of the whole map can be written in place: the lines of a part are not consecutive.
            target = result[:, first : first + count].reshape(out, -1) if count == height else None
            product = np.matmul(weights, columns.reshape(taps, -1), out=target)
            if target is None:
                result[:, first : first + count] = product.reshape(out, count, width)
        return result

    return run


def depthwise_sums(layer: Prepared, scratch: Scratch) -> Sums:
    """Each channel by itself: nine shifted copies of large maps, small matrix products for small ones."""
    if layer.conv.kernel == 1:
        factors = layer.weights.reshape(-1, 1, 1)
        line, column, stride = layer.pick
        _, height, width = layer.convolved
        return lambda image: image[:, line::stride, column::stride][:, :height, :width] * factors
    # Small maps spend their time in calls, and a product does several channels in one. With a stride, the pixels of a
    # tap are not one stretch.
    small = layer.conv.input.height * layer.conv.input.width < SMALL_MAP
    return (_grouped if small or layer.pick[2] > 1 else _shifted)(layer, scratch)


def _shifted(layer: Prepared, scratch: Scratch) -> Sums:
    """Lines keep their border, so that each tap is one long stretch; the results under the border are dropped."""
    channels, height, width = layer.convolved
    # A line with its border is followed by the next one, so a shifted map is a single slice.
    row = width + 2
    stretch = height * row
    # Source, product and term together should stay in the cache.
    at_once = max(1, min(channels, CACHE // 8 // (stretch + 2 * row)))
    weights = layer.weights.reshape(channels, 9)
    dtype = weights.dtype
    source = scratch.room("columns", (at_once, (height + 2) * row + 2), dtype)
    total, term = scratch.room("total", (at_once, stretch), dtype), scratch.room("term", (at_once, stretch), dtype)
    result = scratch.room("sums", (channels, height, width), dtype)
    widen = bordered(layer, scratch)

    def run(image: Bytes) -> Array:
        wide = widen(image).reshape(channels, -1)
        source[:, -2:] = 0  # the last taps reach two pixels beyond the picture
        for first in range(0, channels, at_once):
            last = min(first + at_once, channels)
            part, product, tap = source[: last - first], total[: last - first], term[: last - first]
            part[:, :-2] = wide[first:last]
            for index in range(9):
                offset = index // 3 * row + index % 3
                values = part[:, offset : offset + stretch]
                factor = weights[first:last, index : index + 1]
                # The first tap sets the sums, which saves clearing them.
                if index:
                    np.multiply(values, factor, out=tap)
                    np.add(product, tap, out=product)
                else:
                    np.multiply(values, factor, out=product)
            result[first:last] = product.reshape(-1, height, row)[:, :, :width]
        return result

    return run


def _grouped(layer: Prepared, scratch: Scratch) -> Sums:
    """Matrices of GROUP channels whose off-diagonal blocks are zero, as many at a time as fit into the cache."""
    channels, height, width = layer.convolved
    groups = -(-channels // GROUP)
    dtype = layer.weights.dtype
    # One matrix for GROUP channels: each row has the taps of its own channel and zeros for the others.
    weights = np.zeros((groups * GROUP, GROUP, 9), dtype)
    for channel in range(channels):
        weights[channel, channel % GROUP] = layer.weights32[channel].reshape(9)
    matrices = weights.reshape(groups, GROUP, GROUP * 9)
    # The columns of all channels would not stay in the cache.
    at_once = max(1, min(groups, CACHE // (dtype.itemsize * GROUP * 9 * height * width)))
    columns = scratch.room("columns", (at_once * GROUP, 3, 3, height, width), dtype)
    products = columns.reshape(at_once, GROUP * 9, height * width)
    line, column, stride = layer.pick
    widen = bordered(layer, scratch)
    result = scratch.room("sums", (groups, GROUP, height * width), dtype)

    def run(image: Bytes) -> Array:
        wide = widen(image)[:, line:, column:]
        plane, row, pixel = wide.strides
        shape, strides = (channels, 3, 3, height, width), (plane, row, pixel, row * stride, pixel * stride)
        taps = as_strided(wide, shape, strides, writeable=False)
        for first in range(0, groups, at_once):
            last = min(first + at_once, groups)
            part = taps[first * GROUP : last * GROUP]
            np.copyto(columns[: len(part)], part)
            # The last group is filled up with zeros, because 0 times a random NaN would be NaN.
            columns[len(part) : (last - first) * GROUP] = 0
            np.matmul(matrices[first:last], products[: last - first], out=result[first:last])
        return result.reshape(groups * GROUP, height, width)[:channels]

    return run


def numpy_sums(layer: Prepared, scratch: Scratch) -> Sums:
    """The sums of a layer, max pool included."""
    sums = (depthwise_sums if layer.conv.depthwise else full_sums)(layer, scratch)
    if layer.greatest is None:
        return sums
    window, stride = layer.greatest
    return lambda image: greatest(sums(image), window, stride)


def split_sums(layer: Prepared, sums: MakeSums, scratch: Scratch) -> Sums:
    """A layer too large for float32 in one go, as several over some of the input channels each; added in float64."""
    if not layer.parts:
        # Without parts, one product gives the whole sum.
        return sums(layer, scratch)
    pieces = [(part, sums(layer.over(part), scratch)) for part in layer.parts]
    total = scratch.room("whole", layer.convolved, np.float64)
    pool = layer.greatest

    def run(image: Bytes) -> Array:
        total[...] = 0
        # Float64 sums of exact float32 parts are exact, and a pool has to wait for the whole sum.
        for part, piece in pieces:
            np.add(total, piece(image[part]), out=total)
        return total if pool is None else greatest(total, *pool)

    return run


class FastBackend:
    """Name "fast". A layer that cannot be proven exact in floats runs on the reference backend."""

    name = "fast"

    def __init__(self, sums: MakeSums = numpy_sums) -> None:
        self._scratch = Scratch()
        self._sums = sums

    def curve(self, form: Form) -> Apply:
        """The function that computes an activation curve."""
        return form.apply

    def prepare(self, conv: Conv, rounding: str) -> Kernel:
        # The proof only fails for strange files, which the slow and exact backend runs.
        layer = prepare(conv, rounding)
        if layer is None:  # floats may not be exact, so 64-bit integers are used
            return NumpyBackend().prepare(conv, rounding)
        sums, finish = (
            split_sums(layer, self._sums, self._scratch),
            finished(layer, rounding, self._scratch, self.curve(layer.curve.form)),
        )
        return lambda image: finish(sums(image))
