"""Fake of MaixPy's image module (py_image.c). As in the firmware, Image is a function that returns pictures."""

import bench
from benchlib.args import fixed as _fixed
from benchlib.args import to_int as _to_int
from benchlib.frames import allocate
from benchlib.img import Image as _Image

LCD_WIDTH = 320  # CONFIG_LCD_DEFAULT_WIDTH
LCD_HEIGHT = 240


def Image(source=None, size=None, copy_to_fb: int = 0, from_bytes: int = 0) -> _Image:
    """Return a picture on the Python heap: an empty one, or that of a .bmp.

    source: a path, with from_bytes the bytes of a file, or None for an empty picture.
    size: (width, height) of an empty picture, else that of the panel. It is uninitialised memory: call clear().
    Raises MemoryError when the Python heap is full, OSError for a file.
    """
    bench.enter("image.Image")
    if source is None:
        # A size that is not positive means the default size.
        w, h = LCD_WIDTH, LCD_HEIGHT
        if size is not None:
            w, h = [_to_int(v) for v in _fixed(size, 2)]
            if w <= 0 or h <= 0:
                w, h = LCD_WIDTH, LCD_HEIGHT
        return _Image(w, h, 2, allocate(w * h * 2), None)
    from benchlib import imgops

    if from_bytes:
        return imgops.load(_Image, source)
    if not isinstance(source, str):
        raise TypeError("can't convert '%s' object to str implicitly" % type(source).__name__)
    import uio

    with uio.open(source, "rb") as file:
        return imgops.load(_Image, file.read())


def rgb_to_grayscale(rgb: tuple) -> int:
    """Return the grey level of (r, g, b)."""
    from benchlib import planes

    return planes.grey(rgb[0], rgb[1], rgb[2])


ASCII = 0
UTF8 = 2


def font_load(kind: int, width: int, height: int, source) -> None:
    """Accept a font. Simplified: draw_string does not use it."""
    bench.enter("image.font_load")


def font_free() -> None:
    """Use the built-in font again."""
    bench.enter("image.font_free")
