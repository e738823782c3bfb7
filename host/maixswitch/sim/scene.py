"""The picture that the camera sees without a photo: a drawn moving desk, the same in every run.

The camera does not know which network is running, so the scene has something for each of them in turn: shapes that
drift and rotate on the table, sheets of paper with digits, coloured cards, digits again, and so on from the start.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from maixswitch.sim import pictures
from maixswitch.sim.pictures import Colour, Picture

SHAPES_MS = (0, 7000)
DIGITS_MS = (7000, 12_500)
CARDS_MS = (12_500, 17_000)
AGAIN_MS = (17_000, 28_000)
PERIOD_MS = AGAIN_MS[1]
SLIDE_MS = 350
"""How long a sheet or card takes to slide in or out, in ms."""

PLANKS = 4
WOOD = (104, 76, 58)
FINE = 3
INK = (32, 36, 66)
PAPER = (244, 243, 236)
CARDS: tuple[Colour, ...] = ((206, 40, 36), (38, 150, 66), (44, 82, 204))
FIRST_DIGITS = (7, 3, 5)
MORE_DIGITS = (2, 0, 8, 4, 9, 6)
LIGHT_MS = 7000
SUBJECTS = {
    "shapes": (SHAPES_MS, ("circle", "star", "triangle")),
    "digits": (AGAIN_MS, ("2", "0", "8", "4", "9", "6")),
    "colours": (CARDS_MS, ("red", "green", "blue")),
}
"""Parts of the scene: when they are shown, and the names of the things in them."""
SHEET = 0.8
"""The height of a sheet as a fraction of the picture's, so that its digit ends above the bars that the board draws."""


@dataclass(frozen=True)
class MovingShape:
    """A moving shape.

    size: as a fraction of the picture's height.
    x, y, reach_x, reach_y: middle and amplitude of its path, as fractions of the picture's width and height.
    phase: 0..1 of its path.
    turn: degrees per second.
    """

    kind: str
    colour: Colour
    size: float
    x: float
    y: float
    reach_x: float
    reach_y: float
    phase: float
    turn: float


MOVING_SHAPES = (
    MovingShape("circle", (250, 250, 246), 0.36, 0.20, 0.39, 0.035, 0.010, 0.0, 0.0),
    MovingShape("star", (250, 206, 60), 0.31, 0.81, 0.40, 0.040, 0.010, 0.3, 36.0),
    MovingShape("triangle", (214, 66, 60), 0.31, 0.42, 0.78, 0.140, 0.010, 0.6, -30.0),
)
"""They never touch each other, and leave room for the label that the board writes above each box."""


def draw(now_ms: int, width: int, height: int) -> Picture:
    """Return the scene at a board time in ms: RGB, shape (height, width, 3)."""
    picture = _lit(_table(width, height), now_ms)
    # Compute it from the time alone, without a state, so that a replay or a test can ask for any moment.
    at = now_ms % PERIOD_MS
    if at < SHAPES_MS[1]:
        for shape in MOVING_SHAPES:
            _drift(picture, shape, at)
    elif at < DIGITS_MS[1]:
        _sheets(picture, at - DIGITS_MS[0], DIGITS_MS[1] - DIGITS_MS[0], FIRST_DIGITS)
    elif at < CARDS_MS[1]:
        _cards(picture, at - CARDS_MS[0], CARDS_MS[1] - CARDS_MS[0])
    else:
        _sheets(picture, at - AGAIN_MS[0], AGAIN_MS[1] - AGAIN_MS[0], MORE_DIGITS)
    return picture


def moment(subject: str, since_ms: int) -> int:
    """Return the time of the scene that shows a subject, `since_ms` after it was laid on the desk."""
    (start, end), _ = SUBJECTS[subject]
    return start + (SLIDE_MS + since_ms) % (end - start)  # it lies there at once


@lru_cache(maxsize=4)
def _table(width: int, height: int) -> NDArray[np.float32]:
    """Draw planks of dark wood, seen from above."""
    # Count in units of a picture 240 high, so that the wood looks the same at every size that the app chooses.
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) * np.float32(240 / height)
    number = (y * PLANKS / 240).astype(int)
    tone = np.array([0.96, 1.05, 0.92, 1.02], np.float32)[number]
    waves = sum((np.sin(y * (0.35 + 0.2 * k) + k * k + 3 * np.sin(x * 0.012 * k + k)) for k in (1, 2, 3)), 0 * x)
    seam = np.where(y % (240 / PLANKS) < 1.5, 0.72, 1.0)
    wood: NDArray[np.float32] = (tone * seam * (1 + 0.025 * waves))[..., None].astype(np.float32)
    return wood * np.array(WOOD, np.float32)


