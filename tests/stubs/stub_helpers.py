"""A board with models, and engines with prepared outputs: shared by the tests of the fake KPU."""

from __future__ import annotations

from typing import Any

import bench
import flavours
import KPU
import sensor
from benchlib import planes
from benchlib.models import kmodel_v3, kmodel_v4

ANCHORS = (1.889, 2.5245, 2.9465, 3.94056, 3.99987, 5.3658, 5.155437, 6.92275, 6.718375, 9.01025)


class Network:
    """A network with outputs that the test prepares."""

    version = 3
    input_shape = (3, 240, 320)
    first_is_conv = True
    layers = 2
    main_mem = 45000
    grid = (20, 15, 30)

    def __init__(self, outputs: list[Any], shapes: tuple[tuple[int, Any, str], ...]) -> None:
        self._outputs = outputs
        self.outputs = shapes
        self.seen: list[int] = []
        self.error: Exception | None = None

    def run(self, x: Any) -> list[Any]:
        self.seen.append(len(x))
        if self.error:
            raise self.error
        return self._outputs


class Engine:
    """An engine with one network for every file."""

    def __init__(self, network: Network | None = None, error: Exception | None = None) -> None:
        self.network = network
        self.error = error

    def load(self, data: Any) -> Any:
        if self.error:
            raise self.error
        return self.network


def power_on(flavour: str = flavours.DEFAULT) -> None:
    """Start a board with a camera and a card of models."""
    bench.reset(flavour)
    bench.card.insert(
        bench.MemoryCard(
            {
                "face.kmodel": kmodel_v3(size=388776),
                "conv.kmodel": kmodel_v3(last="conv", grid=(7, 7, 3)),
                "soft.kmodel": kmodel_v3((320, 240, 3), (7, 7, 3), "softmax", classes=3, size=1000000),
                "floats.kmodel": kmodel_v3(last="fc", floats=4, classes=3),
                "v4.kmodel": kmodel_v4(outputs=(36000, 40)),
                "a.kmodel.bak": kmodel_v3(),
            }
        )
    )
    sensor.reset()
    sensor.set_pixformat(sensor.RGB565)
    sensor.set_framesize(sensor.QVGA)


def yolo(task: Any, count: int = 5) -> Any:
    KPU.init_yolo2(task, 0.5, 0.3, count, ANCHORS[: 2 * count])
    return task


def start_camera(size: int = sensor.QVGA, pixformat: int = sensor.RGB565) -> None:
    sensor.reset()
    sensor.set_pixformat(pixformat)
    sensor.set_framesize(size)


class Stripes:
    """A source of frames with known pixels, which counts how often it is read."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, ...]] = []

    def grab(self, x: int, y: int, w: int, h: int, frame_w: int, frame_h: int, gray: bool) -> tuple[bytes, bytes]:
        self.asked.append((x, y, w, h, frame_w, frame_h))
        if gray:
            return b"", bytes((x + i) & 255 for _ in range(h) for i in range(w))
        pixels = bytearray()
        for j in range(h):
            for i in range(w):
                color = planes.rgb((x + i) & 255, (y + j) & 255, 0)
                pixels += bytes((color & 255, color >> 8))
        return bytes(pixels), bytes(planes.planes_of(pixels))
