"""Two networks made by hand, small enough to read: a colour classifier and a detector of bright blobs.

They need no training data, and they are enough to test camera, screen and buttons.
"""

from __future__ import annotations

import json
from math import log
from pathlib import Path
from typing import Any

import numpy as np

from maixswitch.kmodel.format.arrays import Array

from .quantize import KpuWeights, Scale, quantize_conv
from .writer import KModelWriter

COLOURS = ("red", "green", "blue", "yellow", "magenta", "cyan", "white", "black")
COLOUR_INPUT = (224, 224, 3)
BLOB_INPUT = (320, 240, 3)
BLOB_GRID = (20, 15)
BLOB_CELL = 16
BLOB_SIZES = (1, 3, 5, 7, 9)
"""Cells that a blob of each anchor is wide and high."""
BLOB_ANCHORS = tuple(float(size) for size in BLOB_SIZES for _ in range(2))

PIXEL = Scale(255.0)
"""Camera bytes as 0..1."""


def _taps(out: int, inner: int) -> Array:
    return np.zeros((out, inner, 3, 3))


def _square(channels: int) -> Array:
    """Weights that average a pixel with its right and lower neighbours: with pool 5 an exact 2x2 mean.

    A full convolution, not a depthwise one: no published converter pools behind a depthwise layer.
    """
    weights = _taps(channels, channels)
    for channel in range(channels):
        weights[channel, channel, 1:, 1:] = 1 / 4
    return weights


def _step(weights: Array, levels: list[float], gain: float) -> KpuWeights:
    """A convolution that gives 0 below ``levels`` (one per output) and 1 above, with a ramp of 1 / ``gain`` between."""
    return quantize_conv(gain * weights, 0.5 - gain * np.array(levels), PIXEL, PIXEL)


def colour_classifier() -> bytes:
    """224x224 RGB to eight scores that add up to 1, in the order of ``COLOURS``: the colour of most of the picture."""
    width, height, channels = COLOUR_INPUT
    net = KModelWriter(channels, height, width)
    red, green, blue = np.eye(3)
    # The difference of two colours is 0 for any grey, so the network does not take brightness for a colour.
    differences = np.array([red - green, green - red, red - blue, blue - red, green - blue, blue - green])
    light = np.full(3, 1 / 3)
    features = np.vstack([differences, light, -light]).reshape(8, 3, 1, 1)
    # Bytes cannot be negative: each difference has its counterpart, and black is 1 minus the light.
    x = net.conv(net.input, quantize_conv(features * _square(1)[0], np.array([0.0] * 7 + [1.0]), PIXEL, PIXEL), pool=5)

    # The differences of its own colour raise the score of a class; those of the other colours lower it.
    scores = np.array(
        [  # r-g   g-r   r-b   b-r   g-b   b-g  light  dark
            [0.5, -1.0, 0.5, -1.0, -0.5, -0.5, 0.0, 0.0],
            [-1.0, 0.5, -0.5, -0.5, 0.5, -1.0, 0.0, 0.0],
            [-0.5, -0.5, -1.0, 0.5, -1.0, 0.5, 0.0, 0.0],
            [-1.0, -1.0, 0.5, -1.0, 0.5, -1.0, 0.0, 0.0],
            [0.5, -1.0, -1.0, -1.0, -1.0, 0.5, 0.0, 0.0],
            [-1.0, 0.5, -1.0, 0.5, -1.0, -1.0, 0.0, 0.0],
            [-1.0, -1.0, -1.0, -1.0, -1.0, -1.0, 1.0, -1.0],
            [-1.0, -1.0, -1.0, -1.0, -1.0, -1.0, -1.0, 1.0],
        ]
    ).reshape(8, 8, 1, 1)
    x = net.conv(x, quantize_conv(scores, np.zeros(8), PIXEL, PIXEL))
    # Two pools average the neighbourhood, so that a few pixels of another colour do not count.
    for last in (False, True):
        part = quantize_conv(_square(8), np.zeros(8), PIXEL, PIXEL)
        x = net.conv(x, part, pool=5, to_main=last)
    mean = net.global_average_pool(net.dequantize(x, PIXEL.factor, PIXEL.bias))
    # The factor makes the softmax decide. The means alone lie close together.
    net.output(net.softmax(net.fully_connected(mean, 12.0 * np.eye(8), np.zeros(8))))
    return net.build()


