"""Operations of Image that take long: sizes, colours, planes for the KPU, files (py_image.c, imlib.c)."""

import array
import struct

from benchlib import planes
from benchlib.args import region
from benchlib.frames import GARBAGE, Memory, allocate, pixels_matter


def _new(image, w, h, bpp):
    # The class Image is an argument, because img.py imports this module.
    return image(w, h, bpp, allocate(w * h * bpp), None)


def _filled(img, data):
    img._pixels()[:] = data
    return img


def _nearest(img, x0, y0, w, h, step_x, step_y):
    # Pixel (x, y) of the result is (x0 + int(x * step_x), y0 + int(y * step_y)) of the source.
    bpp, width = img._bpp, img._w
    pixels = img._pixels()
    # All rows have the same columns, so they are computed once. A row that is not scaled is copied as a slice.
    columns = [x0 + int(x * step_x) for x in range(w)]
    plain = step_x == 1.0
    out = bytearray(w * h * bpp)
    for y in range(h):
        start = (y0 + int(y * step_y)) * width
        if plain:
            row = pixels[(start + x0) * bpp : (start + x0 + w) * bpp]
        elif bpp == 1:
            row = bytes([pixels[start + x] for x in columns])
        else:
            source = array.array("H", bytes(pixels[start * 2 : (start + width) * 2]))
            row = bytes(array.array("H", [source[x] for x in columns]))
        out[y * w * bpp : (y + 1) * w * bpp] = row
    return out


def resize(img, w: int, h: int):
    """Return a new picture of w x h with the content of img.

    RGB565 is sampled when one side shrinks and interpolated when both grow. Grey has rules of its own (_resize_grey).
    """
    # The memory is allocated even when nobody reads pixels, because a full heap must fail in both cases.
    new = _new(type(img), w, h, img._bpp)
    # A side of 0 gives a picture without pixels.
    if not pixels_matter() or w * h == 0:
        return new
    if img._bpp == 1:
        return _filled(new, _resize_grey(img, w, h))
    # The two comparisons differ in py_image.c (>= and >), so for an equal side it matters which one it is.
    if img._w >= w or img._h > h:
        return _filled(new, _nearest(img, 0, 0, w, h, img._w / w, img._h / h))
    return _filled(new, _bilinear(img, w, h))


def _resize_grey(img, w, h):
    w0, h0 = img._w, img._h
    pixels = img._pixels()
    sx = w0 / w
    sy = h0 / h
    out = bytearray(w * h)
    last = w0 * h0 - 1
    # One growing side is enough to interpolate, so the other side is then sampled and not averaged.
    if w >= w0 or h >= h0:
        for y in range(h):
            yf = (y + 0.5) * sy - 0.5
            # The firmware truncates, so the half pixel before the first row has a negative weight instead of the
            # value of the edge.
            ya = int(yf)
            yb = ya + 1 if ya < h0 - 1 else ya
            for x in range(w):
                xf = (x + 0.5) * sx - 0.5
                xa = int(xf)
                xb = xa + 1 if xa < w0 - 1 else xa
                value = (
                    pixels[ya * w0 + xa] * (xa + 1 - xf) * (ya + 1 - yf)
                    + pixels[ya * w0 + xb] * (xf - xa) * (ya + 1 - yf)
                    + pixels[yb * w0 + xa] * (xa + 1 - xf) * (yf - ya)
                    + pixels[yb * w0 + xb] * (xf - xa) * (yf - ya)
                )
                out[y * w + x] = int(value) & 255
        return out
    # When both sides shrink, the firmware scales x by the factor of y, which distorts another aspect.
    for y in range(h):
        ya = int(y * sy)
        yb = int((y + 1) * sy)
        for x in range(w):
            xa = int(x * sy)
            xb = int((x + 1) * sy)
            total = 0
            for yy in range(ya, yb + 1):
                for xx in range(xa, xb + 1):
                    at = yy * w0 + xx
                    # The distorted x may pass the end of a row, and at last the end of the picture, where the last
                    # pixel stands for the unknown memory.
                    total += pixels[at if at < last else last]
            out[y * w + x] = total // ((yb - ya + 1) * (xb - xa + 1)) & 255
    return out


