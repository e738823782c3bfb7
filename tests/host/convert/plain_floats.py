"""The float layers of the plain model, bit for bit as the firmware of MaixPy and CanMV computes them.

float32 throughout; ``fma`` rounds a product and a sum once, everything else rounds after each operation. Sources: the
machine code of the firmware's library and C library (newlib), whose results on single layers these formulas repeat.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[Any]
ONE, TWO, HALF = np.float32(1), np.float32(2), np.float32(0.5)
EIGHT = 8
"""Inputs of a dense layer that are added as a group, if their number is a multiple of this."""
SMALLEST = np.finfo(np.float32).tiny
LARGEST_EXP, LEAST_EXP = 88.72283172607422, -103.97207641601562
"""Beyond them e^x is infinite, or 0."""


def _word(bits: int) -> np.float32:
    """Return the float with this word."""
    return np.uint32(bits).view(np.float32)


LN2_HIGH, LN2_LOW, PER_LN2 = _word(0x3F317180), _word(0x3717F7D1), _word(0x3FB8AA3B)
TERMS = [_word(bits) for bits in (0xB5DDEA0E, 0x388AB355, 0xBB360B61, 0x3E2AAAAB)]
LAST_TERM = _word(0x3331BB4C)


def fma(a: Any, b: Any, c: Any) -> Values:
    """Return a * b + c, rounded once.

    float64 holds the product exactly. Its sum with ``c`` is rounded to odd, which a second rounding cannot spoil.
    """
    product, c = np.multiply(a, b, dtype=np.float64), np.asarray(c, np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        total = np.atleast_1d(product + c)
        back = total - product
        error = (product - (total - back)) + (c - back)
        wrong = (error != 0) & np.isfinite(error) & (total.view(np.int64) % 2 == 0)
        odd = np.nextafter(total, np.where(error > 0, np.inf, -np.inf))
        result: Values = np.where(wrong, odd, total).astype(np.float32).reshape(np.shape(product + c))
    return result


def quantize(values: Values, factor: float, bias: float) -> Values:
    """Return (x - bias) * (1 / factor), truncated and clamped to 0..255; NaN becomes 255."""
    with np.errstate(all="ignore"):
        levels = (values - np.float32(bias)) * (ONE / np.float32(factor))
    return np.asarray(np.trunc(np.clip(np.nan_to_num(levels, nan=255.0), 0, 255)), np.uint8)


def dequantize(values: Values, factor: float, bias: float) -> Values:
    """Return level * factor + bias, uint8 to float32."""
    return fma(values, np.float32(factor), np.float32(bias))


def masked(values: Values, mask: Values) -> Values:
    """Subtract from each of a float's four bytes what its mask's byte lacks to 255, down to 0."""
    octets = values.astype("<f4").view(np.uint8).astype(np.int64) - (255 - mask.repeat(4))
    result: Values = np.maximum(octets, 0).astype(np.uint8).view("<f4")
    return result


def mean(values: Values) -> Values:
    """Add the pixels of each channel in order, then multiply by the reciprocal of their number."""
    flat = values.reshape(values.shape[0], -1)
    total = np.zeros(flat.shape[0], np.float32)
    for pixel in range(flat.shape[1]):
        total = total + flat[:, pixel]
    return total * (ONE / np.float32(flat.shape[1]))


def fully_connected(weights: Values, bias: Values, values: Values) -> Values:
    """Add the products in order from 0, then the bias.

    If the number of inputs is a multiple of eight, each group of eight starts with its second product, rounded.
    """
    flat = values.reshape(-1).astype(np.float32)
    total = np.zeros(weights.shape[0], np.float32)
    grouped = flat.size % EIGHT == 0
    for index, value in enumerate(flat):
        if grouped and index % EIGHT == 0:
            total = total + fma(value, weights[:, index], flat[index + 1] * weights[:, index + 1])
        elif not grouped or index % EIGHT != 1:
            total = fma(value, weights[:, index], total)
    return total + bias


def softmax(values: Values) -> Values:
    """Return the softmax; its maximum is at least the smallest normal float, and the sum's reciprocal a factor."""
    powers = exp(values - np.maximum(values.max(), SMALLEST))
    total = np.float32(0)
    for power in powers:
        total = np.float32(total + power)
    return np.asarray(powers * (ONE / total), np.float32)


def logistic(values: Values) -> Values:
    """Return 1 / (1 + e^-x)."""
    return np.asarray(ONE / (ONE + exp(-values.astype(np.float32))), np.float32)


def exp(values: Values) -> Values:
    """Return e^x as newlib's expf, in which the compiler fused multiplications and additions."""
    return np.array([_exp(value) for value in values.reshape(-1)], np.float32).reshape(values.shape)


def _exp(x: np.float32) -> np.float32:
    size = abs(float(x))
    if not np.isfinite(x) or x > LARGEST_EXP or x < LEAST_EXP:
        return np.float32(np.nan if np.isnan(x) else np.inf if x > 0 else 0)
    if size < 2.0**-28:
        return ONE + x
    k, high, low = 0, x, np.float32(0)
    if size > _word(0x3EB17218):  # half of ln 2
        sign = np.copysign(ONE, x)
        k = int(sign if size < _word(0x3F851592) else _fma(PER_LN2, x, sign * HALF))  # up to three halves, or more
        high, low = _fma(np.float32(-k), LN2_HIGH, x), np.float32(k) * LN2_LOW
        x = high - low
    square = x * x
    terms = LAST_TERM
    for term in TERMS:
        terms = _fma(terms, square, term)
    correction = _fma(-terms, square, x)
    product = x * correction
    if k == 0:
        return ONE - (product / (correction - TWO) - x)
    return np.float32(np.ldexp(np.float64(ONE - ((low - product / (TWO - correction)) - high)), k))


def _fma(a: np.float32, b: np.float32, c: np.float32) -> np.float32:
    return np.float32(fma(a, b, c))
