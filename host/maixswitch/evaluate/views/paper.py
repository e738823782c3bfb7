"""A network's answers as papers count them: the picture stretched to the input, and all that the network says.

The float network's answers to the same pixels are read by the same code.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from maixswitch.evaluate.job import BOXES, CLASSES, FACES, TOP
from maixswitch.evaluate.records import CLASS, POINT, Answer
from maixswitch.rgb565 import grey
from maixswitch.sim.camera import fit_picture

from .decode import decoded

Outputs = Sequence[NDArray[Any]]


def planes(image: Image.Image, spec: Any) -> NDArray[np.uint8]:
    """Return an upright RGB picture as uint8 (c, h, w), stretched to the input of the model."""
    pixels = fit_picture(image, spec.width, spec.height, "stretch")
    if spec.channels == 1:
        return grey(pixels)[None]
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))


class Reader:
    """Reads the outputs of a model.

    task: of the job. spec: the app's ModelSpec; for faces that of the stage. grids: (columns, rows) of each output of a
    detector.
    """

    def __init__(self, task: str, spec: Any, grids: Sequence[tuple[int, int]] = ()) -> None:
        self._task = task
        self._spec = spec
        self._grids = grids

    def read(self, outputs: Outputs) -> Answer:
        """Return the answer. outputs: flat arrays, uint8 or float32, channels first."""
        spec = self._spec
        if self._task == BOXES:
            anchors, size = list(spec.anchors), (spec.width, spec.height)
            softmax = spec.kind == "yolo2"
            boxes = decoded(outputs, self._grids, anchors, size, len(spec.labels), softmax, spec.nms)
            return Answer(boxes, found=len(boxes))
        values: NDArray[Any] = _floats(outputs[0])
        if self._task == CLASSES:
            rows = _best(values, spec.softmax)
            return Answer(rows, found=len(rows))
        if self._task == FACES:
            return Answer(values, found=1)
        if spec.sigmoid:
            values = 1 / (1 + np.exp(-values))
        points = _in_order(values, spec.order)
        return Answer(points.astype(POINT), found=len(points) // 2)


def _floats(output: NDArray[Any]) -> NDArray[np.float32]:
    # Bytes stand for 0 to 1, as in device/results.py.
    return output.astype(np.float32) / np.float32(255) if output.dtype == np.uint8 else output.astype(np.float32)


def _best(values: NDArray[np.float32], softmax: bool) -> NDArray[Any]:
    """Return the best classes; of equal ones the lower number first, as the app does it."""
    order = np.lexsort((np.arange(len(values)), -values))[:TOP]
    if softmax:
        powers = np.exp(values.astype(np.float64) - values.max())
        values = (powers / powers.sum()).astype(np.float32)
    rows = np.zeros(len(order), CLASS)
    rows["name"], rows["score"] = order, values[order]
    return rows


def _in_order(values: NDArray[Any], order: str) -> NDArray[Any]:
    """Return x, y, x, y ... of the values in another order (device/kinds/landmark.py)."""
    pairs = values.reshape(2, -1).T if len(order) > 2 else values.reshape(-1, 2)
    return (pairs[:, ::-1] if order[0] == "y" else pairs).reshape(-1)
