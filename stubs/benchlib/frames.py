"""Where pixels live: the camera's frame buffer, fetched when looked at, and pictures on the Python heap."""

import sys

import bench
from benchlib.pool import take

OUT_OF_HEAP = (
    "Out of normal MicroPython Heap Memory!"
    " Please reduce the resolution of the image you are running this algorithm on to bypass this issue!"
)
ON_CPYTHON = sys.implementation.name == "cpython"
GC_FOR_THE_REST = 128 * 1024  # of the Python heap, what program and small objects take: an estimate
GARBAGE = "uninitialised pix_ai"


def reserve(size: int) -> None:
    """Account `size` bytes on the Python heap; MemoryError with the firmware's text when it is full."""
    memory = bench.memory
    # CPython has no heap of that size, so the pictures are counted: a program that keeps too many fails as on a board.
    if memory.gc_used + size > memory.gc_capacity - GC_FOR_THE_REST:
        raise MemoryError(OUT_OF_HEAP)
    memory.gc_used += size


def pixels_matter() -> bool:
    """Will anybody look at pixels? Not when painting is off and the engine reads none: then nothing fills them."""
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
        # a picture cropped or made grey in place uses the front of its memory
        return data if len(data) == size else memoryview(data)[:size]

    def planes(self, img):
        return self._data

    def __del__(self):
        # A picture may outlive its board. It must not give bytes back to the account of the next one.
        if self._counted and self._generation == bench.generation:
            bench.memory.gc_used -= self._counted


def allocate(size: int):
    """Return `size` bytes on the Python heap, uninitialised on the chip (here 0xA5); MemoryError with the firmware's
    text."""
    # A real MicroPython has the real limit; only the text of its error is replaced by that of imlib.
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
    """One camera buffer; every picture of the camera looks at it. Content comes from the source at the first look."""

    def __init__(self):
        self._pixels = None
        self._planes = None
        self._fresh = False
        self._gray = False
        self._flat = None

    def new_frame(self, gray: bool) -> None:
        self._fresh = True
        self._gray = gray

    def _look(self):
        self._fresh = False
        camera = bench.camera
        x, y, w, h = camera.window
        frame_w, frame_h = camera.max_size
        # Nothing is fetched before somebody looks: most tests never do, and a frame then costs no memory.
        if camera.source is None:
            pixels, planes = self._flat_picture(w, h)
        else:
            pixels, planes = camera.source.grab(x, y, w, h, frame_w, frame_h, self._gray)
        # A grey frame is its own plane, so one memory serves both; drawing shows in what the KPU reads.
        self._planes = self._keep(self._planes, planes)
        self._pixels = self._planes if self._gray else self._keep(self._pixels, pixels)

    def _keep(self, old, new):
        # copy: programs draw into the pixels, sources hand out what they cached
        # The same memory as before: pictures of earlier frames look at it, and they must see the new frame.
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
            self._look()
        size = img._w * img._h * img._bpp
        # A negative depth is the mark for a picture that was taken before set_pixformat.
        if size < 0:
            raise OSError("Image format is not supported!")
        data = self._pixels
        if data is None:
            raise MemoryError("no frame")
        if len(data) == size:
            return data
        if len(data) < size:  # a picture of before set_windowing: its memory is the same, larger than what we keep
            data = self._pixels = data + bytearray(size - len(data))
        return memoryview(data)[:size]

    def planes(self, img):
        if self._fresh:
            self._look()
        # A picture of before set_windowing may be larger than what was fetched: zeros stand for its rest.
        data = self._planes
        size = img._w * img._h * (1 if img._bpp == 1 else 3)
        if len(data) < size:
            data = self._planes = data + bytearray(size - len(data))
        return data


def get_pixel(img, x: int, y: int, rgbtuple):
    """Return what Image.get_pixel returns: a tuple for RGB565, a level for grey, None outside."""
    w, bpp = img._w, img._bpp
    # Outside is None and no error, as in py_image.c; loops over a margin work on the board, so they work here.
    if not (0 <= x < w and 0 <= y < img._h):
        return None
    pixels = img._pixels()
    at = (y * w + x) * bpp
    if bpp == 1:
        level = pixels[at]
        return (level, level, level) if rgbtuple else level
    value = pixels[at] | pixels[at + 1] << 8
    # The default of rgbtuple is the opposite for the two depths: True for RGB565, False for grey.
    if rgbtuple is None or rgbtuple:
        from benchlib.planes import components

        return components(value)
    return value


def set_pixel(img, x: int, y: int, color: int) -> None:
    """Write one pixel, nothing outside."""
    w, bpp = img._w, img._bpp
    # The firmware drops a pixel outside silently: programs draw over the edge on purpose.
    if 0 <= x < w and 0 <= y < img._h:
        pixels = img._pixels()
        at = (y * w + x) * bpp
        pixels[at] = color & 255
        if bpp == 2:
            pixels[at + 1] = color >> 8 & 255


def item(img, index):
    """Return img[index]: (r, g, b) or a level; a tuple of them for a slice."""
    w = img._w
    count = w * img._h
    if isinstance(index, slice):
        if index.step not in (None, 1):
            raise OSError("only slices with step=1 (aka None) are supported")
        # Bounds of a slice are clamped, a single index outside is an error: both as py_image_subscr does.
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
    """Write img[index] = colour; slices are not in the fake."""
    w = img._w
    count = w * img._h
    if index < 0:
        index += count
    if not 0 <= index < count:
        raise IndexError("Image index out of range")
    set_pixel(img, index % w, index // w, img._color(value))
