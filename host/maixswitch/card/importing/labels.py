"""Read lists of labels and of anchors, in the five forms that training tools write."""

from __future__ import annotations

import re
from typing import Any

from .literals import decode, from_json, literal, numbers, read_script

LABEL_NAMES = ("labels", "label", "classes", "class_names", "classes_name", "names", "obj_name")
ANCHOR_NAMES = ("anchors", "anchor", "anchor_in")
MAX_LABELS = 2000
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?")
SEPARATORS = re.compile(r"[\s,;()\[\]]*")


def read_labels(data: bytes) -> list[str] | None:
    """Read the labels of a file: a JSON list, a Python list, ``labels = [...]``, with commas, or one per line.

    Blank lines are left out; lines may end in CRLF.
    Returns None if the file holds no labels or more than 2000.
    """
    text = decode(data)
    if text is None:
        return None
    text = text.strip()
    if not text:
        return None
    labels = _listed(text)
    # A text that begins like a list but is none is damaged. As plain lines its brackets would become labels.
    if labels is not None or text[0] == "[":
        return labels
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line]
    # In a file of several lines a comma is part of a label, such as "bird, small".
    if len(lines) == 1 and "," in lines[0]:
        lines = [part.strip().strip("\"'") for part in lines[0].split(",")]
        lines = [part for part in lines if part]
    return lines if 0 < len(lines) <= MAX_LABELS else None


def _listed(text: str) -> list[str] | None:
    """Return the labels of a list or an assignment, None for plain lines."""
    if text[0] in "[(":
        # JSON comes first, because it is stricter, and Python's literals do not include true and null.
        for read in (from_json, literal):
            try:
                labels = strings(read(text))
            except ValueError:
                continue
            if labels:
                return labels
        return None
    if "=" in text and "[" in text:
        for value in read_script(text).values:
            labels = strings(value.value)
            if value.name.lower() in LABEL_NAMES and labels:
                return labels
    return None


def strings(value: Any) -> list[str] | None:
    """Return a list of texts, or of whole numbers as texts; None for anything else."""
    if not isinstance(value, (list, tuple)) or not 0 < len(value) <= MAX_LABELS:
        return None
    # Digits are common class names, so whole numbers are accepted; True and False, which are numbers too, are not.
    if any(isinstance(item, bool) or not isinstance(item, (str, int)) for item in value):
        return None
    try:
        texts = [str(item).strip() for item in value]
    except ValueError:  # Python refuses to print an integer of thousands of digits.
        return None
    # The board refuses an empty label.
    return texts if all(texts) else None


def read_anchors(data: bytes) -> list[float] | None:
    """Read the anchors of a file: a list, nested or not, ``anchors = [...]``, or numbers with commas or blanks between.

    Returns an even number of finite numbers above 0, in grid cells or fractions of the picture; None for anything else.
    """
    text = decode(data)
    if text is None or not text.strip():
        return None
    text = text.strip()
    # Try a script first: the reader of plain numbers would refuse the name of the variable.
    if "=" in text:
        for value in read_script(text).values:
            if value.name.lower() in ANCHOR_NAMES:
                return anchors(value.value)
    return anchors(_plain(text))


def anchor_lines(data: bytes) -> list[list[float]]:
    """Read a file with one list of anchors per line; [] if a line holds anything else."""
    text = decode(data)
    lists = []
    for line in (text or "").splitlines():
        if line.strip():
            values = anchors(_plain(line))
            if values is None:
                # After one strange line the meaning of the others is doubtful, too.
                return []
            lists.append(values)
    return lists


def _plain(text: str) -> list[float] | None:
    """Return numbers with only separators between them, None for any other text."""
    # A text with other words is prose, whose numbers are not anchors.
    if len(text) > 64 << 10 or SEPARATORS.sub("", NUMBER.sub(" ", text)).strip():
        return None
    return [float(number) for number in NUMBER.findall(text)]


def anchors(value: Any) -> list[float] | None:
    """Return an even number of finite numbers above 0 from nested lists; None for anything else."""
    values = numbers(value)
    if not values or len(values) % 2 or min(values) <= 0:
        return None
    return values
