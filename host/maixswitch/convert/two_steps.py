"""Float tensors clamped, or brought to 8 bits, with the same result on every firmware.

MaixPy ignores the activation of a dense layer, and its QUANTIZE cuts off what is behind the point, as CanMV's does;
the vendor's SDK applies the one and rounds in the other. So a first QUANTIZE takes the coarse part of a value, whose
level may differ by one from runtime to runtime, and a second one looks at what is left, which makes up for that.
Sources: what the firmware images compute (lib_sipeed_kpu.a, sipeed_math.c), SDK kpu.c.
"""

from __future__ import annotations

from maixswitch.kmodel.quantize import Scale

from .steps import Dequantize, FloatAdd, Quantize, QuantizedAdd, Step

Made = tuple[Step, Scale | None]
"""A step, and the scale of its output where that is uint8."""
LEVELS = 255
REST = 1.5
"""Coarse steps that the rest can be long: 1 where QUANTIZE rounds, 1.5 where it cuts off, with half a step's offset."""
STEEP = 1 << 16
"""Steps of the carry in one coarse step: it goes from 0 to 255 within 1/257 of that."""
CARRY_SHIFT = 8


def clamped(nodes: tuple[str, ...], given: str, output: str, low: float, high: float) -> list[Made]:
    """The steps from a float32 tensor to its values held between ``low`` and ``high``, float32.

    Both ends are exact; between them a step is 1/43,605 of the range, since the rest has a QUANTIZE of its own. What
    saturates at the upper end does so in both, so they add up to ``high``; below ``low`` both are 0.
    """
    factor = (high - low) / (LEVELS + REST)
    fine = REST * factor / LEVELS
    steps = _coarse(nodes, given, output, factor, low, low + factor / 2)
    level, rest = f"{output}:fine", f"{output}:rest"
    return [
        *steps,
        (Quantize(nodes, (rest,), level, fine, -fine / 4), Scale(1 / fine)),
        (Dequantize(nodes, (level,), f"{level}:float", fine, 0.0), None),
        (Dequantize(nodes, (f"{output}:coarse",), f"{output}:coarse:float", factor, low), None),
        (FloatAdd(nodes, (f"{output}:coarse:float", f"{level}:float"), output), None),
    ]


def rounded(given: str, output: str, scale: Scale) -> list[Made]:
    """The steps from a float32 tensor to its levels in ``scale``, uint8, rounded to the nearest.

    Where QUANTIZE cuts off, a rest above half a step carries one into the level; where it rounds, there is no such
    rest.
    """
    factor = scale.factor
    carry = f"{output}:carry"
    numbers = (0, 1 << CARRY_SHIFT, 0, 0, 1, 0, 0, 1, CARRY_SHIFT)
    steep = factor / STEEP
    return [
        *_coarse((), given, output, factor, scale.bias, scale.bias),
        (Quantize((), (f"{output}:rest",), carry, steep, factor / 2), Scale(1 / steep)),
        (QuantizedAdd((), (f"{output}:coarse", carry), output, numbers), scale),
    ]


def _coarse(nodes: tuple[str, ...], given: str, output: str, factor: float, low: float, bias: float) -> list[Made]:
    """The level of each value by a QUANTIZE with ``bias``, and the rest: the value without low + level * factor."""
    level, negative = f"{output}:coarse", f"{output}:negative"
    return [
        (Quantize(nodes, (given,), level, factor, bias), Scale(1 / factor, round(-low / factor))),
        (Dequantize(nodes, (level,), negative, -factor, 0.0 - low), None),
        (FloatAdd(nodes, (given, negative), f"{output}:rest"), None),
    ]
