"""Shows labelled pictures to the fake camera, and tells which part of them the model sees."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from PIL import Image

from maixswitch.evaluate.job import FRAME
from maixswitch.sim.camera import ChipCamera, Picture, fit_picture

FRAME_SIZE = (320, 240)
"""The app's camera frame (device/hal.py)."""


class _Shown:
    """The source of the camera: the picture that was shown last."""

    name = "data set"

    def __init__(self, fit: str) -> None:
        self._fit = fit
        self._number = 0
        self._image: Image.Image | None = None

    def show(self, image: Image.Image) -> None:
        self._image = image
        self._number += 1

    def view(self, now_ms: int, width: int, height: int) -> tuple[Hashable, Callable[[], Picture]]:
        image = self._image
        assert image is not None
        return self._number, lambda: fit_picture(image, width, height, self._fit)


class DataCamera(ChipCamera):
    """onto: WINDOW if the picture fills the part of the frame that the model sees, FRAME if it fills the frame."""

    def __init__(self, onto: str, fit: str) -> None:
        self._shown = _Shown(fit)
        super().__init__(self._shown, lambda: 0)
        self._onto = onto

    def show(self, image: Image.Image) -> None:
        """Point the camera at an upright RGB picture."""
        self._shown.show(image)

    def grab(
        self, x: int, y: int, w: int, h: int, frame_w: int, frame_h: int, gray: bool
    ) -> tuple[bytes, bytes]:  # fmt: skip
        if self._onto == FRAME:
            return super().grab(x, y, w, h, frame_w, frame_h, gray)
        return super().grab(0, 0, w, h, w, h, gray)


Affine = tuple[float, float, float, float]
"""(scale x, offset x, scale y, offset y): pixel of the view = pixel of the picture * scale + offset."""


def placed(picture: tuple[int, int], view: tuple[int, int], onto: str, fit: str) -> Affine:
    """Return where the pixels of a picture are in the view. picture, view: width and height."""
    target = FRAME_SIZE if onto == FRAME else view
    width, height = picture
    across, down = target
    if fit == "stretch":
        scale_x, scale_y, x, y = across / width, down / height, 0.0, 0.0
    elif fit == "cover":  # as ImageOps.fit
        scale_x = scale_y = max(across / width, down / height)
        x, y = (across - width * scale_x) / 2, (down - height * scale_y) / 2
    else:  # as ImageOps.pad, which works in whole pixels
        inner = _contained(picture, target)
        scale_x, scale_y = inner[0] / width, inner[1] / height
        x, y = float(round((across - inner[0]) * 0.5)), float(round((down - inner[1]) * 0.5))
    # The window is in the middle of the frame (sensor.set_windowing).
    x -= across // 2 - view[0] // 2 if onto == FRAME else 0
    y -= down // 2 - view[1] // 2 if onto == FRAME else 0
    return scale_x, x, scale_y, y


def _contained(picture: tuple[int, int], target: tuple[int, int]) -> tuple[int, int]:
    width, height = picture
    across, down = target
    if width / height == across / down:
        return target
    if width / height > across / down:
        return across, round(height / width * across)
    return round(width / height * down), down
