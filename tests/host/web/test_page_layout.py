"""Where things stand on the page: no empty halves, the board in view on a phone, and full screen for a projector."""

from __future__ import annotations

from typing import Any

import pytest

from tests.host.web.browser_helpers import eventually

COVERED = """([wide, tall]) => {
    let hits = 0;
    for (let x = 0.5; x < 20; x += 1) for (let y = 0.5; y < 20; y += 1) {
        if (document.elementFromPoint(x * wide / 20, y * tall / 20)?.closest("header, section")) hits += 1;
    }
    return hits / 400;
}"""


@pytest.mark.parametrize("size", [(1440, 900), (1920, 1080), (800, 1100)], ids=lambda size: f"{size[0]}")
def test_the_first_screen_is_filled(page: Any, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    eventually(lambda: page.evaluate(COVERED, size) > 0.8, page)
    assert page.evaluate("document.querySelector('main').clientWidth") == size[0]


def test_on_a_phone_the_board_stays_in_view(page: Any) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.wait_for_selector("#results li:not(.none)")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    panel, keys, results = (page.locator(one).bounding_box() for one in ("#panel", "#keys", "#results"))
    assert panel["y"] >= 0
    assert keys["y"] >= panel["y"] + panel["height"]
    assert results["x"] >= panel["x"] + panel["width"]
    assert max(box["y"] + box["height"] for box in (keys, results)) < 740 / 2  # the other half is for the rest


def test_full_screen_shows_the_board_and_what_it_sees(page: Any) -> None:
    before = page.locator("#panel").bounding_box()["width"]
    page.click("#full")
    eventually(lambda: page.locator("#panel").bounding_box()["width"] > before * 1.2, page)
    assert page.evaluate("Boolean(document.fullscreenElement)")
    assert page.locator("#results").is_visible()
    assert page.locator("#keys button").first.bounding_box()["y"] + 40 < 900
    assert [page.locator(one).is_visible() for one in ("#models", "#run", "#inside")] == [False] * 3
    page.click("#full")
    eventually(lambda: page.locator("#panel").bounding_box()["width"] == before, page)
    assert page.locator("#models").is_visible()
