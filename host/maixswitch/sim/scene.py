"""The picture the camera sees when no photo is given: drawn, moving, and the same in every run."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

# The wall takes these colours in turn (red, green, blue, yellow).
COLOURS = ((190, 48, 42), (45, 160, 62), (45, 78, 195), (180, 155, 38))
COLOUR_MS = 4000
BALL_PERIOD_MS = 6000
FLOOR = 0.78  # where the floor begins, as a share of the height


def draw(now_ms: int, width: int, height: int) -> NDArray[np.uint8]:
    """The scene at a time in board milliseconds, shape (height, width, 3), RGB.

    A bright ball swings before a wall whose colour changes every four seconds, above a darker floor: a detector of
    bright blobs and a classifier of colours both have something to see, and people see that it moves.
    """
    picture = _room(now_ms // COLOUR_MS % len(COLOURS), width, height).copy()
    angle = 2 * math.pi * (now_ms % BALL_PERIOD_MS) / BALL_PERIOD_MS
    x = width * (0.5 + 0.32 * math.sin(angle))
    y = height * (0.45 + 0.2 * math.sin(2 * angle))
    radius = height * 0.13
    _shadow(picture, x, height * 0.88, radius)
    _ball(picture, x, y, radius)
    return picture


@lru_cache(maxsize=len(COLOURS))
def _room(colour: int, width: int, height: int) -> NDArray[np.uint8]:
    y, x = np.ogrid[0:height, 0:width]
    shade = 1.0 - 0.35 * y / height - 0.35 * (y > height * FLOOR)
    tiles = 1.0 - 0.06 * (((x * 10 // width) + (y * 8 // height)) % 2)
    picture: NDArray[np.uint8] = ((shade * tiles)[..., None] * np.array(COLOURS[colour]) + 0.5).astype(np.uint8)
    return picture


def _around(
    picture: NDArray[np.uint8], x: float, y: float, half_width: float, half_height: float
) -> tuple[NDArray[np.uint8], NDArray[np.float64], NDArray[np.float64]]:
    """The part of the picture around a place, a view, with the distances of its columns and rows from there."""
    height, width = picture.shape[:2]
    left, right = max(0, int(x - half_width)), min(width, int(x + half_width) + 2)
    top, bottom = max(0, int(y - half_height)), min(height, int(y + half_height) + 2)
    rows, columns = np.ogrid[top:bottom, left:right]
    return picture[top:bottom, left:right], columns - x, rows - y


def _shadow(picture: NDArray[np.uint8], x: float, y: float, radius: float) -> None:
    part, dx, dy = _around(picture, x, y, radius * 1.8, radius * 0.5)
    dark = np.clip(1.4 - np.hypot(dx / (radius * 1.2), dy / (radius * 0.3)), 0.0, 0.5)
    part[:] = (part * (1.0 - dark[..., None]) + 0.5).astype(np.uint8)


def _ball(picture: NDArray[np.uint8], x: float, y: float, radius: float) -> None:
    part, dx, dy = _around(picture, x, y, radius + 1, radius + 1)
    distance = np.hypot(dx, dy)
    cover = np.clip(radius - distance + 0.5, 0.0, 1.0)[..., None]
    light = 255.0 - 40.0 * np.clip(distance / radius, 0.0, 1.0)[..., None] ** 2
    part[:] = (part * (1.0 - cover) + light * cover + 0.5).astype(np.uint8)
