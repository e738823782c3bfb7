"""The answers of both networks to one picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maixswitch.convert.lower.layers import Quantised, real
from maixswitch.convert.quantise.picture_files import PictureFile

from .agreement import Agreement, Box, boxes
from .compare import snr


@dataclass
class Answer:
    """What the float network and the kmodel make of one picture; pairs are (float network, kmodel).

    pixels: uint8 (c, h, w), as the network gets them.
    file: None for noise.
    snr: of the first output in dB; nan if it cannot be compared.
    agreement: of this picture alone; None if no answer can be right or wrong.
    best: the best classes of a classifier. scores: the values of these classes.
    boxes: of a detector.
    truth: number of the true class, if the picture's folder tells it.
    """

    pixels: NDArray[np.uint8]
    file: PictureFile | None = None
    snr: float = float("nan")
    agreement: Agreement | None = None
    best: tuple[int, int] | None = None
    scores: tuple[float, float] | None = None
    boxes: tuple[Sequence[Box], Sequence[Box]] = field(default=((), ()))
    truth: int | None = None

    @property
    def same(self) -> bool:
        """Do both networks agree?"""
        return self.agreement is None or self.agreement.agree == self.agreement.of

    def badness(self) -> tuple[bool, float]:
        """Returns a value that is larger the worse the kmodel's answer is."""
        return not self.same, float("-inf") if isnan(self.snr) else -self.snr


def compare_answers(
    answer: Answer,
    quantised: Quantised,
    tensors: Mapping[str, Any],
    exact: Mapping[str, Any],
    kind: str,
    anchors: Sequence[float],
) -> None:
    """Fills in the answers from the first outputs of both networks.

    kind: "yolo2", that of a classifier, or "" if the outputs are only compared as numbers.
    """
    name = quantised.outputs[0]
    original = quantised.origin.get(name, name)
    # A tensor that the reader added is not in the file, so there is nothing to compare with.
    if original not in exact:
        return
    values = real(tensors[name], quantised.scales[name]) if name in quantised.scales else tensors[name]
    answer.snr = snr(exact[original].reshape(values.shape), values)
    if not kind:
        return
    answer.agreement = Agreement(kind)
    if kind == "yolo2":
        shape = quantised.shapes[name]
        both = exact[original].reshape(shape), tensors[name].reshape(shape)
        answer.agreement.add_boxes(*both, anchors)
        answer.boxes = boxes(both[0], anchors), boxes(both[1], anchors)
        return
    exact_scores, scores = exact[original].reshape(-1), values.reshape(-1)
    answer.agreement.add_classes(exact_scores, scores)
    answer.best = int(np.argmax(exact_scores)), int(np.argmax(scores))
    answer.scores = float(exact_scores[answer.best[0]]), float(scores[answer.best[1]])


def worst_first(answers: Sequence[Answer]) -> list[Answer]:
    """Returns the answers that differ, then the others, each by their SNR."""
    return sorted(answers, key=Answer.badness, reverse=True)


def total(answers: Sequence[Answer]) -> Agreement | None:
    """Returns the agreement over all pictures, None if none of their answers can be right or wrong."""
    parts = [answer.agreement for answer in answers if answer.agreement is not None]
    if not parts:
        return None
    return Agreement(parts[0].kind, sum(part.agree for part in parts), sum(part.of for part in parts))


def accuracy(answers: Sequence[Answer]) -> tuple[int, int, int]:
    """Returns how many pictures have a known class, and for how many the float network and the kmodel are right."""
    known = [answer for answer in answers if answer.truth is not None and answer.best is not None]
    right = [
        sum(answer.best is not None and answer.best[which] == answer.truth for answer in known) for which in (0, 1)
    ]
    return len(known), right[0], right[1]
