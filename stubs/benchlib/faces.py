"""face_encode and face_compare of the KPU module, to the last bit (Maix_kpu.c, machine code of the closed library)."""

from math import sqrt

import bench
from benchlib.args import buffer_bytes, is_sequence, to_float
from benchlib.single import NAN, single

MOST_NUMBERS = 512


def face_encode(_features) -> bytearray:
    """Pack up to 512 numbers, from -0.25 to 0.25, into bytes with a sign; 0.25 becomes -128.

    Raises TypeError for what is no list or tuple of numbers, ValueError for more than 512.
    """
    bench.enter("KPU.face_encode")
    if not is_sequence(_features):
        raise TypeError("object '%s' isn't a tuple or list" % type(_features).__name__)
    if len(_features) > MOST_NUMBERS:
        raise ValueError("feature dim <=200\r\n")
    packed = bytearray(len(_features))
    for i in range(len(packed)):
        value = single(to_float(_features[i]))
        value = min(value, 0.25) if value > -0.25 else -0.25  # and for NaN, as fmax() of the chip
        packed[i] = int(value * 512) & 255
    return packed


def _signed(byte):
    return byte - 256 if byte > 127 else byte


def face_compare(_feature0, _feature1) -> float:
    """Return how alike two packed features are: 50 * (1 + their cosine), NaN when one is all zero.

    Raises TypeError for what has no bytes, ValueError for two lengths.
    """
    bench.enter("KPU.face_compare")
    first, second = buffer_bytes(_feature0), buffer_bytes(_feature1)
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
