"""COCO JSON: one file with images, annotations and categories; boxes are x, y, width, height in pixels from 0."""

from __future__ import annotations

import json
from typing import Any

from maixswitch.language import tr

from .listing import LARGEST_LIST, read_text
from .sample import BOXES, POINTS, DataSet, Listing, Sample, TrueBox


def read(listing: Listing) -> DataSet | None:
    """Return the data set, None if no JSON file has images, annotations and categories."""
    samples: dict[str, Sample] = {}
    names: dict[str, None] = {}
    lost: list[str] = []
    found = False
    for path in listing.others:
        document = _document(listing, path) if path.lower().endswith(".json") else None
        if document is None:
            continue
        found = True
        names.update(dict.fromkeys(_categories(document).values()))
        for sample, file_name in _samples(document, listing, path):
            if sample is None:
                lost.append(file_name)
            else:
                samples.setdefault(sample.key, sample)
    if not found:
        return None
    notes = [tr("labels without a picture: {count}, such as {path}", count=len(lost), path=lost[0])] if lost else []
    bare = len(listing.pictures) - len(samples)
    if bare:
        notes.append(tr("pictures without labels, which are not used: {count}", count=bare))
    labels = POINTS if any(sample.points for sample in samples.values()) else BOXES
    ordered = tuple(samples[key] for key in sorted(samples))
    return DataSet(listing.folder, "COCO JSON", labels, ordered, tuple(names), tuple(notes))


def _document(listing: Listing, path: str) -> dict[str, Any] | None:
    try:
        document = json.loads(read_text(listing.folder, path, LARGEST_LIST))
    except (ValueError, RecursionError):
        return None
    lists = ("images", "annotations", "categories")
    if not isinstance(document, dict) or not all(isinstance(document.get(name), list) for name in lists):
        return None
    return document


def _categories(document: dict[str, Any]) -> dict[Any, str]:
    """Return id -> name in the order of the ids."""
    rows = [row for row in document["categories"] if isinstance(row, dict) and isinstance(row.get("id"), int)]
    return {row["id"]: str(row.get("name", row["id"])) for row in sorted(rows, key=lambda row: row["id"])}


def _samples(document: dict[str, Any], listing: Listing, path: str) -> list[tuple[Sample | None, str]]:
    """Return (sample, file name) of each image; the sample is None if its picture is missing."""
    categories = _categories(document)
    boxes: dict[Any, list[TrueBox]] = {}
    points: dict[Any, tuple[float, ...]] = {}
    for row in document["annotations"]:
        if not isinstance(row, dict) or not isinstance(row.get("image_id"), int | str):
            continue
        sides = _numbers(row.get("bbox"))
        category = row.get("category_id")
        name = categories.get(category, str(category)) if isinstance(category, int) else ""
        if len(sides) == 4 and sides[2] >= 0 and sides[3] >= 0:
            x, y, w, h = sides
            # "ignore" of other tools means what "difficult" means in VOC.
            box = TrueBox(name, (x, y, x + w, y + h), bool(row.get("ignore")), row.get("iscrowd") == 1)
            boxes.setdefault(row["image_id"], []).append(box)
        marks = _numbers(row.get("keypoints"))
        if marks and len(marks) % 3 == 0:
            points.setdefault(row["image_id"], tuple(v for at, v in enumerate(marks) if at % 3 < 2))
    result: list[tuple[Sample | None, str]] = []
    for row in document["images"]:
        if not isinstance(row, dict) or not isinstance(row.get("id"), int | str):
            continue
        file_name = str(row.get("file_name", ""))
        key = listing.picture(file_name, path)
        size = _numbers([row.get("width"), row.get("height")])
        plain = (int(size[0]), int(size[1])) if len(size) == 2 and min(size) > 0 else (0, 0)
        own = tuple(boxes.get(row["id"], ()))
        sample = Sample(key, boxes=own, points=points.get(row["id"], ()), size=plain) if key else None
        result.append((sample, file_name))
    return result


def _numbers(value: Any) -> list[float]:
    """Return a list of numbers as floats, [] for anything else."""
    if not isinstance(value, list) or not all(
        isinstance(v, int | float) and not isinstance(v, bool) and abs(v) < 1e6 for v in value
    ):
        return []
    return [float(v) for v in value]
