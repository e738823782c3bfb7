"""What the panel shows of titles and labels: the font has printable ASCII only, and a line is as wide as the panel.

The font, and the size of the letters on a picture, are the app's own (device/overlay.py, device/once/painters.py). The
status bar has the title, a position such as 2/5 and the frames per second.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from maixswitch import board_code
from maixswitch.card.glyphs.font_file import Glyphs

SCORE = 5  # " 100%"
RATE = 7  # " 120fps"; the status bar keeps room for it
FRAME = (320, 240)
NO_GLYPHS = Glyphs()
SMALLEST_WINDOW = (128, 96)


@dataclass(frozen=True)
class Room:
    """Characters that a panel shows of a title, and of a label beside its score."""

    title: int
    label: int


def plain(text: str) -> str:
    """Return the text as the font draws it, with a question mark for every character that the font lacks."""
    return board_code.overlay().plain(text)


def is_plain(text: str) -> bool:
    """Can the font draw every character of the text?"""
    return plain(text) == text


def strangers(texts: Iterable[str], most: int = 8) -> str:
    """Return the characters that the font lacks, each once and at most `most` of them."""
    missing: dict[str, None] = {}
    for text in texts:
        for char in text:
            if not is_plain(char):
                missing[char if char.isprintable() else char.encode("unicode_escape").decode("ascii")] = None
            if len(missing) > most:
                return " ".join(list(missing)[:most]) + " ..."
    return " ".join(missing)


def controls(text: str) -> bool:
    """Does the text contain control characters?"""
    return any(ord(c) < 32 or 127 <= ord(c) < 160 for c in text)


def is_window(width: int, height: int) -> bool:
    """Can a picture of this size be a window of the camera's frame? Decides like device/once/hal_window.py."""
    fits = SMALLEST_WINDOW[0] <= width <= FRAME[0] and SMALLEST_WINDOW[1] <= height <= FRAME[1]
    return fits and width % 8 == 0 and height % 8 == 0


def view(width: int, height: int) -> tuple[int, int]:
    """Return width and height of the panel's pictures for a model's input of this size, as the app chooses them.

    The app shows an input that is a window of the frame as it is, and any other as the largest window of its shape.
    """
    if is_window(width, height):
        return width, height
    if width <= 0 or height <= 0:
        return FRAME
    wide, high = FRAME
    # Cross-multiply to compare the shapes in whole numbers, as the board does.
    if width * high >= height * wide:
        w, h = wide, wide * height // width
    else:
        w, h = high * width // height, high
    # The sides of a camera window are multiples of eight pixels.
    return max(w // 8 * 8, 8), max(h // 8 * 8, 8)


def room(
    panel: tuple[int, int], pictures: tuple[int, int], kind: str, top: int, position: str, glyphs: bool = False
) -> Room:
    """Return the room on a panel for one model, in cells of its letters.

    panel, pictures: width and height in pixels.
    kind, top: of model.json.
    position: the model's position in the button's order, such as "2/5".
    glyphs: whether its labels are drawn in glyphs, which are never enlarged (device/once/painters.py).
    """
    overlay = board_code.overlay()
    # The app draws the text into the picture, and a panel that is smaller than the picture cuts it off.
    width, height = min(panel[0], pictures[0]), min(panel[1], pictures[1])
    columns = width // overlay.CELL
    shape = getattr(board_code.kinds().get(kind), "SHAPE", "")
    scale = 1 if glyphs else board_code.painters().letter_scale(shape, top, width, height)
    # A label gets at least one column, so that the comparison of labels has something to compare.
    return Room(max(columns - len(position) - RATE, 0), max(columns // scale - SCORE, 1))


def shown(text: str, width: int, glyphs: Glyphs = NO_GLYPHS) -> str:
    """Return what the panel shows of a text in `width` cells, with the glyphs of the card."""
    return glyphs.cut(text if glyphs.covers(text) else plain(text), width).rstrip()


def alike(texts: Sequence[str], width: int, glyphs: Glyphs = NO_GLYPHS) -> list[tuple[int, ...]]:
    """Return the groups of two or more texts, as indices, that look the same when `width` cells are shown."""
    groups: dict[str, list[int]] = {}
    for at, text in enumerate(texts):
        # Question marks make different characters equal, and the cut makes different ends equal.
        groups.setdefault(shown(text, width, glyphs), []).append(at)
    return [tuple(group) for group in groups.values() if len(group) > 1]
