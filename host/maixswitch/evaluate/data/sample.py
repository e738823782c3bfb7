"""A data set: its pictures and what is true of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

CLASSES, BOXES, POINTS = "classes", "boxes", "points"
"""What the labels of a data set are."""


@dataclass(frozen=True)
class TrueBox:
    """An object in a picture.

    name: of its class, as the data set writes it.
    sides: left, top, right, bottom; the right and bottom edges are outside. The sample says in which unit.
    difficult: the metrics of VOC leave it out. crowd: it stands for many objects (COCO).
    """

    name: str
    sides: tuple[float, float, float, float]
    difficult: bool = False
    crowd: bool = False


@dataclass(frozen=True)
class Sample:
    """A picture with its labels.

    key: its path in the folder of the data set, with "/".
    name: of its class, "" if the labels are no classes.
    points: x, y, x, y ...
    size: width and height of the picture that the labels were drawn on, (0, 0) if they do not say it.
    shares: whether sides and points are shares (0 to 1) of the picture; else they are pixels.
    split: the part of the data set, if a list says it and not the folder.
    """

    key: str
    name: str = ""
    boxes: tuple[TrueBox, ...] = ()
    points: tuple[float, ...] = ()
    size: tuple[int, int] = (0, 0)
    shares: bool = False
    split: str = ""

    def line(self) -> str:
        """Return the labels as one line, for the digest of the data set."""
        boxes = [(box.name, box.sides, box.difficult, box.crowd) for box in self.boxes]
        return repr((self.key, self.name, boxes, self.points, self.size, self.shares))


@dataclass(frozen=True)
class DataSet:
    """Labelled pictures in the order of their keys.

    labels: CLASSES, BOXES or POINTS.
    names: the classes in the data set's own order, () if it states none.
    notes: what the user should know, such as labels without a picture.
    """

    folder: Path
    format: str
    labels: str
    samples: tuple[Sample, ...]
    names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def classes(self) -> tuple[str, ...]:
        """Every class that the labels name: first in the data set's own order, then the others by name."""
        used = {box.name for sample in self.samples for box in sample.boxes} | {item.name for item in self.samples}
        return (*self.names, *sorted(used - {"", *self.names}))


@dataclass
class Listing:
    """The files below a folder.

    pictures: keys of all pictures, sorted. others: paths (with "/") of the other files, sorted.
    """

    folder: Path
    pictures: list[str]
    others: list[str]
    by_stem: dict[str, list[str]] = field(default_factory=dict)
    by_name: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for key in self.pictures:
            name = key.rpartition("/")[2]
            self.by_name.setdefault(name.casefold(), []).append(key)
            self.by_stem.setdefault(name.rpartition(".")[0].casefold(), []).append(key)

    def nearest(self, keys: list[str], path: str) -> str:
        """Return the key that shares most folders with a path, "" for none."""

        def shared(key: str) -> int:
            pairs = zip(key.split("/")[:-1], path.split("/")[:-1], strict=False)
            return sum(a == b for a, b in pairs)

        # Of equally near keys, the first by name.
        return max(keys, key=lambda key: (shared(key), [-ord(letter) for letter in key]), default="")

    def picture(self, path: str, beside: str) -> str:
        """Return the key of the picture that a file of labels names, "" if there is none.

        path: as it was written, perhaps of another PC. beside: the path of the file of labels.
        """
        plain = path.replace("\\", "/").removeprefix("./").lstrip("/")
        base = beside.rpartition("/")[0]
        for key in (f"{base}/{plain}" if base else plain, plain):
            if key in self._known:
                return key
        return self.nearest(self.by_name.get(plain.rpartition("/")[2].casefold(), []), f"{base}/{plain}")

    @property
    def _known(self) -> frozenset[str]:
        known: frozenset[str] | None = self.__dict__.get("known")
        if known is None:
            known = self.__dict__["known"] = frozenset(self.pictures)
        return known
