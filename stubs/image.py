"""Fake of MaixPy's image module (py_image.c). As in the firmware, Image is a function that returns pictures."""

import bench
import flavours
from benchlib.args import UNSET as _UNSET
from benchlib.args import fixed as _fixed
from benchlib.args import lenient as _lenient
from benchlib.args import to_int as _to_int
from benchlib.frames import allocate
from benchlib.img import Image as _Image
from benchlib.img import is_image


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


def get_affine_transform(_source: list, _target: list) -> tuple:
    """Return the nine numbers that warp_affine_ai takes: where in the source each point of the target is read.

    _source, _target: lists of at most 10 pairs of whole numbers, the same points in both pictures.
    Raises OSError for what is no list, of unequal length or too long.
    """
    bench.enter("image.get_affine_transform")
    from benchlib import affine

    return affine.transform(_source, _target)


def warp_affine_ai(_source: _Image, _target: _Image, _transform) -> None:
    """Fill the planes of one picture from the planes of another, transformed; the pixels stay as they are.

    _transform: nine numbers by rows. Raises ValueError unless both have planes of the same kind.
    """
    bench.enter("image.warp_affine_ai")
    from benchlib import affine

    rows = affine.numbers(_transform)
    for picture in (_source, _target):
        if not is_image(picture):
            raise TypeError("Can't convert %s to type" % type(picture).__name__)
    affine.warp(_source, _target, rows)


ASCII = 0
UTF8 = 2


def font_load(kind: int, width: int, height: int, source) -> None:
    """Accept a font. Simplified: draw_string does not use it."""
    bench.enter("image.font_load")


def font_free() -> None:
    """Use the built-in font again."""
    bench.enter("image.font_free")


bench.by_flavour(globals(), "font_load", flavours.FONT, font_load)
bench.by_flavour(globals(), "font_free", flavours.FONT, font_free)
