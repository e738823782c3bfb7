"""Colours and pixel formats: RGB565 as the chip keeps it, grey levels, 8-bit planes (imlib.h, py_image.c)."""

import array


def rgb(r: int, g: int, b: int) -> int:
    """Return 8-bit components, clamped, as the firmware's RGB565 int, whose bytes are swapped."""
    r = 0 if r < 0 else 255 if r > 255 else r
    g = 0 if g < 0 else 255 if g > 255 else g
    b = 0 if b < 0 else 255 if b > 255 else b
    value = (r * 31 + 127) // 255 << 11 | (g * 63 + 127) // 255 << 5 | (b * 31 + 127) // 255
    return (value & 255) << 8 | value >> 8


def components(color: int):
    """Return the firmware's RGB565 int as (r, g, b) with 8 bits each."""
    value = (color & 255) << 8 | color >> 8 & 255
    return (((value >> 11) * 255 + 15) // 31, ((value >> 5 & 63) * 255 + 31) // 63, ((value & 31) * 255 + 15) // 31)


exact = [False]  # whether the flavour has the grey levels of all colours in a table; bench.reset() sets it
_LOW = (0, 2, 5, 7, 9, 12, 14, 16)


def luma(color: int) -> int:
    """Return the grey level of the firmware's RGB565 int, 0 to 254, or to 255 where the flavour has the whole table.

    The large flavours have a table of all colours. The others have one for the colours whose low three bits of green
    are 0, and add a step for these bits (yuv_tab.c). Images of both give the same levels for all 65,536 colours.
    """
    value = (color & 255) << 8 | color >> 8 & 255
    if exact[0]:
        r, g, b = components(color)
        return int(r * 0.299 + g * 0.587 + b * 0.114)
    r, g, b = ((value >> 11) * 255 + 15) // 31, ((value >> 5 & 56) * 255 + 31) // 63, ((value & 31) * 255 + 15) // 31
    return (r * 299 + g * 587 + b * 114) // 1000 + _LOW[value >> 5 & 7]


def grey(r: int, g: int, b: int) -> int:
    """Return the grey level of 8-bit components, which are converted to RGB565 first."""
    return luma(rgb(r, g, b))


def _linear(level):
    value = level / 255
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def lightness(r: int, g: int, b: int) -> int:
    """Return the level of rgb_to_grayscale for 8-bit components: sRGB to linear light, its luminance, and back."""
    y = 0.2126729 * _linear(r) + 0.7151522 * _linear(g) + 0.072175 * _linear(b)
    y = y * 12.92 if y <= 0.0031308 else 1.055 * y ** (1 / 2.4) - 0.055
    # White is one level short on the firmware too, whose floats have 32 bits.
    return min(int(y * 255), 254)


_TABLES = {}  # type: dict
# CPython converts a row with one call; MicroPython has neither bytes.translate nor slices with a step.
_translate = getattr(bytes, "translate", None)
_EVEN = slice(0, None, 2) if _translate else None
_ODD = slice(1, None, 2) if _translate else None


def _tables() -> dict:
    # Tables of 256 entries between the bytes of RGB565, planes and grey levels; computed once.
    if "r" not in _TABLES:
        five = [(v * 255 + 15) // 31 for v in range(32)]
        six = [(v * 255 + 31) // 63 for v in range(64)]
        r5 = [(v * 31 + 127) // 255 for v in range(256)]
        g6 = [(v * 63 + 127) // 255 for v in range(256)]
        greys = [rgb(v, v, v) for v in range(256)]
        _TABLES["r"] = bytes([five[v >> 3] for v in range(256)])
        _TABLES["b"] = bytes([five[v & 31] for v in range(256)])
        _TABLES["g"] = bytes([six[v & 63] for v in range(256)])
        _TABLES["g_high"] = bytes([(v & 7) << 3 for v in range(256)])
        _TABLES["g_low"] = bytes([v >> 5 for v in range(256)])
        _TABLES["from_r"] = bytes([v << 3 for v in r5])
        _TABLES["from_g_high"] = bytes([v >> 3 for v in g6])
        _TABLES["from_g_low"] = bytes([(v & 7) << 5 for v in g6])
        _TABLES["from_b"] = bytes(r5)
        _TABLES["grey_high"] = bytes([v & 255 for v in greys])
        _TABLES["grey_low"] = bytes([v >> 8 for v in greys])
    return _TABLES


def _join(a: bytes, b: bytes) -> bytes:
    # The sum of each pair of bytes. It fits a byte, because no bit is set in both.
    return (int.from_bytes(a, "big") + int.from_bytes(b, "big")).to_bytes(len(a), "big")


def grey_to_565(levels):
    """Return grey levels as the bytes of RGB565."""
    tables = _tables()
    high, low = tables["grey_high"], tables["grey_low"]
    count = len(levels)
    out = bytearray(count * 2)
    if _translate:
        raw = bytes(levels)
        out[_EVEN] = _translate(raw, high)
        out[_ODD] = _translate(raw, low)
        return out
    for i in range(count):
        out[2 * i] = high[levels[i]]
        out[2 * i + 1] = low[levels[i]]
    return out


def rgb_to_grey(pairs) -> bytearray:
    """Return the bytes of RGB565 as grey levels."""
    count = len(pairs) // 2
    # The table of all colours costs 65,536 calls, which is too much for a line of text.
    if _translate and count > 4096:
        name = "exact luma" if exact[0] else "luma"
        table = _TABLES.get(name)
        if table is None:
            table = _TABLES[name] = bytes([luma(v) for v in range(65536)])
        return bytearray([table[v] for v in array.array("H", bytes(pairs))])
    out = bytearray(count)
    for i in range(count):
        out[i] = luma(pairs[2 * i] | pairs[2 * i + 1] << 8)
    return out


def planes_of(pixels):
    """Return the bytes of RGB565 as planes of r, g and b with 8 bits each."""
    tables = _tables()
    # Green has bits in both bytes of a pixel; red and blue have theirs in one.
    if _translate:
        raw = bytes(pixels)
        high, low = raw[_EVEN], raw[_ODD]
        green = _join(_translate(high, tables["g_high"]), _translate(low, tables["g_low"]))
        return _translate(high, tables["r"]) + _translate(green, tables["g"]) + _translate(low, tables["b"])
    count = len(pixels) // 2
    out = bytearray(count * 3)
    r, g, b, gh, gl = tables["r"], tables["g"], tables["b"], tables["g_high"], tables["g_low"]
    for i in range(count):
        high, low = pixels[2 * i], pixels[2 * i + 1]
        out[i] = r[high]
        out[count + i] = g[gh[high] | gl[low]]
        out[2 * count + i] = b[low]
    return out


def pixels_of(planes, count):
    """Return three planes of `count` bytes as the bytes of RGB565."""
    tables = _tables()
    out = bytearray(count * 2)
    fr, fh, fl, fb = tables["from_r"], tables["from_g_high"], tables["from_g_low"], tables["from_b"]
    if _translate:
        raw = bytes(planes)
        r, g, b = raw[:count], raw[count : 2 * count], raw[2 * count : 3 * count]
        out[_EVEN] = _join(_translate(r, fr), _translate(g, fh))
        out[_ODD] = _join(_translate(g, fl), _translate(b, fb))
        return out
    for i in range(count):
        g = planes[count + i]
        out[2 * i] = fr[planes[i]] | fh[g]
        out[2 * i + 1] = fl[g] | fb[planes[2 * count + i]]
    return out
