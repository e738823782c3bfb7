"""What is measured: everything that a worker must know, and that travels to it once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

CLASSES, BOXES, POINTS, FACES = "classes", "boxes", "points", "faces"
"""The tasks: what a model answers."""
BOARD, PAPER, FLOAT, SWEEP = "board", "paper", "float", "sweep"
"""The views. board: through the app and the firmware. paper: all that the network says, for a picture that is stretched
to its input. float: the network before it was converted, on the same pixels as paper. sweep: the board's view with the
lowest threshold, for one value of nms."""
WINDOW, FRAME = "window", "frame"
"""What a picture fills in the board's view: what the model sees of the camera's frame, or all of the frame."""
LOWEST = 0.01
"""The threshold of the views paper and float."""
LOWEST_SWEPT = 0.05
"""The lowest threshold of a sweep."""
MOST_BOXES = 100
"""Boxes of a picture in the views paper and float, as COCO counts them."""
TOP = 5


@dataclass(frozen=True)
class Network:
    """A model as the card has it.

    name: for reports. folder: its name on the card.
    files: name -> bytes of the files in its folder.
    kmodels: the file of the model and of each stage. firmware: the flavour that runs it.
    """

    name: str
    folder: str
    files: Mapping[str, bytes]
    kmodels: tuple[str, ...]
    firmware: str

    def digest(self) -> str:
        """Return the SHA-256 of the kmodel, and of the stages'."""
        return "+".join(hashlib.sha256(self.files[name]).hexdigest() for name in self.kmodels)


@dataclass(frozen=True)
class FloatFile:
    """The float network: its file, and the formula of its pixels as `maixswitch convert` takes it."""

    name: str
    data: bytes
    scale: float | None = None
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()


@dataclass(frozen=True)
class Column:
    """One answer for each picture. network: index. nms: of a sweep."""

    network: int
    view: str
    nms: float = 0.0


@dataclass(frozen=True)
class Job:
    """task: CLASSES, BOXES, POINTS or FACES. onto, fit: how a picture becomes the camera's, see views/board.py."""

    task: str
    networks: tuple[Network, ...]
    views: tuple[str, ...] = (BOARD, PAPER)
    float_file: FloatFile | None = None
    onto: str = WINDOW
    fit: str = "stretch"
    swept_nms: tuple[float, ...] = ()
    version: str = ""
    columns: tuple[Column, ...] = field(init=False)

    def __post_init__(self) -> None:
        columns = []
        for index, _ in enumerate(self.networks):
            columns += [Column(index, view) for view in self.views]
            columns += [Column(index, SWEEP, nms) for nms in self.swept_nms]
            # The float network is that of the first model.
            if index == 0 and self.float_file is not None:
                columns.append(Column(0, FLOAT))
        object.__setattr__(self, "columns", tuple(columns))

    def digest(self) -> str:
        """Return a SHA-256 of everything that decides about the answers."""
        total = hashlib.sha256()
        parts = [self.version, self.task, self.views, self.onto, self.fit, self.swept_nms]
        for network in self.networks:
            files = [(name, hashlib.sha256(data).hexdigest()) for name, data in sorted(network.files.items())]
            parts.append((network.folder, network.kmodels, network.firmware, files))
        if self.float_file is not None:
            item = self.float_file
            parts.append((hashlib.sha256(item.data).hexdigest(), item.scale, item.mean, item.std))
        total.update(repr(parts).encode())
        return total.hexdigest()
