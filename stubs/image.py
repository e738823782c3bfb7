"""Fake of MaixPy's image module (py_image.c). As in the firmware, Image is a function that returns pictures."""

import bench
import flavours
from benchlib.args import UNSET as _UNSET
from benchlib.args import fixed as _fixed
from benchlib.args import lenient as _lenient
from benchlib.args import to_int as _to_int
from benchlib.frames import allocate
from benchlib.img import Image as _Image


@_lenient
def Image(_source=_UNSET, size=None, copy_to_fb: int = 0, from_bytes: int = 0) -> _Image:
    """Return a picture on the Python heap: an empty one, or that of a .bmp.

    _source: a path, with from_bytes the bytes of a file; without it the picture is empty.
    size: (width, height) of an empty picture, which wins over a path; without it that of the flavour's panel.
    An empty picture is uninitialised memory: call clear().
    Raises MemoryError when the Python heap is full, OSError for a file.
    """
    bench.enter("image.Image")
    if _source is _UNSET or (size is not None and not from_bytes):
        # A size that is not positive means the default size.
        default = bench.flavour[flavours.PANEL]
        w, h = default
        if size is not None:
            w, h = [_to_int(v) for v in _fixed(size, 2)]
            if w <= 0 or h <= 0:
                w, h = default
        return _Image(w, h, 2, allocate(w * h * 2), None)
    from benchlib import imgops

    if from_bytes:
        return imgops.load(_Image, _source)
    if not isinstance(_source, (str, bytes)):
        bench.hard_fault("image.Image calls what it takes for the methods of a file")
    import uio

    with uio.open(_source if isinstance(_source, str) else _source.decode(), "rb") as file:
        return imgops.load(_Image, file.read())


def rgb_to_grayscale(rgb: tuple) -> int:
    """Return the lightness of (r, g, b), which is computed in linear light (imlib.c); to_grayscale() is another."""
    from benchlib import planes

    return planes.lightness(rgb[0], rgb[1], rgb[2])


ASCII = 6
UTF8 = 5


def font_load(kind: int, width: int, height: int, source) -> None:
    """Accept a font. Simplified: draw_string does not use it."""
    bench.enter("image.font_load")


def font_free() -> None:
    """Use the built-in font again."""
    bench.enter("image.font_free")
