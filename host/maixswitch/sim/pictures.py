"""Draws shapes and digits, and whole pictures of them as a camera might see them, all from one seed.

The training of the demo networks, their tests and the simulated camera share it. Pictures are uint8 (height, width, 3)
RGB; drawings on them are uint8 (height, width, 4) RGBA and no larger than the drawing itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from maixswitch.sim import strokes

Picture = NDArray[np.uint8]
Points = NDArray[np.float64]
Colour = tuple[int, int, int]

SHAPES = ("circle", "square", "triangle", "star", "cross")
DIGITS = tuple("0123456789")
DIGIT_INPUT = (224, 224, 3)
SHAPE_INPUT = (320, 224, 3)
STAR_INPUT = (224, 224, 3)
_LIGHT = np.array([0.3, 0.59, 0.11])
"""How bright red, green and blue look to the eye."""
_FINE = 2
"""Masks are drawn this many times larger and then averaged down, for smooth edges."""


@dataclass(frozen=True)
class DrawnObject:
    """An object in a picture: kind, left, top, width, height in pixels."""

    kind: str
    x: int
    y: int
    width: int
    height: int


def shape_outline(kind: str, size: float, angle: float = 0.0, aspect: float = 1.0) -> Points:
    """Return the corners (n, 2) of a shape around (0, 0), in pixels.

    size: the side of the square that holds the upright shape.
    angle: degrees, clockwise.
    aspect: width to height.
    Raises KeyError for a kind that is not in SHAPES.
    """
    points = _OUTLINES[kind] * size
    turned = points @ _turn(angle)
    return turned * (math.sqrt(aspect), 1 / math.sqrt(aspect))


def draw_shape(
    kind: str, size: float, colour: Colour, angle: float = 0.0, aspect: float = 1.0, edge: Colour | None = None
) -> Picture:
    """Return a filled shape as RGBA, as large as the turned shape. edge: the colour of a border, None for none."""
    points = shape_outline(kind, size, angle, aspect)
    mask = _mask([points], filled=True)
    if edge is None:
        return _coloured(mask, colour)
    # Make the inner mask as large as the shape's own, so that the two lie on each other without an offset.
    inner = _mask([points * 0.82], filled=True, like=points)
    return _coloured(mask, edge, inner, colour)


def draw_digit(
    digit: int,
    size: float,
    colour: Colour,
    angle: float = 0.0,
    thickness: float = 0.12,
    style: int = 0,
    aspect: float = 0.72,
    slant: float = 0.0,
) -> Picture:
    """Return a digit 0..9 in round strokes as RGBA, as large as the turned digit.

    size: the height in pixels of the upright digit.
    thickness: width of the stroke as a fraction of the size.
    style: the way of writing it; any number (1, 3, 4, 7 and 9 have several ways).
    aspect: width to height.
    slant: how far the top leans to the right, as a fraction of the height.
    angle: degrees, clockwise.
    """
    return _coloured(_mask(_digit_lines(digit, size, angle, style, aspect, slant), width=thickness * size), colour)


def put(picture: Picture, drawing: Picture, x: int, y: int) -> None:
    """Put an RGBA drawing onto a picture with its upper left corner at (x, y), clipped to the picture."""
    height, width = picture.shape[:2]
    left, top = max(0, x), max(0, y)
    right, bottom = min(width, x + drawing.shape[1]), min(height, y + drawing.shape[0])
    # Nothing is inside: a slice with a negative end would count from the other side.
    if right <= left or bottom <= top:
        return
    part = drawing[top - y : bottom - y, left - x : right - x].astype(np.float32)
    under = picture[top:bottom, left:right]
    cover = part[..., 3:] / 255
    # Add one half to round: without it each layer would darken what is below it.
    under[:] = (under * (1 - cover) + part[..., :3] * cover + 0.5).astype(np.uint8)


def background(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Return a background like a wall, cloth, table or paper: a colour gradient, clouds, stripes, tiles or grain."""
    first, second = rng.integers(10, 246, 3).astype(np.float32), rng.integers(10, 246, 3).astype(np.float32)
    # Choose it close to the first colour: real walls have little contrast, and a strong pattern would look like shapes.
    second = first + (second - first) * rng.uniform(0.05, 0.5)
    y, x = np.ogrid[0:height, 0:width]
    # Draw five kinds, so that the network learns the object and not one kind of background.
    kind = rng.integers(5)
    share: NDArray[np.floating]
    if kind == 0:
        share = (x * rng.uniform(-1, 1) / width + y * rng.uniform(-1, 1) / height + 1) / 2
    elif kind == 1:
        share = _clouds(rng, width, height, int(rng.integers(3, 9)))
    elif kind == 2:
        slope, period = rng.uniform(0, math.pi), rng.uniform(10, 70)
        wave = np.sin((x * math.cos(slope) + y * math.sin(slope)) * (2 * math.pi / period))
        share = (wave + 1) / 2 if rng.random() < 0.5 else (wave > 0) * 1.0
    elif kind == 3:
        side = int(rng.integers(14, 60))
        share = ((x // side + y // side) % 2) * 1.0
    else:
        grain = _clouds(rng, width, height, int(rng.integers(3, 6)))
        share = 0.5 + 0.5 * np.sin(grain * rng.uniform(10, 40))
    share = np.broadcast_to(share, (height, width))[..., None].astype(np.float32)
    result: Picture = np.clip(first + (second - first) * share, 0, 255).astype(np.uint8)
    return result


def expose(rng: np.random.Generator, picture: Picture) -> Picture:
    """Return the picture as a cheap camera sees it: light from one side, a colour cast, blur and noise."""
    height, width = picture.shape[:2]
    radius = max(0.0, rng.uniform(-0.6, 1.6))
    # A smaller radius changes nothing, and the filter takes most of the time.
    if radius > 0.3:
        picture = np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(radius)))
    y, x = np.linspace(-1, 1, height, dtype=np.float32)[:, None], np.linspace(-1, 1, width, dtype=np.float32)
    light = rng.uniform(0.6, 1.15) + rng.uniform(-0.2, 0.2) * x + rng.uniform(-0.2, 0.2) * y
    cast = rng.uniform(0.88, 1.12, 3).astype(np.float32)
    seen = picture * (light[..., None] * cast).astype(np.float32)
    # Add the noise after the light, as a sensor does: dark corners have as much of it as the middle.
    grain = rng.standard_normal((height, width, 1), np.float32)
    seen = seen + grain * np.float32(rng.uniform(0, 9))
    result: Picture = np.clip(seen + 0.5, 0, 255).astype(np.uint8)
    return result


