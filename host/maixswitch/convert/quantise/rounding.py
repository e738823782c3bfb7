"""Rounds weights so that their errors cancel in the sums of real inputs, instead of each to its nearest level.

Frantar et al., GPTQ (arXiv 2210.17323): one weight after another is rounded, and those after it take over what its
error adds to the sums. Neighbouring pixels and channels of a map are so much alike that most of the error disappears.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maixswitch.convert.graph.float_math import Values, taps

from .weights import LEVELS, quantise_weights

Reals = NDArray[np.float64]
DAMP = 0.03
"""Share of the mean square of an input that is added to each: how other pictures may differ from those measured."""
MOST_INPUTS = 1152
"""Inputs of an output up to which this is done; the time grows with their cube."""
SAMPLES = 4096
"""Pixels of all images that are looked at, or twice the number of inputs if that is more."""
LEAST_PIXELS = 64
"""Pixels of all images; fewer, such as those of a dense layer, say too little about the inputs of other pictures."""
BLOCK = 64
"""Inputs whose errors are handed on one by one; those behind them get all errors of the block at once."""


def helps(weights: tuple[int, ...], inputs: tuple[int, ...]) -> bool:
    """Are there enough pixels (n, c, h, w) for weights of this shape, and few enough inputs?"""
    return prod(weights[1:]) <= MOST_INPUTS and inputs[0] * prod(inputs[2:]) >= LEAST_PIXELS


def quantise_for(
    weights: NDArray[Any], inputs: Values, depthwise: bool, stride: int = 1
) -> tuple[NDArray[np.uint8], int, Reals]:
    """Returns the weights of a layer as ``quantise_weights`` does, rounded for these inputs where that helps.

    inputs: as of ``rounded``.
    """
    plain, zero, steps = quantise_weights(weights)
    if not helps(weights.shape, inputs.shape):
        return plain, zero, steps
    scaled = np.asarray(weights, np.float64) * steps[:, None, None, None]
    return rounded(scaled, zero, inputs, depthwise, stride), zero, steps


def rounded(scaled: Reals, zero: int, inputs: Values, depthwise: bool, stride: int) -> NDArray[np.uint8]:
    """Returns weights as bytes.

    scaled: (out, in, k, k), depthwise (channels, 1, k, k), in steps of the bytes.
    zero: the byte that stands for 0.
    inputs: of the layer, float32 (n, c, h, w), with 0 where the border has its zeros.
    """
    out, ins, size = scaled.shape[:3]
    flat = scaled.reshape(out, -1)
    columns = _columns(inputs, size, stride, SAMPLES if depthwise else max(SAMPLES, 2 * ins * size * size))
    # The mean of each sum is corrected by the bias, so only the differences from it count.
    columns -= columns.mean(axis=2, keepdims=True)
    if not depthwise:
        columns = columns.reshape(1, -1, columns.shape[2])
        flat = flat[None]
    else:
        flat = flat[:, None]
    square = (columns @ columns.transpose(0, 2, 1) / np.float32(columns.shape[2])).astype(np.float64)
    levels = _rounded(flat, square, -zero, LEVELS - zero)
    return (levels.reshape(scaled.shape) + zero).astype(np.uint8)


def _columns(inputs: Values, size: int, stride: int, most: int) -> Values:
    """Returns the values under each tap for some of the pixels, float32 (c, taps, pixels)."""
    parts = [part for _, _, part in taps(inputs, size, stride)]
    number, channels, height, width = parts[0].shape
    # Rows and columns are thinned out alike. An odd step does not always meet the same pixels of a pool.
    step = 1
    while number * -(-height // step) * -(-width // step) > most:
        step += 1
    picked = [part[:, :, ::step, ::step].transpose(1, 0, 2, 3).reshape(channels, -1) for part in parts]
    return np.stack(picked, axis=1)


def _rounded(real: Reals, square: Reals, low: int, high: int) -> Reals:
    """Returns whole numbers (layers, out, in) in place of real ones.

    square: (layers, in, in), the mean products of the inputs.
    """
    count = real.shape[2]
    own = np.diagonal(square, axis1=1, axis2=2)
    # Inputs that count most come first, because the last ones have nobody to take over their errors.
    order = np.argsort(-own.mean(axis=0), kind="stable")
    damped = square[:, order][:, :, order] + (DAMP * own.mean(axis=1) + 1e-6)[:, None, None] * np.eye(count)
    upper = np.linalg.cholesky(np.linalg.inv(damped)).transpose(0, 2, 1)
    left, whole = real[:, :, order].copy(), np.empty_like(real)
    # The errors of a block reach all inputs behind it in one product of matrices, which is far faster.
    for start in range(0, count, BLOCK):
        end = min(start + BLOCK, count)
        errors = np.empty((*real.shape[:2], end - start))
        for at in range(start, end):
            whole[:, :, at] = np.clip(np.rint(left[:, :, at]), low, high)
            errors[:, :, at - start] = (left[:, :, at] - whole[:, :, at]) / upper[:, at, at, None]
            left[:, :, at:end] -= errors[:, :, at - start, None] * upper[:, at, None, at:end]
        left[:, :, end:] -= errors @ upper[:, start:end, end:]
    result = np.empty_like(whole)
    result[:, :, order] = whole
    return result
