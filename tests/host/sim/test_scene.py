"""The drawn scene: the same in every run, quickly drawn, always moving, with something for every network."""

from __future__ import annotations

from itertools import pairwise
from time import process_time

import numpy as np
import pytest

from maixswitch.sim import scene

SIZE = (320, 240)


def test_the_same_at_the_same_time_and_one_period_later() -> None:
    for now in (0, 1234, 8000, 15_000, 19_999):
        picture = scene.draw(now, *SIZE)
        assert picture.shape == (240, 320, 3)
        assert picture.dtype == np.uint8
        assert (picture == scene.draw(now, *SIZE)).all()
        assert (picture == scene.draw(now + scene.PERIOD_MS, *SIZE)).all()


def test_it_moves() -> None:
    pictures = [scene.draw(now, *SIZE) for now in range(0, scene.PERIOD_MS, 250)]
    assert all((one != next_).any() for one, next_ in pairwise(pictures))


def test_a_caller_may_write_into_the_picture() -> None:
    before = scene.draw(500, *SIZE).copy()
    scene.draw(500, *SIZE)[:] = 0
    assert (scene.draw(500, *SIZE) == before).all()


def test_sixty_pictures_a_second() -> None:
    for now in range(0, scene.PERIOD_MS, 500):
        scene.draw(now, *SIZE)
    start = process_time()
    for now in range(0, 2000, 20):
        scene.draw(now, *SIZE)
    assert 100 / (process_time() - start) > 60


@pytest.mark.parametrize("size", [(160, 120), (224, 224), (640, 480), (48, 40)])
def test_other_sizes(size: tuple[int, int]) -> None:
    for now in range(0, scene.PERIOD_MS, 1500):
        assert scene.draw(now, *size).shape == (size[1], size[0], 3)


@pytest.mark.parametrize(("now", "channel"), [(13_300, 0), (14_800, 1), (16_300, 2)])
def test_cards_have_their_colour(now: int, channel: int) -> None:
    """Red, green or blue has the highest mean of the whole picture."""
    assert scene.draw(now, *SIZE).reshape(-1, 3).mean(axis=0).argmax() == channel


def test_one_sheet_covers_the_other_before_it_goes() -> None:
    """Between the first sheet and the last there is always paper in the middle of the picture."""
    start, end = scene.DIGITS_MS
    for now in range(start + scene.SLIDE_MS, end - scene.SLIDE_MS, 40):
        middle = scene.draw(now, *SIZE)[20:200, 80:240]
        assert (middle.min(axis=2) > 200).mean() > 0.3, now
