"""The plates of boxes that lie close together: each label stays legible, and all stay on the panel."""

from __future__ import annotations

import random
from types import SimpleNamespace

import pytest

from device.overlay import LINE
from device.results import BOXES
from tests.device.test_overlay import Glass


def calls_of(glass):
    """Return what a frame draws: the frames of the boxes, the plates, and the texts, each (x, y, ...), in order."""
    calls = []
    spy = SimpleNamespace(draw_rectangle=lambda *a: calls.append(a), draw_string=lambda *a: calls.append(a))
    glass.draw(spy, glass.results.count)
    return calls


def plates_of(calls):
    return [c[:4] for c in calls if len(c) == 7 and c[6] == 1]


@pytest.mark.parametrize(("board", "rotation"), [("dock", 0), ("amigo_tft", 0), ("m5stickv", 0)])
def test_plates_never_cover_each_other_or_leave_the_panel(board, rotation):
    glass, dice = Glass(board, rotation).begin(BOXES), random.Random(board)
    left, top, width, height = glass.screen.visible(*glass.view)
    for _ in range(150):
        glass.results.count = 0
        for _ in range(dice.randrange(2, 11)):
            x, y = dice.randrange(left, left + width - 8), dice.randrange(top, top + height - 8)
            w, h = dice.randrange(8, left + width - x + 1), dice.randrange(8, top + height - y + 1)
            glass.results.put(x, y, w, h, dice.randrange(10), 0.5)
        plates = plates_of(calls_of(glass))
        assert plates
        for at, (x, y, w, h) in enumerate(plates):
            assert left <= x
            assert x + w <= left + width
            assert top + LINE + 2 <= y
            assert y + h <= top + height
            for other_x, other_y, other_w, other_h in plates[:at]:
                assert x >= other_x + other_w or other_x >= x + w or y >= other_y + other_h or other_y >= y + h


@pytest.mark.parametrize("corner", [(0, 0), (240, 0), (0, 180), (240, 180), (120, 90)])
def test_boxes_on_top_of_each_other_have_a_plate_each(corner):
    glass = Glass().begin(BOXES)
    for at in range(4):
        glass.results.put(corner[0] + at * 3, corner[1] + at * 3, 60, 50, at, 0.5)
    calls = calls_of(glass)
    assert len(plates_of(calls)) == 4
    # All frames come first, so that no label is crossed out.
    kinds = [len(c) > 6 and c[6] == 1 for c in calls if len(c) == 7]
    assert kinds == sorted(kinds)


def test_a_box_without_room_for_its_plate_keeps_its_frame():
    glass = Glass("m5stickv", 0, (128, 48)).begin(BOXES)
    for at in range(8):
        glass.results.put(10, 20, 60, 20, at, 0.5)
    calls = calls_of(glass)
    assert len([c for c in calls if len(c) == 7 and c[6] == 0]) == 8
    assert 1 <= len(plates_of(calls)) < 8
