"""The hardware layer over the fake firmware: camera windows, panel, keys, watchdog, card."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bench
import sensor
from device import hal, hal_dog
from device.errors import DeviceError
from device.once import boards, hal_start
from device.once.hal_window import fit


def camera(board="dock", **settings):
    return hal.Camera(boards.find(board), settings)


@pytest.fixture(autouse=True)
def power():
    bench.reset()
    yield
    assert not bench.hardfaults


# -- camera --


@pytest.mark.parametrize("size", [(320, 240), (224, 224), (128, 96), (128, 128), (320, 96), (240, 240)])
def test_an_input_that_fits_is_a_window(size):
    eye = camera()
    width, height, prepare = fit(eye, size[0], size[1], 3)
    image = eye.snapshot()
    assert prepare is None
    assert (width, height) == size == (image.width(), image.height())


@pytest.mark.parametrize(
    ("size", "view"),
    [
        ((28, 28), (240, 240)),
        ((64, 64), (240, 240)),
        ((416, 416), (240, 240)),
        ((100, 100), (240, 240)),
        ((64, 32), (320, 160)),
        ((32, 64), (120, 240)),
        ((640, 480), (320, 240)),
        ((1024, 1), (320, 8)),
    ],
)
def test_another_input_is_cut_from_the_largest_window_of_its_shape(size, view):
    eye = camera()
    width, height, _ = fit(eye, size[0], size[1], 3)
    assert (width, height) == view
    image = eye.snapshot()
    assert (image.width(), image.height()) == view


@given(st.integers(1, 1024), st.integers(1, 1024), st.sampled_from([1, 3]))
@settings(max_examples=24)
def test_every_input_has_a_window_that_the_firmware_accepts(width, height, channels):
    view = fit(camera(), width, height, channels)
    assert view[0] % 8 == view[1] % 8 == 0
    assert 8 <= view[0] <= 320
    assert 8 <= view[1] <= 240


@pytest.mark.parametrize(("size", "channels"), [((28, 28), 1), ((28, 28), 3), ((128, 128), 1), ((64, 48), 3)])
def test_prepare_returns_a_picture_that_the_kpu_accepts(size, channels):
    eye = camera()
    _, _, prepare = fit(eye, size[0], size[1], channels)
    shown = eye.snapshot()
    image = prepare(shown)
    assert (image.width(), image.height()) == size
    assert image.format() == (sensor.GRAYSCALE if channels == 1 else sensor.RGB565)
    assert len(image._planes()) >= size[0] * size[1] * channels
    assert shown.format() == sensor.RGB565  # the shown picture stays in colour
    assert (shown.width(), shown.height()) == fit(eye, size[0], size[1], channels)[:2]


def test_the_window_moves_without_new_buffers():
    eye = camera()
    fit(eye, 320, 240, 3)
    allocated = bench.memory.items()
    for size in ((128, 96), (320, 240), (28, 28), (224, 224)):
        fit(eye, size[0], size[1], 3)
        assert bench.memory.items() == allocated
    assert bench.calls["sensor.reset"] == bench.calls["sensor.set_framesize"] == 1


def test_an_unchanged_window_is_left_alone():
    eye = camera()
    fit(eye, 320, 240, 3)
    assert "sensor.set_windowing" not in bench.calls
    fit(eye, 224, 224, 3)
    fit(eye, 224, 224, 3)
    assert bench.calls["sensor.set_windowing"] == 1


def test_a_restarted_camera_gets_its_window_again():
    eye = camera()
    fit(eye, 224, 224, 3)
    eye.start()
    fit(eye, 224, 224, 3)
    assert eye.snapshot().width() == 224


def test_a_missing_camera_is_named():
    bench.camera.connected = False
    eye = camera()
    with pytest.raises(DeviceError) as caught:
        eye.start()
    assert caught.value.code == 104
    assert not eye.ready
    assert bench.clock.now == 5070  # the firmware's own delays


def test_the_app_does_not_look_for_a_missing_camera_again_at_once():
    """Each attempt blocks for five seconds: a load makes none, and none comes within a minute of an attempt or load."""
    bench.camera.connected = False
    eye = camera()
    raises_104(eye.start)
    for _ in range(3):
        before = bench.clock.now
        raises_104(lambda: fit(eye, 320, 240, 3))
        assert bench.clock.now == before
        bench.clock.advance(59000)
    bench.camera.connected = True
    raises_104(lambda: fit(eye, 320, 240, 3))
    assert 60000 < eye.again - bench.clock.now < 62000
    assert bench.calls["sensor.reset"] == 1
    eye.start()
    fit(eye, 320, 240, 3)
    assert eye.ready
    assert eye.again == 0


def test_a_camera_that_fails_at_once_may_be_tried_at_once():
    """Such an attempt delays no key."""
    bench.clock.advance(1000)
    bench.fail_next("sensor.reset", OSError("Reset Failed"))
    eye = camera()
    raises_104(eye.start)
    raises_104(lambda: fit(eye, 320, 240, 3))
    assert eye.again == bench.clock.now


def raises_104(call):
    with pytest.raises(DeviceError) as caught:
        call()
    assert caught.value.code == 104


def test_a_refused_window_is_named_and_forgotten():
    eye = camera()
    fit(eye, 320, 240, 3)
    bench.fail_next("sensor.set_windowing", ValueError("value must be multiple of 8"))
    with pytest.raises(DeviceError) as caught:
        fit(eye, 224, 224, 3)
    assert caught.value.code == 107
    fit(eye, 320, 240, 3)
    assert eye.snapshot().width() == 320


def test_flips_come_from_the_board_and_from_the_settings():
    camera("cube").start()
    assert (bench.camera.hmirror, bench.camera.vflip) == (1, 1)
    bench.reset()
    camera("cube", hmirror=False).start()
    assert (bench.camera.hmirror, bench.camera.vflip) == (0, 1)
    bench.reset()
    camera("dock").start()
    assert "sensor.set_hmirror" not in bench.calls


def test_a_sensor_that_cannot_flip_is_used_as_it_is(capsys):
    bench.camera.has_flips = False
    eye = camera("cube")
    eye.start()
    assert eye.ready
    assert "cannot flip" in capsys.readouterr().out


# -- panel --


def panel(board="dock", **settings):
    problem = hal_start.panel(boards.find(board), settings)
    return hal.Screen(), problem


def test_no_panel_is_silent():
    screen, problem = panel("unitv")
    assert (screen.width, screen.height, problem) == (0, 0, "")
    screen.message(0, "a", "b", "c")
    screen.show(None)
    assert not bench.screen.shows
    assert screen.visible(320, 240) == (0, 0, 320, 240)


def test_a_panel_without_memory_is_reported():
    bench.fail_next("lcd.init", OSError(12))
    screen, problem = panel()
    assert screen.width == 0
    assert "12" in problem


@pytest.mark.parametrize(
    ("board", "settings", "size"),
    [
        ("dock", {}, (320, 240)),
        ("dock", {"rotation": 1}, (240, 320)),
        ("cube", {}, (240, 240)),
        ("m5stickv", {"rotation": 1}, (135, 240)),
        ("amigo_tft", {}, (480, 320)),
        ("dock", {"rotation": 2}, (320, 240)),
    ],
)
def test_size_after_rotation(board, settings, size):
    screen, problem = panel(board, **settings)
    assert (screen.width, screen.height) == size
    assert problem == ""


def test_settings_reach_the_panel():
    panel("dock", invert=True, mirror=True, rotation=2)
    assert (bench.screen.invert, bench.screen.mirror, bench.screen.rotation) == (1, True, 2)


def test_pins_of_the_board_reach_the_panel():
    panel("wonder_mv")
    assert bench.screen.pins["rst"] == 21
    assert bench.keys.outputs == {8: 1}  # backlight on, active high
    assert bench.keys.levels[23] == 1


def test_a_low_active_backlight():
    panel("cube")
    assert bench.keys.levels[17] == 0


@pytest.mark.parametrize(
    ("size", "view", "visible"),
    [
        ("dock", (320, 240), (0, 0, 320, 240)),
        ("m5stickv", (320, 240), (40, 52, 240, 135)),
        ("cube", (320, 240), (40, 0, 240, 240)),
        ("amigo_tft", (320, 240), (0, 0, 320, 240)),
        ("m5stickv", (128, 128), (0, 0, 128, 128)),
    ],
)
def test_the_visible_part(size, view, visible):
    screen, _ = panel(size)
    assert screen.visible(*view) == visible


# -- keys --


class Fingers:
    """Keys, and the events that they gave while time passed."""

    def __init__(self, rows):
        self.clock = [0, 1]
        self.keys = hal.Keys(rows, self.clock)
        self.events = []
        self.busy = False

    def run(self, ms, step=20, blocking=False):
        for _ in range(ms // step):
            bench.clock.advance(step, blocking)
            bench.enter("test")
            self.busy = self.keys.poll(bench.clock.now, self.events.append)
        return self


ONE = ((16, "NEXT", "PREVIOUS"),)


@pytest.fixture
def fingers():
    hand = Fingers(ONE).run(100)
    yield hand
    hand.keys.close()
    assert not bench.irqs


def test_an_edge_calls_for_a_look(fingers):
    fingers.clock[hal.DUE] = 99
    bench.keys.set(16, 0)
    bench.scheduler.run()
    assert fingers.clock[hal.DUE] == 0


def test_short_and_long(fingers):
    bench.keys.press(16, 80)
    fingers.run(200)
    bench.keys.press(16, 900)
    fingers.run(1100)
    assert fingers.events == ["NEXT", "PREVIOUS"]


def test_busy_until_the_key_has_been_quiet(fingers):
    assert not fingers.busy
    bench.keys.press(16, 80)
    fingers.run(200)
    assert fingers.busy
    fingers.run(400)
    assert not fingers.busy


def test_a_press_inside_a_blocking_call(fingers):
    bench.keys.press(16, 80, after=50)
    bench.clock.advance(600, True)
    fingers.run(200)
    assert fingers.events == ["NEXT"]


def test_more_edges_than_the_ring_holds(fingers):
    bench.keys.press(16, 80, bounce=(2, 4, 6, 8, 10, 12, 14))
    fingers.run(300)
    assert fingers.events == ["NEXT"]


def test_the_handler_allocates_no_new_entries(fingers):
    ring = fingers.keys._keys[0][2]
    for _ in range(30):
        bench.keys.set(16, 0)
        bench.keys.set(16, 1)
        bench.scheduler.run()
    assert len(ring) == hal.RING + 1
    assert ring[0] == hal.RING


def test_several_keys():
    both = Fingers(((36, "NEXT", None), (37, "PREVIOUS", "RELOAD"))).run(100)
    bench.keys.press(36, 80)
    both.run(200)
    bench.keys.press(37, 80)
    both.run(200)
    bench.keys.press(37, 900)
    both.run(1100)
    assert both.events == ["NEXT", "PREVIOUS", "RELOAD"]
    both.keys.close()
    assert not bench.irqs


def test_a_pin_that_does_not_exist_is_reported_and_the_others_work():
    hand = Fingers(((99, "PREVIOUS", None), (16, "NEXT", None))).run(100)
    assert "99" in hand.keys.problem
    bench.keys.press(16, 80)
    hand.run(200)
    assert hand.events == ["NEXT"]
    hand.keys.close()


def test_a_key_without_interrupt_is_polled():
    bench.fail_next("GPIO.irq", ValueError("no interrupt"))
    hand = Fingers(ONE).run(100)
    assert hand.keys.polled
    assert not bench.irqs
    bench.keys.press(16, 80)
    hand.run(200)
    assert hand.events == ["NEXT"]
    hand.keys.close()


# -- watchdog and card --


def test_the_watchdog_is_armed_fed_and_stopped():
    dog = hal_dog.Watchdog(8000)
    for _ in range(30):
        dog.feed()
        bench.clock.advance(1000)
    dog.stop()
    assert not bench.wdt
    bench.clock.advance(60000)
    dog.feed()
    assert bench.wdt
    dog.stop()


def test_a_watchdog_too_short_to_be_fed_is_made_longer():
    dog = hal_dog.Watchdog(5)
    dog.feed()
    bench.clock.advance(1900)
    assert bench.wdt
    dog.stop()
