"""Divides pictures into those that measure the ranges and those that are held back to compare."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import images
from .picture_files import PictureFile


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


def divided(pixels: NDArray[np.uint8], hold_back: float, loaded: images.Images | None = None) -> PictureSets:
    """Returns the pictures, divided; those held back are spread evenly over all.

    pixels: uint8 (n, c, h, w). hold_back: share (0..0.9) of them. loaded: where they come from; None for noise.
    """
    # At least one picture has to measure the ranges, whatever share the user holds back.
    held = min(round(len(pixels) * hold_back), len(pixels) - 1)
    # Neighbours in a folder often look alike, so the pictures held back are spread over all classes and folders.
    numbers = np.linspace(0, len(pixels) - 1, held + 2).round().astype(int)[1:-1] if held else np.zeros(0, int)
    files = loaded.files if loaded is not None else ()
    kept = tuple(file for index, file in enumerate(files) if index not in {*numbers.tolist()})
    held_files = tuple(files[index] for index in numbers.tolist()) if files else ()
    return PictureSets(np.delete(pixels, numbers, axis=0), pixels[numbers], kept, held_files, loaded)