def digit_picture(rng: np.random.Generator, digit: int | None = None) -> tuple[Picture, int]:
    """Return a picture of DIGIT_INPUT size with one digit of 75 to 205 pixels, and the digit."""
    width, height, _ = DIGIT_INPUT
    picture = background(rng, width, height)
    _clutter(rng, picture, int(rng.integers(0, 4)))
    digit = int(rng.integers(10)) if digit is None else digit
    size = rng.uniform(75, 205)
    thickness = rng.uniform(0.07, 0.19)
    style, aspect, slant = int(rng.integers(12)), rng.uniform(0.55, 0.9), rng.uniform(-0.1, 0.3)
    lines = _digit_lines(digit, size, rng.uniform(-22, 22), style, aspect, slant)
    # Bend each line differently, as a hand does.
    lines = [_wobble(rng, line, size) for line in lines]
    mask = _mask(lines, width=thickness * size)
    x, y = _position(rng, width, height, mask.shape)
    if rng.random() < 0.35:  # on a sheet of paper
        put(picture, _sheet(rng, mask.shape, size), x - int(0.15 * size), y - int(0.15 * size))
    # Choose the colour after drawing the paper: it must differ from what is below the digit.
    put(picture, _coloured(mask, _contrast(rng, picture, x, y, mask)), x, y)
    return expose(rng, picture), digit


def shape_picture(rng: np.random.Generator, most: int = 4) -> tuple[Picture, list[DrawnObject]]:
    """Return a picture of SHAPE_INPUT size with up to `most` separate shapes of 32 to 150 pixels, and the shapes."""
    width, height, _ = SHAPE_INPUT
    picture = background(rng, width, height)
    _clutter(rng, picture, int(rng.integers(0, 5)))
    if rng.random() < 0.25:
        put(picture, _sheet(rng, (int(rng.uniform(120, 200)), int(rng.uniform(160, 280))), 20), 20, 10)
    objects: list[DrawnObject] = []
    # Leave some pictures empty: the network must also learn to find nothing.
    count = int(rng.integers(0 if rng.random() < 0.2 else 1, most + 1))
    for _ in range(count):
        kind = SHAPES[int(rng.integers(len(SHAPES)))]
        # The exponent spreads the sizes evenly by ratio, so that small shapes are as frequent as large ones.
        points = shape_outline(kind, 32 * 4.2 ** rng.random(), rng.uniform(0, 360), rng.uniform(0.85, 1.18))
        mask = _mask([points], filled=True)
        position = _free(rng, width, height, mask.shape, objects)
        # Rather leave a shape out than cover another: it would be unclear which box is right.
        if position is None:
            continue
        x, y = position
        colour = _contrast(rng, picture, x, y, mask)
        if rng.random() < 0.2:
            inner = _mask([points * rng.uniform(0.7, 0.9)], filled=True, like=points)
            drawing = _coloured(mask, colour, inner, _near(rng, colour))
        else:
            drawing = _coloured(mask, colour)
        put(picture, drawing, x, y)
        objects.append(DrawnObject(kind, x, y, mask.shape[1], mask.shape[0]))
    # Draw it last, so that it takes only the room that the shapes left.
    if rng.random() < 0.4:
        _other(rng, picture, objects)
    return expose(rng, picture), objects


