"""A plain integer model of a quantised network: every layer as the chip's documents describe it, one image at a time.

It is slow and obvious on purpose. It shares no arithmetic with the emulator, so the two check each other. ``rounding``
is "v02" (nncase 0.2 to 1.6) or "v01" (nncase 0.1); floats are those of MaixPy's and CanMV's firmware (plain_floats.py).
Sources: nncase 0.1 and 0.2 K210 kernels, SDK kpu.c.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maixswitch.convert.lower import layers as q
from maixswitch.convert.ops.concat import QuantizedConcat
from maixswitch.convert.ops.depth_to_space import BlockMask
from maixswitch.convert.ops.fully_connected import FloatFullyConnected
from maixswitch.convert.ops.gate import QuantizedMean
from maixswitch.convert.ops.global_mean import FloatMean
from maixswitch.convert.ops.grouped import FloatGrouped
from maixswitch.convert.ops.grown import GrownBytes
from maixswitch.convert.ops.product import FloatBinary, QuantizedBinary
from maixswitch.convert.ops.resampled import RepeatedBytes, TurnedBytes
from maixswitch.convert.ops.resize import QuantizedResize
from maixswitch.convert.ops.selection import Pieces
from maixswitch.convert.ops.softmax import FloatSoftmax
from maixswitch.convert.ops.subsample import SubsampledPixels
from maixswitch.convert.ops.unary import FloatLogistic
from maixswitch.convert.ops.views import FloatChannelsLast, FloatFlat
from maixswitch.convert.ops.window_pool import FloatAveragePool, QuantizedMaxPool
from tests.host.convert import plain_floats as floats

Values = NDArray[Any]
Ints = NDArray[np.int64]
ROUNDINGS = ("v02", "v01")


def run(net: q.Quantised, image: Values, rounding: str = "v02") -> dict[str, Values]:
    """Return all tensors by name for one image, uint8 (c, h, w): uint8 if the tensor has a scale, else float32.

    A network whose input has no scale takes float32. ValueError for an image of another shape or type, or a rounding
    that is neither "v02" nor "v01".
    """
    if rounding not in ROUNDINGS:
        raise ValueError(f"no rounding {rounding}; there are {ROUNDINGS}")
    expected = np.dtype(np.uint8 if net.input in net.scales else np.float32)
    if image.shape != tuple(net.shapes[net.input]) or image.dtype != expected:
        raise ValueError(f"the network takes {expected} {net.shapes[net.input]}, not {image.dtype} {image.shape}")
    values: dict[str, Values] = {net.input: image}
    for layer in net.layers:
        values[layer.output] = run_layer(layer, [values[name] for name in layer.inputs], net, rounding)
    return values


def run_layer(layer: q.Layer, inputs: Sequence[Values], net: q.Quantised, rounding: str = "v02") -> Values:
    """Return the output of one layer from its inputs; TypeError for a layer without a rule here."""
    first = inputs[0]
    if isinstance(layer, q.KpuConv):
        # A flat tensor is maps of one pixel.
        image = first if first.ndim == 3 else first.reshape(-1, 1, 1)
        return convolve(layer, image, rounding).reshape(net.shapes[layer.output])
    if isinstance(layer, q.QuantizedAdd):
        return quantized_add(layer.numbers, first, inputs[1])
    if isinstance(layer, q.Requantize):
        return np.asarray(layer.table)[first]
    if isinstance(layer, QuantizedConcat | q.FloatConcat):
        return np.concatenate(list(inputs), axis=0)
    if isinstance(layer, Pieces):
        parts = [first.reshape(-1)[start : start + count] for start, count in layer.pieces]
        return np.concatenate(parts).reshape(net.shapes[layer.output])
    if isinstance(layer, GrownBytes):
        top, left, bottom, right = layer.pads
        return np.pad(first, ((0, 0), (top, bottom), (left, right)), constant_values=layer.zero)
    if isinstance(layer, QuantizedMaxPool):
        return max_pool(first, layer, tuple(net.shapes[layer.output]))
    if isinstance(layer, FloatAveragePool):
        return mean_pool(first, layer, tuple(net.shapes[layer.output]))
    if isinstance(layer, SubsampledPixels):
        (_, height, width), (down, right) = net.shapes[layer.output], layer.strides
        return np.stack([first[:, y * down, : width * right : right] for y in range(height)], axis=1)
    if isinstance(layer, QuantizedResize):
        return first.repeat(layer.times, axis=1).repeat(layer.times, axis=2)
    if isinstance(layer, TurnedBytes):
        return first.reshape(len(first), -1).T.reshape(net.shapes[layer.output])
    if isinstance(layer, RepeatedBytes):
        return np.broadcast_to(first.reshape(-1, 1, 1), net.shapes[layer.output]).copy()
    if isinstance(layer, BlockMask):
        return block_mask(layer, tuple(net.shapes[layer.output]))
    if isinstance(layer, q.Quantize):
        return floats.quantize(first, layer.factor, layer.bias)
    if isinstance(layer, q.Dequantize):
        return floats.dequantize(first, layer.factor, layer.bias)
    if isinstance(layer, FloatMean):
        return floats.mean(first)
    if isinstance(layer, FloatFullyConnected):
        return floats.fully_connected(layer.weights, layer.bias, first)
    if isinstance(layer, FloatGrouped):
        return grouped(layer, first)
    if isinstance(layer, q.FloatMasked):
        return floats.masked(first, inputs[1])
    if isinstance(layer, FloatChannelsLast):
        return first.transpose(1, 2, 0).reshape(-1)
    if isinstance(layer, FloatFlat):
        return first.reshape(-1)
    if isinstance(layer, FloatSoftmax):
        return floats.softmax(first)
    if isinstance(layer, FloatLogistic):
        return floats.logistic(first)
    if isinstance(layer, q.FloatAdd):
        return (first + inputs[1]).astype(np.float32)
    if isinstance(layer, QuantizedMean):
        return byte_mean(layer, first, net)
    if isinstance(layer, QuantizedBinary):
        return quantized_binary(layer, first, inputs[1], net.shapes[layer.output][0])
    if isinstance(layer, FloatBinary):
        return np.asarray(OPERATIONS[layer.operation](first, inputs[1]), np.float32)
    raise TypeError(f"no plain rule for {type(layer).__name__}")


OPERATIONS = {"mul": np.multiply, "min": np.minimum, "max": np.maximum, "add": np.add, "sub": np.subtract}


def byte_mean(layer: QuantizedMean, image: Values, net: q.Quantised) -> Values:
    """The mean of each map, rounded to the nearest level; v4 has it as a convolution with a kernel of ones."""
    channels = net.shapes[layer.output][0]
    maps = image[layer.first : layer.first + channels].astype(np.int64) - layer.source.zero
    sums = maps.sum(axis=(1, 2), keepdims=True)
    factor = layer.out.steps / (layer.source.steps * image.shape[1] * image.shape[2])
    return np.clip(np.floor(sums * factor + 0.5) + layer.out.zero, 0, 255).astype(np.uint8)


def quantized_binary(layer: QuantizedBinary, a: Values, b: Values, channels: int) -> Values:
    """((a + a_off) * a_mul >> a_shift) op the same of b, then out_mul, out_shift, out_off; halves are rounded up."""
    a_off, a_mul, a_shift, b_off, b_mul, b_shift, out_off, out_mul, out_shift = layer.numbers
    rank = max(a.ndim, b.ndim)
    a, b = (part if len(part) == 1 else part[layer.first : layer.first + channels] for part in (a, b))
    a, b = (part.reshape(*part.shape, *[1] * (rank - part.ndim)).astype(np.int64) for part in (a, b))
    combined = OPERATIONS[layer.operation](
        _half_up((a + a_off) * a_mul, a_shift), _half_up((b + b_off) * b_mul, b_shift)
    )
    return np.clip(_half_up(combined * out_mul, out_shift) + out_off, 0, 255).astype(np.uint8)


def _half_up(values: Ints, shift: int) -> Ints:
    return (values + (1 << shift >> 1)) >> shift


def convolve(layer: q.KpuConv, image: Values, rounding: str) -> Values:
    """Sum over the taps of (x - zero) * (w - zero), then batch norm, activation table, pool."""
    part = layer.part
    weights = part.weights.astype(np.int64) - part.weight_zero
    size = weights.shape[2]
    border = (size - 1) // 2
    channels, height, width = image.shape
    padded = np.zeros((channels, height + 2 * border, width + 2 * border), np.int64)
    padded[:, border : border + height, border : border + width] = image.astype(np.int64) - part.input_zero
    out = weights.shape[0]
    sums = np.zeros((out, height, width), np.int64)
    for row in range(size):
        for column in range(size):
            shifted = padded[:, row : row + height, column : column + width]
            for channel in range(out):
                if layer.depthwise:
                    sums[channel] += weights[channel, 0, row, column] * shifted[channel]
                else:
                    sums[channel] += np.tensordot(weights[channel, :, row, column], shifted, axes=1)
    result = np.zeros((out, height, width), np.int64)
    for channel in range(out):
        norm = part.norm
        z = ((sums[channel] * int(norm.mul[channel])) >> int(norm.shift[channel])) + int(norm.add[channel])
        result[channel] = activate(z, part.activation, rounding)
    return pooled(result, layer.pool, rounding).astype(np.uint8)


def activate(z: Ints, table: Any, rounding: str) -> Ints:
    """Apply the piece whose start is the last one below z (v01: at or below); round, and clamp to 0..255."""
    result = np.zeros(z.shape, np.int64)
    chosen = np.zeros(z.shape, np.int64)
    for index in range(1, len(table.start)):
        start = int(table.start[index])
        chosen[(z > start) if rounding == "v02" else (z >= start)] = index
    for index in range(len(table.start)):
        here = chosen == index
        product = (z[here] - int(table.start[index])) * int(table.mul[index])
        result[here] = rounded(product, int(table.shift[index]), rounding) + int(table.bias[index])
    return np.clip(result, 0, 255)


def rounded(product: Ints, shift: int, rounding: str) -> Ints:
    """Return product / 2**shift, v02 half to even, v01 half up, with their errors on negative products."""
    if shift == 0:
        return product
    if rounding == "v01":
        return half_up(product, shift)
    floor = product >> shift
    remainder = product - (floor << shift)
    half = 1 << (shift - 1)
    sign = np.where(product < 0, -1, 1)
    odd = floor % 2 == 1
    away = (remainder > half) | ((remainder == half) & odd)
    return np.where(away, floor + sign, floor)


def half_up(product: Ints, shift: int) -> Ints:
    """Round as nncase 0.1 and the device's CPU code do."""
    if shift == 0:
        return product
    doubled = product >> (shift - 1)
    odd = doubled % 2 == 1
    return (doubled >> 1) + np.where(odd, np.where(doubled >= 0, 1, -1), 0)


