"""Arithmetic with the 32-bit floats of the chip, where a result depends on the last bit."""

import array

NAN = float("nan")
_cell = array.array("f", [0.0])


def single(value) -> float:
    """Return the 32-bit float that is nearest to a number."""
    _cell[0] = value
    return _cell[0]


def floats(values):
    """Return an output as floats: what a convolution left as bytes is read as floats, too."""
    if isinstance(values, (array.array, list, tuple)):
        return values
    raw = bytes(values)
    return array.array("f", raw[: len(raw) // 4 * 4])


def fma(a: float, b: float, c: float) -> float:
    """Return a * b + c, rounded once, for 32-bit floats."""
    return single(a * b + c)


def div(a: float, b: float) -> float:
    """Return a / b; a division by zero gives NaN or an infinity, as on the chip."""
    if b:
        return single(a / b)
    return NAN if not a or a != a else single(a * 1e39)
