"""Calibration images: loads a folder of pictures as the bytes that the network gets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maixswitch import files
from maixswitch.errors import EXIT_IO, EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr
from maixswitch.rgb565 import grey

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".ppm", ".pgm")
MOST = 64
"""Images that are used by default; more of them change the ranges by next to nothing."""


def load(folder: Path, shape: Sequence[int], most: int = MOST) -> NDArray[np.uint8]:
    """Returns uint8 (n, c, h, w) of the pictures in a folder, in the order of their names, in the network's size.

    shape: of the network's input.
    most: the largest number of pictures; of a larger folder, this many are taken, spread evenly.
    MaixSwitchError when the folder or a picture cannot be read, when there is no picture, or when the network's input
    is neither grey nor RGB.
    """
    paths = _paths(folder)
    if not paths:
        raise MaixSwitchError(
            tr(
                "{folder} holds no pictures ({endings}); the ranges of the network are measured on pictures",
                folder=folder,
                endings=" ".join(ENDINGS),
            ),
            EXIT_USAGE,
        )
    # Names often follow the time, so the pictures are spread over the whole folder.
    chosen = [paths[index * len(paths) // min(most, len(paths))] for index in range(min(most, len(paths)))]
    return np.stack([load_one(path, shape) for path in chosen])


def load_one(path: Path, shape: Sequence[int]) -> NDArray[np.uint8]:
    """Returns one picture as uint8 (c, h, w), c 1 (grey) or 3 (RGB), stretched to the size.

    The grey is what the firmware makes of its camera's RGB565, so that ranges and report are those of the board's
    bytes. MaixSwitchError as ``load`` raises.
    """
    from PIL import Image, ImageOps

    channels, height, width = shape
    # Pictures cannot measure a network with another number of channels.
    if channels not in (1, 3):
        raise MaixSwitchError(
            tr("the network's input has {channels} channels; pictures have 1 (grey) or 3 (RGB)", channels=channels)
        )
    try:
        with Image.open(path) as opened:
            # Phones store pictures rotated, with the rotation in EXIF. The board sees them upright.
            picture = ImageOps.exif_transpose(opened).convert("RGB")
            picture = picture.resize((width, height), Image.Resampling.BILINEAR)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise MaixSwitchError(tr("{path}: not a picture: {error}", path=path, error=error), EXIT_IO) from error
    pixels: NDArray[Any] = np.asarray(picture, np.uint8)
    if channels == 1:
        return grey(pixels)[None]
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def made_up(shape: Sequence[int], count: int) -> NDArray[np.uint8]:
    """Returns uint8 (count, c, h, w) of soft coloured waves with a little noise, the same in each call.

    Where a file states its ranges, such pictures only show by how much rounding shifts the means.
    """
    draw = np.random.default_rng(0)
    channels, height, width = shape
    y, x = np.arange(height)[:, None] / height, np.arange(width) / width
    pictures = []
    for _ in range(count * channels):
        across, down = draw.uniform(0.5, 12, 2) * 2 * np.pi
        wave = np.sin(x * across + draw.uniform(0, 6)) * np.cos(y * down + draw.uniform(0, 6))
        level, contrast = draw.uniform(40, 215), draw.uniform(20, 120)
        pictures.append(level + contrast * wave + draw.normal(0, 8, (height, width)))
    levels: NDArray[np.uint8] = np.clip(np.array(pictures), 0, 255).astype(np.uint8)
    return levels.reshape(count, *shape)


def _paths(folder: Path) -> list[Path]:
    with files.reading(folder):
        return sorted(path for path in folder.iterdir() if path.suffix.lower() in ENDINGS and path.is_file())