def _bilinear(img, w, h):
    w0, h0 = img._w, img._h
    pixels = img._pixels()
    sx = w0 / w
    sy = h0 / h
    out = bytearray(w * h * 2)

    def parts(x: int, y: int):
        at = (y * w0 + x) * 2
        value = pixels[at] << 8 | pixels[at + 1]
        return (value >> 11, value >> 5 & 63, value & 31)

    for y in range(h):
        yf = (y + 0.5) * sy - 0.5
        ya = max(int(yf), 0)
        for x in range(w):
            xf = (x + 0.5) * sx - 0.5
            xa = max(int(xf), 0)
            # The last row and the last column have no neighbour.
            if xa + 1 >= w0 or ya + 1 >= h0:
                r, g, b = parts(xa, ya)
            else:
                p, q, s, t = parts(xa, ya), parts(xa + 1, ya), parts(xa, ya + 1), parts(xa + 1, ya + 1)
                mixed = []
                for k in range(3):
                    upper = (xa + 1 - xf) * p[k] + (xf - xa) * q[k]
                    lower = (xa + 1 - xf) * s[k] + (xf - xa) * t[k]
                    # The components are mixed with their 5 or 6 bits, which loses steps, as on the board.
                    mixed.append(max(int((ya + 1 - yf) * upper + (yf - ya) * lower), 0))
                r, g, b = mixed[0] & 31, mixed[1] & 63, mixed[2] & 31
            value = r << 11 | g << 5 | b
            at = (y * w + x) * 2
            out[at] = value >> 8
            out[at + 1] = value & 255
    return out


def cut(img, x: int, y: int, w: int, h: int):
    """Return a new picture of the rectangle; pixels outside the source stay uninitialised."""
    new = _new(type(img), w, h, img._bpp)
    if not pixels_matter():
        return new
    bpp = img._bpp
    source = img._pixels()
    target = new._pixels()
    # The rectangle is not cut to the source, so pixels without a source keep what the heap held.
    inside = min(x + w, img._w) - x
    for row in range(min(y + h, img._h) - y):
        at = ((y + row) * img._w + x) * bpp
        target[row * w * bpp : (row * w + inside) * bpp] = source[at : at + inside * bpp]
    return new


def copy(img, roi, x_scale: float, y_scale: float, in_place: bool, copy_to_fb):
    """Return a picture of the rectangle roi, scaled; its pix_ai pointer is uninitialised.

    in_place: the result has the memory of img, which changes its size. Raises OSError for a size of 0.
    """
    x, y, w, h = region(img, roi)
    # The size is truncated, so a small factor can make it 0.
    width = int(w * x_scale)
    height = int(h * y_scale)
    if width < 1:
        raise OSError("Output image width is 0!")
    if height < 1:
        raise OSError("Output image height is 0!")
    # The firmware changes the struct of both objects, so the source changes its size too.
    if in_place:
        if width * height > img._w * img._h:
            raise OSError("The new image won't fit in the target frame buffer!")
        data = _nearest(img, x, y, width, height, 1.0 / x_scale, 1.0 / y_scale)
        img._pixels()[: len(data)] = data
        img._w, img._h = width, height
        return type(img)(width, height, img._bpp, img._store, GARBAGE)
    new = _new(type(img), width, height, img._bpp)
    new._ai = GARBAGE
    if pixels_matter():
        _filled(new, _nearest(img, x, y, width, height, 1.0 / x_scale, 1.0 / y_scale))
    return new


def scaled(img, x_scale: float, y_scale: float):
    """Return a scaled picture for draw_image; its memory is not counted."""
    w = max(int(img._w * x_scale + 0.5), 1)
    h = max(int(img._h * y_scale + 0.5), 1)
    return type(img)(w, h, img._bpp, Memory(_nearest(img, 0, 0, w, h, img._w / w, img._h / h)), None)


def draw_image(img, other, x: int, y: int, x_scale: float, y_scale: float) -> None:
    """Draw the picture `other` into img with its corner at (x, y), scaled if a factor is not 1."""
    from benchlib import draw

    if x_scale != 1.0 or y_scale != 1.0:
        other = scaled(other, x_scale, y_scale)
    draw.paste(img._pixels(), img._w, img._h, img._bpp, x, y, other._pixels(), other._w, other._h, other._bpp)


