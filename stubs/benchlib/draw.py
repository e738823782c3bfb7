"""Drawing into raw pixel memory, by row slices (imlib: draw.c, font.c). `bpp` 1: grey bytes, 2: RGB565, high byte
first.

Colours are ints as the firmware keeps them: RGB565 with its bytes swapped, or a grey level.
"""

from benchlib import font, planes


def ink(color: int, bpp: int) -> bytes:
    """Return the bytes of one pixel."""
    if bpp == 1:
        return bytes((color & 255,))
    return bytes((color & 255, color >> 8 & 255))


def fill(pixels: bytearray, pw: int, ph: int, bpp: int, x: int, y: int, w: int, h: int, color: int) -> None:
    """Fill a rectangle, clipped to the picture."""
    # The right end is fixed before x is clamped: otherwise a rectangle that starts outside would be too wide.
    x1 = min(x + w, pw)
    y1 = min(y + h, ph)
    x = max(x, 0)
    y = max(y, 0)
    if x1 <= x or y1 <= y:
        return
    row = ink(color, bpp) * (x1 - x)
    size = len(row)
    start = (y * pw + x) * bpp
    for _ in range(y, y1):
        pixels[start : start + size] = row
        start += pw * bpp


def rectangle(
    pixels: bytearray,
    pw: int,
    ph: int,
    bpp: int,
    x: int,
    y: int,
    w: int,
    h: int,
    color: int,
    thickness: int,
    filled: bool,
) -> None:
    """Draw a rectangle whose border grows half in, half out."""
    if filled:
        fill(pixels, pw, ph, bpp, x, y, w, h, color)
    # Four rectangles overlap at the corners, which closes the corners of thick borders.
    elif thickness > 0:
        before = thickness // 2
        after = (thickness - 1) // 2
        across = w + before + after
        fill(pixels, pw, ph, bpp, x - before, y - before, across, thickness, color)
        fill(pixels, pw, ph, bpp, x - before, y + h - 1 - before, across, thickness, color)
        down = h + before + after
        fill(pixels, pw, ph, bpp, x - before, y - before, thickness, down, color)
        fill(pixels, pw, ph, bpp, x + w - 1 - before, y - before, thickness, down, color)


