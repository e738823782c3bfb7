"""The keys on the page, by mouse, touch, keyboard and screen reader: short, long, and never stuck."""

from __future__ import annotations

from typing import Any

from tests.host.web.browser_helpers import COLOURS, GOOD, HOLD_MS, MISLABELLED, Simulation, model

KEY = "#keys button"
DOWN = "#keys button[data-down]"
UP = "#keys:not(:has(button[data-down]))"


def centre(page: Any) -> tuple[float, float]:
    box = page.locator(KEY).first.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def touch(page: Any, kind: str, x: float, y: float) -> None:
    page.touching.send(
        "Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}] * (kind != "touchEnd")}
    )


def test_mouse_press_is_next_and_hold_is_previous(page: Any) -> None:
    page.mouse.move(*centre(page))
    page.mouse.down()
    page.wait_for_selector(DOWN)
    page.mouse.up()
    page.wait_for_selector(UP)
    model(page, COLOURS)
    page.mouse.down()
    page.wait_for_timeout(HOLD_MS)
    page.mouse.up()
    model(page, GOOD)


def test_keyboard_press_is_next_and_hold_is_previous(page: Any) -> None:
    for key, index in (("1", COLOURS), (" ", MISLABELLED)):
        page.keyboard.down(key)
        page.wait_for_selector(DOWN)
        page.keyboard.up(key)
        page.wait_for_selector(UP)
        page.wait_for_selector(f'#models > li:nth-child({index + 1}) > button[aria-current="true"]')
    page.keyboard.down(" ")
    for _ in range(int(HOLD_MS / 50)):  # a keyboard repeats a key that is held
        page.wait_for_timeout(50)
        page.keyboard.down(" ")
    page.keyboard.up(" ")
    model(page, COLOURS)


def test_tap_is_next_and_long_touch_is_previous(visit: Any, simulation: Simulation) -> None:
    page = visit(simulation.address, has_touch=True, is_mobile=True, viewport={"width": 390, "height": 844})
    page.touching = page.context.new_cdp_session(page)
    touch(page, "touchStart", *centre(page))
    page.wait_for_selector(DOWN)
    touch(page, "touchEnd", *centre(page))
    page.wait_for_selector(UP)
    model(page, COLOURS)
    touch(page, "touchStart", *centre(page))
    page.wait_for_timeout(HOLD_MS)
    touch(page, "touchEnd", *centre(page))
    model(page, GOOD)
    assert page.evaluate("getSelection().toString()") == ""


def test_click_without_a_pointer_is_a_short_press(page: Any) -> None:
    page.locator(KEY).first.evaluate("button => button.click()")
    model(page, COLOURS)
    page.wait_for_selector(UP)


def test_space_after_a_click_on_another_button_presses_the_boards_key(page: Any) -> None:
    page.click("#pause")
    page.wait_for_selector('#pause[aria-pressed="true"]')
    page.click("#pause")
    page.wait_for_selector('#pause[aria-pressed="false"]')
    page.keyboard.press(" ", delay=120)
    model(page, COLOURS)
    assert page.get_attribute("#pause", "aria-pressed") == "false"
    page.focus("#pause")  # with the keyboard's focus on it, space presses the button
    page.keyboard.press(" ", delay=120)
    page.wait_for_selector('#pause[aria-pressed="true"]')


def test_space_and_enter_on_the_key_itself(page: Any) -> None:
    page.locator(KEY).first.focus()
    page.keyboard.press("Enter", delay=250)
    model(page, COLOURS)
    page.keyboard.press(" ", delay=250)
    page.wait_for_selector('#models > li:nth-child(3) > button[aria-current="true"]')


def test_space_goes_to_the_element_with_the_focus(page: Any) -> None:
    presses = page.locator("#events li:has-text('> down')")
    before = presses.all_inner_texts()
    page.locator("#pause").focus()
    page.keyboard.press(" ", delay=120)
    page.wait_for_selector('#pause[aria-pressed="true"]')
    page.keyboard.press(" ", delay=120)
    page.wait_for_selector('#pause[aria-pressed="false"]')
    page.locator("#code").focus()
    page.keyboard.press("2", delay=120)
    model(page, GOOD)
    assert presses.all_inner_texts() == before


def test_key_comes_up_when_the_window_loses_the_focus(page: Any) -> None:
    page.keyboard.down(" ")
    page.wait_for_selector(DOWN)
    page.evaluate("dispatchEvent(new Event('blur'))")
    page.wait_for_selector(UP)
    page.keyboard.up(" ")
    page.mouse.move(*centre(page))
    page.mouse.down()
    page.wait_for_selector(DOWN)
    page.mouse.move(5, 5)  # the key keeps the pointer that went down on it
    page.mouse.up()
    page.wait_for_selector(UP)


def test_key_comes_up_when_the_language_changes_under_the_finger(page: Any, simulation: Simulation) -> None:
    page.mouse.move(*centre(page))
    page.mouse.down()
    page.wait_for_selector(DOWN)
    page.locator('#languages [data-language="zh"]').evaluate("button => button.click()")
    page.wait_for_selector("html[lang=zh-CN]")
    page.wait_for_selector(UP)
    page.mouse.up()
    page.keyboard.down(" ")  # and it can be pressed again
    page.wait_for_selector(DOWN)
    page.keyboard.up(" ")
    page.wait_for_selector(UP)


def test_key_comes_up_when_its_page_is_closed(visit: Any, simulation: Simulation) -> None:
    page, other = visit(simulation.address), visit(simulation.address)
    other.keyboard.down(" ")
    page.wait_for_selector(DOWN)
    other.close()
    page.wait_for_selector(UP)
    page.keyboard.down(" ")  # and it can be pressed again
    page.wait_for_selector(DOWN)
    page.keyboard.up(" ")
    page.wait_for_selector(UP)


def test_each_of_three_keys_by_its_number(visit: Any, demo: Simulation) -> None:
    page = visit(demo.address)
    roles = {button.get_attribute("data-role"): button for button in page.locator(KEY).all()}
    assert list(roles) == ["prev", "primary", "next"]  # left to right
    page.keyboard.press(roles["next"].get_attribute("data-key"), delay=120)
    model(page, 1)
    page.keyboard.press(roles["prev"].get_attribute("data-key"), delay=120)
    model(page, 0)
    roles["prev"].click(delay=120)
    model(page, 3)
