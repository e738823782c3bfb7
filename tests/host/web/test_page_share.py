"""The class on the page: the owner shows the QR code, and a page that only watches offers nothing to press."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.host.web.browser_helpers import model
from tests.host.web.web_helpers import serve_card

TABS = ("tab-faults", "tab-memories", "tab-times", "tab-machine")
OFFERED = """() => [...document.querySelectorAll("button, select, input, a, summary")]
    .filter(one => one.checkVisibility() && !one.disabled).map(one => one.id || one.dataset.language || one.tagName)"""
"""The names of what a person could use."""


@pytest.fixture(scope="module")
def addresses(card: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The owner's address and the class's of one simulator."""
    folder = tmp_path_factory.mktemp("share")
    with serve_card(card, folder, "--share", "watch", "--host", "127.0.0.1") as (own, server):
        assert server.stderr is not None
        match = re.search(r"http://\S+", server.stderr.readline())
        assert match
        yield own, match.group()


def test_a_page_that_watches_offers_nothing_that_changes_the_board(visit: Any, addresses: tuple[str, str]) -> None:
    own, shared = addresses
    watcher = visit(shared, viewport={"width": 360, "height": 740})
    assert watcher.inner_text("#watching").startswith("You are watching")
    offered = watcher.evaluate(OFFERED)
    assert set(offered) <= {"A", "en", "zh", "lesson-open", "full", *TABS, "SUMMARY"}
    assert watcher.locator("#share-open").is_hidden()
    assert watcher.evaluate("document.documentElement.scrollWidth <= innerWidth")
    watcher.keyboard.press("Space")
    owner = visit(own)
    assert owner.locator("#keys button[data-down]").count() == 0
    owner.locator("#models > li:nth-child(2) > button").click()
    model(watcher, 1)
    owner.locator("#models > li:nth-child(1) > button").click()


def test_the_owner_shows_the_code_of_the_address(visit: Any, addresses: tuple[str, str]) -> None:
    own, shared = addresses
    page = visit(own)
    assert page.locator("#watching").is_hidden()
    page.click("#share-open")
    assert page.inner_text("#share-url") == shared
    assert "cannot change anything" in page.inner_text("#share-text")
    box = page.locator("#share-code svg").bounding_box()
    assert box["width"] == box["height"] >= 400
    page.keyboard.press("Escape")
    page.wait_for_selector("#share:not([open])", state="attached")
    assert page.evaluate("document.activeElement.id") == "share-open"
