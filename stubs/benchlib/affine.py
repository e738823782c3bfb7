"""Transformations of the planes of a picture, to the last bit (affine.c and its machine code in the firmware).

The compiler merged products and sums, and turned some divisions into products; fma() and the order of the operations
follow it. The angle and the square roots are in 64 bits, as on the chip.
"""

from math import atan2, sin, sqrt

import bench
from benchlib.args import fixed, to_float, to_int
from benchlib.frames import GARBAGE, pixels_matter
from benchlib.single import div, fma, single

MOST_POINTS = 10


def points(source, target) -> tuple:
    """Return two lists of points as lists of x, y, x, y ..., each number cut to 16 bits without a sign.

    Raises OSError with the firmware's texts, TypeError or ValueError for a point that is not a pair of whole numbers.
    """
    if type(source) is not list or type(target) is not list:
        raise OSError("Need input [[x0,y0],[x1,y1],...]\r\n")
    if len(source) != len(target):
        raise OSError("src len must equal with dst len")
    if len(source) > MOST_POINTS:
        raise OSError("must<=10 points")
    rows = ([], [])  # type: tuple
    for pair in zip(source, target):
        for row, point in zip(rows, pair):
            row.extend([to_int(value) & 0xFFFF for value in fixed(point, 2)])
    return rows


def _means(row, count):
    x = y = 0.0
    for i in range(0, 2 * count, 2):
        x = single(x + row[i])
        y = single(y + row[i + 1])
    return div(x, count), div(y, count)


def _rotation(a, b, c, d):
    # The singular values of the matrix (a b; c d), and the product of its two rotations.
    first = sqrt(single(a - d) ** 2 + single(b + c) ** 2)
    largest = single((first + sqrt(single(a + d) ** 2 + single(b - c) ** 2)) * 0.5)
    least = abs(single(largest - first))
    v2 = 0.0
    if largest > least:
        double = fma(a, b, single(d * c))
        squares = fma(-d, d, fma(-b, b, fma(a, a, single(c * c))))
        v2 = single(sin(atan2(single(double + double), squares) * 0.5))
    v0 = single(sqrt(fma(-v2, v2, 1.0)))
    u0, u2 = 1.0, 0.0
    if largest:
        u0 = div(-fma(a, v0, single(b * v2)), largest)
        u2 = div(-fma(c, v0, single(d * v2)), largest)
    u1, u3 = -u2, u0
    if least:
        u1 = div(fma(a, -v2, single(b * v0)), least)
        u3 = div(fma(c, -v2, single(d * v0)), least)
    return (
        single(largest + least),
        fma(u0, -v0, single(u1 * -v2)),
        fma(u0, -v2, single(u1 * v0)),
        fma(u2, -v0, single(u3 * -v2)),
        fma(u2, -v2, single(u3 * v0)),
    )


def transform(source, target) -> tuple:
    """Return the nine numbers, by rows, that tell for each place of `target` where in `source` to read.

    source, target: lists of the same points, at most 10 pairs of whole numbers. The transformation is a rotation, one
    scale and a shift. Raises as points().
    """
    to, at = points(source, target)
    count = len(source)
    at_x, at_y = _means(at, count)
    to_x, to_y = _means(to, count)
    near = [(single(at[2 * i] - at_x), single(at[2 * i + 1] - at_y)) for i in range(count)]
    far = [(single(to[2 * i] - to_x), single(to[2 * i + 1] - to_y)) for i in range(count)]
    part = div(1.0, count)
    cells = []
    for i in (0, 1):
        for k in (0, 1):
            total = 0.0
            for j in range(count):
                total = fma(far[j][i], near[j][k], total)
            cells.append(single(total * part))
    sum_of_two, r00, r01, r10, r11 = _rotation(*cells)
    mean_x = mean_y = 0.0
    for x, y in near:
        mean_x = single(mean_x + x)
        mean_y = single(mean_y + y)
    mean_x, mean_y = div(mean_x, count), div(mean_y, count)
    spread_x = spread_y = 0.0
    for x, y in near:
        away = single(mean_x - x)
        spread_x = fma(away, away, spread_x)
        away = single(mean_y - y)
        spread_y = fma(away, away, spread_y)
    scale = single(div(1.0, single(spread_x + spread_y)) * single(count * sum_of_two))
    return (
        single(r00 * scale),
        single(r01 * scale),
        fma(-fma(at_x, r00, single(at_y * r01)), scale, to_x),
        single(r10 * scale),
        single(r11 * scale),
        fma(-fma(at_x, r10, single(at_y * r11)), scale, to_y),
        0.0,
        0.0,
        1.0,
    )


def _place(value):
    # A float as int32_t with 8 bits behind the point; the chip's conversion stops at the ends.
    if value != value or value > 0x7FFFFFFF:
        return 0x7FFFFFFF
    return max(int(value), -0x80000000)


def numbers(values) -> list:
    """Return the nine numbers of a transformation as 32-bit floats. Raises TypeError or ValueError."""
    return [single(to_float(value)) for value in fixed(values, 9)]


def warp(img, other, rows) -> None:
    """Fill the planes of the picture `other` from those of img.

    rows: nine numbers as from numbers(). A point outside of img is 0. On its right and lower edge the point behind it
    is read too: the next row, the next plane, at last what lies behind the memory, here 0.
    Raises ValueError with the firmware's texts unless both have planes of the same kind.
    """
    if img._bpp != other._bpp:
        raise ValueError("src_img->bpp != dst_img->bpp")
    if img._ai is None or other._ai is None:
        raise ValueError("only support ai image affine")
    if GARBAGE in (img._ai, other._ai):
        bench.hard_fault("warp_affine_ai with a copy() goes through an uninitialised pointer")
    if not pixels_matter():
        return
    source, w, h = img._planes(), img._w, img._h
    target, new_w, new_h = other._planes(), other._w, other._h
    colours = 1 if img._bpp == 1 else 3
    end = len(source)
    cells, new_cells = w * h, new_w * new_h
    for i in range(new_cells * colours):
        target[i] = 0
    shift = single(rows[2] * 256)
    for i in range(new_h):
        down = i * 256
        start_x = fma(rows[1], down, shift)
        start_y = fma(rows[5], 256.0, single(rows[4] * down))
        for j in range(new_w):
            x = _place(fma(rows[0], j * 256, start_x))
            y = _place(fma(rows[3], j * 256, start_y))
            left, top = x >> 8, y >> 8
            if left < 0 or left >= w or top < 0 or top >= h:
                continue
            x &= 255
            y &= 255
            weights = ((256 - x) * (256 - y), x * (256 - y), (256 - x) * y, x * y)
            at = top * w + left
            to = i * new_w + j
            for _ in range(colours):
                total = source[at] * weights[0]
                if at + w + 1 < end:
                    total += source[at + 1] * weights[1] + source[at + w] * weights[2] + source[at + w + 1] * weights[3]
                else:
                    for k, place in ((1, at + 1), (2, at + w), (3, at + w + 1)):
                        if place < end:
                            total += source[place] * weights[k]
                target[to] = total >> 16
                at += cells
                to += new_cells