def pix_to_ai(img) -> None:
    """Fill the planes from the pixels; planes that do not exist are allocated on the Python heap."""
    w, h = img._w, img._h
    # The firmware allocates rows of a multiple of 64 pixels for RGB planes, but not for a grey one (py_image.c).
    if img._ai is None:
        img._ai = allocate(w * h if img._bpp == 1 else (w + 63) // 64 * 64 * h * 3)
    if not pixels_matter():
        return
    target = img._ai.planes(img)
    data = img._pixels() if img._bpp == 1 else planes.planes_of(img._pixels())
    target[: len(data)] = data


def ai_to_pix(img) -> None:
    """Fill the pixels from the planes."""
    count = img._w * img._h
    source = img._ai.planes(img)
    img._pixels()[:] = source[:count] if img._bpp == 1 else planes.pixels_of(source, count)


def to_grayscale(img, new: bool):
    """Return a grey picture.

    new: it has memory of its own, and planes that are not filled. Otherwise it shares the memory of img, which
    becomes grey too.
    """
    result = None
    # The firmware allocates planes for three colours, although the copy is grey.
    if new:
        result = _new(type(img), img._w, img._h, 1)
        result._ai = allocate(img._w * img._h * 3)
        if not pixels_matter():
            return result
    # In place the grey levels use the front half of the memory; the other half stays allocated.
    data = img._pixels() if img._bpp == 1 else planes.rgb_to_grey(img._pixels())
    if result is not None:
        return _filled(result, data)
    if img._bpp != 1:
        img._pixels()[: len(data)] = data
        img._bpp = 1
    return type(img)(img._w, img._h, 1, img._store, img._ai)


def to_rgb565(img, new: bool):
    """Return an RGB565 picture, new or over the memory of img. Raises OSError for a grey picture that is not new."""
    # A pixel needs two bytes, and a grey picture has one, so it cannot change in place.
    if not new:
        if img._bpp == 1:
            raise OSError("Can't convert to rgb565 in place!")
        return type(img)(img._w, img._h, 2, img._store, img._ai)
    result = _new(type(img), img._w, img._h, 2)
    result._ai = allocate(img._w * img._h * 3)
    return _filled(result, planes.grey_to_565(img._pixels()) if img._bpp == 1 else img._pixels())


def save(img, path: str, roi, quality: int = 50) -> None:
    """Write the rectangle roi to a file: a .bmp of 16 or 8 bits, or a .jpg from bench.jpeg; without that, a stand-in.

    As in the firmware, a path with another suffix writes nothing.
    """
    import bench
    import uio

    x, y, w, h = region(img, roi)
    if path.endswith(".jpg") or path.endswith(".jpeg"):
        photo = b"\xff\xd8\xff\xfe\x00\x13not a real JPEG \xff\xd9"
        if bench.jpeg:
            bpp = img._bpp
            pixels = img._pixels()
            rows = [pixels[(line * img._w + x) * bpp : (line * img._w + x + w) * bpp] for line in range(y, y + h)]
            photo = bench.jpeg(b"".join([bytes(row) for row in rows]), w, h, bpp, quality)
        with uio.open(path, "wb") as out:
            out.write(photo)
        return
    if not path.endswith(".bmp"):
        return
    bpp = img._bpp
    # Each row of a .bmp has a multiple of four bytes. A negative height means that the top row comes first.
    row = (w * bpp + 3) // 4 * 4
    table = 256 * 4 if bpp == 1 else 12
    head = struct.pack("<HIHHI", 0x4D42, 54 + table + row * h, 0, 0, 54 + table)
    head += struct.pack("<IiiHHIIiiII", 40, w, -h, 1, 8 * bpp, 0 if bpp == 1 else 3, row * h, 0, 0, 0, 0)
    pixels = img._pixels()
    with uio.open(path, "wb") as out:
        out.write(head)
        if bpp == 1:
            for level in range(256):
                out.write(bytes((level, level, level, 0)))
        else:
            out.write(struct.pack("<III", 0xF800, 0x07E0, 0x001F))
        for line in range(y, y + h):
            raw = pixels[(line * img._w + x) * bpp : (line * img._w + x + w) * bpp]
            # A .bmp is little-endian and the picture has the high byte first, so the bytes of each pixel are swapped.
            data = bytearray(row)
            if bpp == 1:
                data[:w] = raw
            else:
                for i in range(w):
                    data[2 * i] = raw[2 * i + 1]
                    data[2 * i + 1] = raw[2 * i]
            out.write(bytes(data))


def load(image, data: bytes):
    """Return the picture in a .bmp of 8, 16 or 24 bits, as an object of the class `image`.

    Raises ValueError for another format. Simplified: NotImplementedError for JPEG.
    """
    if bytes(data[:2]) == b"\xff\xd8":
        raise NotImplementedError("the fake reads .bmp only")
    if bytes(data[:2]) != b"BM":
        raise ValueError("format not supported")
    start = struct.unpack("<I", bytes(data[10:14]))[0]
    w, high = struct.unpack("<ii", bytes(data[18:26]))
    bits = struct.unpack("<H", bytes(data[28:30]))[0]
    # Both orders of rows are read, because programs on a PC write the bottom row first.
    h = abs(high)
    row = (w * bits // 8 + 3) // 4 * 4
    img = _new(image, w, h, 1 if bits == 8 else 2)
    pixels = img._pixels()
    for y in range(h):
        at = start + (y if high < 0 else h - 1 - y) * row
        for x in range(w):
            to = y * w + x
            if bits == 8:
                pixels[to] = data[at + x]
            elif bits == 16:
                pixels[2 * to] = data[at + 2 * x + 1]
                pixels[2 * to + 1] = data[at + 2 * x]
            else:
                color = planes.rgb(data[at + 3 * x + 2], data[at + 3 * x + 1], data[at + 3 * x])
                pixels[2 * to] = color & 255
                pixels[2 * to + 1] = color >> 8
    return img
