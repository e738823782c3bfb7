"""The two sample networks see what they are built for; the results are decoded as in the firmware."""

from __future__ import annotations

import math

import numpy as np
import pytest

from maixswitch.kmodel import load
from maixswitch.kmodel.judge.consistency import check
from maixswitch.kmodel.write import samples

Box = tuple[float, float, float, float, float]
"""score, left, top, right, bottom"""


def decode(output: np.ndarray, threshold: float = 0.5, nms: float = 0.3) -> list[Box]:
    """Decode as the firmware does: sigmoid of x, y and objectness, exp of w and h, one class, IoU suppression."""
    columns, rows = samples.BLOB_GRID
    width, height, _ = samples.BLOB_INPUT
    cells = output.reshape(5, 6, rows, columns)
    result = []
    for anchor, y, x in np.ndindex(5, rows, columns):
        tx, ty, tw, th, objectness, _ = (float(value) for value in cells[anchor, :, y, x])
        score = 1 / (1 + math.exp(-objectness))
        if score <= threshold:
            continue
        cx = (x + 1 / (1 + math.exp(-tx))) / columns * width
        cy = (y + 1 / (1 + math.exp(-ty))) / rows * height
        w = math.exp(tw) * samples.BLOB_ANCHORS[2 * anchor] / columns * width
        h = math.exp(th) * samples.BLOB_ANCHORS[2 * anchor + 1] / rows * height
        result.append((score, cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2))
    best_boxes: list[Box] = []
    for box in sorted(result, reverse=True):
        if all(overlap(box, other) <= nms for other in best_boxes):
            best_boxes.append(box)
    return best_boxes


def overlap(a: Box, b: Box) -> float:
    """Return intersection over union."""
    width = min(a[3], b[3]) - max(a[1], b[1])
    height = min(a[4], b[4]) - max(a[2], b[2])
    both = max(width, 0) * max(height, 0)
    return both / ((a[3] - a[1]) * (a[4] - a[2]) + (b[3] - b[1]) * (b[4] - b[2]) - both)


def scene(*blobs: tuple[int, int, int], dark: int = 40, light: int = 250, disc: bool = False) -> np.ndarray:
    """Draw bright squares or discs (middle x, middle y, size) on a dark ground, uint8 (3, 240, 320)."""
    image = np.full((3, 240, 320), dark, np.uint8)
    y, x = np.mgrid[:240, :320]
    for cx, cy, size in blobs:
        inside = (
            (x - cx) ** 2 + (y - cy) ** 2 < size**2 / 4 if disc else np.maximum(abs(x - cx), abs(y - cy)) < size / 2
        )
        image[:, inside] = light
    return image


def square(cx: int, cy: int, size: int) -> Box:
    return 1.0, cx - size / 2, cy - size / 2, cx + size / 2, cy + size / 2


@pytest.fixture(scope="module")
def detector():
    return load(samples.blob_detector())


def test_samples_are_small_and_consistent() -> None:
    for data in (samples.colour_classifier(), samples.blob_detector()):
        assert len(data) < 100_000
        model = load(data)
        assert check(model) == []
        assert model.notes == ()
        assert model.main_mem < 200_000


@pytest.mark.parametrize("size", [60, 64, 80, 100, 115, 130, 150])
@pytest.mark.parametrize("offset", [(160, 120), (101, 93), (230, 140)])
def test_a_square_is_found(detector, offset: tuple[int, int], size: int) -> None:
    boxes = decode(detector.run(scene((*offset, size)))[0])
    assert len(boxes) == 1
    assert overlap(boxes[0], square(*offset, size)) > 0.5


def test_small_blobs_are_found_everywhere(detector) -> None:
    for size in (30, 44, 52):
        for cx in range(100, 117, 4):
            boxes = decode(detector.run(scene((cx, 120, size)))[0])
            assert boxes
            _, left, top, right, bottom = boxes[0]
            assert abs((left + right) / 2 - cx) <= 16
            assert abs((top + bottom) / 2 - 120) <= 16


def test_discs_and_several_blobs(detector) -> None:
    blobs = ((60, 70, 60), (160, 170, 80), (260, 60, 64))
    for disc in (False, True):
        boxes = decode(detector.run(scene(*blobs, disc=disc))[0])
        assert len(boxes) == 3
        for blob in blobs:
            assert max(overlap(box, square(*blob)) for box in boxes) > 0.5


def test_nothing_is_found_in_an_empty_picture(detector) -> None:
    grey = np.random.default_rng(0).integers(0, 150, (3, 240, 320)).astype(np.uint8)
    for image in (scene(), scene((100, 100, 60), light=120), grey):
        assert decode(detector.run(image)[0]) == []


COLOURS = {
    "red": (220, 30, 30),
    "green": (20, 200, 40),
    "blue": (20, 30, 220),
    "yellow": (230, 220, 20),
    "magenta": (220, 20, 210),
    "cyan": (20, 220, 220),
    "white": (240, 240, 240),
    "black": (10, 10, 10),
}


@pytest.mark.parametrize("rounding", ["v02", "v01"])
def test_colours(rounding: str) -> None:
    model = load(samples.colour_classifier(), rounding)
    rng = np.random.default_rng(0)
    for name, colour in COLOURS.items():
        noise = rng.integers(-10, 11, (3, 224, 224))
        image = np.clip(np.array(colour)[:, None, None] + noise, 0, 255).astype(np.uint8)
        scores = model.run(image)[0]
        assert samples.COLOURS[int(scores.argmax())] == name
        assert scores.max() > 0.9
        assert abs(float(scores.sum()) - 1) < 1e-5


def test_most_of_the_picture_decides() -> None:
    model = load(samples.colour_classifier())
    image = np.zeros((3, 224, 224), np.uint8)
    image[0, :, :150] = 230
    image[2, :, 150:] = 230
    scores = model.run(image)[0]
    ranking = [samples.COLOURS[index] for index in np.argsort(-scores)]
    assert ranking[:2] == ["red", "blue"]
