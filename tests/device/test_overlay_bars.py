"""Bars of a classifier on pictures of every size: every row is complete, and the picture stays visible."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from device.once.painters import BLACK
from device.overlay import LINE
from device.results import BARS
from tests.device.test_overlay import PANELS, VIEWS, Glass, bars


@pytest.mark.parametrize(("board", "rotation"), PANELS)
@pytest.mark.parametrize("view", [*VIEWS, (320, 64)])
@pytest.mark.parametrize("count", [1, 3, 10])
def test_bars_leave_a_third_of_the_picture(board, rotation, view, count):
    """No bar overlaps another, its own text or the status bar, however small the picture is."""
    glass = Glass(board, rotation, view, top=count).begin(BARS)
    bars(glass, *[(i, 1000 - i) for i in range(count)])
    _, top, _, height = glass.screen.visible(*view)
    rows, marks, texts = [], [], []
    spy = SimpleNamespace(
        draw_rectangle=lambda *a: (
            isinstance(a[0], int) and (rows if a[4] == BLACK else marks).append((a[1], a[1] + a[3]))
        ),
        draw_string=lambda *a: isinstance(a[0], int) and texts.append((a[1], a[1] + LINE * a[4])),
    )
    glass.draw(spy, glass.results.count)
    assert 1 <= len(rows) == len(texts) == len(marks)
    assert [bottom for _, bottom in rows] == [begin for begin, _ in rows[1:]] + [top + height]
    for row, text, mark in zip(rows, texts, marks, strict=True):
        assert row[0] == text[0] < text[1] <= mark[0] < mark[1] <= row[1]
    room = height - LINE - 2
    assert rows[0][0] - (top + LINE + 2) >= room / 3
    if count <= 3 and height >= 96:
        assert len(rows) == count  # the usual number is always visible
