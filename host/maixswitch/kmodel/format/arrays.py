"""Names for the numpy arrays that the emulator passes around."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
"""uint8: pixels, quantised values, raw memory."""
Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]
Array = NDArray[Any]

FLOAT_MAX = float(np.finfo(np.float32).max)
DTYPES: dict[str, np.dtype[Any]] = {"uint8": np.dtype(np.uint8), "float32": np.dtype("<f4")}


def ordered_sum(terms: Array, axis: int) -> Array:
    """Sums float32 terms one after another along ``axis``, as a C loop does; numpy's own sum adds them in pairs."""
    # ``accumulate`` keeps the order of the additions, so the last digits are those of the chip.
    total: Array = np.take(np.add.accumulate(terms, axis=axis, dtype=terms.dtype), -1, axis=axis)
    return total


def one_nan(values: Floats) -> Floats:
    """The same values with every NaN as the chip's FPU writes it, 0x7fc00000 (RISC-V, chapter "F": canonical NaN).

    A PC keeps the sign and the payload of one operand; which one depends on the instruction that it uses.
    """
    wrong = np.isnan(values)
    return np.where(wrong, np.float32(np.nan), values) if wrong.any() else values


def settle(values: Floats) -> None:
    """``one_nan`` in place."""
    wrong = np.isnan(values)
    if wrong.any():
        values[wrong] = np.nan


def clamp8(values: Array) -> Bytes:
    """Integers of any size to uint8, saturating."""
    return np.clip(values, 0, 255).astype(np.uint8)
