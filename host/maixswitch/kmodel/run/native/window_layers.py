"""Ties the layers with sliding windows to the chip's memory: convolutions of floats and bytes, and pools."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from maixswitch.kmodel.format import v4_cpu_layers, v4_layers
from maixswitch.kmodel.format.arrays import Array, Ints
from maixswitch.kmodel.format.program import Layer
from maixswitch.kmodel.format.v4_node import Geometry
from maixswitch.kmodel.run import v4_bytes, v4_cpu, v4_float
from maixswitch.kmodel.run.backends.interface import Step
from maixswitch.kmodel.run.chip import Chip
from maixswitch.kmodel.run.float32 import all_coarse
from maixswitch.kmodel.run.window import reduce_window

from . import cpu_loops as loops
from .memory import apart
from .tiles import COLUMNS, packed

ZERO = np.float32(0)
ROOM, SUMS = 1 << 17, 1 << 20
"""Bytes of the pixels of a convolution that are laid out at a time, and of their sums."""
MOST = 1 << 24
"""Numbers that may be laid out or summed at a time; a layer with more has the plain path."""
MANY = 16
"""From this many tiles on, one more does not matter."""


@dataclass(frozen=True, eq=False)
class Window:
    """A convolution as ``cpu_loops.convolve`` takes it.

    rows, places, sizes, weights, room, sums: its arguments. size: pixels of the output.
    padded: True if some output misses a term.
    """

    rows: Ints
    places: Ints
    sizes: Ints
    weights: Array
    room: Array
    sums: Array
    size: int
    padded: bool


def _window(geometry: Geometry, shape: tuple[int, ...], weights: Array, groups: int, last: bool) -> Window | None:
    """A convolution of an image of ``shape`` (c, h, w); None if it would take more memory than MOST numbers.

    weights: (out, c / groups, kh, kw), float32 or int32. last: True if the channels come last in the order of a sum.
    """
    out, inner, kernel_h, kernel_w = weights.shape
    out_h, out_w = geometry.size(*shape[1:])
    strides, dilation = (geometry.stride_h, geometry.stride_w), (geometry.dilation_h, geometry.dilation_w)
    lines = _offsets(kernel_h, geometry.dilation_h, geometry.pad_h.before)
    columns = _offsets(kernel_w, geometry.dilation_w, geometry.pad_w.before)
    terms = np.stack(np.meshgrid(np.arange(inner), lines, columns, indexing="ij"), -1)
    # float32 sums depend on the order of their terms, which is that of the source.
    order = (1, 2, 0) if last else (0, 1, 2)
    terms = np.ascontiguousarray(terms.transpose(*order, 3).reshape(-1, 3))
    parts = weights.transpose(0, *(1 + axis for axis in order)).reshape(groups, out // groups, len(terms))
    ends = terms[:, 1:] + (np.array([out_h, out_w]) - 1) * strides
    padded = bool((terms[:, 1:] < 0).any() or (ends >= shape[1:]).any())
    # At stride 1 a channel with its border is laid out once, and each term is a stretch of it; if the border would take
    # more than the picture, or at other strides, each term has a copy of its pixels.
    border = (kernel_h - 1) * dilation[0], (kernel_w - 1) * dilation[1]
    laid = strides == (1, 1) and border[1] <= max(out_w // 2, COLUMNS // 2)
    rows = np.array([(channel, lines[0], columns[0]) for channel in range(inner)]) if laid else terms
    pitch, extra = (out_w + border[1], border[0]) if laid else (out_w, 0)
    # What is laid out at a time stays in a core's own cache.
    most = min(ROOM // (4 * len(rows) * pitch) - extra, SUMS // (4 * (out // groups) * pitch))
    at_once = max(1, min(out_h, most))
    # An odd number of tiles keeps the rows of many from falling on the same lines of the cache.
    tiles = -(-at_once * pitch // COLUMNS)
    number = (tiles | (tiles > MANY)) * COLUMNS
    long = number + extra * pitch + border[1]
    if len(rows) * long + out // groups * number > MOST:
        return None
    places = np.arange(len(terms), dtype=np.int64) * long
    if laid:
        places = terms[:, 0] * long + (terms[:, 1] - lines[0]) * pitch + terms[:, 2] - columns[0]
    sizes = np.array([*strides, out_h, out_w, groups, at_once, pitch, extra], np.int64)
    room, sums = np.zeros((len(rows), long), weights.dtype), np.zeros((out // groups, number), weights.dtype)
    packs = np.stack([packed(part) for part in parts])
    return Window(rows, places, sizes, packs, room, sums, out_h * out_w, padded)


def _convolve(window: Window, image: Array, zero: Any, bias: Array, fused: bool, total: Array) -> None:
    before = zero, window.rows, window.places, window.sizes, window.weights
    loops.convolve(image, *before, bias, fused, window.room, window.sums, total)


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
    if window is None:
        return None
    # A term that the source leaves out is added as 0 here. That changes nothing unless the weight is not finite, or the
    # sum is -0.0: see ``run``.
    strange = window.padded and (not np.isfinite(weights).all() or np.signbit(spec.bias[spec.bias == 0]).any())
    # Where the layer overwrites its input, the reference works on a copy.
    if strange or not low <= high or not weights.size or not apart(layer):
        return None
    result, fused = v4_float.floats(chip, spec.output, spec.shapes()["output"]), chip.arithmetic.fused
    out = len(weights)
    flat = np.empty((len(images), out, window.size), np.float32) if last else result.reshape(len(images), out, -1)
    reference: Callable[[Any, Chip], None] = v4_cpu.conv2d if last else v4_float.conv2d
    # A copy is aligned and writable, as all memory that the loops know.
    coarse, bias = all_coarse(weights, spec.bias), np.array(spec.bias, np.float32)

    def run() -> None:
        zero = False
        for image, total in zip(_planes(images, last), flat, strict=True):
            _convolve(window, image, ZERO, bias, fused, total)
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
    if not apart(layer):
        return None
    # The sums of the source are int32 and wrap around, so everything may be reduced to int32 before.
    sign = -1 if last else 1
    numbers = v4_bytes.wrap32(weights.astype(np.int64) + sign * spec.weight_offset).astype(np.int32)
    zero = v4_bytes.wrap32(np.array(-sign * spec.in_offset, np.int64)).astype(np.int32)[()]
    images = v4_bytes.octets(chip, spec.input, spec.in_shape)
    window = _window(spec.geometry, _planes(images, last).shape[1:], numbers, groups, last)
    if window is None:
        return None
    result = v4_bytes.octets(chip, spec.output, spec.shapes()["output"])
    total = np.empty((len(weights), window.size), np.int32)
    rescaled, bias = np.empty(total.shape, np.uint8), np.array(spec.bias, np.int32)
    shift = min(spec.out_shift & 0xFF, 62)

    def run() -> None:
        for image, there in zip(_planes(images, last), result, strict=True):
            _convolve(window, image, zero, bias, False, total)
            loops.scale(total.reshape(-1), spec.out_mul, shift, spec.out_offset, rescaled.reshape(-1))
            there[...] = rescaled.T.reshape(there.shape) if last else rescaled.reshape(there.shape)

    return run


def reduce_window2d(layer: Layer, chip: Chip) -> Step | None:
    spec: v4_layers.ReduceWindow = layer.spec
    geometry, shape = spec.geometry, spec.in_shape
    planes = v4_float.floats(chip, spec.input, shape).reshape(-1, *shape[2:])
    low, high, start = np.float32(spec.act.low), np.float32(spec.act.high), np.float32(spec.init)
    if not low <= high or not apart(layer):
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
