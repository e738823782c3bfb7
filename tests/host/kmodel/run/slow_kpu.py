"""A second KPU, loop by loop in plain Python integers, written from the description of the format alone.

It shares only the decoded fields of a layer with the emulator, with which the tests compare it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Image = list[list[list[int]]]


def shifted(product: int, shift: int, rounding: str) -> int:
    """Return product / 2**shift, rounded as the references do, with their errors on negative numbers."""
    if shift == 0:
        return product
    if rounding == "v01":
        half = product >> (shift - 1)
        if half % 2 == 0:
            return half >> 1
        return (half >> 1) + 1 if half >= 0 else (half >> 1) - 1
    floor, remainder = product >> shift, product % (1 << shift)
    middle = 1 << (shift - 1)
    sign = -1 if product < 0 else 1
    if remainder < middle or (remainder == middle and floor % 2 == 0):
        return floor
    return floor + sign


def active(z: int, table: Sequence[tuple[int, int, int, int]], rounding: str) -> int:
    """Return the uint8 of z by 16 rows (start, mul, shift, bias)."""
    for start, mul, shift, bias in reversed(table):
        if z > start or (rounding == "v01" and z == start):
            return min(255, max(0, shifted((z - start) * mul, shift, rounding) + bias))
    start, mul, shift, bias = table[0]
    return min(255, max(0, shifted((z - start) * mul, shift, rounding) + bias))


def convolve(
    image: Image, weights: list[Image], fields: Mapping[str, int], norm: Sequence[tuple[int, int, int]]
) -> Image:
    """Return z of every pixel from image [c][y][x], weights [out][in][ky][kx] and norm rows (mul, shift, add)."""
    size = len(weights[0][0])
    edge = size // 2
    depthwise = bool(fields["depth_wise_layer"])
    height, width = len(image[0]), len(image[0][0])

    def pixel(channel: int, y: int, x: int) -> int:
        inside = 0 <= y < height and 0 <= x < width
        return image[channel][y][x] if inside else fields["pad_value"]

    result: Image = []
    for out, kernels in enumerate(weights):
        mul, shift, add = norm[out]
        lines = []
        for y in range(height):
            line = []
            for x in range(width):
                products = sum_x = sum_w = 0
                for index, kernel in enumerate(kernels):
                    channel = out if depthwise else index
                    for ky in range(size):
                        for kx in range(size):
                            value = pixel(channel, y + ky - edge, x + kx - edge)
                            products += value * kernel[ky][kx]
                            sum_x += value
                            sum_w += kernel[ky][kx]
                acc = products + ((fields["arg_x"] * sum_x) >> fields["shr_x"])
                acc += ((fields["arg_w"] * sum_w) >> fields["shr_w"]) + fields["arg_add"] * len(kernels)
                line.append(((acc * mul) >> shift) + add)
            lines.append(line)
        result.append(lines)
    return result


POOLS = {  # number: (kind, window, stride)
    0: ("max", 1, 1),
    1: ("max", 2, 2),
    2: ("mean", 2, 2),
    3: ("max", 4, 4),
    4: ("mean", 4, 4),
    5: ((0, 0), 2, 2),
    6: ((0, 1), 2, 2),
    7: ((0, 0), 4, 4),
    8: ("mean", 2, 1),
    9: ("max", 2, 1),
}


def pooled(image: Image, number: int, rounding: str) -> Image:
    kind, window, stride = POOLS[number]
    height, width = len(image[0]), len(image[0][0])
    result: Image = []
    for plane in image:
        lines = []
        for y in range(0, height // stride * stride, stride):
            line = []
            for x in range(0, width // stride * stride, stride):
                if isinstance(kind, tuple):
                    line.append(plane[y + kind[0]][x + kind[1]])
                    continue
                taps = [(y + dy, x + dx) for dy in range(window) for dx in range(window)]
                there = [plane[ty][tx] for ty, tx in taps if ty < height and tx < width]
                if kind == "max":
                    line.append(max(there))
                elif rounding == "v01":
                    line.append(sum(there) // len(there))
                else:
                    repeated = [plane[min(ty, height - 1)][min(tx, width - 1)] for ty, tx in taps]
                    line.append(sum(repeated) // len(repeated))
            lines.append(line)
        result.append(lines)
    return result


def layer(
    image: Image,
    weights: list[Image],
    fields: Mapping[str, int],
    norm: Sequence[tuple[int, int, int]],
    table: Sequence[tuple[int, int, int, int]],
    rounding: str,
) -> Image:
    """Compute a complete KPU layer."""
    z = convolve(image, weights, fields, norm)
    features = [[[active(value, table, rounding) for value in line] for line in plane] for plane in z]
    return pooled(features, fields["pool_type"], rounding)
