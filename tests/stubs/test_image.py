"""Pictures of the fakes: colours, planes, sizes, drawing, and their memory on the Python heap."""

from __future__ import annotations

from typing import Any

import pytest

import bench
import image
import lcd
import sensor
from benchlib import draw
from tests.stubs.stub_helpers import Stripes, start_camera


@pytest.fixture(autouse=True)
def board() -> None:
    """A fresh board for every test."""
    bench.reset()


def test_colours() -> None:
    """A colour is a tuple or a byte-swapped int; the default is white."""
    img = image.Image(size=(8, 8))
    img.clear()
    img.set_pixel(1, 1, (255, 0, 0))
    img.set_pixel(2, 1, lcd.GREEN)
    img.set_pixel(3, 1)
    img.set_pixel((4, 1), 0x1F00)
    assert [img.get_pixel(x, 1) for x in (1, 2, 3, 4)] == [(255, 0, 0), (0, 255, 0), (255, 255, 255), (0, 0, 255)]
    assert img.to_bytes()[16 + 2 : 16 + 4] == b"\xf8\x00"
    assert img[9] == (255, 0, 0)
    assert img[9:11] == ((255, 0, 0), (0, 255, 0))


def test_bytes_are_the_pixels() -> None:
    """to_bytes() does not copy."""
    img = image.Image(size=(8, 8))
    img.to_bytes()[0:2] = b"\xf8\x00"
    assert img.get_pixel(0, 0) == (255, 0, 0)


def test_uninitialised() -> None:
    """A new picture is not black: it must be cleared."""
    img = image.Image(size=(8, 8))
    assert img.get_pixel(0, 0) != (0, 0, 0)
    assert img.clear().get_pixel(0, 0) == (0, 0, 0)


def test_planes_of_copies() -> None:
    """resize and cut give no planes, copy and crop a wild pointer, to_grayscale(copy=1) planes that are not filled."""
    start_camera()
    img = sensor.snapshot()
    for new in (img.resize(64, 64), img.cut(0, 0, 64, 64), image.Image(size=(64, 64))):
        assert new._ai is None
        new.pix_to_ai()
        assert len(new._planes()) == 3 * 64 * 64
    for wild in (img.copy(), img.crop((0, 0, 64, 64), copy=1)):
        with pytest.raises(bench.HardFault):
            wild.pix_to_ai()
    grey = img.resize(8, 8).to_grayscale(copy=1)
    assert bytes(grey._planes()) == b"\xa5" * 64
    grey.pix_to_ai()
    assert bytes(grey._planes()) != b"\xa5" * 64


def test_grey_in_place() -> None:
    """Without copy the picture itself turns grey and keeps its memory."""
    img = image.Image(size=(8, 8))
    img.draw_rectangle(0, 0, 8, 8, color=(0, 255, 0), fill=True)
    other = img.to_grayscale()
    assert (img.format(), img.size(), img.get_pixel(3, 3)) == (sensor.GRAYSCALE, 64, 149)
    other.set_pixel(3, 3, 7)
    assert img.get_pixel(3, 3) == 7
    assert str(img) == '{"w":8, "h":8, "type"="grayscale", "size":64}'


def test_planes_and_pixels() -> None:
    """pix_to_ai() expands to 8 bits, ai_to_pix() reverses it."""
    img = image.Image(size=(8, 8))
    img.clear()
    img.set_pixel(1, 0, (255, 130, 8))
    img.pix_to_ai()
    data = img._planes()
    assert (data[1], data[65], data[129]) == (255, 130, 8)
    data[0] = 255
    img.ai_to_pix()
    assert img.get_pixel(0, 0) == (255, 0, 0)
    assert img.get_pixel(1, 0) == (255, 130, 8)


def test_resize() -> None:
    """Shrinking takes the nearest pixel, growing interpolates; grey shrinks both sides by the factor of the height."""
    source = bench.camera.source = Stripes()
    start_camera()
    img = sensor.snapshot()
    small = img.resize(160, 120)
    assert [small.get_pixel(x, 60) for x in (0, 10, 100)] == [img.get_pixel(2 * x, 120) for x in (0, 10, 100)]
    assert source.asked == [(0, 0, 320, 240, 320, 240)]
    two = image.Image(size=(2, 2))
    two.clear()
    two.set_pixel(1, 0, (255, 255, 255))
    two.set_pixel(1, 1, (255, 255, 255))
    grown = two.resize(4, 4)
    assert [grown.get_pixel(x, 1)[0] for x in range(3)] == [0, 58, 189]
    sensor.set_pixformat(sensor.GRAYSCALE)
    grey = sensor.snapshot().resize(80, 120)
    assert [grey.get_pixel(x, 60) for x in (10, 20)] == [21, 41]


