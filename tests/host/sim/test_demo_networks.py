"""The networks that come with the package: how well they do in the emulator on newly drawn pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from maixswitch import kmodel
from maixswitch.kmodel.judge import consistency
from maixswitch.models_shipped import FOLDER
from maixswitch.sim import pictures
from training import evaluate, scores

LARGEST = 400 * 1024
ANOTHER_SEED = 77_000
"""A seed that neither the training, nor the calibration, nor the figures of training/results.json used."""


def described(which: str) -> dict[str, Any]:
    return dict(json.loads((FOLDER / which / "model.json").read_text(encoding="utf-8")))


def detected_and_drawn(file: Path, count: int, seed: int = ANOTHER_SEED) -> tuple[list[Any], list[Any]]:
    return evaluate.shapes(evaluate.network(file), count, described("shapes")["anchors"], seed=seed)


@pytest.mark.parametrize("which", ["digits", "shapes"])
def test_files_are_small_and_obey_the_registers(which: str) -> None:
    path = FOLDER / which / f"{which}.kmodel"
    model = kmodel.load(path)
    assert path.stat().st_size <= LARGEST
    assert not model.notes
    assert not consistency.check(model)
    width, height, channels = described(which)["input"]
    assert tuple(model.inputs[0].shape)[-3:] == (channels, height, width)


def test_labels_are_those_that_are_drawn() -> None:
    assert described("digits")["labels"] == list(pictures.DIGITS)
    assert described("shapes")["labels"] == list(pictures.SHAPES)
    assert len(described("shapes")["anchors"]) == 10


def test_digits_on_a_few_fresh_pictures() -> None:
    assert evaluate.digits(evaluate.network(FOLDER / "digits" / "digits.kmodel"), 100, ANOTHER_SEED) >= 0.96


def test_shapes_on_a_few_fresh_pictures() -> None:
    detected, drawn = detected_and_drawn(FOLDER / "shapes" / "shapes.kmodel", 60)
    assert scores.mean_average_precision(detected, drawn) >= 0.93
    threshold = described("shapes")["threshold"]
    # The firmware's result has room for ten boxes, and the firmware does not check how many there are.
    assert max(sum(box[5] > threshold for box in boxes) for boxes in detected) <= 10


@pytest.mark.nightly
def test_digits_on_a_thousand_fresh_pictures() -> None:
    assert evaluate.digits(evaluate.network(FOLDER / "digits" / "digits.kmodel"), 1000, ANOTHER_SEED) >= 0.98


@pytest.mark.nightly
def test_shapes_on_a_thousand_fresh_pictures() -> None:
    detected, drawn = detected_and_drawn(FOLDER / "shapes" / "shapes.kmodel", 1000)
    assert scores.mean_average_precision(detected, drawn) >= 0.95


@pytest.mark.nightly
@pytest.mark.parametrize("which", ["digits", "shapes"])
def test_the_float_network_is_the_one_that_was_converted(which: str) -> None:
    """The .onnx beside the .kmodel sees almost the same in a hundred pictures."""
    pytest.importorskip("onnxruntime")
    converted, source = (FOLDER / which / f"{which}.{ending}" for ending in ("kmodel", "onnx"))
    if which == "digits":
        figures = [evaluate.digits(evaluate.network(file), 100, ANOTHER_SEED) for file in (converted, source)]
    else:
        figures = [scores.mean_average_precision(*detected_and_drawn(file, 100)) for file in (converted, source)]
    assert figures[0] == pytest.approx(figures[1], abs=0.03)


def test_average_precision_of_known_boxes() -> None:
    drawn = [[(0, 0, 10, 10, 0), (50, 50, 10, 10, 1)], [(20, 20, 10, 10, 0)]]
    exact = [[(0, 0, 10, 10, 0, 0.9), (50, 50, 10, 10, 1, 0.8)], [(20, 20, 10, 10, 0, 0.7)]]
    assert scores.average_precision(exact, drawn, 0) == pytest.approx(1.0)
    twice = [[*exact[0], (1, 0, 10, 10, 0, 0.85)], exact[1]]
    assert scores.average_precision(twice, drawn, 0) == pytest.approx((1 + 2 / 3) / 2)
    assert scores.average_precision([[], exact[1]], drawn, 0) == pytest.approx(0.5)
    assert scores.average_precision([[], []], drawn, 0) == 0.0
    assert scores.overlap((0, 0, 10, 10), (5, 0, 10, 10)) == pytest.approx(1 / 3)
    assert scores.overlap((0, 0, 10, 10), (10, 0, 10, 10)) == 0.0
