"""Memory of pictures: the frame buffer of the camera, filled when somebody reads it, and the Python heap."""

import sys

import bench
from benchlib.pool import take

OUT_OF_HEAP = (
    "Out of normal MicroPython Heap Memory!"
    " Please reduce the resolution of the image you are running this algorithm on to bypass this issue!"
)
ON_CPYTHON = sys.implementation.name == "cpython"
GC_FOR_PROGRAM = 128 * 1024  # bytes of the Python heap for the program and small objects: an estimate
GARBAGE = "uninitialised pix_ai"


def reserve(size: int) -> None:
    """Count `size` bytes as taken from the Python heap. Raises MemoryError with the firmware's text when it is full."""
    memory = bench.memory
    # CPython has no heap of a fixed size. The pictures are counted so that a program that
    # keeps too many fails here too.
    if memory.gc_used + size > memory.gc_capacity - GC_FOR_PROGRAM:
        raise MemoryError(OUT_OF_HEAP)
    memory.gc_used += size


def pixels_matter() -> bool:
    """Return whether anybody reads pixels; nobody does when painting is off and the engine needs none."""
    return bench.screen.draw or getattr(bench.kpu.engine, "needs_pixels", bench.kpu.engine is not None)


class Memory:
    """Pixels or planes on the Python heap."""

    def __init__(self, data):
        self._data = data
        self._counted = 0
        self._generation = 0

    def pixels(self, img):
        data = self._data
        size = img._w * img._h * img._bpp
        # A picture that was cropped or made grey in place uses only the front of its memory.
        return data if len(data) == size else memoryview(data)[:size]

    def planes(self, img):
        return self._data

    def __del__(self):
        # A picture may outlive its board; then its bytes do not belong to the account of the next one.
        if self._counted and self._generation == bench.generation:
            bench.memory.gc_used -= self._counted


def allocate(size: int):
    """Return a Memory of `size` bytes on the Python heap. On the chip it is uninitialised; here it holds 0xA5.

    Raises MemoryError with the firmware's text.
    """
    # A real MicroPython has a real limit; only the text of its error is replaced by that of xalloc.c.
    if not ON_CPYTHON:
        try:
            data = take(size)
        except MemoryError:
            raise MemoryError(OUT_OF_HEAP)
        return Memory(data)
    reserve(size)
    memory = Memory(bytearray(b"\xa5") * size)
    memory._counted = size
    memory._generation = bench.generation
    return memory


class FrameBuffer:
    """A buffer of the camera, shared by all its pictures. The source fills it when somebody first reads it."""

    def __init__(self):
        self._pixels = None
        self._planes = None
        self._fresh = False
        self._gray = False
        self._flat = None

    def new_frame(self, gray: bool) -> None:
        """Note that a new frame has arrived, as grey levels or as RGB565."""
        self._fresh = True
        self._gray = gray

    def _fetch(self):
        self._fresh = False
        camera = bench.camera
        x, y, w, h = camera.window
        frame_w, frame_h = camera.max_size
        # Most tests never read a pixel, and without a source a frame costs them no memory.
        if camera.source is None:
            pixels, planes = self._flat_picture(w, h)
        else:
            pixels, planes = camera.source.grab(x, y, w, h, frame_w, frame_h, self._gray)
        # Pixels and plane of a grey frame are one memory, so the KPU sees what a program draws.
        self._planes = self._copied(self._planes, planes)
        self._pixels = self._planes if self._gray else self._copied(self._pixels, pixels)

    def _copied(self, old, new):
        # Copies, because programs draw into the pixels and a source may return its cache. The memory stays the same,
        # because pictures of earlier frames show it and must show the new frame.
        if old is not None and len(old) == len(new) and isinstance(old, bytearray):
            old[:] = new
            return old
        copy = take(len(new))
        copy[:] = new
        return copy

    def _flat_picture(self, w, h):
        key = (w, h, self._gray)
        if self._flat is None or self._flat[0] != key:
            pixels = b"" if self._gray else b"\x84\x10" * (w * h)
            self._flat = (key, pixels, b"\x80" * (w * h * (1 if self._gray else 3)))
        return self._flat[1:]

    def pixels(self, img):
        if self._fresh:
            self._fetch()
        size = img._w * img._h * img._bpp
        # A negative depth marks a picture that was taken before set_pixformat.
        if size < 0:
            raise OSError("Image format is not supported!")
        data = self._pixels
        if data is None:
            raise MemoryError("no frame")
        if len(data) == size:
            return data
        if len(data) < size:  # a picture from before set_windowing is larger than the new frame
            data = self._pixels = data + bytearray(size - len(data))
        return memoryview(data)[:size]

    def planes(self, img):
        if self._fresh:
            self._fetch()
        # A picture from before set_windowing may be larger than the frame: zeros fill it up.
        data = self._planes
        size = img._w * img._h * (1 if img._bpp == 1 else 3)
        if len(data) < size:
            data = self._planes = data + bytearray(size - len(data))
        return data


def get_pixel(img, x: int, y: int, rgbtuple):
    """Return a pixel as Image.get_pixel does: (r, g, b) for RGB565, a level for grey, None outside the picture."""
    w, bpp = img._w, img._bpp
    # A pixel outside is not an error (py_image.c), so that loops over a margin work here as on the board.
    if not (0 <= x < w and 0 <= y < img._h):
        return None
    pixels = img._pixels()
    at = (y * w + x) * bpp
    if bpp == 1:
        level = pixels[at]
        if not rgbtuple:
            return level
        from benchlib.planes import components, rgb

        # The tuple has the steps of RGB565.
        return components(rgb(level, level, level))
    value = pixels[at] | pixels[at + 1] << 8
    # The default of rgbtuple is True for RGB565 and False for grey.
    if rgbtuple is None or rgbtuple:
        from benchlib.planes import components

        return components(value)
    return value


def set_pixel(img, x: int, y: int, color: int) -> None:
    """Write one pixel; nothing happens outside the picture."""
    w, bpp = img._w, img._bpp
    # The firmware ignores a pixel outside, and programs draw over the edge on purpose.
    if 0 <= x < w and 0 <= y < img._h:
        pixels = img._pixels()
        at = (y * w + x) * bpp
        pixels[at] = color & 255
        if bpp == 2:
            pixels[at + 1] = color >> 8 & 255


def item(img, index):
    """Return img[index]: (r, g, b) or a level, or a tuple of these for a slice.

    Raises IndexError for an index outside, OSError for a slice with a step.
    """
    w = img._w
    count = w * img._h
    if isinstance(index, slice):
        if index.step not in (None, 1):
            raise OSError("only slices with step=1 (aka None) are supported")
        # The bounds of a slice are clamped, but a single index outside is an error (py_image_subscr).
        start = index.start or 0
        stop = count if index.stop is None else index.stop
        start = max(start + count, 0) if start < 0 else min(start, count)
        stop = max(stop + count, 0) if stop < 0 else min(stop, count)
        return tuple([get_pixel(img, i % w, i // w, None) for i in range(start, stop)])
    if index < 0:
        index += count
    if not 0 <= index < count:
        raise IndexError("Image index out of range")
    return get_pixel(img, index % w, index // w, None)


def set_item(img, index, value) -> None:
    """Set img[index] to a colour. Raises IndexError for an index outside. Simplified: no slices."""
    w = img._w
    count = w * img._h
    if index < 0:
        index += count
    if not 0 <= index < count:
        raise IndexError("Image index out of range")
    set_pixel(img, index % w, index // w, img._color(value))
