"""Camera and panel of the fakes: buffers, order of errors, traps."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

import bench
import flavours
import image
import lcd
import sensor
from tests.stubs.stub_helpers import Stripes, start_camera


@pytest.fixture(autouse=True)
def board() -> None:
    """A fresh board for every test."""
    bench.reset()


def test_camera_order_of_errors() -> None:
    """Never reset: TypeError; no framesize: RuntimeError; no frame for 300 ms: RuntimeError."""
    with pytest.raises(TypeError, match=r"^not found sensor$"):
        sensor.snapshot()
    sensor.reset()
    with pytest.raises(RuntimeError, match=r"^Not init!$"):
        sensor.snapshot()
    start_camera()
    sensor.snapshot()
    bench.camera.connected = False
    before = bench.clock.now
    with pytest.raises(RuntimeError, match=r"^Sensor timeout!$"):
        sensor.snapshot()
    assert 300 < bench.clock.now - before < 310
    with pytest.raises(RuntimeError, match=r"^Sensor Timeout!!$"):
        sensor.skip_frames(2)


def test_only_some_versions_take_the_type_of_a_panel() -> None:
    """TypeError before v0.6.2-18, and the panel is left as it was."""
    bench.reset("amigo_minimum@v0.6.0-2")
    with pytest.raises(TypeError, match="extra keyword arguments given"):
        lcd.init(lcd_type=1)
    assert lcd.width() is None
    lcd.init()
    bench.reset("full@v0.6.2-41")
    lcd.init(lcd_type=1)
    assert bench.screen.lcd_type == 1


def test_no_camera() -> None:
    """Without a camera reset() raises an OSError whose argument is a text; a camera plugged in later is found."""
    bench.camera.connected = False
    with pytest.raises(OSError, match="Reset Failed") as caught:
        sensor.reset()
    assert caught.value.args == ("Reset Failed",)
    assert "[MAIXPY]: no sensor" in bench.uart
    assert bench.clock.now == 5070
    bench.camera.connected = True
    start_camera()
    assert sensor.snapshot().width() == 320


def test_camera_memory() -> None:
    """Buffers follow the framesize, not the window; two with dual_buff; new sizes need room for new buffers."""
    free = bench.memory.free()
    start_camera()
    assert free - bench.memory.free() == sum(flavours.camera_parts(320, 240)) == 384000
    sensor.set_windowing((224, 224))
    assert free - bench.memory.free() == 384000
    sensor.reset(dual_buff=True)
    assert bench.memory.free() == free
    sensor.set_pixformat(sensor.RGB565)
    sensor.set_framesize(sensor.QVGA)
    assert free - bench.memory.free() == 768000
    sensor.reset()
    sensor.set_framesize(sensor.VGA)
    assert free - bench.memory.free() == 1536000
    sensor.deinit()
    assert bench.memory.free() == free
    with pytest.raises(TypeError, match="not found sensor"):
        sensor.snapshot()


def test_camera_out_of_memory() -> None:
    """ENOMEM, and the trap after it: the same call again succeeds without buffers, the next frame crashes."""
    bench.memory.alloc("model", bench.memory.free() - 200000)
    sensor.reset()
    sensor.set_pixformat(sensor.RGB565)
    with pytest.raises(OSError, match="12") as caught:
        sensor.set_framesize(sensor.QVGA)
    assert caught.value.args == (12,)
    assert [name for name, _ in bench.memory.items()] == ["model"]
    with pytest.raises(RuntimeError, match="Not init!"):
        sensor.snapshot()
    sensor.set_framesize(sensor.QVGA)
    with pytest.raises(bench.HardFault, match="no frame buffers"):
        sensor.snapshot()


def test_frames_come_with_the_camera() -> None:
    """snapshot waits for the next period."""
    start_camera()
    times = []
    for _ in range(3):
        sensor.snapshot()
        times.append(bench.clock.now)
    assert [b - a for a, b in pairwise(times)] == [33, 33]
    bench.clock.advance(40)
    sensor.snapshot()
    assert bench.clock.now % 33 == 0


def test_pictures_share_one_buffer() -> None:
    """An older picture shows the new frame; the source is read once a frame, and only if the pixels are used."""
    source = bench.camera.source = Stripes()
    start_camera()
    sensor.set_windowing((16, 8))
    first = sensor.snapshot()
    second = sensor.snapshot()
    assert source.asked == []
    assert first.get_pixel(0, 0) == second.get_pixel(0, 0)
    assert source.asked == [(152, 116, 16, 8, 320, 240)]
    second.set_pixel(0, 0, (255, 255, 255))
    assert first.get_pixel(0, 0) == (255, 255, 255)
    assert sensor.snapshot().get_pixel(0, 0) != (255, 255, 255)
    assert len(source.asked) == 2


def test_drawing_does_not_change_what_the_kpu_sees() -> None:
    """RGB565 pictures keep pixels and planes apart; grey pictures have one memory for both."""
    start_camera()
    sensor.set_windowing((16, 8))
    img = sensor.snapshot()
    before = bytes(img._planes())
    img.draw_rectangle(0, 0, 16, 8, color=(255, 0, 0), fill=True)
    assert bytes(img._planes()) == before
    sensor.set_pixformat(sensor.GRAYSCALE)
    img = sensor.snapshot()
    assert img.format() == sensor.GRAYSCALE
    img.draw_rectangle(0, 0, 16, 8, color=255, fill=True)
    assert bytes(img._planes()) == b"\xff" * 128


def test_without_pixformat() -> None:
    """Without set_pixformat() the picture has a format that no call accepts."""
    sensor.reset()
    sensor.set_framesize(sensor.QVGA)
    lcd.init()
    with pytest.raises(OSError, match="Image format is not supported"):
        lcd.display(sensor.snapshot())


def test_skip_frames() -> None:
    """Without a number it takes 300 ms, or the time of its argument."""
    start_camera()
    before = bench.clock.now
    sensor.skip_frames(time=500)
    assert 500 <= bench.clock.now - before < 540
    sensor.skip_frames()
    assert 800 <= bench.clock.now - before < 880


def test_flips() -> None:
    """A driver without flips refuses."""
    start_camera()
    sensor.set_hmirror(1)
    sensor.set_vflip(True)
    assert (bench.camera.hmirror, bench.camera.vflip) == (True, True)
    bench.camera.has_flips = False
    with pytest.raises(ValueError, match=r"^Sensor control failed!$"):
        sensor.set_vflip(1)


# -- panel -------------------------------------------------------------------------------------------------------------


def test_panel_life() -> None:
    """Its buffer comes from the system heap; before init draw_string() raises, clear() and display() do nothing."""
    img = image.Image(size=(8, 8))
    with pytest.raises(ValueError, match=r"^not init$"):
        lcd.draw_string(0, 0, "x")
    assert lcd.width() is None
    lcd.clear(5)
    lcd.display(img)
    assert bench.screen.shows == 0
    free = bench.memory.free()
    lcd.init()
    assert free - bench.memory.free() == 153600
    lcd.init()
    assert free - bench.memory.free() == 153600
    lcd.deinit()
    assert bench.memory.free() == free
    bench.memory.alloc("model", bench.memory.largest() - 8192)
    with pytest.raises(OSError, match="12"):
        lcd.init()


def test_config_overrides_the_arguments() -> None:
    """The file's section "lcd" overrides them for types 1 and 5, and not for the M5Stick's panel."""
    bench.reset(config={"lcd": {"width": 240, "height": 240, "invert": 1, "rst": 23, "dir": 96}})
    lcd.init(width=320, height=240)
    assert (lcd.width(), lcd.height(), bench.screen.invert, bench.screen.direction) == (240, 240, 1, 96)
    assert bench.keys.functions[23] == 54
    lcd.init(type=3, width=240, height=135)
    assert (lcd.width(), lcd.height(), lcd.type()) == (240, 135, 3)
    lcd.init(type=2)
    assert (lcd.width(), lcd.height()) == (240, 240)


@pytest.mark.parametrize(("width", "height"), [(320, 240), (240, 240), (240, 135), (480, 320), (128, 64)])
def test_display_crops_and_pads(width: int, height: int) -> None:
    """The picture is centred on the panel; the uncovered part is black."""
    lcd.init(width=width, height=height)
    img = image.Image()
    img.clear()
    img.draw_rectangle(0, 0, 320, 240, color=(0, 0, 255), fill=True)
    img.draw_rectangle(159, 119, 2, 2, color=(255, 0, 0), fill=True)
    lcd.display(img)
    assert bench.screen.get(width // 2, height // 2) == (255, 0, 0)
    corner = (0, 0, 0) if width > 320 or height > 240 else (0, 0, 255)
    assert bench.screen.get(0, 0) == corner
    assert bench.screen.shows == 1


def test_display_of_parts() -> None:
    """roi cuts first; oft places the corner without padding; grey pictures are shown too."""
    lcd.init()
    lcd.clear((0, 255, 0))
    img = image.Image(size=(20, 10))
    img.draw_rectangle(0, 0, 20, 10, color=(255, 0, 0), fill=True)
    lcd.display(img, oft=(100, 50))
    assert bench.screen.get(100, 50) == (255, 0, 0)
    assert bench.screen.get(99, 50) == (0, 255, 0)
    lcd.display(img.to_grayscale(copy=1), roi=(0, 0, 4, 4))
    assert bench.screen.get(159, 119) == (74, 77, 74)
    assert bench.screen.get(155, 119) == (0, 0, 0)


def test_clear_ignores_its_keyword() -> None:
    """clear(color=RED) clears black."""
    lcd.init()
    lcd.clear(lcd.RED)
    assert bench.screen.get(5, 5) == (255, 0, 0)
    lcd.clear(color=lcd.RED)
    assert bench.screen.get(5, 5) == (0, 0, 0)


def test_rotation_and_mirror() -> None:
    """Quarters swap width and height; mirror(False) takes effect at the next rotation()."""
    lcd.init()
    assert lcd.rotation(1) == 1
    assert (lcd.width(), lcd.height()) == (240, 320)
    lcd.rotation(2)
    assert (lcd.width(), lcd.height(), bench.screen.direction) == (320, 240, lcd.YX_LRUD)
    assert lcd.mirror(True) == 1
    assert bench.screen.direction == lcd.YX_LRDU
    assert lcd.mirror(False) == 0
    assert bench.screen.direction == lcd.YX_LRDU
    lcd.rotation(2)
    assert bench.screen.direction == lcd.YX_LRUD


def test_text_in_cells() -> None:
    """8x12 cells with a background, cut at the right edge; colours are ints."""
    lcd.init()
    lcd.draw_string(300, 10, "abcdef", lcd.WHITE, lcd.BLUE)
    assert bench.screen.get(300, 10) == (0, 0, 255)
    assert bench.screen.get(315, 21) == (0, 0, 255)
    assert bench.screen.get(316, 10) == (0, 0, 0)
    with pytest.raises(TypeError):
        lcd.draw_string(0, 0, "x", (255, 0, 0))  # type: ignore[arg-type]


def test_capture_off() -> None:
    """Without capture display() counts the pictures and allocates no pixels."""
    bench.screen.capture = False
    lcd.init()
    lcd.display(image.Image(size=(8, 8)))
    assert bench.screen.shows == 1
    assert bench.screen.pixels is None


def test_on_show() -> None:
    """The callback comes after every frame, with the panel's pixels ready."""
    seen: list[Any] = []
    lcd.init()
    bench.screen.on_show = lambda: seen.append(bytes(bench.screen.pixels[:2]))
    img = image.Image(size=(320, 240))
    img.clear()
    img.set_pixel(0, 0, (255, 0, 0))
    lcd.display(img)
    assert seen == [b"\xf8\x00"]