def blob_detector() -> bytes:
    """320x240 RGB to a YOLOv2 head of 20x15 cells, five anchors (``BLOB_ANCHORS``) and one class: bright blobs.

    A mask of bright cells is eroded step by step: a cell stays when at least 7 of the 9 around it are bright. A blob
    that survives k steps and no more is 2k+1 or 2k+2 cells wide; its neighbours at that step tell which, and its
    middle. Squares and discs of 60 to 150 pixels are found to within half a cell; smaller ones may be split.
    """
    width, height, channels = BLOB_INPUT
    net = KModelWriter(channels, height, width)
    # A grey picture of half the size is enough for blobs, and the largest map is then smaller.
    bright = np.repeat(_square(1) / channels, channels, axis=1)
    x = net.conv(net.input, _step(bright, [0.7], 8.0), pool=5)
    # Averages of averages give the brightness of a cell of 16 pixels.
    for _ in range(2):
        x = net.conv(x, quantize_conv(_square(1), np.zeros(1), PIXEL, PIXEL), pool=5)
    # A steep step makes a mask of the cells, with which the erosion can count.
    x = net.conv(x, _step(_square(1), [0.4], 40.0), pool=5)
    steps = len(BLOB_SIZES)
    for step in range(1, steps):
        weights = _taps(step + 1, step)
        # The earlier masks are passed on, because the head compares each with the next.
        for earlier in range(step):
            weights[earlier, earlier, 1, 1] = 1.0
        weights[step, step - 1] = 1.0
        x = net.conv(x, _step(weights, [0.5] * step + [6.5], 4.0))

    head = Scale.covering(-6.0, 6.0)
    weights, bias = _taps(6 * steps, steps), np.zeros(6 * steps)
    for step, size in enumerate(BLOB_SIZES):
        box = 6 * step
        # A blob that goes on to one side is heavier there, which shifts the middle of the box.
        weights[box, step, 1] = (-4.0, 0.0, 4.0)
        weights[box + 1, step, :, 1] = (-4.0, 0.0, 4.0)
        weights[box + 2, step, 1] = weights[box + 3, step, :, 1] = (log((size + 1) / size), 0.0, log((size + 1) / size))
        # The cell that survives this step, but not the next, is the middle of a blob of this size.
        weights[box + 4, step, 1, 1] = 9.0
        if step + 1 < steps:
            weights[box + 4, step + 1] = -9.0
        bias[box + 4] = -5.0
    y = net.conv(x, quantize_conv(weights, bias, PIXEL, head), to_main=True)
    net.output(net.dequantize(y, head.factor, head.bias))
    return net.build()


def write_card(card: Path) -> None:
    """Writes models/10-blobs and models/20-colours below a folder."""
    write_blobs(card / "models" / "10-blobs")
    write_colours(card / "models" / "20-colours")


def write_blobs(folder: Path) -> None:
    """Writes the model folder of the detector of bright blobs; OSError where it cannot."""
    _write(
        folder,
        blob_detector(),
        title="Bright blobs",
        kind="yolo2",
        input=BLOB_INPUT,
        labels=["blob"],
        anchors=BLOB_ANCHORS,
        threshold=0.5,
        nms=0.3,
    )


def write_colours(folder: Path) -> None:
    """Writes the model folder of the classifier of colours; OSError where it cannot."""
    _write(
        folder, colour_classifier(), title="Colours", kind="classifier", input=COLOUR_INPUT, labels=COLOURS, top=3
    )  # fmt: skip


def _write(folder: Path, kmodel: bytes, **fields: Any) -> None:
    folder.mkdir(parents=True)
    (folder / "model.kmodel").write_bytes(kmodel)
    document = {"schema": 1, **fields, "kmodel": "model.kmodel"}
    (folder / "model.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
