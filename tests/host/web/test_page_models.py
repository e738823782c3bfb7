"""The models of the card on the page: verdicts with their findings, selection by click and by keyboard."""

from __future__ import annotations

import re
from typing import Any

from tests.host.web.browser_helpers import BLOB, COLOURS, GOOD, LARGE, MISLABELLED, model, state


def line(index: int) -> str:
    return f"#models > li:nth-child({index + 1})"


def test_verdicts_say_code_finding_and_remedy(page: Any) -> None:
    page.wait_for_selector(f"{line(GOOD)} .verdict[data-level=ok]")
    titles = page.locator("#models > li > button b").all_inner_texts()
    assert titles == ["1. Bright blobs", "2. Colours", "3. <img src=x onerror=alert(1)>", "4. Large"]
    for index, code in ((MISLABELLED, "C118"), (LARGE, "C206")):
        page.wait_for_selector(f"{line(index)} .verdict[data-level=error]")
        page.locator(f"{line(index)} summary").click()
        finding = page.locator(f"{line(index)} details li[data-level=error]:has(code:text-is('{code}'))")
        assert finding.count() == 1, page.inner_text(line(index))
        assert len(finding.locator(".remedy").inner_text()) > 10
    assert page.locator(f"{line(GOOD)} details").count() == 0
    large, good = (page.inner_text(f"{line(index)} > p") for index in (LARGE, GOOD))
    assert all(re.search(r"\d KiB", text) for text in (large, good)), (large, good)
    assert large.split()[0] != good.split()[0]


def test_click_and_enter_select_a_model(page: Any) -> None:
    page.locator(f"{line(COLOURS)} > button").click()
    model(page, COLOURS)
    assert page.inner_text("#fact-model") == "Colours"
    page.locator(f"{line(GOOD)} > button").focus()
    page.keyboard.press("Enter")
    model(page, GOOD)
    assert page.locator('#models button[aria-current="true"]').count() == 1
    assert page.evaluate("document.activeElement.closest('li')?.querySelector('b').textContent") == "1. Bright blobs"


def test_texts_of_a_card_are_only_text(page: Any) -> None:
    page.wait_for_selector(f"{line(MISLABELLED)} .verdict[data-level=error]")
    assert page.inner_text(f"{line(MISLABELLED)} > button b") == "3. <img src=x onerror=alert(1)>"
    page.wait_for_selector("#results meter")
    assert page.inner_text("#results li span:first-child") == BLOB
    page.locator(f"{line(MISLABELLED)} > button").click()
    state(page, "FAULT")
    assert page.locator("img, [onerror], #results i").count() == 0
