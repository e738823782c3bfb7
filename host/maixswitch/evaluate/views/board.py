"""A model's answers as the board gives them: the app's own code on the fakes of the firmware, with the emulator."""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import copy
from typing import Any

import numpy as np
from PIL import Image

from maixswitch import board_code
from maixswitch.errors import MaixSwitchError
from maixswitch.evaluate.job import BOXES, CLASSES, FACES, LOWEST_SWEPT, TOP, Job, Network
from maixswitch.evaluate.records import BOX, CLASS, POINT, Answer
from maixswitch.kmodel.judge import firmware as firmwares
from maixswitch.language import tr

from .camera import DataCamera
from .networks import Networks, Remembered

CROWD = re.compile(r"found (\d+) boxes, its array holds (\d+)")
"""The fake's words when a detector finds more boxes than run_yolo2 of MaixPy has room for (stubs/KPU.py)."""


class _Kpu:
    """The app's adapter, with an ear for the faces that are encoded. faces: those of the present picture."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.faces: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def encode(self, numbers: Sequence[float]) -> Any:
        packed = (self._inner.encode or board_code.faces().encode)(numbers)
        self.faces.append(bytes(packed))
        return packed


class _Unlimited:
    """Results as the decoders see them, but without the limit of ten and with exact scores.

    A higher threshold may leave any ten of the boxes. rows: of BOX.
    """

    def __init__(self, results: Any) -> None:
        self._results = results
        self.count = 0
        self.rows: list[tuple[Any, ...]] = []

    def put(self, x: int, y: int, w: int, h: int, class_id: int, value: float) -> None:
        self._results.count = 0
        self._results.put(x, y, w, h, class_id, value)
        if self._results.count:
            self.rows.append(_row(self._results.items[0], value))


class BoardView:
    """One model on the one fake board of this process; another view ends it.

    network: its remembered inputs and outputs.
    """

    def __init__(self, network: Network, job: Job) -> None:
        """Raise MaixSwitchError if the app cannot load the model."""
        firmware = firmwares.find(network.firmware)
        bench = self._bench = board_code.bench(firmware.interface)
        bench.install()
        bench.reset(network.firmware)
        self.engine = bench.kpu.engine = Networks(firmware.runtime)
        self._camera = bench.camera.source = DataCamera(job.onto, job.fit)
        bench.card.insert(
            bench.MemoryCard({f"models/{network.folder}/{name}": data for name, data in network.files.items()})
        )
        self._task = job.task
        self._kpu = _Kpu(board_code.open_kpu())
        # No frame of the camera was shown yet; starting it needs one.
        self._camera.show(Image.new("RGB", (8, 8)))
        try:
            self._path = board_code.picture_path(self._kpu, TOP)
        except Exception as error:  # whatever the app's own code and the fakes raise at a load
            reason = str(board_code.device_errors().from_exception(error))
            raise MaixSwitchError(
                tr("{name}: the board cannot load it: {reason}", name=network.name, reason=reason)
            ) from error
        self.spec = self._path.spec
        self._picture: Any = None
        self._decoders: dict[float, tuple[_Unlimited, Any]] = {}
        self._name = network.name
        self.network: Remembered = self.engine.load(network.files[network.kmodels[0]])

    def close(self) -> None:
        """Release the model. A board that goes with a model loaded complains."""
        self._path.close()

    @property
    def own_decoder(self) -> bool:
        """Does the app decode the boxes, because the firmware does not?"""
        pairs = self._kpu.ANCHOR_PAIRS
        return self.spec.kind != "yolo2" or not self.spec.labels or pairs not in (None, len(self.spec.anchors) // 2)

    @property
    def grids(self) -> tuple[tuple[int, int], ...]:
        """(columns, rows) of each output of a detector, () for any other model."""
        spec, network = self.spec, self.network
        if not spec.anchors:
            return ()
        if spec.kind != "yolo2":
            return tuple(spec.grid)
        # The file says it, model.json says it, or the usual stride is meant (device/kinds/yolo2.py).
        grid = network.grid or spec.grid or (spec.width // 32, spec.height // 32)
        return ((grid[0], grid[1]),)

    def look(self, image: Image.Image) -> Answer:
        """Return the answer to an upright RGB picture. MaixSwitchError if the board would end with a fault."""
        self._camera.show(image)
        self._kpu.faces.clear()
        path = self._path
        results = path.results
        total = 0
        try:
            picture = path.snapshot()
            self._picture = path.prepare(picture) if path.prepare else picture
            path.run(self._picture)
        except self._bench.HardFault as error:
            crowd = CROWD.search(str(error))
            if crowd is None:
                raise MaixSwitchError(
                    tr("{name}: the board would crash: {reason}", name=self._name, reason=error)
                ) from error
            total = int(crowd[1])
            self._put_first_ten()
        except Exception as error:  # the errors of the firmware are OSError, ValueError and others
            reason = str(board_code.device_errors().from_exception(error))
            raise MaixSwitchError(tr("{name}: {reason}", name=self._name, reason=reason)) from error
        count = results.count
        items = results.items[:count]
        size = path.width, path.height
        if self._task == CLASSES:
            return Answer(_classes(items), found=count)
        if self._task == BOXES:
            return Answer(_boxes(items), *size, total or count)
        if self._task == FACES:
            return Answer(self._face(items), found=count)
        points = results.extra
        return Answer(np.array([*zip(points.xs, points.ys, strict=True)][: points.count], POINT).reshape(-1), *size)

    def _face(self, items: Sequence[Any]) -> Any:
        """Return the packed face in the largest box, empty without a box."""
        faces = self._kpu.faces
        if not faces:
            return np.zeros(0, np.int8)
        areas = [item.w * item.h for item in items[: len(faces)]]
        return np.frombuffer(faces[areas.index(max(areas))], np.int8)

    def _put_first_ten(self) -> None:
        """Fill the results with what is left in the firmware's array when it has written past its end."""
        results = self._path.results
        results.count = 0
        for box in self._decoded(self.spec.threshold, self.spec.nms)[: board_code.shapes().CAP]:
            results.put(*box)

    def _decoded(self, threshold: float, nms: float) -> list[tuple[int, int, int, int, int, float]]:
        """Return the boxes of the firmware's decoder in its order, for the last picture."""
        spec = self.spec
        grid = self.grids[0]
        raw = self.network.answers[0].tolist()
        boxes: list[tuple[int, int, int, int, int, float]] = board_code.region().decode(
            raw, grid[0], grid[1], len(spec.labels), spec.anchors, threshold, nms, spec.width, spec.height
        )
        return boxes

    def swept(self, nms: float) -> Answer:
        """Return the boxes of the last picture above LOWEST_SWEPT with this nms, in the order of the firmware."""
        path = self._path
        if self.own_decoder:
            if nms not in self._decoders:
                boxes = _Unlimited(path.results)
                self._decoders[nms] = boxes, self._decoder(nms, boxes)
            boxes, run = self._decoders[nms]
            boxes.rows.clear()
            run(self._picture)
        else:
            boxes = _Unlimited(path.results)
            for box in self._decoded(LOWEST_SWEPT, nms):
                boxes.put(*box)
        return Answer(np.array(boxes.rows, BOX), path.width, path.height, len(boxes.rows))

    def _decoder(self, nms: float, boxes: _Unlimited) -> Any:
        """Return the app's own decoder with the lowest threshold, which puts its boxes into `boxes`."""
        spec = copy(self.spec)
        spec.threshold, spec.nms = LOWEST_SWEPT, nms
        softmax = spec.kind == "yolo2"
        return board_code.heads().decoder(self._kpu, self._path.task, spec, boxes, self.grids, softmax)


def _row(item: Any, score: float) -> tuple[Any, ...]:
    return max(item.class_id, 0), score, (item.x, item.y, item.x + item.w, item.y + item.h)


def _boxes(items: Sequence[Any]) -> Any:
    return np.array([_row(item, item.score / 1000) for item in items if item.class_id >= 0], BOX)


def _classes(items: Sequence[Any]) -> Any:
    return np.array([(item.class_id, item.score / 1000) for item in items], CLASS)
