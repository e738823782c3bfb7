"""Calibration images: loads a folder of pictures as the bytes that the network gets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maixswitch.errors import EXIT_IO, EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr
from maixswitch.rgb565 import grey

from .picture_files import ENDINGS, PictureFile, picture_files, spread_over_classes

MOST = 64
"""Images that are used by default; more of them change the ranges by next to nothing."""


@dataclass(frozen=True)
class Images:
    """Pictures in the network's size.

    pixels: uint8 (n, c, h, w).
    files: where each of them comes from.
    folders: the names of all class folders, sorted; empty if there are none.
    damaged: files that Pillow cannot read.
    doubles, unused: as in ``PictureFiles``.
    """

    pixels: NDArray[np.uint8]
    files: tuple[PictureFile, ...]
    folders: tuple[str, ...] = ()
    damaged: tuple[Path, ...] = ()
    doubles: int = 0
    unused: int = 0

    @property
    def skipped(self) -> int:
        """The number of files that were left out because they are no pictures."""
        return len(self.damaged) + self.doubles

    def notes(self) -> list[str]:
        """Returns what the user should know about files that were left out."""
        notes = []
        if self.damaged:
            first = self.damaged[0]
            notes.append(
                tr("damaged pictures that were skipped: {count}, such as {path}", count=len(self.damaged), path=first)
            )
        if self.doubles:
            notes.append(tr("files of macOS (._NAME) that were skipped: {count}", count=self.doubles))
        if self.unused:
            notes.append(
                tr("pictures in sub-folders are not used, because others lie beside them: {count}", count=self.unused)
            )
        return notes


def load(folder: Path, shape: Sequence[int], most: int = MOST) -> Images:
    """Returns pictures of a folder, or of its class folders, in the order of classes and names.

    A picture that cannot be read is skipped.

    shape: of the network's input.
    most: the largest number of pictures; of a larger folder, this many are taken, spread evenly over the classes.
    MaixSwitchError when the folder or all pictures cannot be read, when there is no picture, or when the network's
    input is neither grey nor RGB.
    """
    available = picture_files(folder)
    if not available.pictures:
        raise MaixSwitchError(
            tr(
                "{folder} holds no pictures ({endings}), nor do its sub-folders; the ranges of the network are "
                "measured on pictures",
                folder=folder,
                endings=" ".join(ENDINGS),
            ),
            EXIT_USAGE,
        )
    pixels, readable, damaged = [], [], []
    failure: MaixSwitchError | None = None
    for picture in spread_over_classes(available.pictures, most):
        try:
            pixels.append(load_one(picture.path, shape))
            readable.append(picture)
        except MaixSwitchError as error:
            # Only a bad file is skipped. A network that takes no pictures refuses them all.
            if error.exit_code != EXIT_IO:
                raise
            failure = failure or error
            damaged.append(picture.path)
    if failure is not None and not pixels:
        raise failure
    folders = tuple(available.folders)
    return Images(np.stack(pixels), tuple(readable), folders, tuple(damaged), available.doubles, available.unused)


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