def star_picture(rng: np.random.Generator) -> tuple[Picture, Points]:
    """Return a picture of STAR_INPUT size with one star of 70 to 190 pixels, and its five points (5, 2) in pixels.

    The points go clockwise from the uppermost. The star leans by at most 25 degrees, so that there is only one such.
    """
    width, height, _ = STAR_INPUT
    picture = background(rng, width, height)
    _clutter(rng, picture, int(rng.integers(0, 4)))
    corners = shape_outline("star", rng.uniform(70, 190), rng.uniform(-25, 25), rng.uniform(0.8, 1.25))
    mask = _mask([corners], filled=True)
    x, y = _position(rng, width, height, mask.shape)
    put(picture, _coloured(mask, _contrast(rng, picture, x, y, mask)), x, y)
    return expose(rng, picture), corners[::2] - corners.min(axis=0) + (x, y)


def _turn(angle: float) -> Points:
    c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    return np.array([[c, s], [-s, c]])


def _ring(count: int, radii: tuple[float, ...], start: float = -90.0) -> Points:
    at = np.radians(start + 360.0 * np.arange(count) / count)
    corners: Points = np.stack([np.cos(at), np.sin(at)], axis=1) * np.resize(radii, count)[:, None]
    return corners


_ARM = 0.17
_OUTLINES: dict[str, Points] = {
    "circle": _ring(60, (0.5,)),
    "square": np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)]) * 0.9,
    "triangle": _ring(3, (0.58,)),
    "star": _ring(10, (0.56, 0.23)),
    "cross": np.array(
        [
            *[(-_ARM, -0.5), (_ARM, -0.5), (_ARM, -_ARM), (0.5, -_ARM), (0.5, _ARM), (_ARM, _ARM)],
            *[(_ARM, 0.5), (-_ARM, 0.5), (-_ARM, _ARM), (-0.5, _ARM), (-0.5, -_ARM), (-_ARM, -_ARM)],
        ]
    ),
}


def _digit_lines(digit: int, size: float, angle: float, style: int, aspect: float, slant: float) -> list[Points]:
    lean = np.array([[aspect, 0.0], [-slant, 1.0]])
    return [(line - 0.5) @ lean * size @ _turn(angle) for line in strokes.of_digit(digit, style)]


def _wobble(rng: np.random.Generator, line: Points, size: float) -> Points:
    """Return the line as a hand would draw it."""
    wave, phase = rng.uniform(-0.025, 0.025, 2) * size, rng.uniform(0, 2 * math.pi, 2)
    moved: Points = line + wave * np.sin(line[:, ::-1] * (rng.uniform(3, 7) / size) + phase)
    return moved


def _mask(lines: list[Points], width: float = 0.0, filled: bool = False, like: Points | None = None) -> Picture:
    """Return the coverage 0..255 of polygons, or of lines with round ends.

    like: a polygon that sets the size of the mask, so that two masks of one shape can lie on each other.
    """
    around = like if like is not None else np.concatenate(lines)
    low, high = around.min(axis=0) - width / 2, around.max(axis=0) + width / 2
    columns, rows = (max(1, math.ceil(side)) for side in high - low)
    image = Image.new("L", (columns * _FINE, rows * _FINE))
    pen = ImageDraw.Draw(image)
    for line in lines:
        corners = [(float(x), float(y)) for x, y in (line - low) * _FINE]
        if filled:
            pen.polygon(corners, fill=255)
            continue
        pen.line(corners, fill=255, width=max(1, round(width * _FINE)))
        # ImageDraw's lines have flat ends and gaps at bends: close them with a disc on each corner.
        r = width * _FINE / 2
        for x, y in corners:
            pen.ellipse((x - r, y - r, x + r, y + r), fill=255)
    return np.asarray(image.reduce(_FINE))


def _coloured(mask: Picture, colour: Colour, inner: Picture | None = None, filling: Colour = (0, 0, 0)) -> Picture:
    drawing = np.empty((*mask.shape, 4), np.uint8)
    drawing[..., :3] = colour
    drawing[..., 3] = mask
    if inner is not None:
        share = inner[..., None] / np.float32(255)
        drawing[..., :3] = (drawing[..., :3] * (1 - share) + np.array(filling, np.float32) * share + 0.5).astype(
            np.uint8
        )
    return drawing


