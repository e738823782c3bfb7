"""Arguments of the image functions, checked and converted as in the firmware (py/obj.c, py_helper.c)."""

import sys

ON_CPYTHON = sys.implementation.name == "cpython"
UNSET = object()  # the default of an argument whose None is an error in the firmware


def lenient(function):
    """Let a function ignore unknown keywords and surplus positions, as py_helper.c does, which looks names up singly.

    On MicroPython it returns the function as it is: a dict of keywords for each call would be memory for each frame.
    """
    if not ON_CPYTHON:
        return function
    code = getattr(function, "__code__")  # noqa: B009  MicroPython has no such name
    limit = code.co_argcount
    takes_all = code.co_flags & 4  # it has *args
    known = set(name for name in code.co_varnames[: limit + code.co_kwonlyargcount] if not name.startswith("_"))

    def call(*args, **keywords):
        # A name with "_" is a position for the firmware: as a keyword it is ignored, and the position is missing.
        if keywords:
            keywords = dict([(name, keywords[name]) for name in keywords if name in known])
        return function(*(args if takes_all else args[:limit]), **keywords)

    # MicroPython's functions take no attributes; CPython's show the real signature by them.
    for name, value in (
        ("__wrapped__", function),
        ("__name__", function.__name__),
        ("__doc__", getattr(function, "__doc__", None)),
    ):
        setattr(call, name, value)
    return call


def is_sequence(value):
    """Return whether the value is a tuple or a list; unlike isinstance with two types it allocates nothing."""
    return type(value) is tuple or type(value) is list


def to_int(value) -> int:
    """Return an int or a bool as an int, as mp_obj_get_int does. Raises TypeError for anything else."""
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        raise TypeError("can't convert float to int")
    raise TypeError("can't convert %s to int" % type(value).__name__)


def to_float(value) -> float:
    """Return a number as a float, as mp_obj_get_float does. Raises TypeError for anything else."""
    if isinstance(value, (int, float)):
        return float(value)
    raise TypeError("can't convert %s to float" % type(value).__name__)


def buffer_bytes(value) -> bytes:
    """Return the bytes of a str or a buffer, as mp_get_buffer_raise gives them. Raises TypeError for anything else."""
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytes):
        return value
    try:
        return bytes(memoryview(value))
    except TypeError:
        raise TypeError("object with buffer protocol required")


def part_of(value, part) -> bytes:
    """Return the bytes of a buffer that write(value, *part) sends, as stream_write_method of stream.c does.

    part: (), (length,) or (offset, length).
    """
    data = buffer_bytes(value)
    if len(part) > 2:
        raise TypeError("function expected at most 4 arguments, got %d" % (len(part) + 2))
    if not part:
        return data
    offset = to_int(part[0]) if len(part) == 2 else 0
    return data[offset : offset + to_int(part[-1])]


def fixed(values, count: int):
    """Return a tuple or list of exactly `count` items, as mp_obj_get_array_fixed_n does.

    Raises TypeError for another type, ValueError for another length.
    """
    if not is_sequence(values):
        raise TypeError("object '%s' isn't a tuple or list" % type(values).__name__)
    if len(values) != count:
        raise ValueError("requested length %d but object has length %d" % (count, len(values)))
    return values


def region(img, roi) -> tuple:
    """Return the rectangle roi (x, y, w, h) cut to the picture, or all of the picture for None.

    Raises OSError for one that is empty or outside, as py_helper_keyword_rectangle does.
    """
    width, height = img._w, img._h
    if roi is None:
        return (0, 0, width, height)
    # The size is checked before the position. A rectangle may lie partly outside, but not completely.
    x, y, w, h = [to_int(v) for v in fixed(roi, 4)]
    if w < 1 or h < 1:
        raise OSError("Invalid ROI dimensions!")
    if x >= width or y >= height or x + w <= 0 or y + h <= 0:
        raise OSError("ROI does not overlap on the image!")
    x1 = min(x + w, width)
    y1 = min(y + h, height)
    x = max(x, 0)
    y = max(y, 0)
    return (x, y, x1 - x, y1 - y)
