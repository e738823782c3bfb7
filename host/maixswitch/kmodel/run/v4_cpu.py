"""The v4 nodes of the CPU target, which work on N, H, W, C. Source: nncase 0.2 cpu_kernels.h."""

from __future__ import annotations

import numpy as np

from maixswitch.kmodel.format.arrays import Array, clamp8
from maixswitch.kmodel.format.v4_cpu_layers import (
    CpuConv2d,
    CpuDepthwiseConv2d,
    CpuQuantizedConv2d,
    CpuQuantizedDepthwiseConv2d,
    CpuReduceWindow,
)
from maixswitch.kmodel.format.v4_node import Geometry

from .chip import Chip
from .cpu_arithmetic import MultiplyAdd
from .v4_bytes import octets, scale, store_octets, wrap32
from .v4_float import FOLD, clamp, floats, store
from .window import convolve, multiply_add, reduce_window


def _convolve(
    images: Array, weights: Array, bias: Array, geometry: Geometry, step: MultiplyAdd = multiply_add
) -> Array:
    """images (n, h, w, c); weights (out, kh, kw, c), depthwise (c, kh, kw) -> (n, h', w', out)."""
    # A depthwise layer is a layer with a group for each channel, so one function computes both.
    depthwise = weights.ndim == 3
    factors = weights[:, None] if depthwise else weights.transpose(0, 3, 1, 2)
    groups = weights.shape[0] if depthwise else 1
    result = [convolve(image.transpose(2, 0, 1), factors, bias, geometry, groups, True, step) for image in images]
    return np.stack(result).transpose(0, 2, 3, 1)


def conv2d(spec: CpuConv2d | CpuDepthwiseConv2d, chip: Chip) -> None:
    images = floats(chip, spec.input, spec.in_shape)
    step = chip.arithmetic.stepper(images, spec.weights, spec.bias)
    result = _convolve(images, spec.weights, spec.bias, spec.geometry, step)
    store(chip, spec.output, clamp(result, spec.act))


def quantized_conv2d(spec: CpuQuantizedConv2d | CpuQuantizedDepthwiseConv2d, chip: Chip) -> None:
    images = octets(chip, spec.input, spec.in_shape).astype(np.int64) - spec.in_offset
    weights = spec.weights.astype(np.int64) - spec.weight_offset
    result = wrap32(_convolve(images, weights, spec.bias.astype(np.int64), spec.geometry))
    store_octets(chip, spec.output, clamp8(scale(result, spec.out_mul, spec.out_shift) + spec.out_offset))


def reduce_window2d(spec: CpuReduceWindow, chip: Chip) -> None:
    images = floats(chip, spec.input, spec.in_shape).transpose(0, 3, 1, 2)
    total, count = reduce_window(images, np.float32(spec.init), spec.geometry, FOLD[spec.op])
    if spec.op == 0:
        # Only taps inside the picture count in the mean.
        total = total / count.astype(np.float32)
    store(chip, spec.output, clamp(total.transpose(0, 2, 3, 1), spec.act))
