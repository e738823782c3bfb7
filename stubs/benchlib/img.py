"""The Image object of the firmware (py_image.c): pixels, planes for the KPU, and the methods that programs use.

A name that starts with "_" does not exist in the firmware. The pixels of a picture of the camera come from
bench.camera.source when somebody first reads them.
"""

import bench
import flavours
from benchlib import frames, letters, planes
from benchlib.args import UNSET, fixed, is_sequence, lenient, to_int
from benchlib.frames import GARBAGE, Memory
from benchlib.pool import wipe

MUTABLE = "Image format is not supported!"
TOO_FEW = "Not enough positional arguments!"


def is_image(value) -> bool:
    """Return whether the value is the firmware's Image."""
    return type(value) is Image


def view(w: int, h: int, bpp: int, data):
    """Return an Image over existing memory, without planes."""
    return Image(w, h, bpp, Memory(data), None)


class Image:
    """A picture of w x h pixels with bpp 1 (grey) or 2 (RGB565), from sensor.snapshot() or image.Image()."""

    def __init__(self, w, h, bpp, store, ai):
        self._w = w
        self._h = h
        self._bpp = bpp
        self._store = store
        self._ai = ai  # planes: a frame buffer or a Memory, None for NULL, GARBAGE for an uninitialised pointer

    # -- for the bench and the other fakes -----------------------------------------------------------------------

    def _pixels(self):
        return self._store.pixels(self)

    def _planes(self):
        """Return the 8-bit planes that the KPU reads: r, g and b one after another, or grey."""
        data = self._ai.planes(self)
        size = self._w * self._h * (1 if self._bpp == 1 else 3)
        return data if len(data) == size else memoryview(data)[:size]

    def _color(self, color):
        # The default is -1, which is white once cut to the depth of the picture.
        if color is UNSET:
            return -1 & (0xFFFF if self._bpp == 2 else 0xFF)
        if isinstance(color, int):
            return color & 0xFFFF
        r, g, b = [to_int(v) for v in fixed(color, 3)]
        # For a grey picture the firmware goes through RGB565, so the levels have the steps of that format.
        if self._bpp == 1:
            return planes.grey(min(max(r, 0), 255), min(max(g, 0), 255), min(max(b, 0), 255))
        return planes.rgb(r, g, b)

    # -- the firmware's names ------------------------------------------------------------------------------------

    def width(self) -> int:
        return self._w

    def height(self) -> int:
        return self._h

    def format(self) -> int:
        return 4 if self._bpp == 1 else 2

    def size(self) -> int:
        return self._w * self._h * self._bpp

    def __repr__(self):
        kind = "grayscale" if self._bpp == 1 else "rgb565"
        return '{"w":%d, "h":%d, "type"="%s", "size":%d}' % (self._w, self._h, kind, self.size())

    __str__ = __repr__

    def __getitem__(self, index):
        return frames.item(self, index)

    def __setitem__(self, index, value):
        frames.set_item(self, index, value)

    def __iter__(self):
        raise TypeError("'Image' object isn't iterable")

    def __bytes__(self):
        return bytes(self._pixels())

    def clear(self) -> "Image":
        bench.enter("Image.clear")
        if bench.screen.draw:
            wipe(self._pixels())
        return self

    @lenient
    def get_pixel(self, _x, _y=None, rgbtuple=None):
        if is_sequence(_x):
            _x, _y, rgbtuple = _x[0], _x[1], rgbtuple if _y is None else _y
        if _y is None:
            raise OSError(TOO_FEW)
        return frames.get_pixel(self, to_int(_x), to_int(_y), rgbtuple)

    @lenient
    def set_pixel(self, _x, _y=None, color=UNSET) -> "Image":
        if is_sequence(_x):
            _x, _y, color = _x[0], _x[1], color if _y is None else _y
        if _y is None:
            raise OSError(TOO_FEW)
        frames.set_pixel(self, to_int(_x), to_int(_y), self._color(color))
        return self

    @lenient
    def draw_line(self, _x0, _y0=None, _x1=None, _y1=None, color=UNSET, thickness: int = 1) -> "Image":
        bench.enter("Image.draw_line")
        # The coordinates may be a tuple; then each later argument is one position or more further to the left.
        if is_sequence(_x0):
            if _y0 is not None:
                color = _y0
            if _x1 is not None:
                thickness = _x1
            _x0, _y0, _x1, _y1 = fixed(_x0, 4)
        if _y1 is None:
            raise OSError(TOO_FEW)
        _x0, _y0 = to_int(_x0), to_int(_y0)
        _x1, _y1 = to_int(_x1), to_int(_y1)
        ink = self._color(color)
        if bench.screen.draw:
            from benchlib import draw

            draw.line(self._pixels(), self._w, self._h, self._bpp, _x0, _y0, _x1, _y1, ink, to_int(thickness))
        return self

    @lenient
    def draw_rectangle(self, _x, _y=None, _w=None, _h=None, color=UNSET, thickness: int = 1, fill=False) -> "Image":
        bench.enter("Image.draw_rectangle")
        # With the coordinates as a tuple the later arguments move to the left.
        if is_sequence(_x):
            if _y is not None:
                color = _y
            if _w is not None:
                thickness = _w
            if _h is not None:
                fill = _h
            _x, _y, _w, _h = fixed(_x, 4)
        if _h is None:
            raise OSError(TOO_FEW)
        _x, _y = to_int(_x), to_int(_y)
        _w, _h = to_int(_w), to_int(_h)
        ink = self._color(color)
        if bench.screen.draw:
            from benchlib import draw

            draw.rectangle(
                self._pixels(), self._w, self._h, self._bpp, _x, _y, _w, _h, ink, to_int(thickness), bool(fill)
            )
        return self

    @lenient
    def draw_circle(self, _x, _y=None, _r=None, color=UNSET, thickness: int = 1, fill=False) -> "Image":
        bench.enter("Image.draw_circle")
        # With the coordinates as a tuple the later arguments move to the left.
        if is_sequence(_x):
            if _y is not None:
                color = _y
            if _r is not None:
                thickness = _r
            _x, _y, _r = fixed(_x, 3)
        if _r is None:
            raise OSError(TOO_FEW)
        _x, _y, _r = to_int(_x), to_int(_y), to_int(_r)
        ink = self._color(color)
        if bench.screen.draw:
            from benchlib import draw

            draw.circle(self._pixels(), self._w, self._h, self._bpp, _x, _y, _r, ink, to_int(thickness), bool(fill))
        return self

    @lenient
    def draw_cross(self, _x, _y=None, color=UNSET, size: int = 5, thickness: int = 1) -> "Image":
        bench.enter("Image.draw_cross")
        # With the coordinates as a tuple the colour moves to the left.
        if is_sequence(_x):
            if _y is not None:
                color = _y
            _x, _y = fixed(_x, 2)
        if _y is None:
            raise OSError(TOO_FEW)
        _x, _y, ink = to_int(_x), to_int(_y), self._color(color)
        if bench.screen.draw:
            from benchlib import draw

            pixels = self._pixels()
            draw.line(pixels, self._w, self._h, self._bpp, _x - size, _y, _x + size, _y, ink, thickness)
            draw.line(pixels, self._w, self._h, self._bpp, _x, _y - size, _x, _y + size, ink, thickness)
        return self

    @lenient
    def draw_string(
        self, _x, _y=None, _text=None, color=UNSET, scale=1.0, x_spacing: int = 0, y_spacing: int = 2, mono_space=0
    ) -> "Image":
        bench.enter("Image.draw_string")
        # With position and _text as a tuple the later arguments move to the left.
        if is_sequence(_x):
            if _y is not None:
                color = _y
            if _text is not None:
                scale = _text
            _x, _y, _text = fixed(_x, 3)
        if _text is None:
            raise OSError(TOO_FEW)
        _x, _y, ink = to_int(_x), to_int(_y), self._color(color)
        if not isinstance(_text, str) and not isinstance(_text, bytes):
            raise TypeError("can't convert '%s' object to str implicitly" % type(_text).__name__)
        if not scale > 0:
            raise OSError("Error: 0 < scale!")
        if bench.screen.draw:
            from benchlib import draw

            draw.string(
                self._pixels(),
                self._w,
                self._h,
                self._bpp,
                _x,
                _y,
                _text,
                ink,
                scale,
                to_int(x_spacing),
                to_int(y_spacing),
                bool(mono_space),
            )
        return self

    @lenient
    def draw_font(self, _x, _y=None, _w=None, _h=None, _font=None, color=UNSET, scale=1.0) -> "Image":
        bench.enter("Image.draw_font")
        # With position, size and letter as a tuple the later arguments move to the left.
        if is_sequence(_x):
            if _y is not None:
                color = _y
            if _w is not None:
                scale = _w
            _x, _y, _w, _h, _font = fixed(_x, 5)
        if _font is None:
            raise OSError(TOO_FEW)
        _x, _y = to_int(_x), to_int(_y)
        ink = self._color(color)
        record = letters.record_of(_font, to_int(_w), to_int(_h), scale)
        if bench.screen.draw:
            letters.letter(self._pixels(), self._w, self._h, self._bpp, _x, _y, _w, _h, record, ink, scale)
        return self

    @lenient
    def draw_image(
        self, _other, _x, _y=None, x_scale: float = 1.0, y_scale: float = 1.0, alpha: int = 256, mask=None
    ) -> "Image":
        bench.enter("Image.draw_image")
        if not is_image(_other):
            raise TypeError("Can't convert %s to type" % type(_other).__name__)
        if is_sequence(_x):
            _x, _y = fixed(_x, 2)
        if _y is None:
            raise OSError(TOO_FEW)
        if not 0 <= alpha <= 256:
            raise OSError("Error: 0 <= alpha <= 256!")
        if bench.screen.draw and alpha:  # simplified: half-transparent is drawn opaque
            from benchlib import imgops

            imgops.draw_image(self, _other, to_int(_x), to_int(_y), x_scale, y_scale)
        return self

    def resize(self, _w: int, _h: int) -> "Image":
        bench.enter("Image.resize")
        from benchlib import imgops

        return imgops.resize(self, to_int(_w), to_int(_h))

    def cut(self, _x: int, _y: int, _w: int, _h: int) -> "Image":
        bench.enter("Image.cut")
        from benchlib import imgops

        return imgops.cut(self, to_int(_x), to_int(_y), to_int(_w), to_int(_h))

    @lenient
    def copy(self, roi=None, x_scale: float = 1.0, y_scale: float = 1.0, copy_to_fb=False) -> "Image":
        bench.enter("Image.copy")
        from benchlib import imgops

        # Before crop() came there were no scales: the number behind roi was copy_to_fb.
        if not bench.has(flavours.CROP):
            return imgops.copy(self, roi, 1.0, 1.0, False, copy_to_fb if x_scale == 1.0 else to_int(x_scale))
        return imgops.copy(self, roi, x_scale, y_scale, False, copy_to_fb)

    @lenient
    def crop(self, roi=None, x_scale: float = 1.0, y_scale: float = 1.0, copy=False) -> "Image":
        if not bench.has(flavours.CROP):
            raise AttributeError("'Image' object has no attribute 'crop'")
        bench.enter("Image.crop")
        from benchlib import imgops

        return imgops.copy(self, roi, x_scale, y_scale, not copy, False)

    def pix_to_ai(self) -> None:
        bench.enter("Image.pix_to_ai")
        if self._ai is GARBAGE:
            bench.hard_fault("pix_to_ai on a copy() writes through an uninitialised pointer")
        from benchlib import imgops

        imgops.pix_to_ai(self)

    def ai_to_pix(self) -> None:
        bench.enter("Image.ai_to_pix")
        if self._ai is None:
            return
        if self._ai is GARBAGE:
            bench.hard_fault("ai_to_pix on a copy() reads through an uninitialised pointer")
        from benchlib import imgops

        imgops.ai_to_pix(self)

    @lenient
    def to_grayscale(self, copy=False, rgb_channel: int = -1) -> "Image":
        bench.enter("Image.to_grayscale")
        from benchlib import imgops

        return imgops.to_grayscale(self, bool(copy))

    @lenient
    def to_rgb565(self, copy=False) -> "Image":
        bench.enter("Image.to_rgb565")
        from benchlib import imgops

        return imgops.to_rgb565(self, bool(copy))

    def strech_char(self, _de_dark: int) -> None:
        bench.enter("Image.strech_char")
        de_dark = to_int(_de_dark)
        if self._bpp != 1:
            bench.uart.print("only support grayscale now")
        elif bench.screen.draw:
            from benchlib import pixels

            pixels.stretch(self, bool(de_dark))

    def __getattr__(self, name):
        # Only the large builds have the binary and the arithmetic operations, and hasattr() tells it.
        if name == "invert" and bench.flavour[flavours.BLOBS]:
            return self._invert
        if name in ("replace", "assign", "set") and bench.flavour[flavours.BLOBS]:
            return self._replace
        raise AttributeError("'Image' object has no attribute '%s'" % name)

    def _invert(self) -> "Image":
        bench.enter("Image.invert")
        if bench.screen.draw:
            from benchlib import pixels

            pixels.invert(self)
        return self

    @lenient
    def _replace(self, _image=UNSET, hmirror: int = 0, vflip: int = 0, transpose: int = 0, mask=None) -> "Image":
        bench.enter("Image.replace")
        if mask is not None and not is_image(mask):
            raise TypeError("Can't convert %s to type" % type(mask).__name__)
        from benchlib import pixels

        pixels.replace(self, _image, bool(to_int(hmirror)), bool(to_int(vflip)), bool(to_int(transpose)), mask)
        return self

    def to_bytes(self) -> bytearray:
        """Return the memory of the pixels, not a copy of it."""
        return self._pixels()

    @lenient
    def save(self, path: str, roi=None, quality: int = 50) -> "Image":
        bench.enter("Image.save")
        if not 1 <= quality <= 100:
            raise OSError("Error: 1 <= quality <= 100!")
        if not isinstance(path, str):
            raise TypeError("can't convert '%s' object to str implicitly" % type(path).__name__)
        from benchlib import imgops

        imgops.save(self, path, roi, quality)
        return self


__all__ = ("GARBAGE", "Image", "is_image", "view")
