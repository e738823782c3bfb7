"""What the panel shows of titles and labels: its font has printable ASCII, and a line is as wide as the panel.

The rules are those of device/text.py and device/overlay.py: 8x12 pixels a character, twice that on pictures of 200
pixels and more; a status bar of title, place such as 2/5 and frames per second.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

CELL, LINE = 8, 12
SCORE = 5  # " 100%"
RATE = 7  # " 120fps", which the status bar keeps free
FRAME = (320, 240)
BARS = "classifier"


@dataclass(frozen=True)
class Room:
    """Characters that a panel shows of a title, and of a label beside its score."""

    title: int
    label: int


def plain(text: str) -> str:
    """The text as the font draws it, each other character a question mark (device.text.plain)."""
    return "".join(c if " " <= c <= "~" else "?" for c in text)


def is_plain(text: str) -> bool:
    """Can the font draw all of it?"""
    return plain(text) == text


def strangers(texts: Iterable[str], most: int = 8) -> str:
    """The characters that the font lacks, each once, at most `most` of them."""
    found: dict[str, None] = {}
    for text in texts:
        for char in text:
            if not " " <= char <= "~":
                found[char if char.isprintable() else char.encode("unicode_escape").decode("ascii")] = None
            if len(found) > most:
                return " ".join(list(found)[:most]) + " ..."
    return " ".join(found)


def controls(text: str) -> bool:
    """Has it control characters?"""
    return any(ord(c) < 32 or 127 <= ord(c) < 160 for c in text)


def view(width: int, height: int) -> tuple[int, int]:
    """The size of the pictures for a model's input: itself where it is a window of the frame, else the largest window
    of its shape (device/hal.py, Camera.fit)."""
    wide, high = FRAME
    if 128 <= width <= wide and 96 <= height <= high and width % 8 == 0 and height % 8 == 0:
        return width, height
    if width <= 0 or height <= 0:
        return FRAME
    if width * high >= height * wide:
        w, h = wide, wide * height // width
    else:
        w, h = high * width // height, high
    return max(w // 8 * 8, 8), max(h // 8 * 8, 8)


def room(panel: tuple[int, int], pictures: tuple[int, int], kind: str, top: int, place: str) -> Room:
    """The room on a panel (width, height) for one model: size of its pictures, its kind, how many scores it shows, and
    its place such as "2/5"."""
    width, height = min(panel[0], pictures[0]), min(panel[1], pictures[1])
    columns = width // CELL
    scale = 2 if min(width, height) >= 200 else 1
    if kind == BARS and (LINE * 2 + 6) * top > height // 3:
        scale = 1
    return Room(max(columns - len(place) - RATE, 0), max(columns // scale - SCORE, 1))


def alike(texts: Sequence[str], width: int) -> list[tuple[int, ...]]:
    """Numbers of those texts that look the same in `width` characters of the font, in groups of two and more."""
    groups: dict[str, list[int]] = {}
    for at, text in enumerate(texts):
        groups.setdefault(plain(text)[:width].rstrip(), []).append(at)
    return [tuple(group) for group in groups.values() if len(group) > 1]
