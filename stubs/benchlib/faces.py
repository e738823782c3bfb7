"""Features of faces: MaixPy's face_encode and face_compare, to the last bit, and what CanMV has instead.

The sources are Maix_kpu.c, machine code of the closed library, and kpu_algorithm.c of CanMV.
"""

from math import exp, sqrt

from benchlib.args import buffer_bytes, is_sequence, to_float
from benchlib.single import NAN, div, fma, single

MOST_NUMBERS = 512


def encode(features) -> bytearray:
    """Pack up to 512 numbers, from -0.25 to 0.25, into bytes with a sign; 0.25 becomes -128.

    Raises TypeError for what is no list or tuple of numbers, ValueError for more than 512.
    """
    if not is_sequence(features):
        raise TypeError("object '%s' isn't a tuple or list" % type(features).__name__)
    if len(features) > MOST_NUMBERS:
        raise ValueError("feature dim <=200\r\n")
    packed = bytearray(len(features))
    for i in range(len(packed)):
        value = single(to_float(features[i]))
        value = min(value, 0.25) if value > -0.25 else -0.25  # and for NaN, as fmax() of the chip
        packed[i] = int(value * 512) & 255
    return packed


def _signed(byte):
    return byte - 256 if byte > 127 else byte


def compare(feature0, feature1) -> float:
    """Return how alike two packed features are: 50 * (1 + their cosine), NaN when one is all zero.

    Raises TypeError for what has no bytes, ValueError for two lengths.
    """
    first, second = buffer_bytes(feature0), buffer_bytes(feature1)
    if len(first) != len(second):
        raise ValueError("compare feature must in same dim!\r\n")
    ab = aa = bb = 0
    for i in range(len(first)):
        a, b = _signed(first[i]), _signed(second[i])
        ab += a * b
        aa += a * a
        bb += b * b
    if not aa * bb:
        return NAN
    return single((single(ab) * 0.5 / sqrt(aa * bb) + 0.5) * 100.0)


def unit(values) -> list:
    """Return the vector with length 1, as CanMV computes it; NaN for a vector of zeros."""
    total = 0.0
    for value in values:
        total = fma(value, value, total)
    length = single(sqrt(total))
    return [div(value, length) for value in values]


def alike(first, second) -> float:
    """Return 50 * (1 + the sum of the products), as CanMV compares: 0 to 100 for vectors of length 1."""
    total = 0.0
    for a, b in zip(first, second):
        total = fma(single(to_float(a)), single(to_float(b)), total)
    return single((0.5 + 0.5 * total) * 100)


def softmax(values) -> list:
    """Return the softmax of a list, in 32-bit floats."""
    numbers = [single(to_float(value)) for value in values]
    largest = max(numbers)
    powers = [single(exp(single(value - largest))) for value in numbers]
    total = 0.0
    for power in powers:
        total = single(total + power)
    return [single(power / total) for power in powers]


def sigmoid(x: float) -> float:
    """Return 1 / (1 + e^-x), in 32-bit floats; 0 where the power is too large for them."""
    return 0.0 if x < -88.0 else single(1.0 / single(1.0 + single(exp(-x))))
