"""The page in both languages: every text changes at once, a reload keeps the choice, and nothing stays English."""

from __future__ import annotations

from typing import Any

from maixswitch.language import catalogue
from maixswitch.web.texts import PAGE as TEXTS
from tests.host.web.browser_helpers import Simulation, javascript, state

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


def test_each_page_has_its_own_language_also_after_a_reload(visit: Any, simulation: Simulation) -> None:
    page, other = visit(simulation.address), visit(simulation.address)
    switch(page, CHINESE, "zh-CN")
    page.reload()
    page.wait_for_selector('html[lang="zh-CN"]')
    assert page.inner_text("#step") == catalogue("zh")["Step"]
    page.click("#fail")
    page.locator("#models > li:nth-child(2) > button").click()
    state(page, "FAULT")
    texts = [
        (one.inner_text("#fault-text"), one.inner_text("#events"), one.inner_text("#models")) for one in (page, other)
    ]
    for chinese, english in zip(*texts, strict=True):
        assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese)
        assert not any("\u4e00" <= letter <= "\u9fff" for letter in english)
    assert other.get_attribute("html", "lang") == "en"
