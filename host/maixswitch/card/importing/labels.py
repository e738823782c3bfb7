"""Lists of labels and of anchors, in the five spellings that trainers write."""

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
    """Labels of a file: a JSON list, a Python list, ``labels = [...]``, commas, or one a line; None where it is none.

    At most 2000, blank ones left out; lines may end in CRLF.
    """
    text = decode(data)
    if text is None:
        return None
    text = text.strip()
    if not text:
        return None
    found = _listed(text)
    if found is not None or text[0] == "[":
        return found
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line]
    if len(lines) == 1 and "," in lines[0]:
        lines = [part.strip().strip("\"'") for part in lines[0].split(",")]
        lines = [part for part in lines if part]
    return lines if 0 < len(lines) <= MAX_LABELS else None


def _listed(text: str) -> list[str] | None:
    """Labels out of a list or an assignment, None for plain lines."""
    if text[0] in "[(":
        for read in (from_json, literal):
            try:
                found = strings(read(text))
            except ValueError:
                continue
            if found:
                return found
        return None
    if "=" in text and "[" in text:
        for value in read_script(text).values:
            found = strings(value.value)
            if value.name.lower() in LABEL_NAMES and found:
                return found
    return None


def strings(value: Any) -> list[str] | None:
    """A list of texts, or of whole numbers as texts; None for anything else."""
    if not isinstance(value, (list, tuple)) or not 0 < len(value) <= MAX_LABELS:
        return None
    if any(isinstance(item, bool) or not isinstance(item, (str, int)) for item in value):
        return None
    try:
        found = [str(item).strip() for item in value]
    except ValueError:  # an integer of thousands of digits
        return None
    return found if all(found) else None


def read_anchors(data: bytes) -> list[float] | None:
    """Anchors of a file: a list, nested or not, ``anchors = [...]``, or numbers between commas, blanks and lines.

    An even number of finite numbers above 0; None where it is none. What they count (cells or fractions) is not said.
    """
    text = decode(data)
    if text is None or not text.strip():
        return None
    text = text.strip()
    if "=" in text:
        for value in read_script(text).values:
            if value.name.lower() in ANCHOR_NAMES:
                return anchors(value.value)
    return anchors(_plain(text))


def anchor_lines(data: bytes) -> list[list[float]]:
    """Anchors line by line, of a file with one list of them a line; [] where a line holds anything else."""
    text = decode(data)
    found = []
    for line in (text or "").splitlines():
        if line.strip():
            values = anchors(_plain(line))
            if values is None:
                return []
            found.append(values)
    return found


def _plain(text: str) -> list[float] | None:
    """Numbers with nothing but separators between them."""
    if len(text) > 64 << 10 or SEPARATORS.sub("", NUMBER.sub(" ", text)).strip():
        return None
    return [float(number) for number in NUMBER.findall(text)]


def anchors(value: Any) -> list[float] | None:
    """An even number of finite numbers above 0 out of nested lists; None for anything else."""
    found = numbers(value)
    if not found or len(found) % 2 or min(found) <= 0:
        return None
    return found
