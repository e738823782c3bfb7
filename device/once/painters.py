"""Draws the results of a model. A running model keeps alive the one painter that it needs."""

from micropython import const

from device.results import BARS, CAP, POINTS
from device.text import CELL, LINE, ink, plain

BLACK = const(0)  # a constant is not looked up in every frame
WHITE = const(0xFFFF)
COLOURS = (0xE007, 0x20FD, 0xFF07, 0xE0FF, 0x1FF8, 0x9F4C, 0xE5AF, 0x00F8)
INKS = tuple([ink(colour) for colour in COLOURS])


def letter_scale(shape, top, width, height):
    """Return how many times the letters of results are enlarged: 2 on pictures of 200 pixels and more, else 1.

    shape: of the results. top: how many bars a classifier shows. width, height: of the visible part of the picture.
    """
    # Bars with large letters may take at most a third of the picture.
    if min(width, height) < 200 or (shape == BARS and (LINE * 2 + 6) * top > height // 3):
        return 1
    return 2


def painter(spec, results, view, bar, pen):
    """Return paint(img, count) for the shape of the results; it allocates only the text of a label that is new.

    view: (x, y, width, height), the visible part of the pictures. bar: the height of the status bar.
    pen: the Pen (device/glyphs.py) that paint() gets in the place of a picture, else None.
    """
    # Computed once: the closures below run in every frame and use these as their own variables.
    left, top, width, height = view
    scale = letter_scale(results.shape, spec.top, width, height)
    line = LINE
    if pen:  # they have one size, and stand on one line with small ASCII letters
        scale = 1
        line = pen.line
    # What is returned keeps all names of this module alive; without these, the other painters go.
    for name in ("painter", "letter_scale"):
        globals().pop(name, None)
    columns = width // CELL
    items = results.items
    label = spec.panel_label
    right = left + width
    bottom = top + height
    first = top + bar  # below the status bar
    plate = line * scale

    def caption(item, most):
        score = " %d%%" % (item.score // 10)
        item.text = text = plain(label(item.class_id))[: max(most - len(score), 1)] + score
        return text

    if pen:
        caption = pen.caption

    places = [0] * CAP  # of the plates of this frame: x, end and y in one number, because the heap is short

    def boxes(img, count):
        # All frames come before the plates: the frame of one box must not cross out the label of another.
        for i in range(count):
            item = items[i]
            img.draw_rectangle(item.x, item.y, item.w, item.h, COLOURS[item.class_id & 7], 2, 0)
        placed = 0
        for i in range(count):
            item = items[i]
            number = item.class_id & 7
            x = item.x
            y = item.y
            text = item.text or caption(item, columns // scale)
            # All cells have one width: draw_string() gets mono_space 1, or the plate would not fit its text.
            w = len(text) * CELL * scale
            # The firmware skips pixels outside the picture (draw.c), and the panel crops more: move it into view.
            if x + w > right:
                x = right - w
            if x < left:
                x = left
            y -= plate
            # The plate stands above the box; where there is no room for it, below the box or inside it.
            if y < first:
                y += plate + item.h
                if y < first or y + plate > bottom:
                    y = first
            if y + plate > bottom:
                y = bottom - plate
            # Boxes may lie close together: a plate that would cover another goes below it, and from the bottom to the
            # top. Without any room left, the box has no plate.
            end = x + w
            rounds = k = 0
            while k < placed:
                place = places[k]
                at = place & 1023
                if x < place >> 10 & 1023 and end > place >> 20 and y < at + plate and y + plate > at:
                    y = at + plate
                    if y + plate > bottom:
                        rounds += 1
                        y = first
                        if rounds > 1:
                            break
                    k = 0
                else:
                    k += 1
            if rounds > 1:
                continue
            places[placed] = x << 20 | end << 10 | y
            placed += 1
            img.draw_rectangle(x, y, w, plate, COLOURS[number], 1, 1)
            img.draw_string(x, y, text, INKS[number], scale, 0, 0, 1)

    row = plate + 6  # a line of text, and under it a bar of 4
    room = height - bar
    if row * spec.top * 2 > room:  # thinner bars, or they would hide more than half of the picture
        row -= 3
    rows = max(room * 2 // 3 // row, 1)

    def bars(img, count):
        # The best classes come first, so the last ones are left out.
        if count > rows:
            count = rows
        y = bottom - count * row
        thick = (row - plate) * 2 // 3
        for i in range(count):
            item = items[i]
            img.draw_rectangle(left, y, width, row, BLACK, 1, 1)
            text = item.text or caption(item, columns // scale)
            img.draw_string(left, y, text, WHITE, scale, 0, 0, 1)
            y += row
            w = item.score * width // 1000
            if w:
                img.draw_rectangle(left, y - thick, w, thick, COLOURS[item.class_id & 7], 1, 1)

    def points(img, count):
        for i in range(count):
            item = items[i]
            colour = COLOURS[item.class_id & 7]
            img.draw_rectangle(item.x - 2, item.y - 2, 5, 5, colour, 1, 1)
            if spec.labels:
                img.draw_string(item.x + 4, item.y - 6, item.text or caption(item, columns), colour, 1, 0, 0, 1)

    return bars if results.shape == BARS else points if results.shape == POINTS else boxes
