"""What the camera sees, and the bytes that the chip makes of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maixswitch.errors import EXIT_IO, EXIT_USAGE, MaixSwitchError
from maixswitch.sim.camera import (
    BY_ITSELF,
    Animation,
    ChipCamera,
    Folder,
    Photo,
    Scene,
    from_rgb565,
    open_source,
    rgb565,
)

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def picture(path: Path, colour: tuple[int, int, int], size: tuple[int, int] = (64, 64)) -> Path:
    Image.new("RGB", size, colour).save(path)
    return path


def colour(source: object, now: int) -> tuple[int, ...]:
    _, make = source.view(now, 320, 240)  # type: ignore[attr-defined]
    pixels = make()
    assert pixels.shape == (240, 320, 3)
    assert pixels.dtype == np.uint8
    return tuple(pixels[120, 160].tolist())


def test_a_photo_does_not_change(tmp_path: Path) -> None:
    source = open_source(picture(tmp_path / "a.png", RED))
    assert isinstance(source, Photo)
    assert colour(source, 0) == colour(source, 99_999) == RED
    assert source.view(0, 320, 240)[0] == source.view(99_999, 320, 240)[0]


def test_folder_cycles_in_name_order_until_one_is_chosen(tmp_path: Path) -> None:
    picture(tmp_path / "b.png", GREEN)
    picture(tmp_path / "a.jpg", RED)
    (tmp_path / "notes.txt").write_text("not a picture")
    source = open_source(tmp_path)
    assert isinstance(source, Folder)
    assert source.names() == ["a.jpg", "b.png"]
    assert colour(source, 2999)[0] > 250
    assert colour(source, 3000) == GREEN
    assert colour(source, 6000)[0] > 250
    assert source.choose("b")
    assert source.choose("b.png")
    assert not source.choose("c.png")
    assert colour(source, 0) == colour(source, 6000) == GREEN
    assert source.chosen == 1
    assert source.choose(0)
    assert colour(source, 3000)[0] > 250
    assert not source.choose(2)
    assert source.choose(BY_ITSELF)
    assert [source.shown(now) for now in (0, 3000, 6000)] == [0, 1, 0]
    assert colour(source, 3000) == GREEN


def test_animation_runs_by_its_own_times(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (32, 32), shade) for shade in (RED, GREEN, BLUE)]
    path = tmp_path / "a.gif"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=[100, 200, 300], loop=0)
    source = open_source(path)
    assert isinstance(source, Animation)
    assert [colour(source, now) for now in (0, 99, 100, 299, 300, 599, 600)] == [
        RED,
        RED,
        GREEN,
        GREEN,
        BLUE,
        BLUE,
        RED,
    ]


def test_scene_moves_and_repeats() -> None:
    source = open_source(None)
    assert isinstance(source, Scene)
    first, second = (source.view(now, 320, 240)[1]() for now in (0, 500))
    assert (first != second).any()
    assert (first == source.view(0, 320, 240)[1]()).all()


@pytest.mark.parametrize(
    ("fit", "corner", "centre"), [("stretch", GREEN, RED), ("cover", RED, RED), ("contain", (0, 0, 0), RED)]
)
def test_fit(tmp_path: Path, fit: str, corner: tuple[int, ...], centre: tuple[int, ...]) -> None:
    """A tall photo with green ends: stretch keeps all of it, cover cuts the ends, contain adds black sides."""
    image = Image.new("RGB", (60, 240), RED)
    image.paste(GREEN, (0, 0, 60, 40))
    image.paste(GREEN, (0, 200, 60, 240))
    image.save(tmp_path / "tall.png")
    pixels = open_source(tmp_path / "tall.png", fit).view(0, 320, 240)[1]()
    assert tuple(pixels[120, 160].tolist()) == centre
    assert tuple(pixels[2, 2].tolist()) == corner


@pytest.mark.parametrize(
    ("name", "fit", "code", "text"),
    [
        ("absent.png", "stretch", EXIT_IO, "no such picture or folder of pictures"),
        ("empty", "stretch", EXIT_IO, "this folder holds no pictures; expected files such as .png or .jpg"),
        ("text.png", "stretch", EXIT_IO, "not a picture that Pillow can read"),
        ("text.png", "squeeze", EXIT_USAGE, "--fit squeeze: expected one of stretch, cover, contain"),
    ],
)
def test_refusals(tmp_path: Path, name: str, fit: str, code: int, text: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.png").write_text("hello")
    with pytest.raises(MaixSwitchError, match=text) as caught:
        open_source(tmp_path / name, fit)
    assert caught.value.exit_code == code


def test_rgb565_is_what_the_chip_keeps() -> None:
    """High byte first, with 5, 6 and 5 bits; on the way back the high bits fill the low ones."""
    pixels = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [8, 4, 8]]], np.uint8)
    assert rgb565(pixels).hex() == "f80007e0001f0821"
    assert from_rgb565(bytes.fromhex("f80007e0001f0821"), 4, 1).tolist()[0] == [
        [255, 0, 0],
        [0, 255, 0],
        [0, 0, 255],
        [8, 4, 8],
    ]


def test_grab_gives_the_window_as_words_and_planes(tmp_path: Path) -> None:
    """The planes have 8 bits a colour, as the camera interface writes them for the KPU, and not the panel's 5 or 6."""
    image = Image.new("RGB", (320, 240), (10, 20, 30))
    image.paste((201, 101, 51), (100, 50, 108, 58))
    image.save(tmp_path / "a.png")
    camera = ChipCamera(open_source(tmp_path / "a.png"), lambda: 0)
    pixels, planes = camera.grab(100, 50, 8, 8, 320, 240, False)
    assert pixels == rgb565(np.full((8, 8, 3), (201, 101, 51), np.uint8))
    assert planes == bytes([201]) * 64 + bytes([101]) * 64 + bytes([51]) * 64
    assert camera.grab(100, 50, 8, 8, 320, 240, False)[0] is pixels  # a photo that does not change is converted once
    grey, plane = camera.grab(0, 0, 8, 8, 320, 240, True)
    assert grey == plane == bytes([18]) * 64


def test_grab_follows_the_clock() -> None:
    now = 0
    camera = ChipCamera(open_source(None), lambda: now)
    first = camera.grab(0, 0, 320, 240, 320, 240, False)
    now = 500
    assert camera.grab(0, 0, 320, 240, 320, 240, False) != first


def test_two_photos_of_the_same_name_in_two_folders(tmp_path: Path) -> None:
    for folder, colour in (("a", "red"), ("b", "blue")):
        (tmp_path / folder).mkdir()
        Image.new("RGB", (8, 8), colour).save(tmp_path / folder / "one.png")
    camera = ChipCamera(open_source(tmp_path / "a" / "one.png"), lambda: 0)
    first = camera.grab(0, 0, 8, 8, 8, 8, False)
    camera.source = open_source(tmp_path / "b" / "one.png")
    assert camera.grab(0, 0, 8, 8, 8, 8, False) != first
