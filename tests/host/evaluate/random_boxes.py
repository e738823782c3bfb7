"""Random boxes for the tests of the metrics, with ties as a kmodel of eight bits gives them."""

from __future__ import annotations

import numpy as np

from maixswitch.evaluate.metrics.pictures import Boxes, in_order


def random_pictures(seed: int, count: int, classes: int, levels: int) -> list[Boxes]:
    """Return pictures of 160 x 120. levels: how many scores there are; 0 for any."""
    draw = np.random.default_rng(seed)
    pictures = []
    for _ in range(count):
        objects = int(draw.integers(0, 6))
        true = sides(draw, objects)
        near = np.repeat(true, 2, axis=0) + draw.normal(0, 5, (2 * objects, 4)).round(1 if levels == 0 else 0)
        near = np.concatenate((np.minimum(near[:, :2], near[:, 2:]), np.maximum(near[:, :2], near[:, 2:])), axis=1)
        true_names = draw.integers(0, classes, objects)
        found = np.concatenate((near, sides(draw, int(draw.integers(0, 5)))))
        wrong = draw.integers(0, classes, len(found))
        names = np.where(
            draw.random(len(found)) < 0.7, np.concatenate((np.repeat(true_names, 2), wrong[2 * objects :])), wrong
        )
        scores = draw.random(len(found)) if levels == 0 else draw.integers(1, levels + 1, len(found)) / levels
        order = in_order(found, scores, names)
        difficult, crowd = draw.random(objects) < 0.15, draw.random(objects) < 0.1
        pictures.append(Boxes(found[order], scores[order], names[order], true, true_names, difficult, crowd))
    return pictures


def sides(draw: np.random.Generator, count: int) -> np.ndarray:
    low = draw.integers(0, 100, (count, 2)).astype(float)
    return np.concatenate((low, low + draw.integers(4, 110, (count, 2))), axis=1)
