"""What a page sends for the camera: photos, albums and webcam frames; garbage is refused before it costs anything."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from maixswitch import language
from maixswitch.errors import EXIT_IO, EXIT_USAGE, MaixSwitchError
from maixswitch.sim.camera import BY_ITSELF, ChipCamera, Folder, Photo, Scene
from maixswitch.web.messages import MOST_BYTES
from maixswitch.web.pictures import (
    ALBUM_SIZE,
    MOST_PHOTOS,
    MOST_PIXELS,
    NAME_LETTERS,
    WEBCAM_BYTES,
    Album,
    Webcam,
    describe,
    plain_name,
    read_bytes_message,
    read_photo,
)

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def file_of(colour: tuple[int, int, int], size: tuple[int, int] = (64, 48), form: str = "PNG", **more: Any) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", size, colour).save(data, form, **more)
    return data.getvalue()


def seen(source: Any, now: int = 0, size: tuple[int, int] = (320, 240), at: tuple[int, int] = (160, 120)) -> list[int]:
    """Return the colour at (x, y), in steps of 16 because JPEG is not exact."""
    pixels = source.view(now, *size)[1]()
    assert pixels.shape == (size[1], size[0], 3)
    assert pixels.dtype == np.uint8
    return [(int(value) + 8) // 16 * 16 for value in pixels[at[1], at[0]]]


DARK, REDDISH, GREENISH, BLUISH = [0, 0, 0], [256, 0, 0], [0, 256, 0], [0, 0, 256]


# One photo.


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "BMP", "GIF"])
def test_a_photo_is_shown_completely(form: str) -> None:
    tall = read_photo(file_of(RED, (40, 240), form))
    assert seen(tall)[0] > 200
    assert seen(tall, at=(2, 120)) == DARK


def test_a_photo_is_turned_as_it_was_taken() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned right: the picture is wide in the file and tall on the page
    photo = read_photo(file_of(RED, (300, 100), "JPEG", exif=exif))
    assert photo.size == (100, 300)


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\n", b"GIF89a" + bytes(9), b"%PDF-1.4", bytes(5000)])
def test_what_is_no_photo_is_refused(data: bytes) -> None:
    with pytest.raises(MaixSwitchError, match="expected one of PNG, JPEG"):
        read_photo(data)


def test_other_formats_of_pillow_are_refused() -> None:
    with pytest.raises(MaixSwitchError, match="this is not a readable photo"):
        read_photo(file_of(RED, form="TIFF"))


def bomb(pixels: int) -> bytes:
    """Return the header of a picture of more than `pixels` pixels, without the pixels."""
    side = int(pixels**0.5) + 1
    bmp = b"BM" + bytes(8) + (54).to_bytes(4, "little") + (40).to_bytes(4, "little")
    return bmp + side.to_bytes(4, "little") * 2 + b"\x01\0\x18\0" + bytes(24)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("pixels", [MOST_PIXELS, 100_000_000, 4_000_000_000])
def test_photo_too_large_is_refused_before_it_is_decoded(pixels: int) -> None:
    with pytest.raises(MaixSwitchError, match="24 million"):
        read_photo(bomb(pixels))
    with pytest.raises(MaixSwitchError, match="24 million"):
        Album().add(read_photo(bomb(pixels)))


# An album.


def test_album_takes_turns_until_one_is_chosen() -> None:
    album = Album()
    assert seen(album) == DARK
    assert (album.names(), album.chosen, album.shown(0)) == ([], BY_ITSELF, -1)
    assert not album.choose(0)
    for name, colour in (("b.png", RED), ("a.png", GREEN), ("a.png", BLUE)):
        album.add(read_photo(file_of(colour, ALBUM_SIZE), name))
    assert album.names() == ["b.png", "a.png", "a.png"]
    times = (0, 2999, 3000, 6000, 9000)
    assert [seen(album, now) for now in times] == [REDDISH, REDDISH, GREENISH, BLUISH, REDDISH]
    assert [album.shown(now) for now in times] == [0, 0, 1, 2, 0]
    assert album.choose(2)
    assert (album.chosen, album.shown(0)) == (2, 2)
    assert [seen(album, now) for now in times] == [BLUISH] * 5
    assert not album.choose(3)
    assert not album.choose(-2)
    assert album.chosen == 2
    assert album.choose(BY_ITSELF)
    assert seen(album, 3000) == GREENISH


def test_camera_sees_a_photo_that_came_after_the_first_look() -> None:
    album = Album()
    camera = ChipCamera(album, lambda: 0)
    before = camera.grab(0, 0, 8, 8, 320, 240, False)
    album.add(read_photo(file_of(RED, ALBUM_SIZE), "a.png"))
    assert camera.grab(0, 0, 8, 8, 320, 240, False) != before


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
@pytest.mark.parametrize(("size", "kept"), [((3000, 1000), (640, 213)), ((1000, 2000), (240, 480)), ((64, 48),) * 2])
def test_album_keeps_photos_small(form: str, size: tuple[int, int], kept: tuple[int, int]) -> None:
    album = Album()
    album.add(read_photo(file_of(RED, size, form), "a", ALBUM_SIZE))
    (photo,) = album._photos
    assert photo.size == kept  # type: ignore[attr-defined]
    assert seen(album)[0] > 200


def test_an_album_is_limited_and_a_bad_photo_changes_nothing() -> None:
    album = Album()
    with pytest.raises(MaixSwitchError) as caught:
        album.add(read_photo(b"nothing"))
    assert (caught.value.exit_code, album.names()) == (EXIT_IO, [])
    photo = read_photo(file_of(RED))
    for _ in range(MOST_PHOTOS):
        album.add(photo)
    with pytest.raises(MaixSwitchError, match=r"the album is full \(100 photos\)") as caught:
        album.add(photo)
    assert (caught.value.exit_code, len(album.names())) == (EXIT_USAGE, MOST_PHOTOS)


# The webcam.


def test_webcam_shows_the_newest_frame_and_covers_the_view() -> None:
    webcam = Webcam()
    assert seen(webcam) == DARK
    keys = [webcam.view(0, 320, 240)[0]]
    for colour, expected in ((RED, REDDISH), (GREEN, GREENISH)):
        webcam.put(file_of(BLUE, form="JPEG"))
        webcam.put(file_of(colour, (160, 300), "JPEG"))
        assert seen(webcam) == seen(webcam, at=(1, 1)) == seen(webcam, size=(64, 64), at=(62, 1)) == expected
        keys.append(webcam.view(0, 320, 240)[0])
    assert len(set(keys)) == 3
    assert webcam.view(99, 320, 240)[0] == keys[-1]


@pytest.mark.parametrize(
    ("bad", "text"),
    [
        (b"nothing", "not a readable JPEG"),
        (file_of(GREEN, form="JPEG")[:-300], "not a readable JPEG"),
        (file_of(GREEN, form="PNG"), "not a readable JPEG"),
        (file_of(GREEN, (1281, 10), "JPEG"), "a webcam frame of 1281x10 pixels; at most 1280x960"),
        (file_of(GREEN, (10, 961), "JPEG"), "10x961"),
    ],
)
def test_a_broken_frame_keeps_the_picture_and_is_reported_once(bad: bytes, text: str) -> None:
    webcam = Webcam()
    webcam.put(file_of(RED, form="JPEG"))
    assert seen(webcam) == REDDISH
    assert webcam.take_trouble() == ""
    for _ in range(3):
        webcam.put(bad)
        assert seen(webcam) == REDDISH
    assert text in webcam.take_trouble()
    webcam.put(bad)
    assert seen(webcam) == REDDISH
    assert webcam.take_trouble() == ""
    webcam.put(file_of(BLUE, form="JPEG"))
    assert seen(webcam) == BLUISH
    webcam.put(bad)
    seen(webcam)
    assert text in webcam.take_trouble()


def test_a_frame_that_the_camera_does_not_read_is_never_decoded() -> None:
    webcam = Webcam()
    webcam.put(b"nothing")
    webcam.put(file_of(RED, form="JPEG"))
    assert seen(webcam) == REDDISH
    assert webcam.take_trouble() == ""


def test_frame_of_too_many_bytes_is_refused() -> None:
    webcam = Webcam()
    webcam.put(bytes(WEBCAM_BYTES))
    with pytest.raises(MaixSwitchError, match="at most 262144") as caught:
        webcam.put(bytes(WEBCAM_BYTES + 1))
    assert caught.value.exit_code == EXIT_USAGE


# Messages.


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (b"MXP1abc", ("photo", "", b"abc")),
        (b"MXA0", ("album", "", b"")),
        (b"MXA1\x05a.png123", ("add", "a.png", b"123")),
        (b"MXA1\x05\xe7\x8c\xab.gx", ("add", "猫.g", b"x")),
        (b"MXW1\xff\xd8", ("webcam", "", b"\xff\xd8")),
        (b"MXP1" + bytes(MOST_BYTES - 4), ("photo", "", bytes(MOST_BYTES - 4))),
        (b"MXW1" + bytes(WEBCAM_BYTES), ("webcam", "", bytes(WEBCAM_BYTES))),
    ],
)
def test_messages_of_bytes(message: bytes, expected: tuple[str, str, bytes]) -> None:
    assert read_bytes_message(message) == expected


@pytest.mark.parametrize(
    "message",
    [
        b"", b"MX", b"MXF1abc", b"mxp1abc", b"\x89PNG\r\n\x1a\n", b"MXP1", b"MXA0x", b"MXW1", b"MXA1", b"MXA1\0abc",
        b"MXA1\x05a.pn", b"MXA1\x05a.png", b"MXA1\x02\xff\xfeabc", b"MXW1" + bytes(WEBCAM_BYTES + 1),
        b"MXP1" + bytes(MOST_BYTES - 3),
    ],
)  # fmt: skip
def test_other_bytes_are_refused(message: bytes) -> None:
    with pytest.raises(MaixSwitchError) as caught:
        read_bytes_message(message)
    assert caught.value.exit_code == EXIT_USAGE


ODD = st.builds(
    lambda kind, contents: kind + contents, st.sampled_from([b"MXP1", b"MXA0", b"MXA1", b"MXW1"]), st.binary()
)


@given(st.binary() | ODD)
def test_any_bytes_are_a_message_or_a_refusal(message: bytes) -> None:
    try:
        kind, name, contents = read_bytes_message(message)
    except MaixSwitchError:
        return
    assert kind in ("photo", "album", "add", "webcam")
    assert bool(name) == (kind == "add")
    assert len(contents) < len(message)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cat.png", "cat.png"),
        ("C:\\photos\\cat.png", "cat.png"),
        ("../../etc/passwd", "passwd"),
        ("a\tb\nc\x1b[31m\x00.png", "a b c[31m.png"),
        ("evil\u202egnp.exe", "evilgnp.exe"),
        ("\udcff.png", ".png"),
        ("\x07", "photo"),
        ("", "photo"),
        ("/", "photo"),
        ("a" * 81, "a" * 79 + "…"),
        ("猫" * 80, "猫" * 80),
    ],
)
def test_names_are_plain(name: str, expected: str) -> None:
    assert plain_name(name) == expected


@given(st.text())
def test_every_name_becomes_a_short_printable_one(name: str) -> None:
    plain = plain_name(name)
    assert 1 <= len(plain) <= NAME_LETTERS
    assert plain.isprintable()
    assert plain.encode("utf-8")


# The descriptions that the page gets.


def test_sources_describe_themselves(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8), RED).save(tmp_path / "a.png")
    Image.new("RGB", (8, 8), RED).save(tmp_path / "b\n.png")
    folder, album = Folder(tmp_path, "stretch"), Album()
    album.add(read_photo(file_of(RED), plain_name("x\x1b.png")))
    folder.choose("a")
    none: dict[str, Any] = {"photos": [], "chosen": -1}
    assert describe(Scene()) == {"kind": "scene", "name": "drawn scene", **none}
    assert describe(read_photo(file_of(RED))) == {"kind": "photo", "name": "dropped photo", **none}
    assert describe(Photo(tmp_path / "a.png", "cover")) == {"kind": "file", "name": "a.png", **none}
    assert describe(Webcam()) == {"kind": "webcam", "name": "webcam", **none}
    assert describe(album) == {"kind": "album", "name": "album", "photos": ["x.png"], "chosen": -1}
    assert describe(folder) == {"kind": "album", "name": tmp_path.name, "photos": ["a.png", "b .png"], "chosen": 0}
    with language.speaking("zh"):
        assert describe(album)["name"] == "相册"


def test_grey_of_sixteen_bits_is_not_white() -> None:
    data = io.BytesIO()
    Image.new("I;16", (64, 48), 0x4000).save(data, "PNG")
    shown = read_photo(data.getvalue()).view(0, 320, 240)[1]()
    assert set(shown[120, 160]) == {0x40}
