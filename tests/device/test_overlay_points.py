"""Points in the results, on the picture and on the link."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from device import hal
from device.link_json import Protocol
from device.once.painters import COLOURS
from device.results import POINTS, Results
from tests.device.test_overlay import Glass, image_colour


def results(view=(320, 240), model=(320, 240)):
    fresh = Results()
    fresh.reset(POINTS, *view, *model)
    return fresh


@pytest.mark.parametrize("model", [(32, 24), (320, 240), (1024, 1024)])
def test_a_point_is_one_pixel_of_the_view_at_any_scale(model):
    points = results(model=model)
    points.put(model[0] // 2, model[1] // 4, 0, 0, 3, 0.5)
    assert points.count == 1
    item = points.items[0]
    assert (item.x, item.y, item.w, item.h, item.class_id, item.score) == (160, 60, 1, 1, 3, 500)


@pytest.mark.parametrize(("x", "y"), [(-1, 5), (320, 5), (5, -1), (5, 240)])
def test_a_point_outside_the_view_is_dropped(x, y):
    points = results()
    points.put(x, y, 0, 0, 0, 1.0)
    assert points.count == 0


def test_a_point_is_a_square_in_its_colour_with_its_label_beside_it():
    glass = Glass().begin(POINTS)
    glass.results.put(100, 100, 0, 0, 1, 0.935)
    image = glass.show()
    colour = image_colour(image, COLOURS[1])
    inside = [image.get_pixel(x, y) for x in range(98, 103) for y in range(98, 103)]
    assert inside == [colour] * 25
    assert image.get_pixel(97, 100) != colour
    assert glass.results.items[0].text == "label1 93%"
    assert colour in [image.get_pixel(x, 100) for x in range(104, 184)]


def test_points_of_a_kind_without_labels_have_no_text():
    glass = Glass()
    glass.spec.labels = ()
    glass.begin(POINTS)
    glass.results.put(100, 100, 0, 0, 1, 0.935)
    glass.show()
    assert glass.results.items[0].text is None


def test_a_point_on_the_link_has_two_coordinates():
    points = results()
    points.put(12, 34, 0, 0, 1, 0.5)
    model = SimpleNamespace(label="point {}".format)
    app = SimpleNamespace(
        report=hal.nothing,
        screen=SimpleNamespace(show=hal.nothing),
        slot=SimpleNamespace(loaded=model),
        results=points,
        frames=7,
        clock=[0, 0],
        keys=SimpleNamespace(poll=hal.nothing),
    )
    sent: list[bytes] = []
    port = (
        lambda data, at, size: sent.append(bytes(data[at : at + size])) or size,
        lambda: 0,
        hal.nothing,
        hal.nothing,
        115200,
    )
    Protocol(app, port, {}, "")
    for _ in range(4):
        app.screen.show(None)
    messages = [json.loads(line) for line in b"".join(sent).replace(b"\x1e", b"").splitlines()]
    assert [message["found"] for message in messages if "found" in message] == [[["point 1", 0.5, 12, 34]]]
