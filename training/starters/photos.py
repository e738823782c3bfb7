"""Reads a folder of labelled pictures, divides it, and makes every batch a little different; numpy and Pillow only."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray
from PIL import Image

ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
BATCH = 32
HELD_BACK = 5
"""Every fifth picture is never trained on: the accuracy is measured with these."""
NARROWEST = 0.9
"""The window onto a picture loses at most the rest of this at each side. One of 0.8 cut digits beyond recognition."""

Points = NDArray[np.float32]


@dataclass(frozen=True)
class Photos:
    """Pictures and what is in them.

    images: uint8 (n, height, width, 3).
    points: for each picture float32 (k, 2), x and y as shares of its size: landmarks, or the upper left and lower right
        corners of its boxes in turn; none for a classifier.
    classes: for each picture the class of each of its boxes, or the one class of the picture.
    names: of the classes.
    """

    images: NDArray[np.uint8]
    points: list[Points]
    classes: list[list[int]]
    names: list[str]

    def part(self, chosen: Sequence[int]) -> Photos:
        """Return some of the pictures."""
        points, classes = ([values[index] for index in chosen] for values in (self.points, self.classes))
        return replace(self, images=self.images[list(chosen)], points=points, classes=classes)

    def divided(self) -> tuple[Photos, Photos]:
        """Return the pictures to train on, and every fifth one, to measure with."""
        every = range(len(self.images))
        return self.part([i for i in every if i % HELD_BACK]), self.part(every[::HELD_BACK])

    def batches(self, seed: int) -> Iterator[tuple[NDArray[np.float32], list[Points], list[list[int]]]]:
        """Yield for ever BATCH pictures, float32 (n, height, width, 3) 0..1, with their points and classes.

        Each picture is seen through a window that holds all its points, and in other light.
        """
        rng = np.random.default_rng(seed)
        height, width = self.images.shape[1:3]
        while True:
            chosen = rng.integers(len(self.images), size=BATCH)
            images, points = np.empty((BATCH, height, width, 3), np.float32), []
            for at, index in enumerate(chosen):
                low, high = _window(rng, self.points[index])
                box = (*(low * (width, height)), *(high * (width, height)))
                images[at] = Image.fromarray(self.images[index]).resize((width, height), Image.Resampling.BILINEAR, box)
                points.append(((self.points[index] - low) / (high - low)).astype(np.float32))
            light = rng.uniform(0.7, 1.2, (BATCH, 1, 1, 3)) * rng.uniform(0.8, 1.1, (BATCH, 1, 1, 1)) / 255
            images = images * light.astype(np.float32) + rng.uniform(-0.05, 0.05, (BATCH, 1, 1, 1)).astype(np.float32)
            yield np.clip(images, 0, 1), points, [self.classes[index] for index in chosen]


def options(description: str | None, steps: int) -> argparse.Namespace:
    """Parse the command line that all starters have."""
    arguments = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folder", type=Path, help="the pictures")
    arguments.add_argument("name", help="of the files to write, without an ending")
    arguments.add_argument("--steps", type=int, default=steps, help=f"batches of {BATCH} pictures; default: {steps}")
    arguments.add_argument("--seed", type=int, default=1)
    return arguments.parse_args()


def write_labels(name: str, names: Sequence[str]) -> None:
    """Write NAME.labels.txt: a class in each line."""
    Path(f"{name}.labels.txt").write_text("\n".join(names) + "\n", encoding="utf-8")


def of_classes(folder: Path, width: int, height: int) -> Photos:
    """Read a folder that holds a folder for each class. The classes are in the order of their folders' names."""
    names = sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    paths = [(path, number) for number, name in enumerate(names) for path in _pictures(folder / name)]
    images = _load([path for path, _ in paths], folder, width, height)
    return Photos(images, [np.empty((0, 2), np.float32)] * len(paths), [[number] for _, number in paths], names)


