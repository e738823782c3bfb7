"""The reference backend: each step of the KPU is one numpy expression on 64-bit integers, without shortcuts.

Wide maps are computed in strips of lines, and their means in groups of channels, because the 64-bit numbers for a whole
map would take a hundred times the bytes of the map.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from maixswitch.kmodel.format.arrays import Bytes, Doubles, Ints
from maixswitch.kmodel.format.conv import Conv
from maixswitch.kmodel.run.arithmetic import POOLS, activate, normalise

from .interface import Kernel

BUDGET = 16 << 20
"""Bytes of 64-bit numbers that are in memory at a time, about."""
STEPS = 8
"""Numbers per result that the steps after the sums keep at a time."""


def strips(conv: Conv) -> Iterator[slice]:
    """The lines of the map before pooling, in runs that keep to BUDGET."""
    inner, out = conv.input.channels, conv.weights.shape[0]
    # The taps of all inputs and the numbers of all outputs are in memory at the same time.
    line = 8 * conv.input.width * (inner * conv.kernel**2 + STEPS * out)
    lines = max(1, BUDGET // line)
    for first in range(0, conv.input.height, lines):
        yield slice(first, min(first + lines, conv.input.height))


def columns(wide: Bytes, kernel: int) -> Doubles:
    """The taps of every pixel: float64 (channels, kernel * kernel, h * w); ``wide`` has its border."""
    channels, height, width = wide.shape[0], wide.shape[1] - kernel + 1, wide.shape[2] - kernel + 1
    taps = [wide[:, y : y + height, x : x + width] for y in range(kernel) for x in range(kernel)]
    return np.stack(taps, axis=1).reshape(channels, kernel * kernel, height * width).astype(np.float64)


def sums(conv: Conv, wide: Bytes) -> Ints:
    """acc of every output pixel before pooling, int64 (out, h, w), from lines with their border.

    Each sum stays below 2**53 (1024 channels, 9 taps, 255 * 65535), so float64 sums are exact in any order.
    """
    # A full layer sums over all channels, a depthwise layer only over the taps of one.
    taps = columns(wide, conv.kernel)
    weights = conv.weights.reshape(conv.weights.shape[0], -1).astype(np.float64)
    if conv.depthwise:
        products = np.einsum("ct,ctp->cp", weights, taps)
        pixel_sums = taps.sum(axis=1)
    else:
        taps = taps.reshape(-1, taps.shape[-1])
        products = weights @ taps
        pixel_sums = taps.sum(axis=0, keepdims=True)
    registers = conv.registers
    # Each zero point adds its own term, and each is shifted by itself, as the registers say.
    weight_sums = weights.sum(axis=1, keepdims=True).astype(np.int64)
    acc: Ints = (
        products.astype(np.int64)
        + ((registers["arg_x"] * pixel_sums.astype(np.int64)) >> registers["shr_x"])
        + ((registers["arg_w"] * weight_sums) >> registers["shr_w"])
        + registers["arg_add"] * conv.weights.shape[1]
    )
    return acc.reshape(len(weights), -1, conv.input.width)


def features(conv: Conv, image: Bytes, rounding: str) -> Bytes:
    """The map before pooling, uint8 (out, h, w); the border of the image holds the pad value."""
    edge = conv.kernel // 2
    # The border holds the byte that stands for 0, as the register ``pad_value`` says.
    wide = np.pad(image, ((0, 0), (edge, edge), (edge, edge)), constant_values=conv.pad_value)
    result = np.empty((conv.weights.shape[0], conv.input.height, conv.input.width), np.uint8)
    for lines in strips(conv):
        acc = sums(conv, wide[:, lines.start : lines.stop + 2 * edge])
        result[:, lines] = activate(normalise(acc, conv.norm), conv.activation, rounding)
    return result


def pooled(image: Bytes, pool: int, rounding: str) -> Bytes:
    """The map after its pool, by number."""
    function = POOLS[pool][2]
    # One call is faster, and most maps are small enough for it.
    channels = max(1, BUDGET // (8 * STEPS * image[0].size))
    if channels >= len(image):
        return function(image, rounding)
    parts = [function(image[first : first + channels], rounding) for first in range(0, len(image), channels)]
    return np.concatenate(parts)


class NumpyBackend:
    """Name "numpy"."""

    name = "numpy"

    def prepare(self, conv: Conv, rounding: str) -> Kernel:
        """Nothing is prepared: every call starts from the registers."""

        def run(image: Bytes) -> Bytes:
            return pooled(features(conv, image, rounding), conv.pool, rounding)

        return run
