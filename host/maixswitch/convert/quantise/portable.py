"""Clamps float tensors, or turns them into bytes, with the same result on every firmware.

MaixPy ignores the activation of a dense layer, and the QUANTIZE of MaixPy and CanMV cuts to a whole number. The
vendor's SDK applies the activation, and its QUANTIZE rounds. The layers here depend on neither.
Sources: what the firmware images compute (lib_sipeed_kpu.a, sipeed_math.c), SDK kpu.c.
"""

from __future__ import annotations

from math import isfinite

import numpy as np

from maixswitch.convert.lower.layers import Dequantize, FloatAdd, FloatMasked, Layer, Quantize, QuantizedAdd
from maixswitch.kmodel.write.quantize import Scale

Planned = tuple[Layer, Scale | None]
"""A layer, and the scale of its output where that is uint8."""
LEVELS = 255
ABRUPT = 2.0**-64
"""Factor of a QUANTIZE whose result only shows on which side of its bias a value lies: 0 or 255."""
STEEP = 1 << 16
"""Steps of the carry in one step of the level. The carry goes from 0 to 255 within 1/257 of that step."""
CARRY_SHIFT = 8


def clamped(sources: tuple[str, ...], source: str, output: str, low: float, high: float) -> list[Planned]:
    """Returns the layers from a float32 tensor to its values held between ``low`` and ``high``, float32.

    Values between the ends are copied bit by bit.
    """
    # An infinite end needs no layers, so a relu has one cut instead of two.
    ends = [(end, sign) for end, sign in ((low, -1.0), (high, 1.0)) if isfinite(end)]
    planned: list[Planned] = []
    for index, (end, sign) in enumerate(ends, 1):
        target = output if index == len(ends) else f"{output}:low"
        planned += _cut(sources, source, target, end, sign)
        source = target
    return planned


def _cut(sources: tuple[str, ...], source: str, output: str, end: float, sign: float) -> list[Planned]:
    """Returns layers that turn every value beyond ``end`` (above for ``sign`` 1, below for -1) into ``end``."""
    keep = f"{output}:keep"
    # An end of 0 needs no second mask, because masking gives 0.0.
    inside = f"{output}:inside" if end else output
    planned: list[Planned] = [
        (Quantize(sources, (source,), keep, -sign * ABRUPT, end), Scale(1.0)),
        (FloatMasked(sources, (source, keep), inside), None),
    ]
    # The mask leaves 0.0 beyond the end. Any other end is added there, by a second mask times that end.
    if end:
        beyond, ends = f"{output}:beyond", f"{output}:ends"
        last = float(np.nextafter(np.float32(end), np.float32(-sign * np.inf)))  # the end itself counts as beyond it
        planned += [
            (Quantize(sources, (source,), beyond, sign * ABRUPT, last), Scale(1.0)),
            (Dequantize(sources, (beyond,), ends, end / LEVELS, 0.0), None),
            (FloatAdd(sources, (inside, ends), output), None),
        ]
    return planned


def rounded(source: str, output: str, scale: Scale) -> list[Planned]:
    """Returns the layers from a float32 tensor to its nearest levels in ``scale``, uint8.

    A first QUANTIZE gives the level, and a second one compares the remainder with half a step. If QUANTIZE cuts, a
    larger remainder adds one to the level. If it rounds, there is no larger remainder.
    """
    level, negative, remainder, carry = (f"{output}:{part}" for part in ("level", "negative", "rest", "carry"))
    # The factor of the carry is so small that the carry goes from 0 to 255 within a fraction of a step.
    factor, steep = scale.factor, scale.factor / STEEP
    # The carry is shifted right by 8, so it counts only if it has reached a whole step.
    numbers = (0, 1 << CARRY_SHIFT, 0, 0, 1, 0, 0, 1, CARRY_SHIFT)
    return [
        (Quantize((), (source,), level, factor, scale.bias), scale),
        (Dequantize((), (level,), negative, -factor, -scale.bias), None),
        (FloatAdd((), (source, negative), remainder), None),
        (Quantize((), (remainder,), carry, steep, factor / 2), Scale(1 / steep)),
        (QuantizedAdd((), (level, carry), output, numbers), scale),
    ]
