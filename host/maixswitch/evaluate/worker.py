"""A worker: measures pictures, one record each. It runs in this process, in another one, or on another machine."""

from __future__ import annotations

import atexit
import hashlib
import io
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from maixswitch import files
from maixswitch.sim.camera import upright

from .job import BOARD, BOXES, CLASSES, FACES, FLOAT, PAPER, POINTS, SWEEP, Job
from .records import BOX, CLASS, LINK, MISSING, NO_PICTURE, POINT, TOO_LARGE, Answer, Record
from .views.board import BoardView
from .views.float_view import FloatView
from .views.paper import Reader, planes

LARGEST_FILE = 256 << 20
MOST_PIXELS = 100_000_000
"""Of a picture. A larger one is most often a bomb, and would take more than 300 MB."""
ORIENTATION = 0x0112
"""EXIF's tag of how a picture is turned."""
DTYPES: dict[str, np.dtype[Any]] = {CLASSES: CLASS, BOXES: BOX, POINTS: POINT}


def dtype_of(task: str, view: str) -> np.dtype[Any]:
    """Return the type of the rows of a column."""
    if task == FACES:
        return np.dtype(np.int8) if view == BOARD else np.dtype("<f4")
    return DTYPES[task]


@dataclass(frozen=True)
class Item:
    """A picture to measure.

    data: the bytes of its file, if they travel with it; else the worker reads them from the folder.
    """

    key: str
    data: bytes | None = None


class Worker:
    """Measures pictures for one job. folder: of the data set, as this machine sees it."""

    def __init__(self, job: Job, folder: str) -> None:
        self._job = job
        self._folder = Path(folder)
        self._board: tuple[int, BoardView] | None = None
        self._floats = FloatView(job.float_file) if job.float_file is not None else None

    def measure(self, items: Sequence[Item]) -> list[bytes]:
        """Return the packed records. Raises MaixSwitchError if a model cannot be run at all."""
        records = {}
        answers: dict[str, list[Answer]] = {item.key: [] for item in items}
        # One model after the other: there is one fake board, and it holds one model.
        for index in range(len(self._job.networks)):
            board = self._view(index)
            for item in items:
                record, image = self._open(item)
                records[item.key] = record
                if image is not None:
                    answers[item.key] += self._answers(board, index, image)
        return [
            Record(**{**vars(record), "answers": tuple(answers[key]) if not record.error else ()}).packed()
            for key, record in records.items()
        ]

    def _view(self, index: int) -> BoardView:
        if self._board is None or self._board[0] != index:
            self.close()
            self._board = index, BoardView(self._job.networks[index], self._job)
        return self._board[1]

    def close(self) -> None:
        """Release the model on the fake board."""
        if self._board is not None:
            self._board[1].close()
            self._board = None

    def _open(self, item: Item) -> tuple[Record, Image.Image | None]:
        """Return the record of a picture without answers, and the upright picture, None if it is damaged."""
        path = self._folder / item.key
        size = changed = 0
        data = item.data
        if data is None:
            try:
                # A link in a stranger's data set must not bring another picture of this PC into a report.
                if files.leads_out(path, self._folder):
                    return Record(item.key, error=LINK), None
                about = path.stat()
                size, changed = about.st_size, about.st_mtime_ns
                if size > LARGEST_FILE:
                    return Record(item.key, size=size, changed=changed, error=TOO_LARGE), None
                data = path.read_bytes()
            except OSError:
                return Record(item.key, error=MISSING), None
        digest = hashlib.sha256(data).digest()
        record = Record(item.key, digest, size=size, changed=changed)
        try:
            with warnings.catch_warnings():
                # Damaged EXIF data and large pictures only warn; pictures that are too large are refused below.
                warnings.simplefilter("ignore")
                with Image.open(io.BytesIO(data)) as opened:
                    if opened.width * opened.height > MOST_PIXELS:
                        return Record(**{**vars(record), "error": TOO_LARGE}), None
                    turned = opened.getexif().get(ORIENTATION, 1)
                    image = upright(opened)
        except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError, KeyError, TypeError,
                Image.DecompressionBombError):  # fmt: skip
            # Pillow raises these for files that are cut off or nonsense.
            return Record(**{**vars(record), "error": NO_PICTURE}), None
        turned = turned if isinstance(turned, int) and 1 <= turned <= 8 else 1
        return Record(**{**vars(record), "width": image.width, "height": image.height, "turned": turned}), image

    def _answers(self, board: BoardView, index: int, image: Image.Image) -> list[Answer]:
        """Return the answers of one model's columns."""
        answers = []
        looked: Answer | None = None
        pixels = None
        for column in self._job.columns:
            if column.network != index:
                continue
            if looked is None and (column.view in (BOARD, SWEEP) or self._changes(board)):
                looked = board.look(image)
            if column.view in (PAPER, FLOAT) and pixels is None:
                pixels = self._pixels(board, image)
            if column.view == BOARD and looked is not None:
                answers.append(looked)
            elif column.view == SWEEP:
                answers.append(board.swept(column.nms))
            elif column.view == PAPER:
                answers.append(self._reader(board).read(self._network(board).run(pixels)))
            elif column.view == FLOAT and self._floats is not None and pixels is not None:
                answers.append(self._reader(board).read(self._floats.run(pixels)))
        return answers

    def _spec(self, board: BoardView) -> Any:
        """Return the spec of the network that is measured: of faces it is the stage that makes numbers of a face."""
        if self._job.task != FACES:
            return board.spec
        return next(stage for stage in board.spec.stages if stage.kind == "face")

    def _network(self, board: BoardView) -> Any:
        if self._job.task != FACES:
            return board.network
        network = self._job.networks[self._board[0] if self._board else 0]
        return board.engine.load(network.files[self._spec(board).kmodel.rpartition("/")[2]])

    def _reader(self, board: BoardView) -> Reader:
        return Reader(self._job.task, self._spec(board), board.grids)

    def _changes(self, board: BoardView) -> bool:
        """Does the model ask the firmware to change the picture ("pixels" of model.json)?"""
        return bool(board.spec.pixels) and self._job.task != FACES

    def _pixels(self, board: BoardView, image: Image.Image) -> Any:
        spec = self._spec(board)
        # Only the fakes have the formulas of these changes, so the network gets what it has just got on the board.
        if self._changes(board):
            return np.frombuffer(board.network.planes, np.uint8).reshape(spec.channels, spec.height, spec.width)
        return planes(image, spec)


_worker: tuple[Job, str, Worker] | None = None
_lock = Lock()
"""There is one fake board in a process, whatever threads a scheduler uses."""


@atexit.register
def release() -> None:
    """End the worker of this process, which releases its model."""
    global _worker
    last, _worker = _worker, None
    if last is not None:
        last[2].close()


def measure(job: Job, folder: str, items: Sequence[Item]) -> list[bytes]:
    """Measure with the worker of this process, which is made when a job first comes."""
    global _worker
    with _lock:
        if _worker is None or _worker[0] is not job or _worker[1] != folder:
            release()
            _worker = job, folder, Worker(job, folder)
        return _worker[2].measure(items)
