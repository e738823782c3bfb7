"""A photo that somebody dropped on the page, as something for the camera to look at."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Hashable

from PIL import Image, ImageOps

from maixswitch.errors import EXIT_IO, MaixSwitchError
from maixswitch.language import tr
from maixswitch.sim.camera import Picture, fit_picture

MOST_PIXELS = 24_000_000
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF")
_numbers = itertools.count(1)


class DroppedPhoto:
    """One picture that stands still, whole on black; each drop is a picture of its own."""

    def __init__(self, image: Image.Image) -> None:
        self.name = "dropped photo"
        self._number = next(_numbers)
        self._image = image

    def view(self, now_ms: int, width: int, height: int) -> tuple[Hashable, Callable[[], Picture]]:
        return self._number, lambda: fit_picture(self._image, width, height, "contain")


def read_photo(data: bytes) -> DroppedPhoto:
    """The photo of a file's bytes: PNG, JPEG, WebP, BMP or GIF (its first picture) of up to 24 million pixels.

    Raises MaixSwitchError (input) for anything else, without decoding more than the head where it is too large.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise MaixSwitchError(
                    tr(
                        "a photo of {width} x {height} pixels; wanted at most {most} million pixels: make it smaller",
                        width=image.width,
                        height=image.height,
                        most=MOST_PIXELS // 1_000_000,
                    ),
                    EXIT_IO,
                )
            return DroppedPhoto(ImageOps.exif_transpose(image).convert("RGB"))
    except MaixSwitchError:
        raise
    except Exception as error:  # Pillow's readers raise errors of many kinds on broken files
        raise MaixSwitchError(
            tr("not a photo that can be read; wanted one of {formats}", formats=", ".join(FORMATS)), EXIT_IO
        ) from error
