"""One kmodel v3 file written byte by byte, without the package's own writer or decoders, and its result by hand.

Two channels of 5 x 3 pixels, 1x1 convolution with 16-bit weights, max pool 2x2 at stride 1, result to both memories.
"""

from __future__ import annotations

import struct

import numpy as np
import pytest

from maixswitch.kmodel import load
from tests.host.kmodel.kmodel_cases import BACKEND_CASES

WIDTH, HEIGHT, SOURCE, TARGET = 5, 3, 100, 200
WEIGHTS = ((0x0102, 0x0003), (0x0000, 0x0201))
"""[out][in]; with swapped bytes they are other numbers."""
NORM = ((3, 1, -40), (-5, 2, 90_000))
"""(mul, shift, add) per output channel."""
PIECES = ((-(1 << 35), 0, 0, 7), (1000, 256, 16, 10), (50_000, -64, 16, 250))
"""(start, mul, shift, bias): flat, rising, falling; no value reaches the other thirteen."""
NEVER = (1 << 35) - 1


def register_block() -> bytes:
    """Write what the chip needs to know, word by word and bit by bit."""
    words = [0] * 12
    words[1] = SOURCE | TARGET << 32
    words[2] = 1 | 1 << 32 | 1 << 48
    size = (WIDTH - 1) | (HEIGHT - 1) << 10
    words[3] = size | size << 32
    words[4] = 0 | 9 << 4 | 1 << 10 | 15 << 16
    words[5] = 1 | 0 << 1 | 8 << 15
    words[7] = HEIGHT | 1 << 16 | 4 << 28 | 1 << 31
    words[8] = HEIGHT | 1 << 16 | 4 << 20
    words[9] = 2 << 0 | 1 << 4 | (-7 & 0xFFFFFF) << 8 | (-3 & 0xFFFFFF) << 32
    words[10] = -11 & (1 << 40) - 1
    words[11] = (WIDTH * HEIGHT - 1) << 16 | (WIDTH * HEIGHT * 2 - 1) << 32
    return struct.pack("<12Q", *words)


def file() -> bytes:
    head = 28 + 8 + 8
    block, weights = 72, 256
    norm, curve = 384, 512
    end = curve + 144
    data = bytearray(end)
    struct.pack_into("<7I", data, 0, 3, 0, 0, 1, SOURCE, 64, 1)  # flags 0: 16-bit weights
    struct.pack_into("<2I", data, 28, 16, 4 * 30)
    struct.pack_into("<2I", data, 36, 10240, end - head)
    struct.pack_into("<6I", data, head, 1, 16, block, weights, norm, curve)
    data[block : block + 96] = register_block()
    struct.pack_into("<4H", data, weights, *WEIGHTS[0], *WEIGHTS[1])
    for index, (mul, shift, add) in enumerate(NORM):
        struct.pack_into("<Q", data, norm + 8 * index, mul & 0xFFFFFF | (add & 0xFFFFFFFF) << 24 | shift << 56)
    rows = [*PIECES, *[(NEVER, 0, 0, 0)] * 13]
    for index, (start, mul, shift, bias) in enumerate(rows):
        word = shift | (mul & 0xFFFF) << 8 | (start & (1 << 36) - 1) << 24
        struct.pack_into("<Q", data, curve + 8 * index, word)
        data[curve + 128 + index] = bias
    return bytes(data)


def activated(z: int, rounding: str) -> int:
    """Round half to even, or up; below zero both round the wrong way."""
    start, mul, shift, bias = next(row for row in reversed(PIECES) if z > row[0] or (rounding == "v01" and z == row[0]))
    product = (z - start) * mul
    quotient, remainder, half = product >> shift, product % (1 << shift), (1 << shift) >> 1
    up = remainder >= half if rounding == "v01" else remainder > half or (remainder == half and quotient % 2 == 1)
    if shift and up:
        quotient += 1 if product >= 0 else -1
    return min(255, max(0, quotient + bias))


def by_hand(image: list[list[list[int]]], rounding: str) -> list[list[list[int]]]:
    result = []
    for out in range(2):
        mul, shift, add = NORM[out]
        plane = [[0] * WIDTH for _ in range(HEIGHT)]
        for y in range(HEIGHT):
            for x in range(WIDTH):
                pixels = [image[c][y][x] for c in range(2)]
                acc = sum(p * w for p, w in zip(pixels, WEIGHTS[out], strict=True))
                acc += (-3 * sum(pixels) >> 1) + (-7 * sum(WEIGHTS[out]) >> 2) - 11 * 2
                plane[y][x] = activated((acc * mul >> shift) + add, rounding)
        rows = [
            [max(plane[v][u] for v in (y, y + 1) if v < HEIGHT for u in (x, x + 1) if u < WIDTH) for x in range(WIDTH)]
            for y in range(HEIGHT)
        ]
        result.append(rows)
    return result


@pytest.mark.parametrize("backend", BACKEND_CASES)
@pytest.mark.parametrize("rounding", ["v02", "v01"])
@pytest.mark.parametrize("seed", range(4))
def test_every_byte_is_where_the_format_puts_it(backend: str, rounding: str, seed: int) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (2, HEIGHT, WIDTH), np.uint8)
    model = load(file(), rounding, "sdk", backend)
    expected = by_hand(image.tolist(), rounding)
    (output,) = model.run(image)
    assert output.reshape(2, HEIGHT, WIDTH).tolist() == expected
    assert model.machine.main[16:46].tolist() == output.tolist()  # packed in main memory ...
    for channel in range(2):  # ... and four channels side by side in the AI RAM
        for y in range(HEIGHT):
            offset = TARGET * 64 + channel * 16 + y * 64
            assert model.machine.ram[offset : offset + WIDTH].tolist() == expected[channel][y]


def test_the_content_of_the_file() -> None:
    model = load(file())
    assert model.inputs[0].shape == (1, 2, HEIGHT, WIDTH)
    assert model.outputs[0].shape == (2, HEIGHT, WIDTH)
    assert model.outputs[0].dtype == "uint8"
    assert model.layers[0].spec.conv.weights.tolist() == [[[[w]] for w in row] for row in WEIGHTS]
    assert model.main_mem == 64
