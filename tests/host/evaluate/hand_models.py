"""Models made by hand whose answers are known: constant points, and faces that are told apart by their colour."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from maixswitch.kmodel.write.quantize import Scale, quantize_conv
from maixswitch.kmodel.write.samples import BLOB_ANCHORS, BLOB_INPUT, blob_detector
from maixswitch.kmodel.write.writer import KModelWriter

PIXEL = Scale(255.0)


def linear(size: tuple[int, int], weights: np.ndarray, bias: Sequence[float]) -> bytes:
    """Return a network: the mean colour of the picture, times weights (n, 3), plus bias."""
    width, height = size
    net = KModelWriter(3, height, width)
    same = quantize_conv(np.eye(3).reshape(3, 3, 1, 1), np.zeros(3), PIXEL, PIXEL)
    x = net.conv(net.input, same, to_main=True)
    mean = net.global_average_pool(net.dequantize(x, PIXEL.factor, PIXEL.bias))
    net.output(net.fully_connected(mean, weights, np.asarray(bias, float)))
    return net.build()


def write_landmark(folder: Path, points: Sequence[float], size: tuple[int, int] = (128, 128)) -> None:
    """Write a landmark model that always gives these shares x, y, x, y ..."""
    folder.mkdir(parents=True)
    (folder / "points.kmodel").write_bytes(linear(size, np.zeros((len(points), 3)), points))
    fields = {"schema": 1, "title": "Points", "kind": "landmark", "kmodel": "points.kmodel", "input": [*size, 3]}
    (folder / "model.json").write_text(json.dumps(fields))


def write_faces(folder: Path, accept: float = 90) -> None:
    """Write a detector of bright blobs with five fixed points and a network that makes numbers of the colour."""
    folder.mkdir(parents=True)
    (folder / "blob.kmodel").write_bytes(blob_detector())
    points = [0.35, 0.4, 0.65, 0.4, 0.5, 0.55, 0.4, 0.7, 0.6, 0.7]
    (folder / "points.kmodel").write_bytes(linear((32, 32), np.zeros((10, 3)), points))
    differences = np.array([[1, -1, 0], [0, 1, -1], [-1, 0, 1], [1, 0, -1]], float)
    (folder / "face.kmodel").write_bytes(linear((32, 32), differences, [0.0] * 4))
    stages = [
        {"kind": "landmark", "kmodel": "points.kmodel", "input": [32, 32, 3]},
        {"kind": "face", "kmodel": "face.kmodel", "input": [32, 32, 3], "accept": accept},
    ]
    fields = {
        "schema": 1, "title": "Faces", "kind": "yolo2", "kmodel": "blob.kmodel", "input": BLOB_INPUT,
        "labels": ["face"], "anchors": BLOB_ANCHORS, "stages": stages,
    }  # fmt: skip
    (folder / "model.json").write_text(json.dumps(fields))
