"""The page on small and wide screens, dark and light, and by keyboard alone: legible and usable."""

from __future__ import annotations

from typing import Any

from tests.host.web.browser_helpers import COLOURS, eventually, javascript, model, state

SIZES = {360: 740, 800: 1100, 1440: 900}
TEXT_RATIO, LARGE_RATIO = 4.5, 3.0  # WCAG 2.2, 1.4.3
TARGET = 36
CONTROLS = "button, select, a.button, label.button, summary"
LOW_CONTRAST = javascript("low_contrast")
SMALL = javascript("small_controls")
OVERFLOWING = javascript("overflowing")
FOCUS = javascript("focus")
UNVISITED = javascript("unvisited")


SPOIL = javascript("spoil")


def settled(page: Any) -> None:
    """Wait for what appears a little later: verdicts, results and charts."""
    page.wait_for_selector("#models .verdict[data-level=ok]")
    page.wait_for_selector("#airam rect", state="attached")
    page.wait_for_selector("#states .node", state="attached")


def fits(page: Any, width: int) -> None:
    """Wait until the charts are drawn for the new width, and nothing is wider than the page."""
    page.wait_for_timeout(100)
    eventually(lambda: page.evaluate("document.documentElement.scrollWidth") <= width, page)
    eventually(lambda: page.evaluate(OVERFLOWING) == [], page)


def test_legible_and_reachable_at_every_width(page: Any) -> None:
    settled(page)
    page.click("#fail")
    page.wait_for_selector("#ordered:not(:empty)")
    page.locator("#models > li:nth-child(2) > button").click()
    state(page, "FAULT")
    page.wait_for_selector("#fault:not([hidden])")
    for summary in page.locator("summary:visible").all():
        summary.click()
    page.set_input_files("#photo", [{"name": "a.txt", "mimeType": "text/plain", "buffer": b"no photo"}])
    page.wait_for_selector("#notice:not([hidden])")
    for width, height in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        fits(page, width)
        assert page.evaluate(SMALL, [CONTROLS, TARGET]) == [], width
        for scheme in ("dark", "light"):
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate(LOW_CONTRAST, [TEXT_RATIO, LARGE_RATIO]) == [], (width, scheme)
        assert page.locator("#keys").bounding_box()["y"] + 40 < height, width
        assert page.locator("#state").is_visible()


def test_chinese_fits_too(page: Any) -> None:
    settled(page)
    page.click('#languages button[data-language="zh"]')
    page.wait_for_selector('html[lang="zh-CN"]')
    for width, height in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        fits(page, width)
        assert page.evaluate(SMALL, [CONTROLS, TARGET]) == [], width


def test_every_control_is_reached_by_tab_and_shows_it(page: Any) -> None:
    settled(page)
    unmarked: list[str] = []
    for _ in range(120):
        page.keyboard.press("Tab")
        focus = page.evaluate(FOCUS)
        if focus is None:
            break
        if not (focus["marked"] and focus["seen"]):
            unmarked.append(focus["name"])
    assert unmarked == []
    assert page.evaluate(UNVISITED) == []


def test_usable_by_keyboard_alone(page: Any) -> None:
    settled(page)

    def go_to(selector: str) -> None:
        for _ in range(120):
            if page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"{selector} is never reached")

    page.keyboard.press("Tab")  # to the link that skips to the keys
    page.keyboard.press("Enter")
    page.keyboard.press(" ", delay=120)
    model(page, COLOURS)
    go_to("#models > li:nth-child(1) > button")
    page.keyboard.press("Enter")
    model(page, 0)
    go_to("#fail")
    page.keyboard.press("Enter")
    page.wait_for_selector("#ordered:not(:empty)")
    go_to("#heal")
    page.keyboard.press(" ")
    page.wait_for_selector("#ordered:empty", state="attached")
    page.reload()
    state(page, "RUNNING")
    go_to("#pause")
    page.keyboard.press("Enter")
    page.wait_for_selector('#pause[aria-pressed="true"]')
    go_to("#speed")
    page.keyboard.press("ArrowDown")
    eventually(lambda: page.locator("#speed").input_value() == "2", page)


def test_names_for_screen_readers(page: Any) -> None:
    """Every control and picture has its own name, and a screen reader reads what changes by itself."""
    settled(page)
    named = "button, select, input, a[href], [role=img], svg[role], [role=group], meter"
    nameless = javascript("nameless")
    assert page.evaluate(nameless, named) == []
    doubled = javascript("doubled_ids")
    assert page.evaluate(doubled) == []
    for selector, role in (
        ("#state", "status"),
        ("#link", "status"),
        ("#ordered", "status"),
        ("#fault", "alert"),
        ("#notice", "alert"),
    ):
        assert page.get_attribute(selector, "role") == role
    assert page.locator("h1").count() == 1


def test_the_measurements_find_what_is_wrong(page: Any) -> None:
    """The measurements of the tests above notice a page that was spoilt."""
    settled(page)
    page.evaluate(SPOIL)
    low = page.evaluate(LOW_CONTRAST, [TEXT_RATIO, LARGE_RATIO])
    assert [text.split()[0] for text in low] == ["DD"]
    assert len(page.evaluate(LOW_CONTRAST, [22, 22])) > 60
    assert [text.split(":")[0] for text in page.evaluate(SMALL, [CONTROLS, TARGET])] == ["step"]
    assert "source" in page.evaluate(OVERFLOWING)
    page.locator("#shortcuts").focus()
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUS) == {"name": "pause", "marked": False, "seen": True}
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUS)["marked"]
    assert {"heal", "record"} <= set(page.evaluate(UNVISITED))
