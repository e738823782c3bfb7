"""The reference backend: each step of the KPU as its own numpy expression on 64-bit integers, no shortcut."""

from __future__ import annotations

import numpy as np

from ..arithmetic import POOLS, activate, normalise
from ..arrays import Array, Bytes, Doubles, Ints
from ..conv import Conv
from . import Kernel


def columns(image: Array, kernel: int, pad_value: int) -> Doubles:
    """The taps of every pixel: float64 (channels, kernel * kernel, h * w); the border holds ``pad_value``."""
    channels, height, width = image.shape
    edge = kernel // 2
    wide = np.pad(image, ((0, 0), (edge, edge), (edge, edge)), constant_values=pad_value)
    taps = [wide[:, y : y + height, x : x + width] for y in range(kernel) for x in range(kernel)]
    return np.stack(taps, axis=1).reshape(channels, kernel * kernel, height * width).astype(np.float64)


def sums(conv: Conv, image: Bytes) -> Ints:
    """acc of every output pixel before pooling, int64 (out, h, w).

    Each sum stays below 2**53 (1024 channels, 9 taps, 255 * 65535), so float64 sums are exact in any order.
    """
    taps = columns(image, conv.kernel, conv.pad_value)
    weights = conv.weights.reshape(conv.weights.shape[0], -1).astype(np.float64)
    if conv.depthwise:
        products = np.einsum("ct,ctp->cp", weights, taps)
        pixel_sums = taps.sum(axis=1)
    else:
        taps = taps.reshape(-1, taps.shape[-1])
        products = weights @ taps
        pixel_sums = taps.sum(axis=0, keepdims=True)
    registers = conv.registers
    weight_sums = weights.sum(axis=1, keepdims=True).astype(np.int64)
    acc: Ints = (
        products.astype(np.int64)
        + ((registers["arg_x"] * pixel_sums.astype(np.int64)) >> registers["shr_x"])
        + ((registers["arg_w"] * weight_sums) >> registers["shr_w"])
        + registers["arg_add"] * conv.weights.shape[1]
    )
    return acc.reshape(-1, conv.input.height, conv.input.width)


class PlainBackend:
    """Name "numpy"."""

    name = "numpy"

    def prepare(self, conv: Conv, rounding: str) -> Kernel:
        """Nothing is prepared: every call starts from the registers."""

        def run(image: Bytes) -> Bytes:
            features = activate(normalise(sums(conv, image), conv.norm), conv.activation, rounding)
            return POOLS[conv.pool][2](features, rounding)

        return run
