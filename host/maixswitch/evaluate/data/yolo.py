"""YOLO txt: a file for each picture with a line for each object: class, centre x, centre y, width, height as shares."""

from __future__ import annotations

from collections.abc import Sequence

from maixswitch.card.importing.labels import read_labels
from maixswitch.language import tr

from .listing import read_text
from .sample import BOXES, DataSet, Listing, Sample, TrueBox

NAME_FILES = ("data.yaml", "data.yml", "dataset.yaml", "classes.txt", "obj.names", "labels.txt", "_darknet.labels")
NAME_ENDINGS = (".yaml", ".yml", ".names")
LABELS, IMAGES = "labels", "images"
MOST_OBJECTS = 10_000
TRIED = 50
"""Files that are looked into before the format is decided."""


def read(listing: Listing) -> DataSet | None:
    """Return the data set, None if no text file beside a picture, or in a folder "labels", has such lines."""
    texts = frozenset(path for path in listing.others if path.lower().endswith(".txt"))
    pairs = {key: path for key in listing.pictures if (path := _labels_of(key, texts))}
    # Files without an object are empty, so some more are looked into.
    looked = [rows for path in sorted(pairs.values())[:TRIED] if (rows := _rows(read_text(listing.folder, path)))]
    if not pairs or not any(rows for rows in looked):
        return None
    names = _names(listing)
    samples, broken = [], []
    for key in listing.pictures:
        rows = _rows(read_text(listing.folder, pairs[key])) if key in pairs else []
        if rows is None:
            broken.append(pairs[key])
            continue
        boxes = tuple(TrueBox(names[row[0]] if row[0] < len(names) else str(row[0]), row[1]) for row in rows)
        samples.append(Sample(key, boxes=boxes, shares=True))
    notes = []
    if broken:
        notes.append(tr("label files that cannot be read: {count}, such as {path}", count=len(broken), path=broken[0]))
    bare = len(listing.pictures) - len(pairs)
    if bare:
        notes.append(tr("pictures without a label file, which count as empty: {count}", count=bare))
    return DataSet(listing.folder, "YOLO txt", BOXES, tuple(samples), tuple(names), tuple(notes))


def _labels_of(key: str, texts: frozenset[str]) -> str:
    """Return the path of the label file of a picture, "" if there is none."""
    folders, stem = key.split("/")[:-1], key.rpartition("/")[2].rpartition(".")[0]
    places = [folders]
    # Ultralytics: the last folder "images" of the path becomes "labels".
    if IMAGES in folders:
        at = len(folders) - 1 - folders[::-1].index(IMAGES)
        places.append([*folders[:at], LABELS, *folders[at + 1 :]])
    places += [[*folders, LABELS], [*folders[:-1], LABELS]]
    for place in places:
        path = "/".join([*place, f"{stem}.txt"])
        if path in texts:
            return path
    return ""


Row = tuple[int, tuple[float, float, float, float]]


def _rows(text: str) -> list[Row] | None:
    """Return (class, sides) of each line, [] for an empty file, None if a line is something else."""
    rows: list[Row] = []
    for line in text.splitlines()[:MOST_OBJECTS]:
        if not line.strip():
            continue
        try:
            number, *values = [float(part) for part in line.split()]
        except ValueError:
            return None
        # An outline has more pairs, and a detector's own output a score behind its box.
        if len(values) in (4, 5):
            x, y, w, h = values[:4]
            sides = (x - w / 2, y - h / 2, x + w / 2, y + h / 2)
        elif len(values) >= 6 and len(values) % 2 == 0:
            sides = (min(values[::2]), min(values[1::2]), max(values[::2]), max(values[1::2]))
        else:
            return None
        if number != int(number) or not 0 <= number < 10_000 or not all(-0.5 <= side <= 1.5 for side in sides):
            return None
        rows.append((int(number), sides))
    return rows


def _names(listing: Listing) -> Sequence[str]:
    """Return the classes in order, [] if no file states them."""

    def rank(path: str) -> tuple[int, int, str]:
        name = path.rpartition("/")[2].lower()
        return path.count("/"), NAME_FILES.index(name) if name in NAME_FILES else len(NAME_FILES), path

    candidates = [
        path
        for path in listing.others
        if path.rpartition("/")[2].lower() in NAME_FILES or path.lower().endswith(NAME_ENDINGS)
    ]
    for path in sorted(candidates, key=rank):
        names = read_labels(read_text(listing.folder, path).encode())
        if names:
            return names
    return []
