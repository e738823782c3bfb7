"""The overlay on the fake's pictures and panels: readable, within the visible part, and never stale."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import bench
import sensor
from device import hal, overlay
from device.app import frame_path
from device.errors import DeviceError, describe
from device.once import boards, hal_start
from device.once.error_texts import codes
from device.once.painters import COLOURS, INKS
from device.overlay import LINE, Overlay
from device.results import BARS, BOXES, Results
from device.spec import Labels, ModelSpec
from device.text import ink

PANELS = [
    ("dock", 0),
    ("dock", 1),
    ("dock", 2),
    ("cube", 0),
    ("cube", 1),
    ("amigo_tft", 0),
    ("amigo_tft", 3),
    ("m5stickv", 0),
    ("m5stickv", 1),
    ("m5stickv", 3),
]
VIEWS = [(320, 240), (224, 224), (240, 240), (128, 96), (320, 96)]
GREY = (128, 128, 128)


def rgb(word):
    """Return (r, g, b) of an RGB565 word with swapped bytes."""
    value = (word & 255) << 8 | word >> 8
    return (value >> 11) * 255 // 31, (value >> 5 & 63) * 255 // 63, (value & 31) * 255 // 31


def light(colour):
    """Return the relative luminance of (r, g, b), as WCAG defines it."""
    parts = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(a, b):
    high, low = sorted((light(rgb(a)), light(rgb(b))), reverse=True)
    return (high + 0.05) / (low + 0.05)


def fail(event, error):
    raise error


class Glass:
    """A panel with an overlay, and a view of the camera."""

    def __init__(self, board="dock", rotation=0, view=(320, 240), top=3, flavour=""):
        bench.reset(flavour) if flavour else bench.reset()
        assert hal_start.panel(boards.find(board), {"rotation": rotation}) == ""
        self.screen = hal.Screen()
        self.overlay = Overlay(self.screen)
        self.results = Results()
        self.view = view
        self.asked = []
        self.spec = SimpleNamespace(
            panel_title=lambda: "Face",
            kind="yolo2",
            size=388776,
            top=top,
            labels=("label0", "label1"),
            panel_label=lambda at: self.asked.append(at) or f"label{at}",
        )
        sensor.reset()
        sensor.set_pixformat(sensor.RGB565)
        sensor.set_framesize(sensor.QVGA)
        if view != (320, 240):
            sensor.set_windowing(view)

    def begin(self, shape):
        self.results.reset(shape, *self.view, *self.view)
        self.marks = self.overlay.begin(self.spec, self.results, "2/5", self.view)
        return self

    def draw(self, image, count):
        """Draw on a picture what the app draws in a frame with so many results."""
        next(frame_path(lambda: image, None, lambda _: count, self.marks, None, hal.nothing, [0, 0], fail))

    def show(self):
        """Draw a frame, show it, and return the drawn picture."""
        image = sensor.snapshot()
        image.draw_rectangle(0, 0, *self.view, GREY, 1, 1)
        self.draw(image, self.results.count)
        self.screen.show(image)
        return image


def differs(image, box):
    """Return the bounding box of everything that is not the background, or None."""
    left, top, width, height = box
    actual = [
        (x, y)
        for y in range(top, top + height)
        for x in range(left, left + width)
        if max(abs(a - b) for a, b in zip(image.get_pixel(x, y), GREY, strict=True)) > 16
    ]
    return actual


def image_colour(image, word):
    """Return the result of get_pixel() for a pixel drawn in a colour."""
    copy = image.copy()
    copy.draw_rectangle(0, 0, 1, 1, word, 1, 1)
    return copy.get_pixel(0, 0)


# -- colours --


@pytest.mark.parametrize("colour", COLOURS)
def test_a_plate_is_readable(colour):
    """WCAG demands a contrast of 4.5 to 1 for normal text."""
    assert contrast(colour, INKS[COLOURS.index(colour)]) >= 4.5


@pytest.mark.parametrize("colour", [*COLOURS, overlay.RED, overlay.BLUE, overlay.ORANGE, 0, 0xFFFF])
def test_ink_is_the_better_of_black_and_white(colour):
    other = 0xFFFF - ink(colour)
    assert contrast(colour, ink(colour)) >= contrast(colour, other)


@given(st.integers(0, 0xFFFF))
def test_ink_on_any_colour_is_readable(colour):
    assert contrast(colour, ink(colour)) >= 3.5


# -- boxes --


def test_a_box_has_a_frame_in_its_colour_and_a_plate_with_its_label():
    glass = Glass().begin(BOXES)
    glass.results.put(100, 100, 80, 60, 1, 0.935)
    image = glass.show()
    colour = image_colour(image, COLOURS[1])
    assert glass.results.items[0].text == "label1 93%"
    assert image.get_pixel(100, 130) == image.get_pixel(179, 130) == image.get_pixel(140, 159) == colour
    plate = [image.get_pixel(x, 85) for x in range(100, 260)]
    assert colour in plate
    assert image_colour(image, INKS[1]) in plate
    assert image.get_pixel(140, 130) not in plate  # the detected object is not covered


@pytest.mark.parametrize(("board", "rotation"), PANELS)
@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("box", [(0, 0, 20, 20), (300, 220, 20, 20), (0, 60, 319, 100), (150, 100, 20, 20)])
def test_a_plate_lies_in_the_visible_part_below_the_bar(board, rotation, view, box):
    glass = Glass(board, rotation, view).begin(BOXES)
    left, top, width, height = glass.screen.visible(*view)
    x = max(left, min(box[0], left + width - 20))
    y = max(top, min(box[1], top + height - 20))
    glass.results.put(x, y, min(box[2], left + width - x), min(box[3], top + height - y), 3, 0.5)
    calls = []
    image = sensor.snapshot()
    spy = SimpleNamespace(draw_rectangle=lambda *a: calls.append(a), draw_string=lambda *a: calls.append(a))
    glass.draw(spy, glass.results.count)
    plates = [c for c in calls if len(c) == 7 and c[6] == 1]
    texts = [c for c in calls if len(c) > 5 and isinstance(c[2], str)]
    assert len(plates) == len(texts) == 1
    px, py, pw, ph = plates[0][:4]
    assert px >= left
    assert py >= top + LINE + 2
    assert px + pw <= left + width
    assert py + ph <= top + height
    assert texts[0][:2] == (px, py)
    glass.draw(image, glass.results.count)  # the fake accepts the same calls
    assert not bench.hardfaults


def test_a_label_is_looked_up_only_when_it_changes():
    glass = Glass().begin(BOXES)
    for value, asked in ((0.901, 1), (0.905, 1), (0.911, 2), (0.911, 2)):
        glass.results.count = 0
        glass.results.put(10, 50, 30, 30, 4, value)
        glass.show()
        assert len(glass.asked) == asked


def test_a_new_model_shows_its_own_labels():
    glass = Glass().begin(BOXES)
    glass.results.put(10, 50, 30, 30, 4, 0.5)
    glass.show()
    glass.spec.panel_label = lambda at: f"other{at}"
    glass.begin(BOXES)
    glass.results.put(10, 50, 30, 30, 4, 0.5)
    glass.show()
    assert glass.results.items[0].text == "other4 50%"


def test_ascii_forms_are_drawn_instead_of_the_originals():
    glass = Glass()
    glass.spec = spec = ModelSpec("fruit")
    spec.title, spec.ascii_title = "水果", "ShuiGuo"
    spec.labels = Labels("苹果\n香蕉\n".encode(), 2, (0,))
    spec.ascii_labels = Labels(b"PingGuo\nXiangJiao\n", 2, (0,))
    glass.begin(BOXES)
    glass.results.put(10, 50, 30, 30, 1, 0.5)
    glass.show()
    assert glass.results.items[0].text == "XiangJiao 50%"
    assert glass.overlay._bar[0][2] == "ShuiGuo 2/5"


@pytest.mark.parametrize("label", ["", "a" * 64, "Straße", "日本", "a\nb", "tab\t"])
def test_any_label_can_be_drawn(label):
    glass = Glass("m5stickv", 1).begin(BOXES)
    glass.spec.panel_label = lambda at: label
    glass.results.put(100, 100, 60, 60, 0, 1.0)
    glass.show()
    text = glass.results.items[0].text
    assert text.endswith(" 100%")
    assert all(" " <= c <= "~" for c in text)
    assert len(text) * 8 <= 135


# -- bars --


def bars(glass, *rows):
    for at, (class_id, score) in enumerate(rows):
        glass.results.nth(at).name(class_id, score)
    glass.results.count = len(rows)


def test_bars_stand_at_the_bottom_best_first():
    glass = Glass().begin(BARS)
    bars(glass, (7, 800), (2, 150), (4, 50))
    image = glass.show()
    assert [item.text for item in glass.results.items[:3]] == ["label7 80%", "label2 15%", "label4 5%"]
    for at, (class_id, score) in enumerate(((7, 800), (2, 150), (4, 50))):
        y = 240 - (3 - at) * 18 + 15
        colour = image_colour(image, COLOURS[class_id & 7])
        width = len([x for x in range(320) if image.get_pixel(x, y) == colour])
        assert width == score * 320 // 1000


@pytest.mark.parametrize(("board", "rotation"), PANELS)
@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("count", [1, 3, 10])
def test_bars_lie_in_the_visible_part(board, rotation, view, count):
    glass = Glass(board, rotation, view, top=count).begin(BARS)
    bars(glass, *[(i, 1000 - i) for i in range(count)])
    left, top, width, height = glass.screen.visible(*view)
    calls = []
    spy = SimpleNamespace(
        draw_rectangle=lambda *a: calls.append(a[0] if isinstance(a[0], tuple) else a[:4]),
        draw_string=lambda *a: calls.append(
            (*a[0][:2], len(a[0][2]) * 8, LINE)
            if isinstance(a[0], tuple)
            else (a[0], a[1], len(a[2]) * 8 * a[4], LINE * a[4])
        ),
    )
    glass.draw(spy, glass.results.count)
    assert len(calls) >= 5
    for x, y, w, h in calls:
        assert x >= left
        assert y >= top
        assert x + w <= left + width
        assert y + h <= top + height
    glass.show()


# -- status bar --


def test_the_status_bar_holds_title_position_and_fps():
    glass = Glass().begin(BOXES)
    assert glass.overlay._bar[0][2] == "Face 2/5"
    glass.overlay.status(14)
    assert glass.overlay._bar[0][2] == "Face 2/5 14fps"


def test_the_status_bar_fits_a_narrow_panel():
    glass = Glass("m5stickv", 1)
    glass.spec.panel_title = lambda: "A very long title of a model"
    glass.begin(BOXES)
    glass.overlay.status(99)
    text = glass.overlay._bar[0][2]
    assert len(text) * 8 <= 135
    assert text.endswith("2/5 99fps")


def test_without_results_the_picture_below_the_bar_is_unchanged():
    glass = Glass().begin(BOXES)
    assert differs(glass.show(), (0, LINE + 2, 320, 240 - LINE - 2)) == []


# -- messages --


def texts(glass, act):
    """Return the lines that act() writes on the panel: (x, y, text)."""
    lines = []
    import lcd

    real = lcd.draw_string

    def spy(*args):
        lines.append(args[:3])
        real(*args)

    lcd.draw_string = spy
    try:
        act()
    finally:
        lcd.draw_string = real
    return lines


@pytest.mark.parametrize(("board", "rotation"), PANELS)
@pytest.mark.parametrize("code", list(codes()))
def test_every_fault_fits_every_panel(board, rotation, code):
    glass = Glass(board, rotation)
    error = DeviceError(code, "detail of some length, as the firmware writes it: memory not enough")
    lines = texts(glass, lambda: glass.overlay.fault(error, glass.spec))
    limit = max(glass.screen.width, glass.screen.height) - 16  # of lcd.draw_string
    for x, y, text in lines:
        assert x + len(text) * 8 <= glass.screen.width
        assert y + 12 <= glass.screen.height
        assert y <= limit
    rows = [y for _, y, _ in lines]
    assert len(set(rows)) == len(rows), "two lines at the same place"
    message = " ".join(" ".join(text for _, _, text in lines).split())
    assert str(code) in message
    _, meaning, remedy = describe(code)
    assert ("next model" in message) or code in (101, 102, 109, 111)
    assert " ".join(meaning.split()) in message
    if glass.screen.width * glass.screen.height >= 240 * 240:
        assert remedy in message


@pytest.mark.parametrize(("board", "rotation"), PANELS)
@pytest.mark.parametrize("flavour", ["minimum@v0.6.0-2", "minimum_with_kmodel_v4_support"])
def test_what_the_key_does_is_on_every_panel(board, rotation, flavour):
    """An old firmware drops the lines that begin in the lowest 16 rows, or below the width of an upright panel."""
    glass = Glass(board, rotation, flavour=flavour)
    lines = texts(glass, lambda: glass.overlay.fault(DeviceError(2006), glass.spec))
    for x, y, text in lines:
        if text.strip():
            assert any(bench.screen.get(x + column, y + row) != (0, 0, 0) for column in range(24) for row in range(12))
    assert "model" in lines[-1][2]


def test_the_heading_is_coloured_across_the_panel():
    glass = Glass()
    glass.overlay.fault(DeviceError(2006), glass.spec)
    assert bench.screen.get(318, 5) == rgb(overlay.RED)
    assert bench.screen.get(318, 100) == (0, 0, 0)


def test_loading_names_model_position_and_size():
    glass = Glass()
    lines = texts(glass, lambda: glass.overlay.loading(glass.spec, "2/5"))
    message = " ".join(text for _, _, text in lines)
    assert "2/5 Face" in message
    assert "380 KiB" in message
    assert "Loading" in message


def test_the_message_names_no_key_if_none_helps():
    """A firmware that mounts no late card, and one on which the app cannot run."""
    glass = Glass()
    for error in (DeviceError(101, "Switch off and on."), DeviceError(111, "It is v0.5.0-89-ge893fb4c1.")):
        message = " ".join(text for _, _, text in texts(glass, lambda error=error: glass.overlay.fault(error)))
        assert "key" not in message
        assert error.detail in message


def test_card_faults_tell_what_the_key_does():
    glass = Glass()
    for code in (101, 102):
        message = " ".join(
            text for _, _, text in texts(glass, lambda code=code: glass.overlay.fault(DeviceError(code)))
        )
        assert "look again" in message


def test_the_end_tells_what_ended_the_app():
    glass = Glass()
    message = " ".join(text for _, _, text in texts(glass, lambda: glass.overlay.stopped(ValueError("because"))))
    assert "because" in message
    assert "Stopped" in message
