"""The usual formulas of pixels, and which of them the network's right answers speak for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maixswitch.convert.graph.graph import Graph
from maixswitch.language import tr, word

from .emulate import reordered
from .float_net import FloatNet

Pixels = tuple[tuple[float, float], ...]
"""(factor, offset) for each channel: the network gets ``pixel * factor + offset`` of 0..255."""
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet, as torchvision uses them."""
MOST = 40
"""Pictures on which the formulas are tried; each runs through the float network once for each formula."""
DEVIATIONS, LEAST_GAIN = 2.0, 0.1
"""How much better another formula has to be: in standard deviations of the difference, and as a share of pictures."""


@dataclass(frozen=True)
class Formula:
    """A way to turn pixels into the network's units. ``options``: those of `maixswitch convert` that ask for it."""

    name: str
    pixels: Pixels
    options: str = ""
    bgr: bool = False

    def units(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Returns (1, c, h, w) in the network's units. picture: (c, h, w), RGB or grey."""
        factor, offset = np.array(self.pixels, np.float32).T.reshape(2, 1, -1, 1, 1)
        channels = picture[::-1] if self.bgr else picture
        units: NDArray[np.float32] = channels[None].astype(np.float32) * factor + offset
        return units

    def text(self) -> str:
        """Returns the formula in words."""
        name = word(self.name) if self.name else _numbers(self.pixels)
        return tr("{formula}, channels BGR", formula=name) if self.bgr else name


@dataclass(frozen=True)
class FormulaTrial:
    """How many of ``pictures`` the float network gets right.

    used: with the formula of the conversion.
    others: with each other formula; empty if none could be clearly better.
    better: the formula that is clearly better; None if there is none.
    """

    pictures: int
    used: int
    others: Mapping[Formula, int]
    better: Formula | None = None


def usual(channels: int) -> list[Formula]:
    """Returns the usual formulas for a network with 1 or 3 channels."""
    every = [
        Formula("0 to 1", ((1 / 255, 0.0),) * channels, "--scale 0.00392157"),
        Formula("-1 to 1", ((2 / 255, -1.0),) * channels, "--mean 0.5 --std 0.5"),
        Formula("0 to 255", ((1.0, 0.0),) * channels, "--scale 1"),
    ]
    # The other formulas treat the colours differently.
    if channels != 3:
        return every
    imagenet = tuple((1 / 255 / s, -m / s) for m, s in zip(MEAN, STD, strict=True))
    options = f"--mean {','.join(map(str, MEAN))} --std {','.join(map(str, STD))}"
    every.append(Formula("ImageNet mean and deviation", imagenet, options))
    return every + [Formula(item.name, item.pixels, item.options, bgr=True) for item in every]


def formula_of(pixels: Pixels) -> Formula:
    """Returns the formula with these numbers, with its usual name if it has one."""
    for formula in usual(len(pixels)):
        if np.allclose(formula.pixels, pixels, rtol=1e-4, atol=1e-6):
            return Formula(formula.name, pixels, formula.options)
    return Formula("", pixels)


def _numbers(pixels: Pixels) -> str:
    parts = [f"pixel x {factor:.6g} {'-' if offset < 0 else '+'} {abs(offset):.6g}" for factor, offset in pixels]
    return parts[0] if len({*pixels}) == 1 else ", ".join(parts)


def try_formulas(
    network: FloatNet, graph: Graph, output: str, pictures: Sequence[NDArray[np.uint8]], truth: Sequence[int]
) -> FormulaTrial | None:
    """Returns how often the float network is right with each usual formula; None without pictures.

    output: float tensor of the classes. truth: number of the class of each picture.
    MaixSwitchError if onnxruntime refuses.
    """
    if not len(pictures) or output not in network.names:
        return None
    # Pictures come sorted by class, so every nth of them keeps the classes even.
    count = min(MOST, len(pictures))
    chosen = [index * len(pictures) // count for index in range(count)]
    expected = [truth[index] for index in chosen]

    def right(formula: Formula) -> NDArray[np.bool_]:
        units = [formula.units(pictures[index]) for index in chosen]
        best = [np.argmax(_scores(network, graph, output, picture)) for picture in units]
        return np.array([number == true for number, true in zip(best, expected, strict=True)], np.bool_)

    used = right(formula_of(graph.pixels))
    others: dict[Formula, int] = {}
    better: list[Formula] = []
    # If the network is nearly always right, no formula can be clearly better, and the time is saved.
    if _clearly_better(np.ones(count, np.bool_), used):
        for formula in usual(len(graph.pixels)):
            if not formula.bgr and np.allclose(formula.pixels, graph.pixels, rtol=1e-4, atol=1e-6):
                continue
            answers = right(formula)
            others[formula] = int(answers.sum())
            if _clearly_better(answers, used):
                better.append(formula)
    best_formula = max(better, key=lambda formula: others[formula], default=None)
    return FormulaTrial(count, int(used.sum()), others, best_formula)


def _scores(network: FloatNet, graph: Graph, output: str, units: NDArray[np.float32]) -> NDArray[Any]:
    tensors = {name: values[0] for name, values in network.run(units, [output]).items()}
    scores: NDArray[Any] = reordered(tensors, graph.orders)[output].reshape(-1)
    return scores


def _clearly_better(other: NDArray[np.bool_], used: NDArray[np.bool_]) -> bool:
    """Is the difference too large for chance? Only pictures that one of both gets right count (McNemar's test)."""
    won, lost = int((other & ~used).sum()), int((used & ~other).sum())
    gain = won - lost
    return gain > 0 and gain >= DEVIATIONS * (won + lost) ** 0.5 and gain >= LEAST_GAIN * len(used)


def words(used: Formula, trial: FormulaTrial | None, labels: bool) -> list[str]:
    """Returns the lines of the report: the formula, and a warning if another is clearly better.

    labels: are the true classes known by labels? Else their order is a guess.
    """
    lines = [tr("pixels: the network gets {formula}", formula=used.text())]
    if trial is None:
        return lines
    counts = {"right": trial.used, "all": trial.pictures}
    if trial.better is not None:
        warning = tr(
            "with pixels {formula} the float network is right in {better} of {all} labelled pictures, with those of "
            "this conversion in {right}; convert again with {options}",
            formula=trial.better.text(),
            better=trial.others[trial.better],
            options=trial.better.options,
            **counts,
        )
        lines.append(tr("warning: {line}", line=warning))
        if trial.better.bgr:
            lines.append(
                tr("the camera gives RGB: reverse the input channels of the first convolution before the export")
            )
        # A network that tells colours apart looks the same if the order of its classes is reversed.
        if trial.better.bgr and not labels:
            lines.append(tr("another order of the classes would look the same: give --labels FILE to be sure"))
    # No formula explains so many wrong answers, so something else has to.
    elif trial.used < 0.5 * trial.pictures:
        warning = tr(
            "the float network itself is right in only {right} of {all} labelled pictures; check the order of the "
            "classes (--labels FILE), the pictures and the pixels",
            **counts,
        )
        lines.append(tr("warning: {line}", line=warning))
    return lines
