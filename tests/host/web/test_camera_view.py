"""Which webcam the camera shows: the last one that was started, until somebody chooses another source."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from maixswitch.sim.camera import Scene
from maixswitch.web.camera_view import CameraView
from maixswitch.web.pictures import Webcam, read_photo
from tests.host.web.web_helpers import draw_spot, photo_bytes

FIRST, SECOND = 1, 2


@pytest.fixture
def seen() -> list[Any]:
    return []


@pytest.fixture
def ousted() -> list[int]:
    return []


@pytest.fixture
def camera_view(seen: list[Any], ousted: list[int]) -> CameraView:
    return CameraView(Scene(), seen.append, ousted.append)


def frame(level: int = 0) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (320, 240), (level, level, level)).save(data, "JPEG")
    return data.getvalue()


def brightness(camera_view: CameraView) -> int:
    return int(camera_view.source.view(0, 320, 240)[1]().mean())


@pytest.mark.parametrize("photo", [True, False])
def test_a_webcam_that_still_sends_does_not_replace_the_chosen_source(
    camera_view: CameraView, ousted: list[int], photo: bool
) -> None:
    camera_view.film(FIRST)
    camera_view.take_frame(frame(), FIRST)
    if photo:
        camera_view.show_photo(read_photo(photo_bytes(draw_spot())))
    else:
        camera_view.show_scene()
    chosen = camera_view.source
    assert ousted == [FIRST]
    camera_view.take_frame(frame(), FIRST)
    assert camera_view.source is chosen
    camera_view.film(FIRST)
    assert isinstance(camera_view.source, Webcam)
    assert ousted == [FIRST]


def test_the_later_of_two_webcams_stays(camera_view: CameraView, seen: list[Any], ousted: list[int]) -> None:
    camera_view.film(FIRST)
    camera_view.take_frame(frame(), FIRST)
    camera_view.film(SECOND)
    assert ousted == [FIRST]
    for _ in range(3):
        camera_view.take_frame(frame(255), SECOND)
        camera_view.take_frame(frame(), FIRST)
        assert brightness(camera_view) == 255
    assert len(seen) == 2
    camera_view.leave(SECOND)
    assert isinstance(camera_view.source, Scene)


def test_a_page_that_starts_its_webcam_again_keeps_it(camera_view: CameraView, ousted: list[int]) -> None:
    camera_view.film(FIRST)
    camera_view.film(FIRST)
    camera_view.take_frame(frame(255), FIRST)
    assert (brightness(camera_view), ousted) == (255, [])


def test_a_page_that_leaves_removes_only_its_own_webcam(camera_view: CameraView) -> None:
    camera_view.film(FIRST)
    camera_view.film(SECOND)
    camera_view.leave(FIRST)
    assert isinstance(camera_view.source, Webcam)
    camera_view.leave(SECOND)
    assert isinstance(camera_view.source, Scene)


def test_frames_that_nobody_announced_are_dropped(camera_view: CameraView, seen: list[Any]) -> None:
    camera_view.take_frame(frame(255), FIRST)
    assert isinstance(camera_view.source, Scene)
    assert seen == []
