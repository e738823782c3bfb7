"""The whole numbers of v4's operations on two byte tensors, from the scales of the tensors."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, log2

from .quantize import Scale

BINARY = ("add", "sub", "mul", "div", "min", "max")
"""Names of the operations on two tensors, by their number in the file."""
OPERAND = 1 << 20
"""The size of the larger operand: it leaves a sum of two room for another ten bits."""
MOST_BITS = 24
MAX_SHIFT = 32
"""The largest shift in a published file."""


def fixed(factor: float) -> tuple[int, int]:
    """(mul, shift) with mul / 2 ** shift near a positive factor, and mul of at most 24 bits.

    Raises ValueError for a factor that is too large.
    """
    shift = MAX_SHIFT
    while shift and factor * (1 << shift) >= 1 << MOST_BITS:
        shift -= 1
    mul = round(factor * (1 << shift))
    if mul > 1 << MOST_BITS:
        raise ValueError(f"the factor {factor:g} is too large for an operation on bytes")
    return mul, shift


def binary_numbers(operation: str, a: Scale, b: Scale, target: Scale) -> tuple[int, ...]:
    """Offset, factor and shift of a, of b and of the result (``v4_layers.QuantizedBinary``).

    operation: "add", "sub", "mul", "min" or "max".
    Raises ValueError for another operation, and where the result's scale is far finer than those of the operands.
    """
    if operation not in BINARY or operation == "div":
        raise ValueError(f"no operation on bytes: {operation}")
    # A product of the levels is exact, and its scale is the product of the scales.
    if operation == "mul":
        left = right = (1, 0)
        unit, largest = a.steps * b.steps, 255 * 255
    else:
        # Both operands get the same scale, in which the larger one has 20 bits.
        unit, largest = OPERAND * min(a.steps, b.steps) / 255, 2 * OPERAND
        left, right = fixed(unit / a.steps), fixed(unit / b.steps)
    factor = target.steps / unit
    # The firmware keeps the product in 32 bits, where a larger one would wrap around instead of saturating.
    if factor * largest >= 1 << 30:
        raise ValueError(f"the result of {operation} has far finer steps than its operands")
    return -a.zero, *left, -b.zero, *right, target.zero, *fixed(factor)


def sum_numbers(numbers: Sequence[int]) -> tuple[int, ...]:
    """The numbers of the same sum for v4, from those of v3's quantised add (``v3_layers.QuantizedAdd``).

    v4 keeps each operand and their sum in 32 bits where v3 has 64, so the shift of the result is chosen for that.
    """
    a_offset, a_mul, a_shift, b_offset, b_mul, b_shift, out_offset, out_mul, out_shift = numbers
    factor = out_mul / 2.0**out_shift
    a_factor, b_factor = a_mul / 2.0**a_shift * factor, b_mul / 2.0**b_shift * factor
    # The largest operand gets 29 bits, so that the sum of two has 30.
    largest = max(
        abs(step) * max(abs(offset), abs(255 + offset)) for step, offset in ((a_factor, a_offset), (b_factor, b_offset))
    )
    shift = min(MAX_SHIFT, floor(29 - log2(largest or 1.0)))
    if shift < 0:
        raise ValueError(f"a sum up to {largest:g} is too large for an operation on bytes")
    left, right = round(a_factor * 2.0**shift), round(b_factor * 2.0**shift)
    # An offset may be thousands of levels, which makes the rounding of its factor count. The finer operand makes up.
    drift = a_offset * left + b_offset * right - (a_offset * a_factor + b_offset * b_factor) * 2.0**shift
    if 0 < right <= left:
        b_offset -= round(drift / right)
    elif left:
        a_offset -= round(drift / left)
    return a_offset, left, 0, b_offset, right, 0, out_offset, 1, shift
