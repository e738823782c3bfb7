"""Chapter 2: a neuron is the line and a bend; two of them draw what no line can."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maixswitch import models_shipped
from maixswitch.guide.chapter import Chapter, Settings, number, refuse, table
from maixswitch.guide.svg import BLUE, GREEN, INK, RED, Drawing, Plot
from maixswitch.kmodel import load
from maixswitch.kmodel.format.layer_facts import parameters
from maixswitch.language import word

Floats = NDArray[np.float64]
X = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
Y = np.abs(X)
RATE, STEPS, START = 0.05, 2000, 0.5
FLOWERS = (4, 10, 3)
"""Numbers of a flower, neurons of the hidden layer, kinds of iris: the small network that nncase shows first."""


@dataclass
class Net:
    """Two neurons and a sum: y = v1 relu(k1 x + b1) + v2 relu(k2 x + b2) + c."""

    k: Floats
    b: Floats
    v: Floats
    c: float

    def run(self, x: Floats) -> Floats:
        result: Floats = np.maximum(np.outer(x, self.k) + self.b, 0) @ self.v + self.c
        return result

    @property
    def count(self) -> int:
        """The number of parameters."""
        return self.k.size + self.b.size + self.v.size + 1


def train(start: float = START, rate: float = RATE, steps: int = STEPS) -> tuple[Net, list[float]]:
    """Return the network trained on X and Y, and the loss before each step and at the end.

    start: k and v of the first neuron; those of the second are -start and start.
    """
    net = Net(np.array([start, -start]), np.zeros(2), np.array([start, start]), 0.0)
    losses = []
    for _ in range(steps + 1):
        inner = np.outer(X, net.k) + net.b
        active = np.maximum(inner, 0)
        error = 2 * (active @ net.v + net.c - Y) / len(X)
        losses.append(float(np.mean((active @ net.v + net.c - Y) ** 2)))
        # Only a neuron that is on (inner > 0) passes the error back: a neuron that is off for every x learns nothing.
        back = np.outer(error, net.v) * (inner > 0)
        slopes = (X @ back, back.sum(axis=0), error @ active, float(error.sum()))
        net = Net(
            net.k - rate * slopes[0], net.b - rate * slopes[1], net.v - rate * slopes[2], net.c - rate * slopes[3]
        )
    return net, losses


def best_line() -> tuple[float, float, float]:
    """Return k, b and the loss of the line that comes closest to the five points."""
    k, b = np.polyfit(X, Y, 1)
    return float(k), float(b), float(np.mean((k * X + b - Y) ** 2))


def text(settings: Settings) -> str:
    steps = round(settings["steps"])
    if not 1 <= steps <= 100_000:
        raise refuse("steps", settings["steps"], "1..100000")
    net, losses = train(settings["start"], settings["rate"], steps)
    k, b, loss = best_line()
    lines = [
        table([("x", *(f"{x:g}" for x in X)), (word("wanted"), *(f"{y:g}" for y in Y)),
               (word("best line"), *(number(k * x + b, 2) for x in X)),
               (word("two neurons"), *(number(y, 2) for y in net.run(X)))], 0),
        "",
        table([("", word("parameters"), word("loss")), (word("best line"), "2", number(loss, 4)),
               (word("two neurons"), str(net.count), number(losses[-1], 4))], 0),
    ]  # fmt: skip
    return "\n".join(lines)


def values() -> dict[str, str]:
    _, _, line_loss = best_line()
    net, losses = train()
    _, dead = train(start=0.0)
    inputs, hidden, kinds = FLOWERS
    first, second = inputs * hidden + hidden, hidden * kinds + kinds
    digits = load(models_shipped.FOLDER / "digits" / "digits.kmodel")
    return {
        "line-loss": number(line_loss, 2),
        "loss": number(losses[-1], 4),
        "dead-loss": number(dead[-1], 2),
        "count": str(net.count),
        "steps": str(STEPS),
        "start": f"{START:g}",
        "small-start": number(train(start=0.1, steps=50)[1][-1], 2),
        "usual-start": number(train(steps=50)[1][-1], 2),
        "inputs": str(inputs),
        "hidden": str(hidden),
        "kinds": str(kinds),
        "digits": f"{sum(parameters(layer) for layer in digits.layers):,}",
        "flower-first": str(first),
        "flower-second": str(second),
        "flower": str(first + second),
    }


def pictures() -> dict[str, str]:
    net, _ = train()
    k, b, _ = best_line()
    drawing = Drawing(720, 300)
    left = Plot(drawing, (50, 36, 270, 210), (-2, 2, 1), (0, 2, 1))
    x = np.linspace(-2, 2, 81)
    left.line([(-2, k * -2 + b), (2, k * 2 + b)], RED, 2, "6 4")
    left.line(zip(x, net.run(x), strict=True), BLUE, 3)
    left.dots(zip(X, Y, strict=True), INK, 5)
    right = Plot(drawing, (430, 36, 250, 210), (-2, 2, 1), (0, 2, 1), ("x", ""))
    parts = np.maximum(np.outer(x, net.k) + net.b, 0) * net.v
    right.line(zip(x, parts[:, 0], strict=True), GREEN, 3)
    right.line(zip(x, parts[:, 1], strict=True), BLUE, 3)
    drawing.text(430, 26, "v1 relu(k1 x + b1)", GREEN)
    drawing.text(570, 26, "v2 relu(k2 x + b2)", BLUE)
    return {"neuron.svg": drawing.svg()}


CHAPTER = Chapter("A neuron", text, {"start": START, "rate": RATE, "steps": STEPS}, values, pictures)
