"""Whose webcam is before the lens: what somebody chose instead stays, and the last one that was started wins."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from maixswitch.sim.camera import Scene
from maixswitch.web.lens import Lens
from maixswitch.web.pictures import Webcam
from tests.host.web.web_helpers import draw_spot, photo_bytes

FIRST, SECOND = 1, 2


@pytest.fixture
def seen() -> list[Any]:
    return []


@pytest.fixture
def ousted() -> list[int]:
    return []


@pytest.fixture
def lens(seen: list[Any], ousted: list[int]) -> Lens:
    return Lens(Scene(), seen.append, ousted.append)


def frame(level: int = 0) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (320, 240), (level, level, level)).save(data, "JPEG")
    return data.getvalue()


def brightness(lens: Lens) -> int:
    return int(lens.source.view(0, 320, 240)[1]().mean())


@pytest.mark.parametrize("photo", [True, False])
def test_webcam_that_still_sends_does_not_take_the_lens_back(lens: Lens, ousted: list[int], photo: bool) -> None:
    lens.film(FIRST)
    lens.take_frame(frame(), FIRST)
    if photo:
        lens.show_photo(photo_bytes(draw_spot()))
    else:
        lens.show_scene()
    chosen = lens.source
    assert ousted == [FIRST]
    lens.take_frame(frame(), FIRST)
    assert lens.source is chosen
    lens.film(FIRST)
    assert isinstance(lens.source, Webcam)
    assert ousted == [FIRST]


def test_of_two_webcams_the_later_stays(lens: Lens, seen: list[Any], ousted: list[int]) -> None:
    lens.film(FIRST)
    lens.take_frame(frame(), FIRST)
    lens.film(SECOND)
    assert ousted == [FIRST]
    for _ in range(3):
        lens.take_frame(frame(255), SECOND)
        lens.take_frame(frame(), FIRST)
        assert brightness(lens) == 255
    assert len(seen) == 2
    lens.leave(SECOND)
    assert isinstance(lens.source, Scene)


def test_page_that_begins_anew_is_not_sent_away(lens: Lens, ousted: list[int]) -> None:
    lens.film(FIRST)
    lens.film(FIRST)
    lens.take_frame(frame(255), FIRST)
    assert (brightness(lens), ousted) == (255, [])


def test_page_that_goes_takes_only_its_own_webcam(lens: Lens) -> None:
    lens.film(FIRST)
    lens.film(SECOND)
    lens.leave(FIRST)
    assert isinstance(lens.source, Webcam)
    lens.leave(SECOND)
    assert isinstance(lens.source, Scene)


def test_frames_that_nobody_announced_are_dropped(lens: Lens, seen: list[Any]) -> None:
    lens.take_frame(frame(255), FIRST)
    assert isinstance(lens.source, Scene)
    assert seen == []
