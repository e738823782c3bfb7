"""The page in a real browser: it loads, shows what the panel shows, and has every text in its table."""

from __future__ import annotations

import re
from typing import Any

from maixswitch.web.server import PAGE
from maixswitch.web.texts import PAGE as TEXTS
from tests.host.web.browser_helpers import BLOB, eventually, javascript

COLOURS = javascript("count_colours")


def test_every_text_of_the_page_is_in_the_table_and_used() -> None:
    html = (PAGE / "index.html").read_text(encoding="utf-8")
    scripts = "".join(path.read_text(encoding="utf-8") for path in PAGE.glob("*.js"))
    used = set(re.findall(r'data-t(?:-label)?="([^"]+)"', html)) | set(re.findall(r'\bt\("([^"]+)"', scripts))
    assert used == set(TEXTS)


def test_the_panel_shows_the_camera_and_what_is_found(page: Any) -> None:
    page.wait_for_selector("#results meter")
    assert page.inner_text("#results li span:first-child") == BLOB
    eventually(lambda: page.locator("#panel").evaluate(COLOURS) > 3, page)  # more than letters on black
    frames = int(page.get_attribute("#panel", "data-frames"))
    assert frames > 0
    assert page.get_attribute("#panel", "aria-label").endswith("RUNNING Bright blobs")
    assert page.inner_text("#link") == "connected"
    assert page.inner_text("#fact-model") == "Bright blobs"
    assert page.locator("#keys").bounding_box()["y"] < 800  # the board is in sight without scrolling
    page.wait_for_selector("#events li")
    before = page.inner_text("#fact-frames")
    eventually(lambda: page.inner_text("#fact-frames") != before, page)
    page.locator("#models > li:nth-child(2) > button").click()
    page.wait_for_selector("#events li:has-text('Colours')")
