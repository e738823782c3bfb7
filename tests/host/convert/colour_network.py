"""Small classifiers whose right answers are known, and folders of pictures with one colour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from PIL import Image

from tests.host.convert import onnx_builder
from tests.host.convert.onnx_builder import Build

COLOURS = {"red": (200, 40, 40), "green": (40, 200, 40), "blue": (40, 40, 200)}


def colour_network(order: Sequence[str] = ("blue", "green", "red"), side: int = 16) -> onnx.ModelProto:
    """Return a network that names the strongest colour of a picture in 0 to 1, with its classes in this order."""
    build = Build((1, 3, side, side))
    weights = np.zeros((len(order), 3, 3, 3))
    for index, name in enumerate(order):
        weights[index, int(np.argmax(COLOURS[name])), 1, 1] = 1
    return _averaged(build, weights, np.zeros(len(order)), len(order))


def brightness_network(factor: float, offset: float, side: int = 16, channel: int | None = None) -> onnx.ModelProto:
    """Return a network with the classes dark, medium and bright, trained on pixels of ``pixel * factor + offset``.

    channel: the only channel that it looks at; None for all three.
    """
    build = Build((1, 3, side, side))
    dark, bright = (level * 255 * factor + offset for level in (0.33, 0.67))
    weights = np.zeros((3, 3, 3, 3))
    for index, sign in ((0, -1.0), (2, 1.0)):
        weights[index, slice(None) if channel is None else channel, 1, 1] = sign / (3 if channel is None else 1)
    return _averaged(build, weights, np.array([dark, 0.0, -bright]), 3)


def _averaged(build: Build, weights: np.ndarray, bias: np.ndarray, classes: int) -> onnx.ModelProto:
    maps = build.node(
        "Conv", [build.input, build.constant(weights), build.constant(bias)], kernel_shape=[3, 3], pads=[1] * 4
    )
    flat = build.node("Flatten", [build.node("GlobalAveragePool", [maps])], axis=1)
    build.shapes[flat] = (1, classes)
    return build.model(flat)


def save(model: onnx.ModelProto, path: Path) -> Path:
    return onnx_builder.save(model, path)


def paint(path: Path, colour: Sequence[float], seed: int = 0) -> Path:
    """Write a picture of 24x20 with this colour and a little noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).normal(0, 6, (20, 24, 3))
    Image.fromarray(np.clip(np.asarray(colour) + noise, 0, 255).astype(np.uint8)).save(path)
    return path


def class_folders(folder: Path, colours: Mapping[str, Sequence[float]], count: int) -> Path:
    """Write ``count`` pictures for each class."""
    for name, colour in colours.items():
        for number in range(count):
            paint(folder / name / f"{number:03}.png", colour, number)
    return folder
