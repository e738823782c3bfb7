"""Fake of MaixPy's image module (py_image.c): Image is a factory function, as in the firmware."""

import bench
from benchlib.args import fixed as _fixed
from benchlib.args import to_int as _to_int
from benchlib.frames import allocate
from benchlib.img import Image as _Image

LCD_WIDTH = 320  # CONFIG_LCD_DEFAULT_WIDTH
LCD_HEIGHT = 240


def Image(source=None, size=None, copy_to_fb: int = 0, from_bytes: int = 0) -> _Image:
    """Make a picture: empty at LCD size or `size`, from a file, from bytes. Its pixels are on the Python heap.

    An empty one is uninitialised memory: clear() it. MemoryError when the Python heap is full, OSError(errno) for
    files.
    """
    bench.enter("image.Image")
    if source is None:
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
    """Return the luma of (r, g, b)."""
    from benchlib import planes

    return planes.grey(rgb[0], rgb[1], rgb[2])


ASCII = 6
UTF8 = 5


def font_load(kind: int, width: int, height: int, source) -> None:
    """Accept a font; simplified: draw_string keeps its own."""
    bench.enter("image.font_load")


def font_free() -> None:
    """Go back to the built-in font."""
    bench.enter("image.font_free")
