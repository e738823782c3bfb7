"""The fault controls of the page: each fault shows its code and remedy and can be undone, and the key still works."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.host.web.browser_helpers import COLOURS, GOOD, eventually, model, state


@pytest.fixture
def healthy(page: Any) -> Iterator[Any]:
    """The page; after the test everything is repaired and the key still switches to another model."""
    yield page
    page.click("#heal")
    page.wait_for_selector("#ordered:empty", state="attached")
    model(page, GOOD)
    page.select_option("#speed", "1")  # at a higher speed a busy PC would make a short press a long one
    page.locator("#keys button").first.click(delay=120)
    model(page, COLOURS)
    assert page.locator("#fault").is_hidden()


def fault(page: Any, code: int) -> str:
    """Return the page's text of a fault: its code, its title and, after a colon, the remedy."""
    page.wait_for_selector(f"#fault:not([hidden]) #fault-text:text-matches('^{code} ')")
    text: str = page.inner_text("#fault-text")
    title, _, remedy = text.rpartition(": ")
    assert len(title) > 10, text
    assert len(remedy) > 10, text
    return text


def select(page: Any, index: int) -> None:
    page.locator(f"#models > li:nth-child({index + 1}) > button").click()


def test_card_out_and_in(healthy: Any) -> None:
    healthy.select_option("#speed", "4")  # the app looks for a card every few seconds
    out = healthy.inner_text("#card")
    healthy.click("#card")
    state(healthy, "NO_CARD")
    fault(healthy, 101)
    eventually(lambda: healthy.inner_text("#card") != out, healthy)
    healthy.select_option("#speed", "1")  # so that the press stays a short one
    healthy.locator("#keys button").first.click(delay=120)  # the app tries to mount the absent card
    healthy.select_option("#speed", "4")
    healthy.wait_for_selector("#events li:has-text('NO_CARD')")
    state(healthy, "NO_CARD")
    healthy.click("#card")
    model(healthy, GOOD)
    assert healthy.locator("#fault").is_hidden()


def test_next_load_fails(healthy: Any) -> None:
    for code, index in ((2002, COLOURS), (2006, GOOD)):
        healthy.select_option("#code", str(code))
        healthy.click("#fail")
        healthy.wait_for_selector(f"#ordered:has-text('{code} ERR_')")
        assert healthy.locator("#state").inner_text() == "RUNNING"  # not before the next load
        select(healthy, index)
        state(healthy, "FAULT")
        fault(healthy, code)
        healthy.wait_for_selector("#ordered:empty", state="attached")  # once
        select(healthy, GOOD)
        model(healthy, GOOD)


def test_next_run_fails(healthy: Any) -> None:
    healthy.select_option("#runcode", "2008")
    healthy.click("#failrun")
    state(healthy, "FAULT")
    fault(healthy, 2008)
    assert healthy.locator("#events li[data-kind=fault]").count() > 0
    select(healthy, GOOD)


def test_camera_off_and_on(healthy: Any) -> None:
    off = healthy.inner_text("#camera")
    healthy.click("#camera")
    state(healthy, "FAULT")
    assert "camera" in healthy.inner_text("#fault-text").lower()
    fault(healthy, int(re.match(r"\d+", healthy.inner_text("#fault-text")).group()))  # type: ignore[union-attr]
    # The button asks for the opposite of what it shows, and the fault can be on the page before the new text.
    eventually(lambda: healthy.inner_text("#camera") != off, healthy)
    healthy.click("#camera")
    eventually(lambda: healthy.inner_text("#camera") == off, healthy)
    # By itself the app looks for a camera at once, then once a minute, because each look takes five seconds.
    select(healthy, GOOD)
    state(healthy, "RUNNING")


def test_damaged_file(healthy: Any) -> None:
    healthy.click("#damage")
    healthy.wait_for_selector('#damage[aria-pressed="true"]')
    assert "Bright blobs" in healthy.inner_text("#ordered")
    select(healthy, GOOD)
    state(healthy, "FAULT")
    assert re.match(r"\d+ .+: .+", healthy.inner_text("#fault-text"))
    healthy.click("#damage")  # the same button repairs it
    healthy.wait_for_selector('#damage[aria-pressed="false"]')
    select(healthy, GOOD)


def test_slow_card_makes_the_load_slower(healthy: Any) -> None:
    times = []
    for factor in (1, 100):
        healthy.select_option("#slow", str(factor))
        healthy.locator("#slow").blur()
        if factor > 1:
            healthy.wait_for_selector(f"#ordered:has-text('{factor}')")
        select(healthy, COLOURS)
        model(healthy, COLOURS)
        select(healthy, GOOD)
        model(healthy, GOOD)
        times.append(load_ms(healthy, "Bright blobs"))
    assert times[1] > 20 * times[0]


def load_ms(page: Any, title: str) -> int:
    """Return the board time in ms of this model's last load, as the log shows it."""
    lines = page.locator("#events li", has_text=f"loaded {title} in").all_inner_texts()
    match = re.search(r"in (\d+) ms", lines[-1])
    assert match, lines
    return int(match.group(1))


def test_power_off_and_on_with_card_and_camera_gone(page: Any) -> None:
    page.select_option("#speed", "4")
    page.click("#card")
    state(page, "NO_CARD")
    page.click("#camera")
    page.click("#power")
    fault(page, 101)
    page.click("#heal")
    page.click("#card")
    page.select_option("#speed", "0")  # the app tries a camera that did not answer again only after a minute
    eventually(lambda: page.inner_text("#state") == "RUNNING", page)
    page.select_option("#speed", "1")
