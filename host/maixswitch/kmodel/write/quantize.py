"""Real numbers to the KPU's integers, as nncase 0.1 does it: scales, weights, batch norm, activation table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from maixswitch.kmodel.format.arrays import Array
from maixswitch.kmodel.format.registers import LOWEST_START, SEGMENTS, Activation, BatchNorm

FRACTION_BITS = 10
"""Fraction bits of z; the linear activation table below removes them."""
MAX_SHIFT = 15
MANTISSA = 1 << 22


@dataclass(frozen=True)
class Scale:
    """The scale of quantised values: value = (quantised - zero) / steps.

    steps: per unit.
    zero: 0..255, or 0..65535 for 16-bit weights.
    """

    steps: float
    zero: int = 0

    @classmethod
    def covering(cls, low: float, high: float, levels: int = 255) -> Scale:
        """The scale of the range low..high, widened so that zero is one of its ``levels`` steps."""
        # 0 has to be a level: padding and relu need it exactly.
        low, high = min(low, 0.0), max(high, 0.0)
        # An empty range would divide by 0. Its only level is 0.
        steps = levels / ((high - low) or 1.0)
        return cls(steps, round(-low * steps))

    def quantize(self, values: Array, levels: int = 255) -> Array:
        """Real values to whole numbers 0..levels."""
        quantised: Array = np.clip(np.rint(np.asarray(values, np.float64) * self.steps) + self.zero, 0, levels)
        return quantised.astype(np.uint8 if levels < 256 else np.uint16)

    @property
    def factor(self) -> float:
        """The ``scale`` of a dequantize layer: units per step."""
        return 1.0 / self.steps

    @property
    def bias(self) -> float:
        """The ``bias`` of a dequantize layer."""
        return -self.zero / self.steps


@dataclass(frozen=True, eq=False)
class KpuWeights:
    """A convolution in integers: everything of a KPU layer except its addresses in memory.

    weights: uint8 or uint16 (out, in, k, k), depthwise (channels, 1, k, k).
    weight_zero, input_zero: the numbers that stand for 0.
    """

    weights: Array
    norm: BatchNorm
    activation: Activation
    weight_zero: int = 0
    input_zero: int = 0


def linear(bias: int = 0) -> Activation:
    """A table with one sloping piece: y = round(z / 1024) + bias, cut to 0..255. The cut at 0 makes a relu."""
    # The pieces before the sloping one are flat, so that everything below 0 stays at the bias.
    live = 10
    top = -LOWEST_START - SEGMENTS
    start = np.array([LOWEST_START + index if index < live else top + index for index in range(SEGMENTS)], np.int64)
    mul = np.zeros(SEGMENTS, np.int64)
    shift = np.zeros(SEGMENTS, np.int64)
    start[live], mul[live], shift[live] = 0, 1 << FRACTION_BITS, 2 * FRACTION_BITS
    return Activation(start, mul, shift, np.full(SEGMENTS, bias, np.int64))


def norm_of(factors: Array, offsets: Array) -> BatchNorm:
    """mul, shift and add of z = acc * factor + offset, per output channel, in steps of z.

    Raises ValueError when a factor is too large for 22 bits.
    """
    factors = np.asarray(factors, np.float64)
    # The register has 24 bits with a sign. The factor keeps one of them free.
    if np.any(np.abs(factors) >= MANTISSA):
        raise ValueError(f"batch norm factor {float(np.abs(factors).max()):g} is too large for the KPU")
    # The shift is the largest that keeps the factor within 22 bits.
    shift = np.full(factors.shape, MAX_SHIFT, np.int64)
    # Each channel has its own shift, so a single large factor does not coarsen the others.
    while np.any(large := np.abs(np.rint(factors * 2.0**shift)) >= MANTISSA):
        shift[large] -= 1
    mul = np.rint(factors * 2.0**shift).astype(np.int64)
    return BatchNorm(mul, shift, np.rint(np.asarray(offsets, np.float64)).astype(np.int64))


def quantize_conv(
    weights: Array, bias: Array, source: Scale, target: Scale, levels: int = 255, activation: Activation | None = None
) -> KpuWeights:
    """Quantises a real convolution.

    weights: (out, in, k, k). bias: (out,).
    source, target: the scales of its inputs and outputs.
    levels: 255 for 8-bit weights, 65535 for 16-bit ones.
    Outputs saturate at 0 and 255, so that an output scale with zero 0 makes a relu.
    """
    weights = np.asarray(weights, np.float64)
    # z has FRACTION_BITS behind its point; the activation table removes them again.
    own = Scale.covering(float(weights.min()), float(weights.max()), levels)
    unit = float(1 << FRACTION_BITS)
    factor = target.steps * unit / (source.steps * own.steps)
    offsets = (np.asarray(bias, np.float64) * target.steps + target.zero) * unit
    norm = norm_of(np.full(weights.shape[0], factor), offsets)
    return KpuWeights(own.quantize(weights, levels), norm, activation or linear(), own.zero, source.zero)


def fixed_argument(zero: int) -> tuple[int, int]:
    """(arg, shr) with arg >> shr == -zero; as many fraction bits as 24 signed bits hold, none for a zero of 0."""
    # A zero of 0 needs no term, and published files have 0 in both fields.
    if not zero:
        return 0, 0
    # nncase 0.1 writes these fraction bits, which do not change the value.
    shift = MAX_SHIFT
    while zero << shift > 1 << 23:
        shift -= 1
    return -(zero << shift), shift