def _lit(table: NDArray[np.float32], now_ms: int) -> Picture:
    """Draw the table under a lamp that moves."""
    height, width = table.shape[:2]
    angle = 2 * math.pi * (now_ms % LIGHT_MS) / LIGHT_MS
    x = np.linspace(-1, 1, width, dtype=np.float32) - np.float32(0.5 * math.sin(angle))
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    light = np.float32(1.12 + 0.06 * math.cos(angle)) - np.float32(0.16) * x * x - np.float32(0.12) * y * y
    picture: Picture = np.clip(table * light[..., None], 0, 255).astype(np.uint8)
    return picture


def _drift(picture: Picture, shape: MovingShape, at: int) -> None:
    height, width = picture.shape[:2]
    angle = 2 * math.pi * (at / SHAPES_MS[1] + shape.phase)
    # Let each shape slide in at the start of its turn and out at the end, so that none appears suddenly.
    away = 1.0 - _smooth(min(at, SHAPES_MS[1] - at) / SLIDE_MS)
    x = shape.x + shape.reach_x * math.sin(angle)
    y = shape.y + shape.reach_y * math.sin(2 * angle)
    # The outer shapes leave at their own side and the middle one at the bottom, so their paths do not cross.
    side = -1.0 if shape.x < 0.4 else 1.0 if shape.x > 0.6 else 0.0
    x += side * away * 0.6
    y += (1.0 - abs(side)) * away * 0.8
    # Turn in steps of three degrees, so that the cache of `_shape` holds most of the drawings.
    turned = _shape(shape.kind, round(shape.size * height), shape.colour, round(shape.turn * at / 3000) * 3)
    _lay(picture, turned, x * width, y * height)


def _sheets(picture: Picture, at: int, length: int, digits: tuple[int, ...]) -> None:
    """Draw sheets of paper with one digit each, laid one upon the other."""
    height, width = picture.shape[:2]
    for number, away in _laid(at, length, len(digits)):
        # Tilt by whole degrees, for the cache of `_page`.
        tilt = round(4 * math.sin(at / 700 + number))
        x = 0.5 + 0.02 * math.sin(at / 500 + number) + max(away, 0.0) * 0.95
        y = 0.43 + 0.015 * math.sin(at / 410 + number) - min(away, 0.0) * 1.1
        _lay(picture, _page(digits[number], round(height * SHEET), tilt), x * width, y * height)


def _cards(picture: Picture, at: int, length: int) -> None:
    """Draw cards of one colour, about as large as the picture, laid one upon the other."""
    height, width = picture.shape[:2]
    for number, away in _laid(at, length, len(CARDS)):
        tilt = round(3 * math.sin(at / 600 + number))
        card = _shape("square", round(height * 1.06), CARDS[number], tilt, 1.25)
        _lay(picture, card, (0.5 + away * 1.3) * width, 0.5 * height)


def _laid(at: int, length: int, count: int) -> Iterator[tuple[int, float]]:
    """Yield index and offset of the sheets in sight, lowest first; the offset goes from 1 (to come) to -1 (gone).

    at: ms since the first of `count` sheets came; length: ms until the last one has left.
    """
    each = length / count
    number = min(int(at / each), count - 1)
    since = at - number * each
    # The previous sheet stays until the new one covers it.
    if number and since < SLIDE_MS:
        yield number - 1, 0.0
    # The last term matters only at the end, when the last sheet leaves uncovered.
    yield number, 1.0 - _smooth(since / SLIDE_MS) - (1.0 - _smooth((length - at) / SLIDE_MS))


def _smooth(share: float) -> float:
    """Return a smooth step from 0 to 1 (smoothstep)."""
    near = min(1.0, max(0.0, share))
    return near * near * (3 - 2 * near)


@lru_cache(maxsize=512)
def _shape(kind: str, size: int, colour: Colour, angle: int, aspect: float = 1.0) -> Picture:
    return pictures.draw_shape(kind, size, colour, angle, aspect)


@lru_cache(maxsize=64)
def _page(digit: int, size: int, angle: int) -> Picture:
    """Return a sheet of paper with a digit, `size` pixels high; drawn FINE times larger first, for smooth lines."""
    page = pictures.draw_shape("square", size * FINE, PAPER, angle, 0.86)
    written = pictures.draw_digit(digit, size * FINE * 0.62, INK, angle, 0.13)
    x, y = ((a - b) // 2 for a, b in zip(page.shape[1::-1], written.shape[1::-1], strict=True))
    on_page = page[..., :3].copy()
    pictures.put(on_page, written, x, y)
    return np.asarray(Image.fromarray(np.dstack([on_page, page[..., 3]])).reduce(FINE))


def _lay(picture: Picture, drawing: Picture, x: float, y: float) -> None:
    """Put a drawing with its middle at (x, y), and its shadow on the table under it."""
    left, top = round(x - drawing.shape[1] / 2), round(y - drawing.shape[0] / 2)
    shadow = np.zeros_like(drawing)
    shadow[..., 3] = drawing[..., 3] // 3
    pictures.put(picture, shadow, left + 3, top + 5)
    pictures.put(picture, drawing, left, top)
