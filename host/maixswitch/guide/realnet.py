"""Chapter 6: a network for digits on pictures that it has not seen, and a line that was tested on the wrong points."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from maixswitch import models_shipped
from maixswitch.guide.chapter import Chapter, Settings, number, refuse, table
from maixswitch.guide.svg import BLUE, GREEN, INK, RED, Drawing, Plot
from maixswitch.kmodel import load
from maixswitch.language import tr, word
from maixswitch.sim import pictures as drawn

SEED = 22_000
"""Training used other seeds (training/README.md), so the network has not seen these pictures."""
EACH, MOST = 3, 20
NOISE = (0.6, -0.5, 0.4, -0.7, 0.5, 0.1, -0.6, 0.5)
"""What eight measurements of y = 2x were off by."""
DEGREE = 7


@cache
def confusion(turned: bool, each: int = EACH) -> NDArray[np.int64]:
    """Return how often each digit (row) was taken for each digit (column), in the emulator.

    turned: whether the pictures stand on their heads.
    """
    model = load(models_shipped.FOLDER / "digits" / "digits.kmodel")
    counts = np.zeros((10, 10), np.int64)
    for index in range(10 * each):
        picture, digit = drawn.digit_picture(np.random.default_rng((SEED, index)), index % 10)
        pixels = picture[::-1, ::-1] if turned else picture
        counts[digit, int(model.run(np.ascontiguousarray(pixels.transpose(2, 0, 1)))[0].argmax())] += 1
    return counts


def right(counts: NDArray[np.int64]) -> str:
    return f"{round(100 * np.trace(counts) / counts.sum())} %"


def curves(degree: int = DEGREE) -> tuple[NDArray[np.float64], float, float]:
    """Return the coefficients of a curve through the measured points, and the mean squared errors.

    The errors are those at the measured points, and at new points between them.
    """
    x = np.arange(8.0)
    y = 2 * x + np.array(NOISE)
    curve = np.polyfit(x, y, degree)
    new = x[:-1] + 0.5
    seen = float(np.mean((np.polyval(curve, x) - y) ** 2))
    return curve, seen, float(np.mean((np.polyval(curve, new) - 2 * new) ** 2))


def text(settings: Settings) -> str:
    each = settings["each"]
    if each not in range(1, MOST + 1):
        raise refuse("each", each, f"1..{MOST}")
    parts = []
    for title, turned in ((word("upright"), False), (word("upside down"), True)):
        counts = confusion(turned, int(each))
        rows = [("", *map(str, range(10)))]
        rows += [(str(digit), *("." if not n else str(n) for n in row)) for digit, row in enumerate(counts)]
        parts.append(tr("{title}: right {share}", title=title, share=right(counts)) + "\n" + table(rows))
    rows = [(word("degree"), word("parameters"), word("loss, measured points"), word("loss, new points"))]
    for degree in (1, DEGREE):
        _, seen, new = curves(degree)
        rows.append((str(degree), str(degree + 1), number(seen), number(new)))
    return "\n\n".join([*parts, table(rows)])


def values() -> dict[str, str]:
    upright, turned = confusion(False), confusion(True)
    _, line_seen, line_new = curves(1)
    _, curve_seen, curve_new = curves()
    return {
        "each": str(EACH),
        "all": str(10 * EACH),
        "right": right(upright),
        "turned": right(turned),
        "chance": number(0.95 ** (10 * EACH), 2),
        "six": str(turned[6, 9]),
        "nine": str(turned[9, 6]),
        "line-seen": number(line_seen),
        "line-new": number(line_new),
        "curve-seen": number(curve_seen),
        "curve-new": number(curve_new, 2),
        "degree": str(DEGREE),
        "parameters": str(DEGREE + 1),
    }


def pictures() -> dict[str, str]:
    drawing = Drawing(720, 300)
    for left, turned in ((36, False), (240, True)):
        counts, size = confusion(turned), 18
        for row in range(10):
            drawing.text(left - 6, 62 + row * size, str(row), INK, "end", 11)
            drawing.text(left + 9 + row * size, 44, str(row), INK, "middle", 11)
            for column in range(10):
                count = int(counts[row, column])
                fill = "#f1f4f6" if not count else GREEN if row == column else RED
                drawing.rect(left + column * size, 49 + row * size, size - 1, size - 1, fill)
                if count:
                    drawing.text(left + 9 + column * size, 62 + row * size, str(count), "#fff", "middle", 11)
        drawing.text(left + 90, 26, "\u2191" if not turned else "\u2193", INK, "middle", 16)
        drawing.text(left + 90, 252, right(counts), INK, "middle", 14)
    plot = Plot(drawing, (478, 50, 220, 190), (0, 7, 1), (-4, 16, 4))
    x = np.linspace(0, 7, 141)
    plot.line(zip(x, np.polyval(curves(1)[0], x), strict=True), BLUE, 3)
    plot.line(zip(x, np.polyval(curves()[0], x), strict=True), RED, 2)
    plot.dots(zip(np.arange(8.0), 2 * np.arange(8.0) + np.array(NOISE), strict=True), INK, 4)
    return {"realnet.svg": drawing.svg()}


CHAPTER = Chapter("A real network", text, {"each": EACH}, values, pictures)
