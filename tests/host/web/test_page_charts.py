"""The charts of the page, and their texts, follow the board: memory, AI RAM, times and the state machine."""

from __future__ import annotations

import re
from typing import Any

import pytest

from maixswitch.board_code import transitions
from tests.host.web.browser_helpers import COLOURS, GOOD, LARGE, eventually, model, state, tab

BARS = '#timing rect:not([height="0.0"]):not([height="0"])'


def select(page: Any, index: int) -> None:
    page.locator(f"#models > li:nth-child({index + 1}) > button").click()


def memory(page: Any) -> str:
    return str(page.get_attribute("#memory", "aria-label"))


def kib(text: str, name: str) -> int:
    """Return the KiB after `name` in the text of the memory chart."""
    match = re.search(rf"(?:^|, ){name} ([\d,]+) KiB", text)
    assert match, text
    return int(match.group(1).replace(",", ""))


def legend(page: Any) -> dict[str, str]:
    lines = page.locator("#legend li").all()
    return {line.locator("span").first.inner_text(): line.locator("b").inner_text() for line in lines}


def test_memory_follows_load_and_unload(page: Any) -> None:
    tab(page, "memories")
    page.wait_for_selector("#memory .m-model")
    blobs = memory(page)
    select(page, COLOURS)
    model(page, COLOURS)
    colours = eventually(lambda: (now := memory(page)) != blobs and now, page)
    for text in (blobs, colours):
        assert {"free", "camera", "model"} <= {name for name in ("free", "camera", "model") if kib(text, name) > 0}
    assert kib(blobs, "free") != kib(colours, "free")
    assert f"free {legend(page)['free']}" in colours
    tab(page, "faults")
    page.click("#card")
    state(page, "NO_CARD")
    page.wait_for_selector("#memory .m-model", state="detached")
    empty = memory(page)
    assert "model" not in empty
    assert kib(empty, "free") > kib(colours, "free")


def test_segments_are_to_scale(page: Any) -> None:
    tab(page, "memories")
    page.wait_for_selector("#memory .m-model")
    words = memory(page)
    # In one call, because the page replaces the segments when the memory changes.
    widths = "names => names.map(name => document.querySelector(`#memory .m-${name}`).getBoundingClientRect().width)"
    wide = dict(zip(("free", "gc"), page.evaluate(widths, ["free", "gc"]), strict=True))
    heap = int(re.search(r"([\d,]+) KiB", words).group(1).replace(",", ""))  # type: ignore[union-attr]
    assert wide["free"] / wide["gc"] == pytest.approx(kib(words, "free") / heap, rel=0.05)


def test_model_that_does_not_fit_says_why_with_numbers(page: Any) -> None:
    tab(page, "memories")
    page.wait_for_selector(f"#models > li:nth-child({LARGE + 1}) .verdict[data-level=error]")
    select(page, LARGE)
    state(page, "FAULT")
    page.wait_for_selector("#fault-text:text-matches('^2006 ')")
    page.wait_for_selector("#why:not([hidden])")
    why = page.inner_text("#why")
    assert "Large" in why
    assert re.search(r"[\d,]+ KiB", why), why
    page.wait_for_selector("#needed:not([hidden])")
    needed = re.search(r"([\d,]+) KiB", page.inner_text("#needed"))
    assert needed
    assert int(needed.group(1).replace(",", "")) >= 6 * 1024 > kib(memory(page), "free")
    ram, need = page.locator("#memory").bounding_box(), page.locator("#needed i").bounding_box()
    assert need["x"] + need["width"] > ram["x"] + ram["width"]  # it sticks out
    select(page, GOOD)
    model(page, GOOD)
    page.wait_for_selector("#why", state="hidden")
    page.wait_for_selector("#needed", state="hidden")


def test_ai_ram_has_a_box_for_each_map_and_says_when_there_is_none(page: Any) -> None:
    tab(page, "memories")
    page.wait_for_selector("#airam rect title", state="attached")
    text = page.inner_text("#airam-text")
    assert "Bright blobs" in text
    assert re.search(r"\d+.* KiB", text)
    shown = page.locator("#airam rect").count()
    titles = page.locator("#airam rect title").all_text_contents()
    assert any("input" in title for title in titles)
    assert page.locator("#airam-legend li").count() >= 2
    select(page, COLOURS)
    eventually(lambda: "Colours" in page.inner_text("#airam-text"), page)
    assert page.locator("#airam rect").count() != shown
    tab(page, "faults")
    page.click("#card")
    state(page, "NO_CARD")
    eventually(lambda: page.locator("#airam rect").count() == 0, page)
    assert page.inner_text("#airam-text").startswith("No model is loaded")


def test_timing_has_moving_bars_and_means(page: Any) -> None:
    tab(page, "times")
    page.wait_for_selector(BARS)
    means = [page.inner_text(f"#mean-{kind}") for kind in ("camera", "kpu", "screen")]
    assert all(re.fullmatch(r"[\d.,]+ ms", text) for text in means), means
    assert sum(float(text.split()[0].replace(",", "")) for text in means) > 1
    assert re.search(r"\d.* ms", page.inner_text("#timing-text"))
    page.click("#power")  # the new run begins without the frames of the last one
    eventually(lambda: page.locator(BARS).count() < 3 * 40, page)
    before = page.locator(BARS).count()
    eventually(lambda: page.locator(BARS).count() > before, page)


def test_diagram_and_table_mark_the_live_state(page: Any) -> None:
    tab(page, "machine")
    rows = transitions()
    states = {name for row in rows for name in (row[0], row[3])}
    nodes = page.locator("#states g[data-state]")
    assert {node.get_attribute("data-state") for node in nodes.all()} == states
    assert page.locator("#states .way").count() == len({(row[0], row[3]) for row in rows})
    live = page.locator('#states g[aria-current="true"]')
    eventually(lambda: live.count() == 1 and live.get_attribute("data-state") == "RUNNING", page)
    page.locator("#table summary").click()
    body = page.locator("#rows tbody tr")
    cells = [tuple(line.locator("td").all_inner_texts()) for line in body.all()]
    assert cells == [(state, event, ", ".join(actions), after) for state, event, actions, after in rows]
    marked = page.locator("#rows tr[data-live]")
    assert {line.get_attribute("data-from") for line in marked.all()} == {"RUNNING"}
    tab(page, "faults")
    page.click("#card")
    tab(page, "machine")
    eventually(lambda: live.get_attribute("data-state") == "NO_CARD", page)
    assert live.count() == 1
    eventually(lambda: {line.get_attribute("data-from") for line in marked.all()} == {"NO_CARD"}, page)
    last = page.locator("#rows tr[data-last]")
    assert [(line.get_attribute("data-from"), line.get_attribute("data-event")) for line in last.all()] == [
        ("RUNNING", "CARD_OUT")
    ]