def test_cut_and_crop() -> None:
    """cut() returns a new picture, crop() changes its own."""
    img = image.Image(size=(16, 16))
    img.clear()
    img.set_pixel(5, 6, (255, 0, 0))
    assert img.cut(4, 4, 8, 8).get_pixel(1, 2) == (255, 0, 0)
    assert img.width() == 16
    img.crop((4, 4, 8, 8))
    assert (img.width(), img.height(), img.get_pixel(1, 2)) == (8, 8, (255, 0, 0))


def test_heap_of_pictures() -> None:
    """Pictures take memory of the Python heap: three large ones do not fit; a dropped one frees its memory."""
    pictures = [image.Image(), image.Image()]
    with pytest.raises(MemoryError, match=r"^Out of normal MicroPython Heap Memory! Please reduce the resolution"):
        image.Image()
    pictures.pop()
    pictures.append(image.Image())
    del pictures
    assert bench.memory.gc_used == 0


def test_drawing_is_clipped() -> None:
    """Drawing outside the picture changes nothing and raises nothing."""
    img = image.Image(size=(16, 16))
    img.clear()
    img.draw_rectangle(-5, -5, 40, 40, thickness=3).draw_line(-9, 3, 99, 3).draw_circle(8, 8, 30)
    img.draw_string(-3, 12, "Wy", scale=2).draw_cross(15, 15).draw_line((0, 0, 15, 15), (255, 0, 0), 1)
    assert img.get_pixel(7, 7) == (255, 0, 0)
    assert img.get_pixel(7, 3) == (255, 255, 255)


def test_border_of_a_rectangle() -> None:
    """With thickness 1 only the outline is drawn."""
    img = image.Image(size=(10, 10))
    img.clear()
    img.draw_rectangle((2, 3, 5, 4))
    lit = {(x, y) for x in range(10) for y in range(10) if img.get_pixel(x, y) != (0, 0, 0)}
    assert lit == {(x, y) for x in range(2, 7) for y in range(3, 7) if x in (2, 6) or y in (3, 6)}


def test_text_widths() -> None:
    """Cells are 8 wide with mono_space, otherwise the letter plus one; a space is three; newlines begin a new line."""
    assert draw.width_of("Wi", 1, 0, True) == 16
    assert draw.width_of("i l", 1, 0, False) == 3 + 3 + 3
    img = image.Image(size=(40, 40))
    img.clear()
    img.draw_string(0, 0, "H\nH", mono_space=1)
    assert img.get_pixel(1, 2) == (255, 255, 255)
    assert img.get_pixel(1, 16) == (255, 255, 255)


def test_files(tmp_path: Any) -> None:
    """.bmp comes back as it was; another suffix writes nothing, in silence."""
    import uos

    bench.card.insert(bench.MemoryCard())
    img = image.Image(size=(6, 3))
    img.clear()
    img.set_pixel(5, 2, (255, 0, 0))
    img.save("/sd/a.bmp")
    img.to_grayscale(copy=1).save("/sd/g.bmp")
    img.save("/sd/a.png")
    assert uos.listdir("/sd") == ["a.bmp", "g.bmp"]
    again = image.Image("/sd/a.bmp")
    assert (again.width(), again.height(), again.get_pixel(5, 2)) == (6, 3, (255, 0, 0))
    assert image.Image("/sd/g.bmp").get_pixel(5, 2) == 76
    pil = pytest.importorskip("PIL.Image")
    (tmp_path / "a.bmp").write_bytes(bench.card.backend.files["a.bmp"])
    assert pil.open(tmp_path / "a.bmp").convert("RGB").getpixel((5, 2)) == (255, 0, 0)
    with pytest.raises(OSError, match="2"):
        image.Image("/sd/none.bmp")
