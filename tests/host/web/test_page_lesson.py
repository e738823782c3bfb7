"""The lesson of the page: three parts with sliders that compute as the guide's chapters do."""

from __future__ import annotations

import re
from typing import Any

import pytest

from maixswitch.guide import bits, line, window
from maixswitch.kmodel.write.quantize import Scale
from maixswitch.language import catalogue
from tests.host.web.browser_helpers import Simulation, eventually, javascript

PARTS = ("line", "bits", "window")
LOW_CONTRAST, SMALL = javascript("low_contrast"), javascript("small_controls")


@pytest.fixture
def lesson(page: Any) -> Any:
    """The page with the lesson open."""
    page.click("#lesson-open")
    page.wait_for_selector("#lesson[open]")
    return page


def says(page: Any, part: str) -> list[float]:
    """Return the numbers of the sentence below a picture."""
    return [float(text) for text in re.findall(r"-?\d+\.?\d*", page.inner_text(f"#lesson-{part} .lesson-says"))]


def put(page: Any, name: str, value: float) -> None:
    page.locator(f"#lesson-{name}").fill(str(value))


def test_k_and_b_by_hand_and_by_steps(lesson: Any) -> None:
    path = line.descend(steps=101)
    assert says(lesson, "line") == [path[0].loss, 3, 0]
    lesson.click("#lesson-step")
    assert says(lesson, "line") == [pytest.approx(path[1].loss, abs=1e-3), 3, 3.6]
    assert lesson.input_value("#lesson-k") == "1"
    assert lesson.input_value("#lesson-b") == "0.6"
    lesson.click("#lesson-steps")
    assert float(lesson.input_value("#lesson-k")) == pytest.approx(path[101].k, abs=1e-3)
    put(lesson, "k", 2)
    put(lesson, "b", 0)
    assert says(lesson, "line") == [0, 3, 6]
    lesson.click("#lesson-again")
    assert says(lesson, "line") == [10, 3, 0]


@pytest.mark.parametrize(("low", "high"), [(0, 10), (-10, 10), (0, 200), (-3.5, 5)])
def test_the_bytes_are_those_of_the_converter(lesson: Any, low: float, high: float) -> None:
    put(lesson, "low", low)
    put(lesson, "high", high)
    scale = Scale.covering(low, high)
    byte, read = bits.back(scale, 6.0)
    step, zero, six, shown, again = says(lesson, "bits")
    assert (zero, six, shown) == (scale.zero, 6, byte)
    assert step == pytest.approx(1 / scale.steps, abs=1e-4)
    assert again == pytest.approx(read, abs=1e-3)


def test_the_kernels_are_those_of_the_guide(lesson: Any) -> None:
    import numpy as np

    for number, kernel in enumerate(window.KERNELS):
        lesson.select_option("#lesson-kernel", str(number))
        sums = window.exact(np.array(kernel), window.picture())
        for row, column in ((0, 0), (3, 2), (3, 6), (7, 7)):
            put(lesson, "row", row + 1)
            put(lesson, "column", column + 1)
            *place, total, _, _, byte = says(lesson, "window")
            assert place == [row + 1, column + 1]
            assert total == pytest.approx(sums[row, column], abs=0.06)
            assert byte == np.clip(np.floor(sums[row, column] + 0.5), 0, 255)
    lesson.locator("#lesson-window rect").nth(9).click()
    assert says(lesson, "window")[:2] == [2, 2]


def test_by_keyboard_alone(page: Any) -> None:
    """It opens, its sliders move, and it closes by keys; the keys of the board hear none of them."""
    frames = page.evaluate("() => document.querySelector('#models [aria-current=true]').textContent")
    page.focus("#lesson-open")
    page.keyboard.press("Enter")
    page.wait_for_selector("#lesson[open]")
    reached: list[str] = []
    for _ in range(20):
        page.keyboard.press("Tab")
        name = page.evaluate("document.activeElement.id")
        if name == "lesson-k":
            page.keyboard.press("ArrowRight")
            page.keyboard.press(" ")
            page.keyboard.press("1")
        if name in reached:
            break
        reached.append(name)
    wanted = {"lesson-close", "lesson-k", "lesson-b", "lesson-step", "lesson-steps", "lesson-again", "lesson-low",
              "lesson-high", "lesson-kernel", "lesson-row", "lesson-column"}  # fmt: skip
    assert wanted <= set(reached)
    assert float(page.input_value("#lesson-k")) == pytest.approx(0.001)
    page.keyboard.press("Escape")
    page.wait_for_selector("#lesson:not([open])", state="attached")
    eventually(lambda: page.evaluate("document.activeElement.id") == "lesson-open", page)
    assert page.evaluate("() => document.querySelector('#models [aria-current=true]').textContent") == frames


def test_in_chinese_the_sliders_keep_their_numbers(page: Any) -> None:
    page.click("#lesson-open")
    put(page, "k", 1.5)
    page.click("#lesson-close")
    page.click('#languages button[data-language="zh"]')
    page.wait_for_selector('html[lang="zh-CN"]')
    page.click("#lesson-open")
    assert page.input_value("#lesson-k") == "1.5"
    chinese = catalogue("zh")
    assert page.inner_text("#lesson-step") == chinese["One step"]
    for part in PARTS:
        assert re.search("[\u4e00-\u9fff]", page.inner_text(f"#lesson-{part} .lesson-says"))
        assert re.search("[\u4e00-\u9fff]", page.get_attribute(f"#lesson-{part} svg", "aria-label"))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_legible_at_every_width_dark_and_light(visit: Any, simulation: Simulation, language: str) -> None:
    page = visit(simulation.address)
    page.click(f'#languages button[data-language="{language}"]')
    page.wait_for_selector(f'#languages button[data-language="{language}"][aria-pressed="true"]')
    page.click("#lesson-open")
    for width, height in ((360, 740), (800, 1000), (1280, 800)):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(100)
        box = page.locator("#lesson").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert page.evaluate(
            "document.querySelector('#lesson').scrollWidth <= document.querySelector('#lesson').clientWidth"
        )
        assert page.evaluate(SMALL, ["#lesson button, #lesson select, #lesson input", 36]) == []
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate(LOW_CONTRAST, [4.5, 3.0]) == [], (width, scheme)


def test_every_control_has_a_name_and_no_id_is_used_twice(lesson: Any) -> None:
    named = "#lesson button, #lesson select, #lesson input, #lesson [role=img]"
    assert lesson.evaluate(javascript("nameless"), named) == []
    assert lesson.evaluate(javascript("doubled_ids")) == []
