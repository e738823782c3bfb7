"""Divides pictures into those that measure the ranges and those that are held back to compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from maixswitch.errors import MaixSwitchError
from maixswitch.language import tr

from . import images
from .picture_files import PictureFile

NOISE = 16
"""Pictures of noise for a trial without any."""


@dataclass(frozen=True)
class PictureSets:
    """The pictures of a conversion, uint8 (n, c, h, w).

    calibration: those that measure the ranges. held_back: the others.
    calibration_files, held_back_files: where they come from; empty for noise.
    loaded: all pictures and what was left out; None for noise.
    """

    calibration: NDArray[np.uint8]
    held_back: NDArray[np.uint8]
    calibration_files: tuple[PictureFile, ...] = ()
    held_back_files: tuple[PictureFile, ...] = ()
    loaded: images.Images | None = None

    @property
    def compared(self) -> tuple[NDArray[np.uint8], tuple[PictureFile, ...]]:
        """The pictures held back; those that measured the ranges give too good results, but are better than none."""
        if len(self.held_back):
            return self.held_back, self.held_back_files
        return self.calibration, self.calibration_files


def picture_sets(folder: Path | None, shape: Sequence[int], calibrate: int, hold_back: float) -> PictureSets:
    """Returns the pictures of a folder, or noise for None, divided. MaixSwitchError as ``images.load`` raises.

    shape: of the network's input. calibrate: the largest number of pictures that measure the ranges.
    hold_back: share (0..0.9) of all pictures.
    """
    if len(shape) != 3:
        raise MaixSwitchError(tr("the network's input {shape} is not a picture", shape="x".join(map(str, shape))))
    # The seed is fixed, because a trial without pictures should give the same file each time.
    files: tuple[PictureFile, ...] = ()
    loaded: images.Images | None = None
    if folder is None:
        pixels = np.random.default_rng(0).integers(0, 256, (NOISE, *shape)).astype(np.uint8)
    else:
        # So many pictures are loaded that ``calibrate`` of them are left after some are held back.
        loaded = images.load(folder, shape, max(round(calibrate / (1 - hold_back)), 1))
        pixels, files = loaded.pixels, loaded.files
    # At least one picture has to measure the ranges, whatever share the user holds back.
    held = min(round(len(pixels) * hold_back), len(pixels) - 1)
    # Neighbours in a folder often look alike, so the pictures held back are spread over all classes and folders.
    numbers = np.linspace(0, len(pixels) - 1, held + 2).round().astype(int)[1:-1] if held else np.zeros(0, int)
    kept = tuple(file for index, file in enumerate(files) if index not in {*numbers.tolist()})
    held_files = tuple(files[index] for index in numbers.tolist()) if files else ()
    return PictureSets(np.delete(pixels, numbers, axis=0), pixels[numbers], kept, held_files, loaded)
