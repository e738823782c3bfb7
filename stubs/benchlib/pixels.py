"""Operations on the pixels of a picture in place: invert, strech_char, replace (py_image.c, binary.c, mathop.c)."""

import bench
from benchlib import planes
from benchlib.args import UNSET


def invert(img) -> None:
    """Turn every bit of the pixels; the planes for the KPU stay as they are."""
    pixels = img._pixels()
    for i in range(len(pixels)):
        pixels[i] ^= 255


def stretch(img, de_dark: bool) -> None:
    """Stretch a grey picture: its mean becomes 0 and its lightest level 255. de_dark: darken it to the edges."""
    w, h = img._w, img._h
    pixels = img._pixels()
    # The sums are those of C: whole numbers, divided by the width first.
    mean = sum(pixels) // w // h
    span = max(pixels) - mean
    across = [(x - w // 2) ** 2 for x in range(w)]
    down = [(y - h // 2) ** 2 for y in range(h)]
    at = 0
    for y in range(h):
        for x in range(w):
            # A division by zero gives -1 on the chip, so a flat picture becomes black.
            level = (pixels[at] - mean) * 255 // span if span and pixels[at] > mean else 0
            if de_dark:
                r2 = across[x] + down[y]
                level = int(level / (1.0 + 32.0 * r2 * r2 / w / w / h / h))
            pixels[at] = min(level, 255)
            at += 1


def replace(img, source, hmirror: bool, vflip: bool, transpose: bool, mask) -> None:
    """Replace the pixels by those of `source`: the picture itself (UNSET), another one, a file or a colour.

    hmirror, vflip, transpose: how the source is turned. mask: only where this picture is light, None for everywhere.
    Raises OSError for a picture of another size or depth.
    """
    w, h, bpp = img._w, img._h, img._bpp
    if isinstance(source, str):
        source = _file(type(img), source)
    if source is UNSET or source is img:
        data = bytes(img._pixels())
    elif type(source) is type(img):
        if (source._w, source._h, source._bpp) != (w, h, bpp):
            raise OSError("Images not equal!")
        data = source._pixels()
    else:
        color = img._color(source)
        data = bytes((color & 255, color >> 8)[:bpp]) * (w * h)
    if bench.screen.draw:
        _turn(img._pixels(), data, w, h, bpp, hmirror, vflip, transpose, mask)
    if transpose:
        img._w, img._h = h, w


def _file(image, path):
    import uio
    from benchlib import imgops

    with uio.open(path, "rb") as file:
        data = file.read()
    if bytes(data[:2]) != b"BM":
        bench.hard_fault("replace with a file that is no .bmp; with a JPEG the fakes cannot")
    return imgops.load(image, data)


def _turn(pixels, data, w, h, bpp, hmirror, vflip, transpose, mask):
    for line in range(h):
        row = h - 1 - line if vflip else line
        for i in range(w):
            column = w - 1 - i if hmirror else i
            if mask is not None and not _light(mask, column, row):
                continue
            to = (i * h + row if transpose else row * w + i) * bpp
            at = (line * w + column) * bpp
            pixels[to : to + bpp] = data[at : at + bpp]


def _light(mask, x, y):
    if x >= mask._w or y >= mask._h:
        return False
    pixels = mask._pixels()
    if mask._bpp == 1:
        return pixels[y * mask._w + x] > 127
    at = 2 * (y * mask._w + x)
    return planes.luma(pixels[at] | pixels[at + 1] << 8) > 127
