"""The page in both languages: every text changes at once, a reload keeps the choice, and nothing stays English."""

from __future__ import annotations

from typing import Any

from maixswitch.language import catalogue
from maixswitch.web.texts import PAGE as TEXTS
from tests.host.web.browser_helpers import COLOURS, Simulation, javascript, model, state

MARKED = javascript("marked_texts")
SHOWN = javascript("shown_texts")
CHINESE = '#languages button[data-language="zh"]'
ENGLISH = '#languages button[data-language="en"]'


def switch(page: Any, button: str, lang: str) -> None:
    page.click(button)
    page.wait_for_selector(f'html[lang="{lang}"]')
    page.wait_for_selector(f'{button}[aria-pressed="true"]')


def test_every_text_changes_and_changes_back(page: Any) -> None:
    chinese = catalogue("zh")
    assert all(shown == text for text, shown in page.evaluate(MARKED))
    switch(page, CHINESE, "zh-CN")
    for text, shown in page.evaluate(MARKED):
        assert shown == chinese[text]
    untranslated = set(TEXTS) & set(page.evaluate(SHOWN))
    assert {text for text in untranslated if chinese[text] != text} == set()
    page.click("#fail")
    page.wait_for_selector("#ordered:not(:empty)")
    page.locator("#models > li:nth-child(2) > button").click()
    state(page, "FAULT")
    page.wait_for_selector("#fault:not([hidden])")
    for selector in (
        "#ordered",
        "#fault-text",
        "#airam-text",
        "#timing-text",
        "#largest",
        "#link",
        "#pause",
        "#record",
    ):
        text = page.locator(selector).text_content()
        assert not text or any("\u4e00" <= letter <= "\u9fff" for letter in text), (selector, text)
    untranslated = set(TEXTS) & set(page.evaluate(SHOWN))
    assert {text for text in untranslated if chinese[text] != text} == set()
    switch(page, ENGLISH, "en")
    assert all(shown == text for text, shown in page.evaluate(MARKED))
    assert {chinese[text] for text in TEXTS if chinese[text] != text} & set(page.evaluate(SHOWN)) <= {"\u4e2d\u6587"}


def test_the_language_survives_a_reload_and_is_the_same_on_all_pages(visit: Any, simulation: Simulation) -> None:
    page, other = visit(simulation.address), visit(simulation.address)
    switch(page, CHINESE, "zh-CN")
    other.wait_for_selector('html[lang="zh-CN"]')
    page.reload()
    page.wait_for_selector('html[lang="zh-CN"]')
    assert page.inner_text("#step") == catalogue("zh")["Step"]
    page.locator("#models > li:nth-child(2) > button").click()
    model(page, COLOURS)
    switch(other, ENGLISH, "en")
    page.wait_for_selector('html[lang="en"]')
