"""VOC XML: a file for each picture, with objects and their boxes in pixels from 1, the last one inside."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from maixswitch.language import tr

from .listing import read_text
from .sample import BOXES, DataSet, Listing, Sample, TrueBox

MOST_OBJECTS = 10_000
DECLARED = re.compile(r"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)


def read(listing: Listing) -> DataSet | None:
    """Return the data set, None if no XML file is an annotation."""
    paths = [path for path in listing.others if path.lower().endswith(".xml")]
    parts = _parts(listing)
    samples: dict[str, Sample] = {}
    lost: list[str] = []
    broken: list[str] = []
    doubles = 0
    for path in paths:
        root = _parsed(read_text(listing.folder, path))
        if root is None:
            broken.append(path)
            continue
        if root.tag != "annotation":
            continue
        key = _picture(listing, path, root.findtext("filename", "").strip())
        if not key:
            lost.append(path)
        elif key in samples:
            doubles += 1
        else:
            part = parts.get(key.rpartition("/")[2].rpartition(".")[0], "")
            samples[key] = Sample(key, boxes=_boxes(root), size=_size(root), split=part)
    if not samples and not lost:
        return None
    notes = []
    if broken:
        notes.append(tr("XML files that cannot be read: {count}, such as {path}", count=len(broken), path=broken[0]))
    if lost:
        notes.append(tr("labels without a picture: {count}, such as {path}", count=len(lost), path=lost[0]))
    if doubles:
        notes.append(tr("second labels of a picture, which are not used: {count}", count=doubles))
    bare = len(listing.pictures) - len(samples)
    if bare:
        notes.append(tr("pictures without labels, which are not used: {count}", count=bare))
    ordered = tuple(samples[key] for key in sorted(samples))
    return DataSet(listing.folder, "VOC XML", BOXES, ordered, (), tuple(notes))


def _parts(listing: Listing) -> dict[str, str]:
    """Return the part of each picture that the lists of the challenges (ImageSets/Main/test.txt) name."""
    parts: dict[str, str] = {}
    for path in listing.others:
        if re.search(r"(?:^|/)ImageSets/Main/(?:train|val|test)\.txt$", path):
            name = path.rpartition("/")[2].removesuffix(".txt")
            for line in read_text(listing.folder, path).splitlines():
                parts[line.strip().split(" ")[0]] = name
    return parts


def _parsed(text: str) -> ElementTree.Element | None:
    # No tool writes declarations into such a file, and those of a stranger could blow up the memory.
    if DECLARED.search(text):
        return None
    try:
        return ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError):
        return None


def _picture(listing: Listing, path: str, filename: str) -> str:
    """Return the key of the picture of an annotation."""
    # The name of the file comes first: after renaming, the field still has the old name, which may exist, too.
    stem = path.rpartition("/")[2].rpartition(".")[0].casefold()
    return listing.nearest(listing.by_stem.get(stem, []), path) or (listing.picture(filename, path) if filename else "")


def _size(root: ElementTree.Element) -> tuple[int, int]:
    width, height = (_number(root.findtext(f"size/{side}")) for side in ("width", "height"))
    return (int(width), int(height)) if width and height and width > 0 and height > 0 else (0, 0)


def _boxes(root: ElementTree.Element) -> tuple[TrueBox, ...]:
    boxes = []
    for item in root.findall("object")[:MOST_OBJECTS]:
        sides = [_number(item.findtext(f"bndbox/{side}")) for side in ("xmin", "ymin", "xmax", "ymax")]
        left, top, right, bottom = sides
        if left is None or top is None or right is None or bottom is None or right < left or bottom < top:
            continue
        difficult = (item.findtext("difficult") or "").strip() == "1"
        name = (item.findtext("name") or "").strip()
        boxes.append(TrueBox(name, (left - 1, top - 1, right, bottom), difficult))
    return tuple(boxes)


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if abs(value) < 1e6 else None  # false for NaN, too
