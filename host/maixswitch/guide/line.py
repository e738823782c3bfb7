"""Chapter 1: k and b of y = kx + b are found by gradient descent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from maixswitch.guide.chapter import Chapter, Settings, number, refuse, table
from maixswitch.guide.svg import BLUE, GREEN, ORANGE, PURPLE, RED, Drawing, Plot
from maixswitch.language import word

POINTS = ((1.0, 2.0), (2.0, 4.0))
RATE, STEPS, TOO_LARGE = 0.1, 500, 0.3
NUDGE = 0.001
"""By how much the page moves k to see whether a slope is right."""
SHOWN = (0, 1, 2, 3, 10, 100)


@dataclass(frozen=True)
class Step:
    """k and b before a step, the loss with them, and its slopes towards k and b."""

    k: float
    b: float
    loss: float
    slope_k: float
    slope_b: float


def descend(points: Sequence[tuple[float, float]] = POINTS, rate: float = RATE, steps: int = STEPS) -> list[Step]:
    """Return `steps` + 1 steps from k = 0 and b = 0. The loss is the mean of the squared errors."""
    x, y = np.array(points, np.float64).T
    k = b = 0.0
    path = []
    for _ in range(steps + 1):
        error = k * x + b - y
        slope_k, slope_b = float(2 * (error * x).mean()), float(2 * error.mean())
        path.append(Step(k, b, float((error**2).mean()), slope_k, slope_b))
        k, b = k - rate * slope_k, b - rate * slope_b
    return path


def trained() -> tuple[float, float]:
    """Return k and b after the training of this chapter, as the later chapters use them."""
    last = descend()[-1]
    return last.k, last.b


def text(settings: Settings) -> str:
    steps = round(settings["steps"])
    if not 1 <= steps <= 100_000:
        raise refuse("steps", settings["steps"], "1..100000")
    path = descend(rate=settings["rate"], steps=steps)
    rows = [(word("step"), "k", "b", word("loss"))]
    for at in sorted({*(at for at in SHOWN if at < steps), steps}):
        step = path[at]
        rows.append((str(at), number(step.k), number(step.b), number(step.loss, 6)))
    last = path[-1]
    return f"{table(rows)}\n\nx = 3: y = {number(last.k * 3 + last.b)}"


def mean_loss(k: float, b: float) -> float:
    """Return the mean of the squared errors of a line."""
    return float(np.mean([(k * x + b - y) ** 2 for x, y in POINTS]))


def first_errors() -> str:
    """Return the errors of the line k = 0, b = 0 as a table, with the means that the loss and its slopes need."""
    head = ("x", "y", word("the line says"), word("its error"), word("squared"), word("error \u00d7 x"))
    rows = [(x, y, 0.0, -y, y * y, -y * x) for x, y in POINTS]
    means = np.mean(rows, axis=0)[3:]
    cells = [[f"{value:g}" for value in row] for row in rows]
    return table([head, *cells, (word("mean"), "", "", *(f"{value:g}" for value in means))], 0)


def listings() -> dict[str, str]:
    first, second = descend()[:2]
    return {
        "errors.txt": first_errors(),
        "step.txt": f"k = 0 - {RATE:g} \u00d7 ({number(first.slope_k, 0)}) = {number(second.k, 1)}\n"
        f"b = 0 - {RATE:g} \u00d7 ({number(first.slope_b, 0)}) = {number(second.b, 1)}",
    }


def largest_rate() -> float:
    """Return the rate above which the steps run away: 2 / the largest curvature of the loss."""
    x = np.array(POINTS)[:, 0]
    curvature = 2 * np.array([[(x * x).mean(), x.mean()], [x.mean(), 1.0]])
    return float(2 / np.linalg.eigvalsh(curvature)[-1])


def values() -> dict[str, str]:
    path, wild = descend(), descend(rate=TOO_LARGE, steps=20)
    k, b = trained()
    found = {
        "rate": f"{RATE:g}",
        "steps": str(STEPS),
        "k": number(k),
        "b": number(b),
        "y3": number(3 * k + b),
        "too-large": f"{TOO_LARGE:g}",
        "wild-k": number(wild[20].k),
        "wild-loss": number(wild[20].loss, 1),
        "limit": number(largest_rate(), 4),
        "limit2": number(np.floor(largest_rate() * 100) / 100, 2),
        "first-loss": number(path[0].loss, 1),
        "second-loss": number(path[1].loss, 2),
        "nudge": f"{NUDGE:g}",
        "nudged": number(mean_loss(NUDGE, 0)),
        "fall": number(path[0].loss - mean_loss(NUDGE, 0)),
        "mean-product": number(path[0].slope_k / 2, 0),
        "mean-error": number(path[0].slope_b / 2, 0),
        "slope-k": number(path[0].slope_k, 0),
        "slope-b": number(path[0].slope_b, 0),
        "k3": number(path[3].k, 2),
        "b3": number(path[3].b, 2),
    }
    return found


def pictures() -> dict[str, str]:
    path = descend()
    drawing = Drawing(720, 300)
    left = Plot(drawing, (50, 36, 270, 210), (0, 3, 1), (0, 7, 1))
    for at, colour in ((0, RED), (1, ORANGE), (2, PURPLE), (3, BLUE), (STEPS, GREEN)):
        step = path[at]
        left.line([(0, step.b), (3, 3 * step.k + step.b)], colour, 2 if at < STEPS else 3)
        if at not in (2,):
            left.note(3, min(3 * step.k + step.b, 7), str(at), colour)
    left.dots(POINTS, "#1c1f24", 6)
    loss = max(step.loss for step in path[:31])
    right = Plot(drawing, (430, 36, 250, 210), (0, 30, 10), (0, float(np.ceil(loss / 2) * 2), 2), ("n", "L"))
    right.line([(at, step.loss) for at, step in enumerate(path[:31])], BLUE)
    right.dots([(at, path[at].loss) for at in range(4)], ORANGE)
    return {"line.svg": drawing.svg()}


CHAPTER = Chapter("The line", text, {"rate": RATE, "steps": STEPS}, values, pictures, listings)
