"""Grey levels of the fakes against the firmware's formula, which is written in another form here."""

from __future__ import annotations

from itertools import product

import image
from benchlib import planes


def level(red: int, green: int, blue: int) -> int:
    """Return the level of 5, 6 and 5 bits: the luma with the upper three bits of green, plus a step for the others."""
    wide_red, wide_blue = round(red * 255 / 31), round(blue * 255 / 31)
    wide_green = round(green // 8 * 8 * 255 / 63)
    return int(0.299 * wide_red + 0.587 * wide_green + 0.114 * wide_blue) + (0, 2, 5, 7, 9, 12, 14, 16)[green % 8]


def test_every_colour() -> None:
    """All 65,536 colours, one by one and as one picture, for which the fakes have other code."""
    expected = bytes(level(*parts) for parts in product(range(32), range(64), range(32)))
    words = [red << 11 | green << 5 | blue for red, green, blue in product(range(32), range(64), range(32))]
    assert bytes(planes.luma((word & 255) << 8 | word >> 8) for word in words) == expected
    pixels = b"".join(word.to_bytes(2, "big") for word in words)
    assert bytes(planes.rgb_to_grey(pixels)) == expected
    assert bytes(planes.rgb_to_grey(pixels[:64])) == expected[:32]
    assert (
        sum(a != (299 * r + 587 * g + 114 * b + 500) // 1000 for a, (r, g, b) in zip(expected, _wide(), strict=True))
        == 41649
    )


def _wide() -> list[tuple[int, int, int]]:
    five, six = [round(value * 255 / 31) for value in range(32)], [round(value * 255 / 63) for value in range(64)]
    return list(product(five, six, five))


def test_colours_by_components() -> None:
    """Colours by components become RGB565 first, so white is 254."""
    assert [planes.grey(*color) for color in ((255, 255, 255), (0, 0, 0), (0, 255, 0))] == [254, 0, 149]
    assert image.rgb_to_grayscale((255, 255, 255)) == 254
