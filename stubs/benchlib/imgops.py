"""Slower operations of Image: sizes, colours, the KPU's planes, files (py_image.c, imlib)."""

import array
import struct

from benchlib import planes
from benchlib.args import region
from benchlib.frames import GARBAGE, Memory, allocate, pixels_matter


def _new(image, w, h, bpp):
    # `image` is the class Image, handed in by the caller: img.py imports this module.
    return image(w, h, bpp, allocate(w * h * bpp), None)


def _put(img, data):
    img._pixels()[:] = data
    return img


def _nearest(img, x0, y0, w, h, over_x, over_y):
    # pixel (x, y) of the result is (x0 + int(x * over_x), y0 + int(y * over_y)) of the source
    bpp, width = img._bpp, img._w
    pixels = img._pixels()
    # The columns are the same in each row, so they are computed once; rows without scaling are copied as slices.
    columns = [x0 + int(x * over_x) for x in range(w)]
    plain = over_x == 1.0
    out = bytearray(w * h * bpp)
    for y in range(h):
        start = (y0 + int(y * over_y)) * width
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
    """Return a new picture: RGB565 nearest when one side shrinks, bilinear when both grow; grey as the firmware's
    code."""
    # The memory is taken even when nobody looks at pixels: a full heap must fail in both cases.
    new = _new(type(img), w, h, img._bpp)
    if not pixels_matter():
        return new
    if img._bpp == 1:
        return _put(new, _resize_grey(img, w, h))
    # The two comparisons differ (>= and >) in py_image.c; one equal side therefore decides which method runs.
    if img._w >= w or img._h > h:
        return _put(new, _nearest(img, 0, 0, w, h, img._w / w, img._h / h))
    return _put(new, _bilinear(img, w, h))


def _resize_grey(img, w, h):
    w0, h0 = img._w, img._h
    pixels = img._pixels()
    sx = w0 / w
    sy = h0 / h
    out = bytearray(w * h)
    last = w0 * h0 - 1
    # One growing side is enough for the bilinear branch, so the other side is then sampled, not averaged.
    if w >= w0 or h >= h0:
        for y in range(h):
            yf = (y + 0.5) * sy - 0.5
            # The firmware truncates: the half pixel before the first row gives a negative weight and not the
            # edge value.
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
    # shrinking: the firmware scales x by the factor of y, so another aspect comes out distorted
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
                    # The distorted x runs over the end of a row, and at the end over the picture: the last
                    # pixel stands for it.
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
            # The last row and column have no neighbour to mix with.
            if xa + 1 >= w0 or ya + 1 >= h0:
                r, g, b = parts(xa, ya)
            else:
                p, q, s, t = parts(xa, ya), parts(xa + 1, ya), parts(xa, ya + 1), parts(xa + 1, ya + 1)
                mixed = []
                for k in range(3):
                    upper = (xa + 1 - xf) * p[k] + (xf - xa) * q[k]
                    lower = (xa + 1 - xf) * s[k] + (xf - xa) * t[k]
                    # The components are mixed in 5 and 6 bits, without expanding: that loses steps, as on the board.
                    mixed.append(max(int((ya + 1 - yf) * upper + (yf - ya) * lower), 0))
                r, g, b = mixed[0] & 31, mixed[1] & 63, mixed[2] & 31
            value = r << 11 | g << 5 | b
            at = (y * w + x) * 2
            out[at] = value >> 8
            out[at + 1] = value & 255
    return out


def cut(img, x: int, y: int, w: int, h: int):
    """Return a new picture of w x h; what lies outside the source stays uninitialised."""
    new = _new(type(img), w, h, img._bpp)
    if not pixels_matter():
        return new
    bpp = img._bpp
    source = img._pixels()
    target = new._pixels()
    # Only the target is sized by the arguments. What has no source keeps the bytes that the heap held.
    inside = min(x + w, img._w) - x
    for row in range(min(y + h, img._h) - y):
        at = ((y + row) * img._w + x) * bpp
        target[row * w * bpp : (row * w + inside) * bpp] = source[at : at + inside * bpp]
    return new


