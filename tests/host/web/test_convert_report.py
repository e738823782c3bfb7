"""The report of a conversion in a browser: readable on a phone, in light and dark, without other files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from maixswitch import language
from maixswitch.convert.conversion import Options, convert
from maixswitch.convert.report import document as report
from maixswitch.convert.report.facts import Facts
from maixswitch.convert.report.page import page
from tests.host.convert.colour_network import COLOURS, class_folders, save
from tests.host.convert.test_verdict import lossy_network

OUTSIDE = """width => [...document.querySelectorAll('body *')].filter(element => {
  if (element.closest('.scroll')) return false;
  const box = element.getBoundingClientRect();
  return box.width > 0 && (box.right > width + 0.5 || box.left < -0.5);
}).map(element => element.outerHTML.slice(0, 80))"""
SMALL = """() => [...document.querySelectorAll('.chart text')]
  .filter(text => text.getBoundingClientRect().height < 10.5).map(text => text.textContent)"""


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Facts:
    folder = tmp_path_factory.mktemp("report")
    names = ("red", "green", "a class with a very long name that fits in no line of a phone")
    photos = class_folders(folder / "photos", dict(zip(names, COLOURS.values(), strict=True)), 6)
    return convert(Options(save(lossy_network(3000), folder / "net.onnx"), folder / "n.kmodel", photos))


@pytest.mark.parametrize("chosen", ["en", "zh"])
@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (360, "dark"), (360, "light"), (1280, "light")])
def test_nothing_is_cut_off(width: int, scheme: str, chosen: str, facts: Facts, browser: Any, tmp_path: Path) -> None:
    language.choose(chosen)
    try:
        text = page(report.document(facts), facts.model, "a_rather_long_name_of_a_network.kmodel", facts.answers)
    finally:
        language.choose("en")
    path = tmp_path / "r.html"
    path.write_text(text, encoding="utf-8")
    visited = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    requests: list[str] = []
    visited.on("request", lambda request: requests.append(request.url))
    visited.goto(path.as_uri())
    assert visited.evaluate(OUTSIDE, width) == []
    assert visited.evaluate("document.documentElement.scrollWidth") <= width
    assert visited.evaluate(SMALL) == []
    # Both labels of the plot are in sight without scrolling.
    for label in visited.query_selector_all(".chart text.threshold"):
        box = label.bounding_box()
        assert box["x"] > 0
        assert box["x"] + box["width"] < width
    assert len(visited.query_selector_all(".chart text.threshold")) == 2
    shown = visited.evaluate("[...document.images].map(image => image.complete && image.naturalWidth > 0)")
    assert shown == [True] * len(facts.answers)
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
    visited.close()
