"""Pixels in RGB565, as the chip stores them, and the grey levels that the firmware computes from them.

The grey levels come from a function of the fakes, so that fakes and host share one formula.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from maixswitch import board_code


def words(picture: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Return the RGB565 words (height, width) of a picture (height, width, 3): its upper 5, 6 and 5 bits."""
    wide = picture.astype(np.uint16)
    return ((wide[..., 0] & 0xF8) << 8 | (wide[..., 1] & 0xFC) << 3 | wide[..., 2] >> 3).astype(np.uint16)


def grey(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the grey levels (height, width), 0 to 254, that a network with one channel gets from a picture.

    picture: (height, width, 3). The camera gives the firmware RGB565, and to_grayscale computes the levels from it
    (imlib.h, yuv_tab.c).
    """
    levels: NDArray[np.uint8] = _levels()[words(picture)]
    return levels


@cache
def _levels() -> NDArray[np.uint8]:
    pixels = np.arange(0x10000, dtype=">u2").tobytes()  # the chip stores the high byte first
    return np.frombuffer(bytes(board_code.planes().rgb_to_grey(pixels)), np.uint8)
