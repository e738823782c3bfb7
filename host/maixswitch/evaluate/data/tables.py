"""CSV: a line for each picture with its class or its points, or for each box."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence

from maixswitch.language import tr

from .listing import LARGEST_LIST, read_text
from .sample import BOXES, CLASSES, POINTS, DataSet, Listing, Sample, TrueBox

PATH = ("filename", "file", "path", "image", "image_path", "img", "picture", "file_name", "id", "image_id")
CLASS = ("class", "label", "category", "name", "class_name")
SIDES = (
    ("xmin", "ymin", "xmax", "ymax"),
    ("x1", "y1", "x2", "y2"),
    ("x_min", "y_min", "x_max", "y_max"),
    ("left", "top", "right", "bottom"),
)
MOST_POINTS = 512
Rows = Sequence[Sequence[str]]


def read(listing: Listing) -> DataSet | None:
    """Return the data set, None if no CSV file names pictures of the folder."""
    for path in listing.others:
        if not path.lower().endswith((".csv", ".tsv")):
            continue
        text = read_text(listing.folder, path, LARGEST_LIST)
        try:
            rows = [row for row in csv.reader(io.StringIO(text), _dialect(text)) if any(row)]
        except csv.Error:
            continue
        found = _data_set(listing, path, rows)
        if found is not None:
            return found
    return None


def _dialect(text: str) -> type[csv.Dialect]:
    class Chosen(csv.excel):
        delimiter = max(",;\t", key=text[:4096].count)

    return Chosen


def _data_set(listing: Listing, path: str, rows: Rows) -> DataSet | None:
    head = [cell.strip().casefold() for cell in rows[0]] if rows else []
    columns: dict[str, int] | None = {name: at for at, name in reversed(list(enumerate(head)))}
    at = next((head.index(name) for name in PATH if name in head), None)
    if at is None:
        # Without a head: path, class, or path, x1, y1, x2, y2, class, or path and points.
        columns, at = _by_position(rows), 0
    else:
        rows = rows[1:]
    if columns is None or not rows:
        return None
    by_key: dict[str, list[Sequence[str]]] = {}
    lost: list[str] = []
    for row in rows:
        name = row[at].strip() if len(row) > at else ""
        key = listing.picture(name, path) if name else ""
        if not key and name:  # Kaggle's tables leave the ending out
            key = listing.nearest(listing.by_stem.get(name.rpartition("/")[2].casefold(), []), path)
        if key:
            by_key.setdefault(key, []).append(row)
        else:
            lost.append(name)
    if not by_key or len(lost) > len(rows) / 2:
        return None
    notes = [tr("labels without a picture: {count}, such as {path}", count=len(lost), path=lost[0])] if lost else []
    bare = len(listing.pictures) - len(by_key)
    if bare:
        notes.append(tr("pictures without labels, which are not used: {count}", count=bare))
    return _samples(listing, columns, at, by_key, notes)


def _by_position(rows: Rows) -> dict[str, int] | None:
    row = rows[0] if rows else ()
    numbers = [_number(cell) is not None for cell in row]
    if len(row) == 2:
        return {"class": 1}
    if len(row) == 6 and all(_number(cell) is not None or not cell for cell in row[1:5]) and not numbers[5]:
        return {"x1": 1, "y1": 2, "x2": 3, "y2": 4, "class": 5}
    if len(row) >= 5 and len(row) % 2 and all(numbers[1:]):
        return {f"p{at}": at for at in range(1, len(row))}
    return None


def _samples(
    listing: Listing,
    columns: Mapping[str, int],
    at: int,
    by_key: Mapping[str, Sequence[Sequence[str]]],
    notes: Sequence[str],
) -> DataSet | None:
    class_at = next((columns[name] for name in CLASS if name in columns and columns[name] != at), None)
    # The columns x1, y1, x2, y2 may also be two of many points.
    more = [name for name in columns if re.fullmatch(r"[xy]_?\d+", name) and name not in SIDES[1]]
    sides = [names for names in SIDES if all(n in columns for n in names) and not (names == SIDES[1] and more)]
    sides_at = [columns[name] for name in sides[0]] if sides else None
    size_at = [columns[name] for name in ("width", "height") if name in columns]
    samples = []
    if sides_at is not None:
        for key, rows in sorted(by_key.items()):
            boxes = [box for row in rows if (box := _box(row, sides_at, class_at)) is not None]
            size = [_number(_cell(rows[0], column)) or 0 for column in size_at]
            plain = (int(size[0]), int(size[1])) if len(size) == 2 else (0, 0)
            shares = bool(boxes) and all(0 <= side <= 1 for box in boxes for side in box.sides)
            samples.append(Sample(key, boxes=tuple(boxes), size=plain, shares=shares))
        return DataSet(listing.folder, "CSV", BOXES, tuple(samples), (), tuple(notes))
    if class_at is not None:
        samples = [Sample(key, _cell(rows[0], class_at)) for key, rows in sorted(by_key.items())]
        return DataSet(listing.folder, "CSV", CLASSES, tuple(samples), (), tuple(notes))
    point_at = sorted(column for name, column in columns.items() if column != at)[:MOST_POINTS]
    for key, rows in sorted(by_key.items()):
        values = [_number(_cell(rows[0], column)) for column in point_at]
        points = tuple(value for value in values if value is not None)
        if len(points) < len(values) or len(points) < 4 or len(points) % 2:
            return None
        samples.append(Sample(key, points=points, shares=all(0 <= value <= 1 for value in points)))
    return DataSet(listing.folder, "CSV", POINTS, tuple(samples), (), tuple(notes))


def _box(row: Sequence[str], sides_at: Sequence[int], class_at: int | None) -> TrueBox | None:
    # RetinaNet's tables have a line with empty cells for a picture without an object.
    values = [_number(_cell(row, column)) for column in sides_at]
    if None in values:
        return None
    left, top, right, bottom = [value for value in values if value is not None]
    if right < left or bottom < top:
        return None
    return TrueBox(_cell(row, class_at) if class_at is not None else "", (left, top, right, bottom))


def _cell(row: Sequence[str], at: int) -> str:
    return row[at].strip() if len(row) > at else ""


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < 1e6 else None
