"""The lines that a digit is drawn with, in a box of 1 by 1: x to the right, y downwards."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]


def of_digit(digit: int, style: int = 0) -> list[Points]:
    """Return the lines (n, 2) of a digit 0..9. style: the way of writing it; any number, taken modulo the ways."""
    ways = _DIGITS[digit]
    return ways[style % len(ways)]


def _arc(x: float, y: float, wide: float, high: float, start: float, end: float) -> Points:
    """Return part of an ellipse: middle, half axes, start and end in degrees (0 right, 90 below)."""
    at = np.radians(np.linspace(start, end, max(4, int(abs(end - start) / 12))))
    return np.stack([x + wide * np.cos(at), y + high * np.sin(at)], axis=1)


def _line(*points: tuple[float, float]) -> Points:
    return np.array(points)


def _join(*parts: Points) -> Points:
    return np.concatenate(parts)


_BASE = _line((0.3, 0.98), (0.82, 0.98))
_ONE = _line((0.28, 0.25), (0.56, 0.03), (0.56, 0.98))
_SEVEN = _line((0.14, 0.03), (0.84, 0.03), (0.42, 0.98))
_SIX = _join(
    _line((0.74, 0.03), (0.52, 0.1), (0.36, 0.24), (0.24, 0.44)),
    _arc(0.5, 0.69, 0.31, 0.29, 190, 550),
)
_STRAIGHT_SIX = _join(_line((0.62, 0.02), (0.24, 0.55)), _arc(0.5, 0.69, 0.31, 0.29, 205, 565))

_DIGITS: tuple[tuple[list[Points], ...], ...] = (
    ([_arc(0.5, 0.5, 0.34, 0.48, 0, 360)],),
    ([_ONE], [_ONE, _BASE], [_line((0.5, 0.02), (0.5, 0.98))]),
    ([_join(_arc(0.5, 0.29, 0.32, 0.27, 195, 395), _line((0.16, 0.98), (0.86, 0.98)))],),
    (
        [_join(_arc(0.47, 0.26, 0.3, 0.24, 205, 450), _arc(0.47, 0.73, 0.35, 0.25, 270, 515))],
        [_join(_line((0.18, 0.03), (0.8, 0.03), (0.44, 0.42)), _arc(0.47, 0.7, 0.35, 0.28, 270, 515))],
    ),
    (
        [_line((0.68, 0.98), (0.68, 0.03), (0.12, 0.68), (0.9, 0.68))],
        [_line((0.32, 0.03), (0.16, 0.6), (0.88, 0.6)), _line((0.68, 0.32), (0.68, 0.98))],
    ),
    ([_join(_line((0.8, 0.03), (0.28, 0.03), (0.23, 0.46)), _arc(0.47, 0.68, 0.35, 0.3, 232, 510))],),
    ([_SIX], [_STRAIGHT_SIX]),
    ([_SEVEN], [_SEVEN, _line((0.34, 0.5), (0.78, 0.5))]),
    ([_arc(0.5, 0.26, 0.27, 0.24, 90, 450), _arc(0.5, 0.74, 0.33, 0.25, 0, 360)],),
    ([1 - _SIX], [1 - _STRAIGHT_SIX], [_arc(0.5, 0.3, 0.3, 0.28, 0, 360), _line((0.8, 0.3), (0.76, 0.98))]),
)
