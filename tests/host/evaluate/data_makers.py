"""Labelled pictures of the demo's shapes and digits, written in every format that `evaluate` reads."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from maixswitch.sim import pictures

Drawn = list[tuple[Image.Image, list[pictures.DrawnObject]]]
SEED = 777


def shapes(count: int) -> Drawn:
    """Return pictures with the shapes in them."""
    drawn = []
    for index in range(count):
        picture, objects = pictures.shape_picture(np.random.default_rng((SEED, index)))
        drawn.append((Image.fromarray(picture), objects))
    return drawn


def save(folder: Path, drawn: Drawn, where: str = "") -> list[str]:
    """Write the pictures; return their names."""
    (folder / where).mkdir(parents=True, exist_ok=True)
    names = [f"{index:04}.png" for index in range(len(drawn))]
    for name, (image, _) in zip(names, drawn, strict=True):
        image.save(folder / where / name, compress_level=1)
    return names


def write_voc(folder: Path, drawn: Drawn) -> None:
    """As LabelImg does; the field `filename` is that of before a renaming, and a size is 0."""
    names = save(folder, drawn, "JPEGImages")
    (folder / "Annotations").mkdir()
    for index, (name, (image, objects)) in enumerate(zip(names, drawn, strict=True)):
        width, height = (0, 0) if index == 1 else image.size
        rows = "".join(
            f"<object><name>{o.kind}</name><difficult>0</difficult><bndbox><xmin>{o.x + 1}</xmin><ymin>{o.y + 1}</ymin>"
            f"<xmax>{o.x + o.width}</xmax><ymax>{o.y + o.height}</ymax></bndbox></object>"
            for o in objects
        )
        text = (
            f"<annotation><filename>{'0000.png' if index else 'IMG_1.jpg'}</filename><size><width>{width}</width>"
            f"<height>{height}</height></size>{rows}</annotation>"
        )
        (folder / "Annotations" / name.replace(".png", ".xml")).write_text(text)


def write_yolo(folder: Path, drawn: Drawn) -> None:
    """As Ultralytics wants it, with the classes in another order than the model's."""
    names = save(folder, drawn, "test/images")
    save(folder, drawn[:1], "train/images")
    order = sorted(pictures.SHAPES)
    (folder / "data.yaml").write_text(f"train: ../train/images\nnc: 5\nnames: {order}\n")
    for part, some in (("test", drawn), ("train", drawn[:1])):
        (folder / part / "labels").mkdir()
        for name, (image, objects) in zip(names, some, strict=False):
            lines = [
                f"{order.index(o.kind)} {(o.x + o.width / 2) / image.width:.8f} "
                f"{(o.y + o.height / 2) / image.height:.8f} "
                f"{o.width / image.width:.8f} {o.height / image.height:.8f}\n"
                for o in objects
            ]
            (folder / part / "labels" / name.replace(".png", ".txt")).write_text("".join(lines))


def write_coco(folder: Path, drawn: Drawn) -> None:
    """As Roboflow exports it: an extra category, and ids in any order."""
    names = save(folder, drawn)
    ids = {kind: 7 - at for at, kind in enumerate(pictures.SHAPES)}
    images = [
        {"id": 100 - at, "file_name": name, "width": image.width, "height": image.height}
        for at, (name, (image, _)) in enumerate(zip(names, drawn, strict=True))
    ]
    annotations = [
        {"id": 1000 * at + number, "image_id": 100 - at, "category_id": ids[o.kind], "iscrowd": 0,
         "bbox": [o.x, o.y, o.width, o.height], "area": o.width * o.height}
        for at, (_, objects) in enumerate(drawn)
        for number, o in enumerate(objects)
    ]  # fmt: skip
    categories = [{"id": 0, "name": "shapes"}, *({"id": value, "name": kind} for kind, value in ids.items())]
    document = {"images": images[::-1], "annotations": annotations[::-1], "categories": categories}
    (folder / "_annotations.coco.json").write_text(json.dumps(document))


def write_csv(folder: Path, drawn: Drawn) -> None:
    """As TensorFlow's object detection wants it."""
    names = save(folder, drawn)
    with (folder / "labels.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("filename", "width", "height", "class", "xmin", "ymin", "xmax", "ymax"))
        for name, (image, objects) in zip(names, drawn, strict=True):
            rows.writerows(
                (name, image.width, image.height, o.kind, o.x, o.y, o.x + o.width, o.y + o.height) for o in objects
            )


BOX_FORMATS: dict[str, Callable[[Path, Drawn], None]] = {
    "VOC XML": write_voc,
    "YOLO txt": write_yolo,
    "COCO JSON": write_coco,
    "CSV": write_csv,
}


def digits(folder: Path, count: int, under: str = "") -> list[int]:
    """Write a folder for each digit; return the digits in the order of the pictures."""
    found = []
    for index in range(count):
        picture, digit = pictures.digit_picture(np.random.default_rng((SEED, index)), index % 10)
        place = folder / under / str(digit)
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(place / f"{index:04}.png", compress_level=1)
        found.append(digit)
    return found


def write_points(folder: Path, points: Sequence[Sequence[tuple[float, float]]], size: tuple[int, int]) -> None:
    """Write grey pictures and a table of their points in pixels."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "points.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("file", *(f"{axis}{at}" for at in range(len(points[0])) for axis in "xy")))
        for index, row in enumerate(points):
            Image.new("RGB", size, (90, 90, 90)).save(folder / f"{index}.png")
            rows.writerow((f"{index}.png", *(value for point in row for value in point)))