def of_boxes(folder: Path, width: int, height: int) -> Photos:
    """Read pictures with boxes: NAME.xml (Pascal VOC) or NAME.txt (YOLO) beside each; classes.txt names YOLO's classes.

    A picture that has neither file is left out; one with an empty file teaches what is not an object.
    """
    paths = [p for p in _pictures(folder) if p.with_suffix(".xml").exists() or p.with_suffix(".txt").exists()]
    rows = [_voc(p.with_suffix(".xml")) if p.with_suffix(".xml").exists() else _yolo(p) for p in paths]
    listed = folder / "classes.txt"
    names = (
        listed.read_text(encoding="utf-8").split() if listed.exists() else sorted({r[0] for row in rows for r in row})
    )
    # YOLO's files number the classes; VOC's name them.
    numbers = {name: number for number, name in enumerate(names)} | {str(n): n for n in range(len(names))}
    points = [np.array([row[1:] for row in rows_], np.float32).reshape(-1, 2).clip(0, 1) for rows_ in rows]
    classes = [[numbers[row[0]] for row in rows_] for rows_ in rows]
    return Photos(_load(paths, folder, width, height), points, classes, names)


def of_points(folder: Path, width: int, height: int) -> Photos:
    """Read pictures with landmarks: points.csv holds name,x,y,x,y,... in pixels of each picture."""
    with (folder / "points.csv").open(newline="", encoding="utf-8") as table:
        rows = [row for row in csv.reader(table) if row]
    paths, points = [folder / row[0] for row in rows], []
    for path, row in zip(paths, rows, strict=True):
        with Image.open(path) as image:
            points.append((np.array(row[1:], np.float32).reshape(-1, 2) / image.size).astype(np.float32))
    return Photos(_load(paths, folder, width, height), points, [[] for _ in paths], [])


def _pictures(folder: Path) -> list[Path]:
    # macOS puts a ._NAME beside each file on a card; it is no picture.
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in ENDINGS and not p.name.startswith("."))


def _load(paths: list[Path], folder: Path, width: int, height: int) -> NDArray[np.uint8]:
    if len(paths) < HELD_BACK:
        raise SystemExit(f"{folder}: {len(paths)} labelled pictures; expected some hundred, see docs/networks.md")
    images = np.empty((len(paths), height, width, 3), np.uint8)
    for index, path in enumerate(paths):
        with Image.open(path) as image:
            images[index] = image.convert("RGB").resize((width, height))
    print(f"{len(paths)} pictures, every {HELD_BACK}th held back", flush=True)
    return images


def _yolo(picture: Path) -> list[tuple[str, float, float, float, float]]:
    rows = [line.split() for line in picture.with_suffix(".txt").read_text(encoding="utf-8").splitlines() if line]
    boxes = [(kind, *map(float, numbers)) for kind, *numbers in rows]
    return [(kind, x - w / 2, y - h / 2, x + w / 2, y + h / 2) for kind, x, y, w, h in boxes]


def _voc(path: Path) -> list[tuple[str, float, float, float, float]]:
    root = ElementTree.parse(path).getroot()
    width, height = (float(root.findtext(f"size/{side}", "0")) for side in ("width", "height"))
    rows = []
    for item in root.iter("object"):
        left, top, right, bottom = (float(item.findtext(f"bndbox/{s}", "0")) for s in ("xmin", "ymin", "xmax", "ymax"))
        rows.append((item.findtext("name", ""), left / width, top / height, right / width, bottom / height))
    return rows


def _window(rng: np.random.Generator, points: Points) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the upper left and lower right corner, as shares of the picture, of a window that holds all points."""
    low, high = rng.uniform(0, 1 - NARROWEST, 2), rng.uniform(NARROWEST, 1, 2)
    if len(points):
        low, high = np.minimum(low, points.min(0).clip(0)), np.maximum(high, points.max(0).clip(None, 1))
    return low, high