def line(
    pixels: bytearray, pw: int, ph: int, bpp: int, x0: int, y0: int, x1: int, y1: int, color: int, thickness: int
) -> None:
    """Draw a line with Bresenham's steps; straight ones as one rectangle."""
    if thickness <= 0:
        return
    before = thickness // 2
    # One slice instead of a call per pixel: the cross and the border of a box are the usual lines.
    if y0 == y1 and thickness == 1:
        fill(pixels, pw, ph, bpp, min(x0, x1), y0, abs(x1 - x0) + 1, 1, color)
        return
    if x0 == x1 and thickness == 1:
        fill(pixels, pw, ph, bpp, x0, min(y0, y1), 1, abs(y1 - y0) + 1, color)
        return
    dx = abs(x1 - x0)
    dy = abs(y1 - y0)
    sx = 1 if x0 < x1 else -1
    sy = 1 if y0 < y1 else -1
    error = dx // 2 if dx > dy else -(dy // 2)
    while True:
        _blob(pixels, pw, ph, bpp, x0, y0, -before, (thickness - 1) // 2, color)
        if x0 == x1 and y0 == y1:
            break
        # Both tests use the error of before the step. A diagonal step would otherwise be counted twice.
        old = error
        if old > -dx:
            error -= dy
            x0 += sx
        if old < dy:
            error += dx
            y0 += sy


def _blob(pixels, pw, ph, bpp, cx, cy, r0, r1, color):
    # point_fill: the part of a disc of radius r0 inside [r0, r1]
    limit = r0 * r0
    for y in range(r0, r1 + 1):
        first = None
        last = 0
        for x in range(r0, r1 + 1):
            if x * x + y * y <= limit:
                if first is None:
                    first = x
                last = x
        if first is not None:
            fill(pixels, pw, ph, bpp, cx + first, cy + y, last - first + 1, 1, color)


def circle(
    pixels: bytearray, pw: int, ph: int, bpp: int, cx: int, cy: int, r: int, color: int, thickness: int, filled: bool
) -> None:
    """Draw a circle as spans; the ring is r - (thickness-1)//2 .. r + thickness//2."""
    if filled:
        _blob(pixels, pw, ph, bpp, cx, cy, -r, r, color)
        return
    if thickness <= 0:
        return
    outer = r + thickness // 2
    inner = max(r - (thickness - 1) // 2, 0)
    for y in range(-outer, outer + 1):
        xo = _half(outer, y)
        xi = _half(inner - 1, y) + 1 if abs(y) < inner else 0
        fill(pixels, pw, ph, bpp, cx - xo, cy + y, xo - xi + 1, 1, color)
        fill(pixels, pw, ph, bpp, cx + xi, cy + y, xo - xi + 1, 1, color)


def _half(r, y):
    # largest x with x*x + y*y < (r + 0.5)^2
    square = r * r + r - y * y
    # -1 makes a span of no pixels, so rows beyond the circle need no test in the caller.
    if square < 0:
        return -1
    x = r
    while x * x > square:
        x -= 1
    return x


def width_of(text: str, scale: float, x_spacing: int, mono_space: bool) -> int:
    """Return how far draw_string moves to the right for one line of text."""
    x = 0
    for letter in text:
        x += _advance(ord(letter), scale, x_spacing, mono_space)
    return x


def _columns(code):
    # first and last used column of a glyph in its cell, (-1, -1) for a blank
    union = 0
    at = (code - 32) * 7
    for row in font.GLYPHS[at : at + 7]:
        union |= row
    if not union:
        return (-1, -1)
    first = 0
    while not union & 16 >> first:
        first += 1
    last = 4
    while not union & 16 >> last:
        last -= 1
    return (first + font.LEFT, last + font.LEFT)


def _round(value):
    return int(value + 0.5)


def _advance(code, scale, x_spacing, mono_space):
    if mono_space:
        return _round(font.WIDTH * scale) + x_spacing
    if code < 32 or code > 126:
        return 0
    # Proportional text moves by the inked columns only, so the widths depend on the letters.
    first, last = _columns(code)
    if first < 0:
        return _round(scale * 3)
    return _round((last + 2) * scale) + x_spacing - _round(first * scale)


def string(
    pixels: bytearray,
    pw: int,
    ph: int,
    bpp: int,
    x: int,
    y: int,
    text: str,
    color: int,
    scale: float,
    x_spacing: int,
    y_spacing: int,
    mono_space: bool,
) -> None:
    """Draw text; the pen moves as imlib_draw_ascii_string moves it, unknown characters are boxes that do not move
    it."""
    left = x
    last = ""
    whole = int(scale) if scale == int(scale) else 0
    for letter in text:
        code = ord(letter)
        # A pair of carriage return and line feed is one line end; each of them alone is one, too.
        if letter == "\n" and last == "\r":
            last = letter
            continue
        last = letter
        if letter == "\n" or letter == "\r":
            x = left
            y += _round(font.HEIGHT * scale) + y_spacing
            continue
        # The source exchanges height and width of this box. The pen stays, so several of them lie upon each other.
        if code < 32 or code > 126:
            edge = _round(scale * 3) // 2
            rectangle(
                pixels,
                pw,
                ph,
                bpp,
                x + edge,
                y + edge,
                _round(font.HEIGHT * scale) - edge * 2,
                _round(font.WIDTH * scale) - edge * 2,
                color,
                _round(scale),
                False,
            )
            continue
        # Proportional letters start at their first inked column: the blank columns on the left of the cell are skipped.
        shift = 0
        if not mono_space:
            first, _ = _columns(code)
            if first > 0:
                shift = _round(first * scale)
        # Text that scrolled out of the picture costs nothing but the movement of the pen.
        if code != 32 and -64 < y < ph and x < pw:
            _glyph(pixels, pw, ph, bpp, x - shift, y, code, color, scale, whole)
        x += _advance(code, scale, x_spacing, mono_space)


def _glyph(pixels, pw, ph, bpp, x, y, code, color, scale, whole):
    at = (code - 32) * 7
    for row in range(7):
        bits = font.GLYPHS[at + row]
        column = 0
        while bits:
            if bits & 16:
                start = column
                while bits & 16:
                    bits = bits << 1 & 31
                    column += 1
                # A whole factor needs no rounding. Other factors round both edges, so that neighbours leave no gap.
                if whole:
                    fill(
                        pixels,
                        pw,
                        ph,
                        bpp,
                        x + (start + font.LEFT) * whole,
                        y + (row + font.TOP) * whole,
                        (column - start) * whole,
                        whole,
                        color,
                    )
                else:
                    x0 = _round((start + font.LEFT) * scale)
                    y0 = _round((row + font.TOP) * scale)
                    fill(
                        pixels,
                        pw,
                        ph,
                        bpp,
                        x + x0,
                        y + y0,
                        _round((column + font.LEFT) * scale) - x0,
                        _round((row + 1 + font.TOP) * scale) - y0,
                        color,
                    )
            else:
                bits = bits << 1 & 31
                column += 1


def paste(pixels: bytearray, pw: int, ph: int, bpp: int, x: int, y: int, other, ow: int, oh: int, obpp: int) -> None:
    """Copy a picture onto another one, clipped."""
    # The clipping is done on the source, once: the rows are then copied as slices.
    x0 = max(0, -x)
    x1 = min(ow, pw - x)
    if x1 <= x0:
        return
    for row in range(max(0, -y), min(oh, ph - y)):
        start = (row * ow + x0) * obpp
        source = other[start : start + (x1 - x0) * obpp]
        if obpp != bpp:
            source = planes.grey_to_565(source) if bpp == 2 else planes.rgb_to_grey(source)
        at = ((y + row) * pw + x + x0) * bpp
        pixels[at : at + (x1 - x0) * bpp] = source
