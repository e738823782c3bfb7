"""Pictures for networks with random weights: drawn desks and smooth colours, as a camera might see them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from maixswitch.sim import pictures


def drawn(count: int, seed: int, size: tuple[int, int], channels: int) -> NDArray[np.uint8]:
    """Return pictures (count, height, width, channels) of this size (width, height); RGB, or grey for one channel."""
    width, height = size
    made = np.empty((count, height, width, channels), np.uint8)
    for index in range(count):
        rng = np.random.default_rng((seed, index))
        # Digits and shapes have edges; the third kind, smooth colours, stands for walls and skies.
        if index % 4 == 3:
            picture = Image.fromarray(rng.integers(0, 256, (6, 8, 3), np.uint8)).resize(
                (320, 240), Image.Resampling.BICUBIC
            )
        else:
            drawing = pictures.digit_picture(rng)[0] if index % 4 == 1 else pictures.shape_picture(rng, 8)[0]
            picture = Image.fromarray(drawing)
        mode = "L" if channels == 1 else "RGB"
        resized = np.asarray(picture.convert(mode).resize(size, Image.Resampling.BILINEAR))
        made[index] = resized.reshape(height, width, channels)
    return made
