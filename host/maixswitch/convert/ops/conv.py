"""One convolution of the graph in the KPU's integers: weights, batch norm with the bias corrected, activation table."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from maixswitch.convert.graph import float_math as float_ops
from maixswitch.convert.graph import node as ir
from maixswitch.convert.lower.layers import KpuConv
from maixswitch.convert.quantise import curves16
from maixswitch.convert.quantise.scales import saturates
from maixswitch.convert.quantise.weights import quantise_weights
from maixswitch.kmodel.format.registers import Activation, BatchNorm
from maixswitch.kmodel.run.arithmetic import POOLS, activate
from maixswitch.kmodel.write.quantize import FRACTION_BITS, KpuWeights, Scale, linear, norm_of

Values = NDArray[Any]
Reals = NDArray[np.float64]
POOL_TYPES = {"": 0, "max2": 1, "mean2": 2, "max4": 3, "mean4": 4, "max2s1": 9}
STRIDE_TYPES = {2: 5, 4: 7}
FLOOR_LOSS = {"mean2": 3 / 8, "mean4": 15 / 32}
"""Steps of the output that a mean pool loses on average, as the KPU cuts what is behind the point."""
ROUNDING = "v02"
ENTRIES = 1 << 18
LARGEST_ADD = (1 << 31) - 1
MOST_SQUARE = 64
"""Channels up to which a mean pool of its own is a 3x3 layer, nine times the weights of a copying one."""
UNIT = float(1 << FRACTION_BITS)


def pool_type(op: ir.Conv) -> int:
    """The KPU's number for the stride or the pool."""
    return STRIDE_TYPES[op.stride] if op.stride > 1 else POOL_TYPES[op.pool]


def quantise_conv(
    op: ir.Conv, given: Scale, out: Scale, tensors: tuple[Values, Values], sums: Values | None, lift: float = 0.0
) -> KpuConv:
    """``tensors``: the same few images as the float network's input of ``op`` and as the bytes of the quantised one.

    What weights and inputs lose by rounding shifts the mean of each output channel; the bias takes the shift back.
    ``sums``: the values before the curve, for a curve that needs a table. ``lift``: steps that are added to the output,
    for a pool to lose.
    """
    exact, found = tensors
    whole, zero, steps = quantise_weights(op.weights)
    if saturates(op.curve, out):
        table, units, base = linear(), out.steps * UNIT, (out.zero + lift) * UNIT
    else:
        assert op.curve is not None
        assert sums is not None
        curve = op.curve.evaluate
        raised = (lambda real: curve(real) + lift / out.steps) if lift else curve
        table, units = curves16.fit(raised, out, float(sums.min()), float(sums.max()), sums)
        base = 0.0
    norm = norm_of(units / (given.steps * steps), np.zeros(len(steps)))
    centred = whole.astype(np.float64) - zero
    wanted = float_ops.mean_sums(exact, op.weights, op.depthwise, op.stride) + np.asarray(op.bias, np.float64)
    shifted = found.astype(np.float32) - given.zero
    reached = float_ops.mean_sums(shifted, centred, op.depthwise, op.stride) * norm.mul / 2.0**norm.shift
    add = np.clip(np.rint(wanted * units + base - reached), -LARGEST_ADD, LARGEST_ADD).astype(np.int64)
    part = KpuWeights(whole, BatchNorm(norm.mul, norm.shift, add), table, zero, given.zero)
    return KpuConv(op.nodes, op.inputs, op.output, part, pool_type(op), op.depthwise)


def run(step: KpuConv, images: Values) -> Values:
    """uint8 (n, c, h, w) through the layer, fast, within a rounding of the chip: sums in float32."""
    part = step.part
    stride = {5: 2, 7: 4}.get(step.pool, 1)
    centred = part.weights.astype(np.float32) - part.weight_zero
    sums = float_ops.convolve(images.astype(np.float32) - part.input_zero, centred, step.depthwise, stride)
    shape = (1, -1, 1, 1)
    factor = (part.norm.mul / 2.0**part.norm.shift).astype(np.float32).reshape(shape)
    z = sums * factor + part.norm.add.astype(np.float32).reshape(shape)
    made = activated(z, part.activation)
    if step.pool in (0, 5, 7):
        return made
    pool = POOLS[step.pool][2]
    return np.stack([pool(image, ROUNDING) for image in made])


def activated(z: Values, table: Activation) -> NDArray[np.uint8]:
    """uint8 of z, float: the straight table as a rounding, any other as the chip, if need be looked up."""
    plainly = linear()
    if all(np.array_equal(getattr(table, name), getattr(plainly, name)) for name in ("start", "mul", "shift", "bias")):
        made: NDArray[np.uint8] = np.clip(np.rint(z * np.float32(1 / UNIT)), 0, 255).astype(np.uint8)
        return made
    if z.size <= ENTRIES:
        return activate(np.rint(z).astype(np.int64), table, ROUNDING)
    low, high = float(z.min()), float(z.max())
    entry = max((high - low) / (ENTRIES - 1), 1.0)
    entries = activate(np.rint(low + entry * np.arange(ENTRIES)).astype(np.int64), table, ROUNDING)
    return entries[((z - np.float32(low)) * np.float32(1 / entry) + np.float32(0.5)).astype(np.int32)]


def copying(pool: str, channels: int) -> tuple[Reals, Reals, int, str]:
    """Weights, bias, stride and pool of a layer that does nothing but pool.

    A small mean of 2x2 is the mean of a pixel and those right and below at stride 2: it rounds where a pool would cut.
    """
    square = pool == "mean2" and channels <= MOST_SQUARE
    size = 3 if square else 1
    weights = np.zeros((channels, channels, size, size))
    for channel in range(channels):
        if square:
            weights[channel, channel, 1:, 1:] = 0.25
        else:
            weights[channel, channel] = 1.0
    return weights, np.zeros(channels), 2 if square else 1, "" if square else pool
