"""What lcd.display() does to the memory of the panel (lcd_mcu.c)."""

import bench
from benchlib import planes
from benchlib.pool import wipe


def copy(img, x: int, y: int, w: int, h: int, left: int, top: int, pad: bool) -> None:
    """Copy the rectangle (x, y, w, h) of a picture to (left, top) of the panel; pad: black around it."""
    screen = bench.screen
    canvas = screen.canvas()
    sw, sh = screen.width, screen.height
    if pad and (w < sw or h < sh):
        wipe(canvas)
    bpp, width = img._bpp, img._w
    pixels = img._pixels()
    # Rows of the panel's width are one slice, which makes a full frame fast.
    if bpp == 2 and w == width == sw and left == 0:
        h = min(h, sh - top)
        canvas[top * sw * 2 : (top + h) * sw * 2] = pixels[y * sw * 2 : (y + h) * sw * 2]
        return
    w = min(w, sw - left)
    for row in range(min(h, sh - top)):
        at = ((y + row) * width + x) * bpp
        line = pixels[at : at + w * bpp]
        to = ((top + row) * sw + left) * 2
        canvas[to : to + w * 2] = planes.grey_to_565(line) if bpp == 1 else line
