"""Drawing into the memory of a picture, by slices of rows (draw.c and font.c of the firmware).

pixels, pw, ph: memory, width and height of the picture. bpp: 1 for grey, 2 for RGB565 with the high byte first.
A colour is an int as in the firmware: RGB565 with its bytes swapped, or a grey level.
"""

from benchlib import font, planes


def ink(color: int, bpp: int) -> bytes:
    """Return the bytes of one pixel of that colour."""
    if bpp == 1:
        return bytes((color & 255,))
    return bytes((color & 255, color >> 8 & 255))


def fill(pixels: bytearray, pw: int, ph: int, bpp: int, x: int, y: int, w: int, h: int, color: int) -> None:
    """Fill a rectangle, clipped to the picture."""
    # The right end is computed before x is clamped, or a rectangle that starts outside would be too wide.
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
    """Draw a rectangle, filled, or as a border that grows to both sides of its edge."""
    if filled:
        fill(pixels, pw, ph, bpp, x, y, w, h, color)
    # The four sides overlap, which closes the corners of a thick border.
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
    """Draw a line with the steps of Bresenham."""
    if thickness <= 0:
        return
    before = thickness // 2
    # Horizontal and vertical lines are the usual ones, and one rectangle is much faster than a call per pixel.
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
        # Both tests use the error from before the step, so that one step may change x and y.
        old = error
        if old > -dx:
            error -= dy
            x0 += sx
        if old < dy:
            error += dx
            y0 += sy


def _blob(pixels, pw, ph, bpp, cx, cy, r0, r1, color):
    # point_fill of draw.c: of the disc with radius |r0|, the part whose offsets are in [r0, r1].
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
    """Draw a filled circle, or a ring from radius r - (thickness - 1) // 2 to r + thickness // 2."""
    if filled:
        _blob(pixels, pw, ph, bpp, cx, cy, -r, r, color)
        return
    if thickness <= 0:
        return
    # Two midpoint walks, one for each edge, give the span of an eighth; the inner edge ends at the diagonal.
    xo = r + thickness // 2
    start = xi = max(r - (thickness - 1) // 2, 0)
    outer = 1 - xo
    inner = 1 - xi
    y = 0
    while xo >= y:
        length = xo - xi + 1
        for dy in (y, -y):
            fill(pixels, pw, ph, bpp, cx + xi, cy + dy, length, 1, color)
            fill(pixels, pw, ph, bpp, cx - xo, cy + dy, length, 1, color)
            fill(pixels, pw, ph, bpp, cx + dy, cy + xi, 1, length, color)
            fill(pixels, pw, ph, bpp, cx + dy, cy - xo, 1, length, color)
        y += 1
        if outer < 0:
            outer += 2 * y + 1
        else:
            xo -= 1
            outer += 2 * (y - xo + 1)
        if y > start:
            xi = y
        elif inner < 0:
            inner += 2 * y + 1
        else:
            xi -= 1
            inner += 2 * (y - xi + 1)


def as_bytes(text):
    """Return a text as the firmware sees it: the bytes of its UTF-8, each one a letter."""
    return text if isinstance(text, bytes) else text.encode()


def width_of(text, scale: float, x_spacing: int, mono_space: bool) -> int:
    """Return how many pixels draw_string moves to the right for a line of text."""
    x = 0
    for code in as_bytes(text):
        x += _advance(code, scale, x_spacing, mono_space)
    return x


def _columns(code):
    # Returns the first and the last inked column of the firmware's glyph in its cell, (-1, -1) for a blank.
    at = (code - 32) * 2
    if at == 0:
        return (-1, -1)
    return (int(font.COLUMNS[at]), int(font.COLUMNS[at + 1]))


def _round(value):
    return int(value + 0.5)


def _advance(code, scale, x_spacing, mono_space):
    if code < 32 or code > 126:
        return 0
    if mono_space:
        return _round(font.WIDTH * scale) + x_spacing
    # Proportional text moves by the inked columns only.
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
    text,
    color: int,
    scale: float,
    x_spacing: int,
    y_spacing: int,
    mono_space: bool,
) -> None:
    """Draw text. The pen moves as in imlib_draw_ascii_string; an unknown character is a box that does not move it."""
    left = x
    last = ""
    int_scale = int(scale) if scale == int(scale) else 0
    for code in as_bytes(text):
        letter = chr(code)
        # Carriage return, line feed and a pair of both are one line end each.
        if letter == "\n" and last == "\r":
            last = letter
            continue
        last = letter
        if letter == "\n" or letter == "\r":
            x = left
            y += _round(font.HEIGHT * scale) + y_spacing
            continue
        # font.c exchanges the height and the width of this box. The pen does not move, so boxes may cover each other.
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
        # A proportional letter starts at its first inked column, not at the left edge of its cell.
        shift = 0
        if not mono_space:
            first, _ = _columns(code)
            if first > 0:
                shift = _round(first * scale)
        # For text outside the picture only the pen moves.
        if code != 32 and -64 < y < ph and x < pw:
            _glyph(pixels, pw, ph, bpp, x - shift, y, code, color, scale, int_scale)
        x += _advance(code, scale, x_spacing, mono_space)


def _glyph(pixels, pw, ph, bpp, x, y, code, color, scale, int_scale):
    at = (code - 32) * font.ROWS
    leftmost = 1 << (font.BITS - 1)
    mask = leftmost * 2 - 1
    for row in range(font.ROWS):
        bits = font.GLYPHS[at + row]
        column = 0
        while bits:
            if bits & leftmost:
                start = column
                while bits & leftmost:
                    bits = bits << 1 & mask
                    column += 1
                # An integer factor needs no rounding. Others round both edges, so that
                # there is no gap between neighbours.
                if int_scale:
                    fill(
                        pixels,
                        pw,
                        ph,
                        bpp,
                        x + (start + font.LEFT) * int_scale,
                        y + (row + font.TOP) * int_scale,
                        (column - start) * int_scale,
                        int_scale,
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
                bits = bits << 1 & mask
                column += 1


def paste(pixels: bytearray, pw: int, ph: int, bpp: int, x: int, y: int, other, ow: int, oh: int, obpp: int) -> None:
    """Copy the picture `other` into another one with its corner at (x, y), clipped."""
    # The source is clipped once; then its rows are copied as slices.
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
