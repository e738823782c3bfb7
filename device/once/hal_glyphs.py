"""Messages in glyphs, and in the language of the card; see device/glyphs.py. Dropped again after each message.

A panel's own text function has ASCII only, so every line is drawn on a picture of one line, which goes to the panel.
"""

import image
import lcd
import uio

from device.glyphs import SIDE, cells, write
from device.text import CELL, ink, plain


def can_draw():
    """Return whether the firmware can draw glyphs."""
    # Every build that can load fonts has Image.draw_font too, which only a picture would show.
    return hasattr(image, "font_load")


def translated(table, lines):
    """Return the lines in the table's language; those that it lacks as they are."""
    keys = [line.encode() for line in lines]
    lines = list(lines)
    try:
        with uio.open(table, "rb") as file:
            while True:
                key = file.readline().rstrip()
                text = file.readline().rstrip()
                if not text:
                    return lines
                for at in range(len(keys)):
                    if keys[at] == key:
                        lines[at] = text.decode()
    except (OSError, ValueError):  # no table, or no UTF-8
        return lines


def folded(row, columns):
    """Break a row into rows of at most `columns` cells, and return them; ASCII words stay whole where they fit."""
    rows = []
    while len(row) > columns:
        at = columns
        if row[at] is None:  # the second half of a wide letter
            at -= 1
        end = at
        while end and is_word(row[end - 1]) and is_word(row[end]):
            end -= 1
        at = end or at
        rows.append(row[:at])
        while row[at : at + 1] == [" "]:
            at += 1
        row = row[at:]
    rows.append(row)
    return rows


def is_word(cell):
    """Return whether a cell is a part of a word that must not be broken."""
    return type(cell) is str and cell != " "


def message(screen, path, table, spec, colour, heading, text, last):
    """Show a message as hal.Screen.message does; return whether it is shown: not without any glyph.

    spec: the model that it names, or None.
    table: the path of the table of messages: a line of English, then one in another
    language, and so on; "" for none.
    """
    if not screen.width:
        return False
    parts = [heading] + text.split("\n") + [last]
    shown = translated(table, parts) if table else list(parts)
    if spec:
        name = spec.panel_title()
        for at in (0, 1):
            if parts[at] == name or parts[at].endswith(" " + name):
                shown[at] = parts[at][: len(parts[at]) - len(name)] + spec.title
    columns = screen.width // CELL
    rows = []
    in_glyphs = False
    for at in range(len(parts)):
        row = None if plain(shown[at]) == shown[at] else cells(path, shown[at])
        in_glyphs = in_glyphs or row
        rows.append(folded(row or list(plain(parts[at])), columns))
    if not in_glyphs:
        return False
    pitch = SIDE + 2 if min(screen.width, screen.height) > 200 else SIDE
    count = screen.height // pitch
    picture = image.Image(size=(screen.width, pitch))
    lcd.clear(0)

    def put(row, at, letters, paper):
        picture.draw_rectangle(0, 0, screen.width, pitch, paper, 1, 1)
        write(picture, 0, (pitch - SIDE) // 2, row, letters)
        lcd.display(picture, oft=(0, at * pitch))

    at = 0
    for row in rows[0]:
        put(row, at, ink(colour), colour)
        at += 1
    tail = rows[-1] if last else []
    for part in rows[1:-1]:
        for row in part:
            if at < count - len(tail):
                put(row, at, 0xFFFF, 0)
                at += 1
    at = count - len(tail)
    for row in tail:
        put(row, at, 0xE0FF, 0)
        at += 1
    return True