def _clouds(rng: np.random.Generator, width: int, height: int, cells: int) -> NDArray[np.float32]:
    seeds = Image.fromarray(rng.integers(0, 256, (cells, cells), np.uint8))
    share = np.asarray(seeds.resize((width, height), Image.Resampling.BICUBIC), np.float32)
    return share / np.float32(255)


def _clutter(rng: np.random.Generator, picture: Picture, count: int) -> None:
    """Draw thin bars and edges across the picture, which look like neither shapes nor digits."""
    height, width = picture.shape[:2]
    image = Image.fromarray(picture)
    pen = ImageDraw.Draw(image)
    for _ in range(count):
        ends = [float(v) for v in rng.uniform(-0.2, 1.2, 4) * (width, height, width, height)]
        near = picture[int(rng.integers(height)), int(rng.integers(width))].astype(int) + rng.integers(-45, 46, 3)
        pen.line(ends, fill=tuple(int(v) for v in np.clip(near, 0, 255)), width=int(rng.integers(1, 12)))
    picture[:] = np.asarray(image)


def _sheet(rng: np.random.Generator, shape: tuple[int, ...], size: float) -> Picture:
    """Return a sheet of paper, light or a little grey, larger than the drawing of this shape (height, width)."""
    rows, columns = (int(side + 0.3 * size) for side in shape)
    sheet = np.full((rows, columns, 4), 255, np.uint8)
    sheet[..., :3] = np.clip(int(rng.integers(185, 250)) + rng.integers(-8, 9, 3), 0, 255)
    return sheet


def _position(rng: np.random.Generator, width: int, height: int, shape: tuple[int, ...]) -> tuple[int, int]:
    return int(rng.integers(0, max(1, width - shape[1] + 1))), int(rng.integers(0, max(1, height - shape[0] + 1)))


def _free(
    rng: np.random.Generator, width: int, height: int, shape: tuple[int, ...], objects: list[DrawnObject]
) -> tuple[int, int] | None:
    """Return a position where it covers no other object; None after a few tries."""
    for _ in range(12):
        x, y = _position(rng, width, height, shape)
        # Keep three pixels between them, since `expose` blurs the edges.
        if all(
            x + shape[1] < other.x - 3
            or other.x + other.width + 3 < x
            or y + shape[0] < other.y - 3
            or other.y + other.height + 3 < y
            for other in objects
        ):
            return x, y
    return None


def _contrast(rng: np.random.Generator, picture: Picture, x: int, y: int, mask: Picture) -> Colour:
    """Return a colour that is clearly brighter or darker than most of what is below it."""
    under = picture[y : y + mask.shape[0], x : x + mask.shape[1]].reshape(-1, 3).astype(np.float32)
    grey = under @ _LIGHT.astype(np.float32)
    # Compare with percentiles instead of the mean: on light and dark stripes the mean lies between both, and a colour
    # like one of the stripes would pass.
    low, high = np.percentile(grey, (10, 90))
    for _ in range(30):
        colour = rng.integers(0, 256, 3)
        light = float(colour @ _LIGHT)
        if light > high + 45 or light < low - 45:
            return int(colour[0]), int(colour[1]), int(colour[2])
    # On stripes it may be that no colour passes: then take the end of the scale that is farther from the mean.
    return (250, 250, 250) if float(grey.mean()) < 128 else (8, 8, 8)


def _near(rng: np.random.Generator, colour: Colour) -> Colour:
    r, g, b = (int(np.clip(v + rng.integers(-70, 71), 0, 255)) for v in colour)
    return r, g, b


def _other(rng: np.random.Generator, picture: Picture, objects: list[DrawnObject]) -> None:
    """Draw something that is not one of the shapes: a digit, or a long bar."""
    height, width = picture.shape[:2]
    size = rng.uniform(35, 110)
    # These are most like a shape: a digit has curves, and a bar has the corners of a square.
    if rng.random() < 0.65:
        lines = _digit_lines(int(rng.integers(10)), size, rng.uniform(-30, 30), int(rng.integers(12)), 0.7, 0.0)
        mask = _mask(lines, width=rng.uniform(0.08, 0.17) * size)
    else:
        bar = _OUTLINES["square"] * (size * 1.4, size * rng.uniform(0.15, 0.4)) @ _turn(rng.uniform(0, 360))
        mask = _mask([bar], filled=True)
    position = _free(rng, width, height, mask.shape, objects)
    if position is not None:
        put(picture, _coloured(mask, _contrast(rng, picture, *position, mask)), *position)
