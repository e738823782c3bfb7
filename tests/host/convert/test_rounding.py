"""Weights are rounded for the sums of the inputs that they meet, in the levels that plain rounding has, too."""

from __future__ import annotations

import numpy as np
import pytest

from maixswitch.convert.graph.float_math import convolve
from maixswitch.convert.quantise import rounding
from maixswitch.convert.quantise.weights import quantise_weights

GAIN_DB = 3.0


def alike(number: int, channels: int, side: int, seed: int) -> np.ndarray:
    """Return maps of bytes behind a relu whose channels and pixels are mixtures of a few smooth ones."""
    random = np.random.default_rng((seed, 1))
    mixture = np.random.default_rng(1).normal(size=(channels, 4))
    coarse = random.normal(size=(number, 4, side // 4, side // 4)).repeat(4, axis=2).repeat(4, axis=3)
    maps = np.einsum("ck,nkhw->nchw", mixture, coarse) + 0.1 * random.normal(size=(number, channels, side, side))
    return np.rint(np.clip(40 * maps, 0, 255)).astype(np.float32)


def loss(weights: np.ndarray, whole: np.ndarray, zero: int, steps: np.ndarray, maps: np.ndarray, deep: bool) -> float:
    """Return the mean square of the sums' errors, without their means, which the bias corrects."""
    back = (whole.astype(np.float64) - zero) / steps[:, None, None, None]
    errors = convolve(maps, back - weights, deep)
    return float(np.mean((errors - errors.mean(axis=(0, 2, 3), keepdims=True)) ** 2))


@pytest.mark.parametrize(("outs", "ins", "size", "deep"), [(24, 32, 1, False), (16, 12, 3, False), (32, 32, 3, True)])
def test_errors_cancel_on_other_maps_as_well(outs: int, ins: int, size: int, deep: bool) -> None:
    weights = np.random.default_rng(3).normal(size=(outs, 1 if deep else ins, size, size))
    plain, zero, steps = quantise_weights(weights)
    scaled = weights * steps[:, None, None, None]
    whole = rounding.rounded(scaled, zero, alike(4, ins, 24, 5), deep, 1)
    assert whole.dtype == np.uint8
    assert whole.shape == weights.shape
    other = alike(4, ins, 24, 6)
    losses = [loss(weights, levels, zero, steps, other, deep) for levels in (plain, whole)]
    assert 10 * np.log10(losses[0] / losses[1]) > GAIN_DB


def test_inputs_that_are_always_zero_leave_finite_weights() -> None:
    weights = np.random.default_rng(4).normal(size=(4, 8, 1, 1))
    plain, zero, steps = quantise_weights(weights)
    whole = rounding.rounded(weights * steps[:, None, None, None], zero, np.zeros((1, 8, 8, 8), np.float32), False, 1)
    assert np.array_equal(whole, plain)


def test_few_pixels_or_many_inputs_are_left_to_plain_rounding() -> None:
    assert rounding.helps((8, 16, 3, 3), (2, 16, 8, 8))
    assert not rounding.helps((8, 16, 1, 1), (16, 16, 1, 1))  # a dense layer
    assert not rounding.helps((8, rounding.MOST_INPUTS + 1, 1, 1), (2, rounding.MOST_INPUTS + 1, 8, 8))
