"""Results: scores without floats, boxes scaled and clipped into the view, labels that are never stale."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.results import BARS, BOXES, CAP, Results, permille


@given(st.floats(0, 1, width=32))
def test_permille_rounds_like_arithmetic(value):
    assert abs(permille(value) - value * 1000) <= 0.52


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, 0),
        (-3.0, 0),
        (1.0, 1000),
        (7.5, 1000),
        (0.935, 935),
        (1e-30, 0),
        (1e-45, 0),
        (math.inf, 1000),
        (-math.inf, 0),
        (math.nan, 0),
        (255, 1000),
        (51, 200),
        (0, 0),
    ],
)
def test_permille_at_the_edges(value, expected):
    assert permille(value) == expected


def results(view=(320, 240), model=(320, 240)):
    fresh = Results()
    fresh.reset(BOXES, *view, *model)
    return fresh


def box(item):
    return item.x, item.y, item.w, item.h


def test_a_box_inside_is_unchanged():
    fresh = results()
    fresh.put(10, 20, 30, 40, 3, 0.5)
    assert fresh.count == 1
    assert box(fresh.items[0]) == (10, 20, 30, 40)
    assert (fresh.items[0].class_id, fresh.items[0].score) == (3, 500)


@pytest.mark.parametrize(
    ("raw_box", "expected"),
    [
        ((-5, -7, 20, 20), (0, 0, 15, 13)),
        ((310, 230, 50, 50), (310, 230, 10, 10)),
        ((0, 0, 5000, 5000), (0, 0, 320, 240)),
    ],
)
def test_a_box_over_the_edge_is_clipped(raw_box, expected):
    fresh = results()
    fresh.put(*raw_box, 0, 0.9)
    assert box(fresh.items[0]) == expected


@pytest.mark.parametrize("raw_box", [(320, 0, 10, 10), (0, 240, 10, 10), (-20, 0, 20, 5), (5, 5, 0, 9), (5, 5, 9, -3)])
def test_a_box_without_a_visible_pixel_is_dropped(raw_box):
    fresh = results()
    fresh.put(*raw_box, 0, 0.9)
    assert fresh.count == 0


def test_boxes_of_a_resized_input_are_scaled_into_the_view():
    fresh = results(view=(240, 240), model=(64, 64))
    fresh.put(16, 32, 16, 16, 0, 0.9)
    assert box(fresh.items[0]) == (60, 120, 60, 60)


@given(st.tuples(*[st.integers(-400, 400)] * 4), st.sampled_from([(320, 240), (64, 64), (28, 28), (416, 416)]))
def test_every_box_lies_in_the_view(values, model):
    fresh = results(view=(240, 240), model=model)
    fresh.put(*values, 0, 0.9)
    for item in fresh.items[: fresh.count]:
        assert item.x >= 0
        assert item.y >= 0
        assert item.w > 0
        assert item.h > 0
        assert item.x + item.w <= 240
        assert item.y + item.h <= 240


def test_the_eleventh_box_is_left_out():
    fresh = results()
    for i in range(CAP + 3):
        fresh.put(i, 0, 10, 10, 0, 0.9)
    assert fresh.count == CAP


def test_the_text_stays_while_class_and_percent_stay():
    fresh = results()
    fresh.put(0, 0, 9, 9, 2, 0.901)
    item = fresh.items[0]
    item.text = "cat 90%"
    for value, class_id, kept in ((0.908, 2, True), (0.911, 2, False)):
        fresh.count = 0
        fresh.put(0, 0, 9, 9, class_id, value)
        assert (item.text is not None) == kept
    item.text = "cat 91%"
    fresh.count = 0
    fresh.put(0, 0, 9, 9, 4, 0.911)
    assert item.text is None


def test_reset_forgets_labels_so_that_the_next_model_shows_its_own():
    fresh = results()
    fresh.put(0, 0, 9, 9, 2, 0.901)
    fresh.items[0].text = "cat 90%"
    fresh.reset(BARS, 320, 240, 224, 224)
    assert fresh.count == 0
    assert all(item.text is None and item.class_id == -1 for item in fresh.items)


def test_items_are_created_once():
    fresh = results()
    assert fresh.items == []
    fresh.put(0, 0, 9, 9, 2, 0.9)
    first = fresh.items[0]
    fresh.reset(BOXES, 320, 240, 320, 240)
    fresh.put(0, 0, 9, 9, 2, 0.9)
    assert fresh.items == [first]
    assert fresh.nth(CAP - 1) is fresh.items[CAP - 1]
    assert len(fresh.items) == CAP
