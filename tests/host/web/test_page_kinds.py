"""The kinds without boxes or bars on the page: points and outputs are drawn, and two quick clicks learn."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from maixswitch.kmodel.write.samples import colour_classifier
from tests.host.web.browser_helpers import Simulation, eventually, model, serving
from tests.host.web.web_helpers import draw_spot, photo_bytes

KEY = "#keys button"
LANDMARK, RAW, LEARNER = range(3)
NAMES = ["<i>mug</i>", "key"]
"""A card's names may be hostile, so they must never become markup."""


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulation]:
    """A simulator with a model of each kind; their network has eight outputs."""
    card = tmp_path_factory.mktemp("kinds")
    for at, kind in enumerate(("landmark", "raw", "learner")):
        folder = card / "models" / f"{at}-{kind}"
        folder.mkdir(parents=True)
        (folder / "m.kmodel").write_bytes(colour_classifier())
        fields = {"schema": 1, "title": kind, "kind": kind, "kmodel": "m.kmodel", "input": [224, 224, 3]}
        (folder / "model.json").write_text(json.dumps(fields | ({"labels": NAMES} if kind == "learner" else {})))
    with serving(card) as simulation:
        yield simulation


def shown(visit: Any, kinds: Simulation, index: int, **options: Any) -> Any:
    kinds.restore()
    page = visit(kinds.address, **options)
    kinds.send({"do": "select", "index": index})
    model(page, index)
    return page


def click(page: Any, pause_ms: int = 80) -> None:
    """Click the board's key as a quick hand does."""
    box = page.locator(KEY).first.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, delay=60)
    page.wait_for_timeout(pause_ms)


def test_points_are_drawn_where_they_are(visit: Any, kinds: Simulation) -> None:
    page = shown(visit, kinds, LANDMARK)
    page.wait_for_selector("#results .points svg")
    # In one go: the page draws them anew with each status.
    seen = page.evaluate(
        """() => {
            const frame = document.querySelector("#results .points svg"), dots = [...frame.querySelectorAll("circle")];
            const box = ({ x, y, width, height }) => [x, y, width, height];
            return {
                view: frame.getAttribute("viewBox"), name: frame.getAttribute("aria-label"),
                text: frame.nextSibling.textContent, frame: box(frame.getBoundingClientRect()),
                dots: dots.map((dot) => [dot.cx.baseVal.value, dot.cy.baseVal.value]),
                first: box(dots[0].getBoundingClientRect()),
            };
        }"""
    )
    assert (seen["view"], len(seen["dots"]), seen["name"]) == ("0 0 224 224", 4, seen["text"])
    x, y = seen["dots"][0]
    assert f"{x:g},{y:g}" in seen["text"]
    left, top, width, height = seen["frame"]
    assert width > 100
    assert abs(width - height) < 3
    dot = seen["first"]
    assert dot[0] + dot[2] / 2 - left == pytest.approx(x * width / 224, abs=3)
    assert dot[1] + dot[3] / 2 - top == pytest.approx(y * height / 224, abs=3)


def test_each_output_has_a_scale_with_its_largest_value(visit: Any, kinds: Simulation) -> None:
    page = shown(visit, kinds, RAW)
    # Before its first look the kind says "0: 0".
    page.wait_for_function("() => document.querySelector('#results .output span')?.textContent.startsWith('0: 8 ')")
    text, x = page.evaluate(
        """() => {
            const line = document.querySelector("#results .output");
            return [line.querySelector("span").textContent, Number(line.querySelector(".largest").getAttribute("x"))];
        }"""
    )
    assert text.startswith("0: 8 ")
    largest = int(text.rpartition("@")[2])
    assert x == pytest.approx(min(max(100 * largest / 7 - 1, 0), 98), abs=0.01)


def test_two_quick_clicks_learn_and_the_names_stand_on_the_page(visit: Any, kinds: Simulation) -> None:
    page = shown(visit, kinds, LEARNER)
    page.wait_for_selector("#results .learnt")
    assert page.locator("#results .learnt b").count() == 0
    assert "twice" in page.inner_text("#results .learnt small")
    click(page)
    click(page)
    page.wait_for_selector("#results .learnt b[data-seen]")
    assert page.locator("#results .learnt b").all_inner_texts() == NAMES[:1]
    eventually(lambda: "LEARN" in page.inner_text("#events"), page)
    model(page, LEARNER)
    click(page)
    click(page)
    eventually(lambda: page.locator("#results .learnt b").all_inner_texts() == NAMES, page)
    model(page, LEARNER)


def test_a_single_click_is_still_the_next_model(visit: Any, kinds: Simulation) -> None:
    page = shown(visit, kinds, LEARNER)
    click(page)
    model(page, LANDMARK)


def test_they_fit_a_small_screen(visit: Any, kinds: Simulation) -> None:
    page = shown(visit, kinds, LANDMARK, viewport={"width": 390, "height": 844})
    page.wait_for_selector("#results .points svg")
    for index, drawn in ((LANDMARK, ".points"), (RAW, ".output"), (LEARNER, ".learnt")):
        kinds.send({"do": "select", "index": index})
        page.wait_for_selector(f"#results {drawn}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_desk_is_chosen_on_the_page(visit: Any, demo: Simulation) -> None:
    demo.send({"do": "scene"})
    page = visit(demo.address)
    page.wait_for_selector("#lay:not([hidden])")
    assert page.input_value("#laid") == "suited"
    assert len(page.locator("#laid option").all()) == 5
    # The detector of shapes knows none of the sheets that a person lays there.
    page.wait_for_selector("#results meter")
    page.select_option("#laid", "digits")
    page.wait_for_selector("#results .none")
    page.select_option("#laid", "suited")
    page.wait_for_selector("#results meter")
    page.set_input_files("#photo", {"name": "a.png", "mimeType": "image/png", "buffer": photo_bytes(draw_spot())})
    page.wait_for_selector("#lay", state="hidden")
