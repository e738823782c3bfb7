"""Drawn shapes, digits and pictures: a seed always gives the same picture, and each shape is where its label says."""

from __future__ import annotations

import numpy as np
import pytest

from maixswitch.sim import pictures
from maixswitch.sim.strokes import of_digit


def test_same_seed_same_picture() -> None:
    for draw in (pictures.digit_picture, pictures.shape_picture):
        (first, label), (again, same_label) = (draw(np.random.default_rng((7, 3))) for _ in range(2))
        other, _ = draw(np.random.default_rng((7, 4)))
        np.testing.assert_array_equal(first, again)
        assert label == same_label
        assert (first != other).mean() > 0.5


def test_pictures_have_the_size_of_the_networks() -> None:
    digit, _ = pictures.digit_picture(np.random.default_rng(1))
    shape, _ = pictures.shape_picture(np.random.default_rng(1))
    assert (digit.shape, digit.dtype) == ((224, 224, 3), np.uint8)
    assert (shape.shape, shape.dtype) == ((224, 320, 3), np.uint8)


@pytest.mark.parametrize("kind", pictures.SHAPES)
@pytest.mark.parametrize("angle", [0, 20, 77, 180])
def test_a_shape_fills_its_drawing_and_no_more(kind: str, angle: int) -> None:
    drawing = pictures.draw_shape(kind, 80, (200, 30, 40), angle)
    cover = drawing[..., 3] > 60
    rows, columns = np.flatnonzero(cover.any(axis=1)), np.flatnonzero(cover.any(axis=0))
    assert rows[0] <= 1
    assert columns[0] <= 1
    assert rows[-1] >= drawing.shape[0] - 3
    assert columns[-1] >= drawing.shape[1] - 3
    assert tuple(drawing[drawing.shape[0] // 2, drawing.shape[1] // 2]) == (200, 30, 40, 255)


def test_area_of_the_shapes() -> None:
    cover = {kind: (pictures.draw_shape(kind, 100, (0, 0, 0))[..., 3] / 255).sum() for kind in pictures.SHAPES}
    assert cover["circle"] == pytest.approx(np.pi * 50**2, rel=0.03)
    assert cover["square"] == pytest.approx(90**2, rel=0.03)
    assert cover["cross"] == pytest.approx(34 * 100 * 2 - 34**2, rel=0.04)
    assert cover["star"] < cover["cross"] < cover["circle"]


def test_an_edge_has_its_own_colour() -> None:
    drawing = pictures.draw_shape("circle", 60, (10, 20, 30), edge=(240, 0, 0))
    assert tuple(drawing[30, 30, :3]) == (10, 20, 30)
    assert tuple(drawing[30, 2, :3]) == (240, 0, 0)


def test_ten_different_digits() -> None:
    seen = [pictures.draw_digit(digit, 90, (255, 255, 255)) for digit in range(10)]
    for drawing in seen:
        assert drawing.shape[0] == pytest.approx(90 * 1.1, abs=6)
        assert 0.05 < (drawing[..., 3] > 127).mean() < 0.7
    assert len({drawing.tobytes() for drawing in seen}) == 10


def test_styles_wrap_around_and_digits_do_not() -> None:
    assert all((a == b).all() for a, b in zip(of_digit(7, 0), of_digit(7, 2), strict=True))
    assert len(of_digit(7, 1)) == 2
    with pytest.raises(IndexError):
        of_digit(10)
    with pytest.raises(KeyError):
        pictures.shape_outline("heart", 10)


@pytest.mark.parametrize(("x", "y"), [(-20, -20), (90, 50), (-500, 0), (10, 900)])
def test_put_leaves_out_what_is_outside(x: int, y: int) -> None:
    picture = np.full((60, 100, 3), 9, np.uint8)
    pictures.put(picture, np.full((40, 40, 4), 255, np.uint8), x, y)
    expected = np.full((60, 100, 3), 9, np.uint8)
    expected[max(0, y) : max(0, y + 40), max(0, x) : max(0, x + 40)] = 255
    np.testing.assert_array_equal(picture, expected)


def test_boxes_of_a_picture_are_inside_and_apart() -> None:
    count = 0
    for seed in range(30):
        picture, shapes = pictures.shape_picture(np.random.default_rng(seed))
        taken = np.zeros(picture.shape[:2], bool)
        for shape in shapes:
            part = taken[shape.y : shape.y + shape.height, shape.x : shape.x + shape.width]
            assert part.shape == (shape.height, shape.width)
            assert not part.any()
            part[:] = True
            assert shape.kind in pictures.SHAPES
        count += len(shapes)
    assert count > 40
