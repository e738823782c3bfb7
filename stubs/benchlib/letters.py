"""Letters of a program's own: Image.draw_font (imlib_draw_font of font.c)."""

from benchlib.args import to_float


def record_of(record, w: int, h: int, scale) -> bytes:
    """Return the bytes of a letter of w x h as draw_font takes them. Raises TypeError or OSError as it does."""
    if not isinstance(record, str) and not isinstance(record, bytes):
        raise TypeError("can't convert '%s' object to str implicitly" % type(record).__name__)
    # A float of our own, or a tuple of types, would be memory in each frame.
    if not isinstance(scale, float) and not isinstance(scale, int):
        to_float(scale)
    if not scale > 0:
        raise OSError("Error: 0 < scale!")
    if w % 8 or w > 32:
        raise OSError("Error: font arg_w_font %% 8 == 0 && arg_w_font <= 32!")
    if (w // 8) * (h // 8) * 8 != len(record):
        raise OSError("Error: font (arg_w_font / 8) * (arg_h_font / 8) * 8 == font_len!")
    return record.encode() if isinstance(record, str) else record


def letter(
    pixels: bytearray,
    pw: int,
    ph: int,
    bpp: int,
    x: int,
    y: int,
    w: int,
    h: int,
    record,
    color: int,
    scale: float,
) -> None:
    """Draw the set bits of a letter of w x h: columns of eight pixels, one byte a row, from the left (imlib_draw_font).

    As in the firmware the number of columns comes from the height: only squares are drawn right.
    """
    from benchlib import draw

    across = int(0.5 + w * scale)
    for row in range(int(0.5 + h * scale)):
        source = int(row / scale)
        bits = 0
        for column in range(h // 8):
            # Behind its end the firmware reads what lies there; zeros are as good a guess.
            at = source + column * h
            bits = bits << 8 | (record[at] if at < len(record) else 0)
        for column in range(across):
            if bits >> (w - 1 - int(column / scale)) & 1:
                draw.fill(pixels, pw, ph, bpp, x + column, y + row, 1, 1, color)
