"""Whose webcam is before the lens: what somebody chose instead stays, and the last one that was started wins."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image
from web_helpers import draw_spot, photo_bytes

from maixswitch.sim.camera import Scene
from maixswitch.web.lens import HUSH_S, Lens
from maixswitch.web.pictures import Webcam

FIRST, SECOND = 1, 2


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def seen() -> list[Any]:
    return []


@pytest.fixture
def lens(clock: Clock, seen: list[Any]) -> Lens:
    return Lens(Scene(), seen.append, clock)


def frame(level: int = 0) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (320, 240), (level, level, level)).save(data, "JPEG")
    return data.getvalue()


@pytest.mark.parametrize("photo", [True, False])
def test_webcam_that_still_sends_does_not_take_the_lens_back(lens: Lens, clock: Clock, photo: bool) -> None:
    lens.show_webcam(frame(), FIRST)
    if photo:
        lens.show_photo(photo_bytes(draw_spot()))
    else:
        lens.show_scene()
    chosen = lens.source
    for _ in range(5):
        lens.show_webcam(frame(), FIRST)
        clock.now += HUSH_S / 10
    assert lens.source is chosen
    clock.now += HUSH_S  # somebody has started it again
    lens.show_webcam(frame(), FIRST)
    assert isinstance(lens.source, Webcam)


def test_another_pages_webcam_comes_at_once(lens: Lens, seen: list[Any]) -> None:
    lens.show_webcam(frame(), FIRST)
    lens.show_scene()
    lens.show_webcam(frame(), SECOND)
    lens.show_webcam(frame(), FIRST)
    assert isinstance(lens.source, Webcam)
    assert len(seen) == 3


def test_of_two_webcams_the_later_stays(lens: Lens, clock: Clock, seen: list[Any]) -> None:
    lens.show_webcam(frame(), FIRST)
    lens.show_webcam(frame(255), SECOND)
    later = lens.source
    for _ in range(5):
        lens.show_webcam(frame(), FIRST)
        lens.show_webcam(frame(255), SECOND)
        clock.now += HUSH_S
    assert lens.source is later
    assert len(seen) == 2
    lens.leave(SECOND)
    assert isinstance(lens.source, Scene)


def test_page_that_goes_takes_only_its_own_webcam(lens: Lens) -> None:
    lens.show_webcam(frame(), FIRST)
    lens.show_webcam(frame(), SECOND)
    lens.leave(FIRST)
    assert isinstance(lens.source, Webcam)
    lens.leave(SECOND)
    assert isinstance(lens.source, Scene)
