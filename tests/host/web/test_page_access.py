"""The page for everybody: axe finds nothing, names are unique, edges are seen, forced colours keep their meaning."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.host.web.browser_helpers import GOOD, TABS, eventually, javascript, model, tab

CONTROLS = "button, select, input:not([type=file]), a.button, label.button, summary"
LEAST = 3.0  # WCAG 2.2, 1.4.11
NAMES = """controls => [...document.querySelectorAll(controls)].filter(one => one.checkVisibility()).map(one =>
    one.getAttribute("aria-labelledby")?.split(" ").map(id => document.getElementById(id).textContent).join(" ")
    || one.ariaLabel || one.labels?.[0]?.textContent || one.textContent)"""
EDGES = javascript("edges")


def luminance(colour: str) -> float | None:
    """Return the luminance of a colour of CSS, None if nothing is seen of it."""
    *parts, opacity = [*(float(part) for part in re.findall(r"[\d.]+", colour)), 1.0][:4]
    if not opacity:
        return None
    red, green, blue = ((part / 255 / 12.92) if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def ratio(one: float, two: float) -> float:
    return (max(one, two) + 0.05) / (min(one, two) + 0.05)


def test_axe_finds_nothing(page: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    page.wait_for_selector("#results meter")
    for colours, name in (("none", "memories"), ("none", "times"), ("none", "machine"), ("active", "faults")):
        page.emulate_media(forced_colors=colours)
        tab(page, name)
        found = axe.Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
        assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found] == [], name


def test_names_are_unique_and_edges_are_seen(page: Any) -> None:
    for name in TABS:
        tab(page, name)
        names = [" ".join(text.split()) for text in page.evaluate(NAMES, CONTROLS)]
        assert sorted(set(names)) == sorted(names), name
        for scheme in ("dark", "light"):
            page.emulate_media(color_scheme=scheme)
            for control, width, border, ground, *others in page.evaluate(
                EDGES, "button, select, a.button, label.button"
            ):
                edge, inner = luminance(border), luminance(ground)
                outer = next(shade for shade in map(luminance, others) if shade is not None)
                # A tab that is not chosen has no edge: its text is enough.
                seen = [ratio(shade, outer) for shade in (edge, inner) if shade is not None]
                if width != "0px" and any(value > 1 for value in seen):
                    assert max(seen) >= LEAST, (control, scheme, seen)


def test_forced_colours_keep_what_colours_mean(page: Any) -> None:
    page.wait_for_selector("#results meter")
    swatch = "getComputedStyle(document.querySelector('#results span')).borderLeftColor"
    width = "id => getComputedStyle(document.getElementById(id)).borderTopWidth"
    before = page.evaluate(swatch)
    plain = page.locator("#panel").screenshot()
    page.emulate_media(forced_colors="active")
    assert page.evaluate(swatch) == before
    assert page.evaluate(width, "tab-faults") != page.evaluate(width, "tab-memories")
    page.click("#pause")
    page.wait_for_selector('#pause[aria-pressed="true"]')
    assert page.evaluate(width, "pause") != page.evaluate(width, "step")
    assert len(page.locator("#panel").screenshot()) > len(plain) / 2  # the picture is not painted over


def test_shortcuts_never_act_in_a_focused_text(page: Any) -> None:
    presses = page.locator("#events li:has-text('> down')")
    before = presses.all_inner_texts()
    for focused in ("#events", "#threshold"):
        page.focus(focused)
        for key in ("1", " "):
            page.keyboard.press(key, delay=120)
    page.click("#lesson-open")
    page.wait_for_selector("#lesson[open]")
    page.keyboard.press("1", delay=120)
    page.keyboard.press("Escape")
    model(page, GOOD)
    assert presses.all_inner_texts() == before
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("1", delay=120)
    eventually(lambda: presses.count() > len(before), page)
