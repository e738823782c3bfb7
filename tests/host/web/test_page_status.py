"""What the page says in step with the panel: results in the panel's colours and figures, pauses and ends over it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from maixswitch.sim.session import Options
from maixswitch.web.simulation import Simulation as Board
from tests.host.web.browser_helpers import COLOURS, GOOD, Simulation, eventually, model, state
from tests.host.web.web_helpers import draw_spot, turn_until

ROW = "#results li:not(.extra):not(.none)"


def test_results_have_the_panels_colour_and_percent(page: Any) -> None:
    page.wait_for_selector(f"{ROW} meter")
    assert re.fullmatch(r"\d{1,3}%", page.inner_text(f"{ROW} span:last-child"))
    # The lines are made anew with each result, and what is no longer on the page has no style.
    name = f"document.querySelector('{ROW} span:first-child')"
    border = page.evaluate(f"getComputedStyle({name}).borderLeftColor")
    red, green, blue = (int(part) for part in re.findall(r"\d+", border)[:3])
    assert max(red, green, blue) > 200
    pixels = page.evaluate(
        """([r, g, b]) => {
            const canvas = document.querySelector("#panel");
            const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
            let count = 0;
            for (let i = 0; i < data.length; i += 4) {
                const off = Math.abs(data[i] - r) + Math.abs(data[i + 1] - g) + Math.abs(data[i + 2] - b);
                if (off < 30) count += 1;
            }
            return count;
        }""",
        [red, green, blue],
    )
    assert pixels > 200  # its box and its plate


def test_a_pause_and_an_end_are_written_over_the_panel(page: Any, simulation: Simulation) -> None:
    assert page.locator("#veil").is_hidden()
    page.click("#pause")
    eventually(lambda: page.locator("#veil").is_visible() and page.inner_text("#veil") == "Paused", page)
    page.click("#pause")
    page.wait_for_selector("#veil", state="hidden")
    page.click("#scene")  # more blobs than the firmware's array of boxes holds: the chip crashes
    state(page, "OFF")
    eventually(lambda: page.inner_text("#veil") == "Ended: start again with Power off and on", page)


def test_single_keys_can_be_turned_off_and_stay_off(page: Any) -> None:
    page.uncheck("#shortcuts")
    page.locator("#shortcuts").blur()
    page.keyboard.press("1", delay=120)
    page.keyboard.press(" ", delay=120)
    page.locator("#keys button").first.focus()
    page.keyboard.press("Enter", delay=120)  # on the key itself it is no shortcut
    model(page, COLOURS)
    page.reload()
    state(page, "RUNNING")
    assert not page.is_checked("#shortcuts")
    page.check("#shortcuts")
    page.locator("#panel").click()
    page.locator("#shortcuts").blur()
    page.keyboard.down("1")
    page.wait_for_timeout(1000)
    page.keyboard.up("1")
    model(page, GOOD)


def test_a_notice_is_closed_by_its_button_and_by_escape(page: Any) -> None:
    for close in (lambda: page.click("#notice-close"), lambda: page.keyboard.press("Escape")):
        page.set_input_files("#photo", [{"name": "a.txt", "mimeType": "text/plain", "buffer": b"no photo"}])
        page.wait_for_selector("#notice:not([hidden])")
        assert "not photos" in page.inner_text("#notice")
        close()
        page.wait_for_selector("#notice", state="hidden")


def test_the_keys_are_named_by_what_they_do(page: Any) -> None:
    """With two keys the order counts: the one that its board calls "next" goes back."""
    two = [
        {"number": 1, "role": "primary", "pin": 36, "short": "NEXT", "long": "PREVIOUS"},
        {"number": 2, "role": "next", "pin": 37, "short": "PREVIOUS", "long": "RELOAD"},
    ]
    names = """keys => import("/keys.js").then(module => {
        module.showKeys(keys);
        return [...document.querySelectorAll("#keys b")].map(name => name.textContent);
    })"""
    assert page.evaluate(names, two) == ["1 next", "2 previous"]
    three = [{**two[0], "short": "RELOAD"}, {**two[1], "short": "NEXT"}, {**two[1], "number": 3, "role": "prev"}]
    assert page.evaluate(names, three) == ["3 previous", "1 primary", "2 next"]


def test_a_damaged_card_says_damaged(page: Any, card: Path, tmp_path: Path) -> None:
    draw_spot().save(tmp_path / "spot.png")
    simulation = Board(Options(card, camera=tmp_path / "spot.png"), lambda event: None)
    simulation.begin()
    turn_until(simulation, lambda: simulation.sim.state == "RUNNING")
    simulation.act("eject")
    turn_until(simulation, lambda: simulation.sim.state == "NO_CARD")
    simulation.sim.fail_at("uos.ilistdir", 1, OSError(5))  # the folder of the models cannot be listed
    simulation.act("insert")
    turn_until(simulation, lambda: simulation.sim.state == "EMPTY")
    code, text = simulation.sim.fault
    simulation.close()
    assert text.startswith("108 The card is damaged")
    say = """status => import("/views.js").then(module => {
        module.showFacts(status);
        return document.getElementById("state-text").textContent;
    })"""
    status = {"title": "", "now": 0, "frames": 0, "fps": 0, "fault": text, "card": True}
    assert "damaged" in page.evaluate(say, {**status, "state": "EMPTY", "code": code})
    assert page.evaluate(say, {**status, "state": "EMPTY", "code": 102}) == "The card holds no model."
    assert "damaged" in page.evaluate(say, {**status, "state": "NO_CARD", "code": 0})