def copy(img, roi, x_scale: float, y_scale: float, in_place: bool, copy_to_fb):
    """Return a picture whose pix_ai pointer is uninitialised; `in_place`: over the same memory, and img changes its
    size."""
    x, y, w, h = region(img, roi)
    # The size is truncated, so a small factor can make it 0. The two sides have their own messages.
    width = int(w * x_scale)
    height = int(h * y_scale)
    if width < 1:
        raise OSError("Output image width is 0!")
    if height < 1:
        raise OSError("Output image height is 0!")
    # The source loses its size here: the firmware changes the struct that both objects look at.
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
        _put(new, _nearest(img, x, y, width, height, 1.0 / x_scale, 1.0 / y_scale))
    return new


def scaled(img, x_scale: float, y_scale: float):
    """Return a scaled picture for draw_image, not accounted."""
    w = max(int(img._w * x_scale + 0.5), 1)
    h = max(int(img._h * y_scale + 0.5), 1)
    return type(img)(w, h, img._bpp, Memory(_nearest(img, 0, 0, w, h, img._w / w, img._h / h)), None)


def draw_image(img, other, x: int, y: int, x_scale: float, y_scale: float) -> None:
    """Draw the picture `other` into img at (x, y), scaled first if a scale is not 1."""
    from benchlib import draw

    if x_scale != 1.0 or y_scale != 1.0:
        other = scaled(other, x_scale, y_scale)
    draw.paste(img._pixels(), img._w, img._h, img._bpp, x, y, other._pixels(), other._w, other._h, other._bpp)


def pix_to_ai(img) -> None:
    """Fill the planes from the pixels; they are allocated on the Python heap when the pointer is NULL."""
    w, h = img._w, img._h
    # Rows of RGB planes are padded to 64 pixels in the firmware's request, grey ones are not (py_image.c).
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
    """Return a grey picture: of its own with unfilled planes, or over the same memory, then img is grey too."""
    result = None
    # The planes of a grey copy are requested for three colours: that is what the firmware takes from the heap.
    if new:
        result = _new(type(img), img._w, img._h, 1)
        result._ai = allocate(img._w * img._h * 3)
        if not pixels_matter():
            return result
    # In place the grey bytes use the front half of the memory; the rest stays allocated.
    data = img._pixels() if img._bpp == 1 else planes.rgb_to_grey(img._pixels())
    if result is not None:
        return _put(result, data)
    if img._bpp != 1:
        img._pixels()[: len(data)] = data
        img._bpp = 1
    return type(img)(img._w, img._h, 1, img._store, img._ai)


def to_rgb565(img, new: bool):
    """Return an RGB565 picture; OSError when a grey one should become it in place."""
    # In place is impossible for grey: a pixel needs two bytes where one is.
    if not new:
        if img._bpp == 1:
            raise OSError("Can't convert to rgb565 in place!")
        return type(img)(img._w, img._h, 2, img._store, img._ai)
    result = _new(type(img), img._w, img._h, 2)
    result._ai = allocate(img._w * img._h * 3)
    return _put(result, planes.grey_to_565(img._pixels()) if img._bpp == 1 else img._pixels())


def save(img, path: str, roi) -> None:
    """Write .bmp (16 or 8 bits, top row first) or a stand-in for .jpg; any other name writes nothing, silently."""
    import uio

    x, y, w, h = region(img, roi)
    if path.endswith(".jpg") or path.endswith(".jpeg"):
        with uio.open(path, "wb") as out:
            out.write(b"\xff\xd8\xff\xfe\x00\x13not a real JPEG \xff\xd9")
        return
    if not path.endswith(".bmp"):
        return
    bpp = img._bpp
    # BMP pads each row to four bytes. A negative height means that the top row comes first.
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
            # BMP is little-endian and the picture has the high byte first, so the bytes of each pixel are swapped.
            data = bytearray(row)
            if bpp == 1:
                data[:w] = raw
            else:
                for i in range(w):
                    data[2 * i] = raw[2 * i + 1]
                    data[2 * i + 1] = raw[2 * i]
            out.write(bytes(data))


def load(image, data: bytes):
    """Return the picture in a .bmp of 8, 16 or 24 bits; OSError for what is none. JPEG is not in the fake."""
    if bytes(data[:2]) == b"\xff\xd8":
        raise NotImplementedError("the fake reads .bmp only")
    if bytes(data[:2]) != b"BM":
        raise OSError("Unsupported format!")
    start = struct.unpack("<I", bytes(data[10:14]))[0]
    w, high = struct.unpack("<ii", bytes(data[18:26]))
    bits = struct.unpack("<H", bytes(data[28:30]))[0]
    # Both row orders are read: PC programs write the bottom row first.
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
