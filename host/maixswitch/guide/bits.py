"""Chapter 4: a range of real numbers in 256 steps, and what a badly chosen range costs."""

from __future__ import annotations

import numpy as np

from maixswitch.guide.chapter import Chapter, Settings, number, refuse, table
from maixswitch.guide.line import descend
from maixswitch.guide.svg import BLUE, GREEN, INK, RED, Drawing, Plot
from maixswitch.kmodel.write.quantize import Scale
from maixswitch.language import word

LOW, HIGH = 0.0, 10.0
WIDE, NARROW = 1000.0, 5.0
"""Ranges that are too large, as one wild value makes them, and too small."""
VALUES = (0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 9.98)
K_AT = 100
"""The step of chapter 1 whose k is the example of a number that is not whole."""
EXACT = 10.2
"""The answer of the exercise: a range in which 1 is exact."""
WEIGHTS = (2.0, 0.01)
"""The weights of two channels, first with one scale for both and then with one for each."""


def back(scale: Scale, value: float) -> tuple[int, float]:
    """Return the byte that stands for a number, and the number that the byte stands for."""
    byte = int(scale.quantize(np.array(value)))
    return byte, float((byte - scale.zero) / scale.steps)


def worst(high: float) -> float:
    """Return the largest error over the numbers LOW to HIGH with the range LOW to `high`."""
    scale = Scale.covering(LOW, high)
    errors = [
        abs(back(scale, LOW + (HIGH - LOW) * at / 2000)[1] - (LOW + (HIGH - LOW) * at / 2000)) for at in range(2001)
    ]
    return max(errors)


def text(settings: Settings) -> str:
    low, high = settings["low"], settings["high"]
    if not low < high:
        raise refuse("high", high, f"> {low:g}")
    scale = Scale.covering(low, high)
    rows = [("y", word("byte"), word("read back"), word("off by"))]
    for value in VALUES:
        byte, again = back(scale, value)
        rows.append((f"{value:g}", str(byte), number(again), number(again - value)))
    head = [(word("step"), number(1 / scale.steps, 4)), (word("zero point"), str(scale.zero))]
    return f"{table(head, 0)}\n\n{table(rows)}"


def values() -> dict[str, str]:
    good, wide, narrow = (Scale.covering(LOW, high) for high in (HIGH, WIDE, NARROW))
    signed = Scale.covering(-HIGH, HIGH)
    shared = Scale.covering(0.0, max(WEIGHTS))
    return {
        "k": number(descend()[K_AT].k, 2),
        "k-step": str(K_AT),
        "high": f"{HIGH:g}",
        "wide": f"{WIDE:g}",
        "narrow": f"{NARROW:g}",
        "step": number(1 / good.steps, 4),
        "exact": f"{EXACT:g}",
        "exact1": str(back(Scale.covering(LOW, EXACT), 1.0)[0]),
        "half": number(0.5 / good.steps, 4),
        "byte6": str(back(good, 6.0)[0]),
        "wide-step": number(1 / wide.steps, 2),
        "wide6": number(back(wide, 6.0)[1], 2),
        "wide1": number(back(wide, 1.0)[1], 2),
        "narrow6": number(back(narrow, 6.0)[1], 2),
        "worst": number(worst(HIGH), 3),
        "worst-wide": number(worst(WIDE), 2),
        "worst-narrow": number(worst(NARROW), 2),
        "signed-zero": str(signed.zero),
        "signed-step": number(1 / signed.steps, 4),
        "weight": f"{WEIGHTS[1]:g}",
        "weight-large": f"{WEIGHTS[0]:g}",
        "weight-shared": number(back(shared, WEIGHTS[1])[1], 4),
        "weight-own": number(back(Scale.covering(0.0, WEIGHTS[1]), WEIGHTS[1])[1], 4),
    }


def pictures() -> dict[str, str]:
    drawing = Drawing(720, 340)
    plot = Plot(drawing, (60, 36, 560, 250), (0, 10, 1), (0, 10, 2), ("y", ""))
    y = np.linspace(0, 10, 1001)
    plot.line([(0, 0), (10, 10)], "#b9c3ca", 6)
    for high, colour in ((WIDE, RED), (NARROW, BLUE), (HIGH, GREEN)):
        scale = Scale.covering(LOW, high)
        points = [(float(value), back(scale, float(value))[1]) for value in y]
        plot.line(points, colour, 2)
        if high == WIDE:
            # Its last stair leaves the axes, so the name stands on the second one.
            plot.note(2.2, points[220][1], f"0 \u2026 {high:g}", colour, 0, -8)
        else:
            plot.note(10, points[-1][1], f"0 \u2026 {high:g}", colour)
    plot.dots([(6, back(Scale.covering(LOW, high), 6.0)[1]) for high in (WIDE, NARROW, HIGH)], INK, 4)
    return {"bits.svg": drawing.svg()}


CHAPTER = Chapter("Eight bits", text, {"low": LOW, "high": HIGH}, values, pictures)
