"""Letters that the firmware's font lacks, from the card's own file of glyphs, /sd/maixswitch.fnt.

Imported only when the card has that file. It is a line "glyphs 16x16", a line of
all its letters in UTF-8, then 32 bytes for each letter: the left column of eight pixels from the top down, then the
right one. Image.draw_font takes such a record as it is. A text with a letter that is not in the file is shown in its
ASCII form, as without the file.
"""

import uio

from device.spec import source_open
from device.text import CELL

SIDE = 16  # pixels of a glyph
RECORD = 32
HEAD = b"glyphs 16x16\n"
NARROW = bytes(RECORD // 2)  # an empty right half: the letter takes one cell


def cells(path, text):
    """Return a list with an entry for each cell of eight pixels: an ASCII letter, a record, or None behind a wide one.

    None when the file lacks a letter, or cannot be read.
    """
    row = []
    try:
        with uio.open(path, "rb") as file:
            if file.readline() != HEAD:
                return None
            line = file.readline()
            letters = line.decode()
            first = len(HEAD) + len(line)
            for letter in text:
                if " " <= letter <= "~":
                    row.append(letter)
                    continue
                at = letters.find(letter)
                if at < 0:
                    return None
                file.seek(first + at * RECORD)
                record = file.read(RECORD)
                if len(record) < RECORD:
                    return None
                row.append(record)
                if record[RECORD // 2 :] != NARROW:
                    row.append(None)
    except (OSError, ValueError):  # no card, or no UTF-8
        return None
    return row


def cut(row, most):
    """Return the first `most` cells of a row, one less if a wide letter would be cut in two."""
    if most < len(row) and row[most] is None:
        most -= 1
    return row[:most]


def write(img, x, y, row, colour):
    """Draw a row, ASCII letters in the middle of its 16 pixels."""
    for cell in row:
        if not cell:
            pass
        elif len(cell) == 1:
            img.draw_string(x, y + 2, cell, colour, 1, 0, 0, 1)
        else:
            img.draw_font(x, y, SIDE, SIDE, cell, colour)
        x += CELL


def foreign(labels):
    """Return whether a label has a letter outside ASCII. labels: of a ModelSpec."""
    # What a kind has put in their place knows the names of model.json under these names.
    labels = getattr(labels, "planned", getattr(labels, "single", labels))
    if not labels:
        return False
    try:
        with source_open(labels.source) as file:
            while True:
                part = file.read(512)
                if not part or max(part) > 126:
                    return bool(part)
    except OSError:
        return False