def pooled(image: Ints, pool: int, rounding: str) -> Ints:
    """Apply the KPU's pool types 0 to 9 to (channels, h, w); ValueError for another number."""
    height, width = image.shape[1:]
    if pool == 0:
        return image
    if pool in (8, 9):
        return _sliding(image, pool, rounding)
    size = 4 if pool in (3, 4, 7) else 2
    corners = [
        image[:, row : height - height % size : size, column : width - width % size : size]
        for row in range(size)
        for column in range(size)
    ]
    if pool in (1, 3):
        return np.asarray(np.max(corners, axis=0))
    if pool in (2, 4):
        return np.asarray(np.sum(corners, axis=0) // (size * size))
    if pool in (5, 7):
        return corners[0]
    if pool == 6:
        return corners[1]
    raise ValueError(f"no pool type {pool}")


def _sliding(image: Ints, pool: int, rounding: str) -> Ints:
    """2x2 at stride 1: the maximum and v01's mean take the pixels that exist, v02's mean repeats the last ones."""
    result = np.zeros(image.shape, np.int64)
    height, width = image.shape[1:]
    for y in range(height):
        for x in range(width):
            if pool == 8 and rounding == "v02":
                below, right = min(y + 1, height - 1), min(x + 1, width - 1)
                four = image[:, y, x] + image[:, y, right] + image[:, below, x] + image[:, below, right]
                result[:, y, x] = four // 4
                continue
            window = image[:, y : y + 2, x : x + 2].reshape(image.shape[0], -1)
            result[:, y, x] = window.max(axis=1) if pool == 9 else window.sum(axis=1) // window.shape[1]
    return result


def quantized_add(numbers: Sequence[int], a: Values, b: Values) -> Values:
    """v3 layer 2; ``numbers``: offset, mul, shift of a, of b and of the result."""
    a_offset, a_mul, a_shift, b_offset, b_mul, b_shift, out_offset, out_mul, out_shift = numbers
    left = (a.astype(np.int64) + a_offset) * a_mul
    right = (b.astype(np.int64) + b_offset) * b_mul
    total = (left + right) >> a_shift if a_shift == b_shift else (left >> a_shift) + (right >> b_shift)
    return np.clip(half_up(total * out_mul, out_shift) + out_offset, 0, 255).astype(np.uint8)


def grouped(layer: FloatGrouped, values: Values) -> Values:
    """Each output sums its group's numbers; the zeros of the other groups change no float."""
    groups, out, _ = layer.weights.shape
    results = [
        floats.fully_connected(weights, bias, part)
        for weights, bias, part in zip(
            layer.weights, layer.bias.reshape(groups, out), values.reshape(groups, -1), strict=True
        )
    ]
    return np.concatenate(results)


def block_mask(layer: BlockMask, shape: tuple[int, ...]) -> Values:
    """Return 255 at the pixel of each block that a channel of this ``shape`` keeps."""
    result = np.zeros(shape, np.uint8)
    pixels = layer.block**2
    for channel in range(shape[0]):
        pixel = channel % pixels if layer.together else channel // (shape[0] // pixels)
        result[channel, pixel // layer.block :: layer.block, pixel % layer.block :: layer.block] = 255
    return result


def window_at(image: Values, layer: QuantizedMaxPool | FloatAveragePool, y: int, x: int) -> Values:
    """Return the pixels of one window that lie inside the map, (channels, count), line by line."""
    top, left = y * layer.strides[0] - layer.pads[0], x * layer.strides[1] - layer.pads[1]
    part = image[:, max(top, 0) : top + layer.kernel[0], max(left, 0) : left + layer.kernel[1]]
    return part.reshape(len(image), -1)


def max_pool(image: Values, layer: QuantizedMaxPool, shape: tuple[int, ...]) -> Values:
    """Return the largest of each window, clipped at the map, and at least 0; ``shape`` is that of the result."""
    result = np.zeros(shape, np.uint8)
    for y, x in np.ndindex(shape[1:]):
        result[:, y, x] = window_at(image, layer, y, x).max(axis=1, initial=0)
    return result


def mean_pool(image: Values, layer: FloatAveragePool, shape: tuple[int, ...]) -> Values:
    """Return the float32 sum of each clipped window, pixel by pixel, divided by their number."""
    result = np.zeros(shape, np.float32)
    for y, x in np.ndindex(shape[1:]):
        window = window_at(image, layer, y, x)
        total = np.zeros(len(image), np.float32)
        for pixel in window.T:
            total = total + pixel
        result[:, y, x] = total / np.float32(window.shape[1])
    return result
