"""The webcam as the board's camera: Chromium's test picture arrives, stopping releases it, a refusal is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.host.web.browser_helpers import Simulation, eventually, serving

SHOWN = "canvas => canvas.toDataURL()"


def test_webcam_is_what_the_board_sees_until_it_is_stopped(visit: Any, simulation: Simulation) -> None:
    page = visit(simulation.address, permissions=["camera"])
    before = page.locator("#panel").evaluate(SHOWN)
    page.click("#webcam")
    page.wait_for_selector('#webcam[aria-pressed="true"]')
    page.wait_for_selector("#source:text-is('the webcam')")
    assert page.inner_text("#webcam") == "Stop the webcam"
    first = eventually(lambda: (now := page.locator("#panel").evaluate(SHOWN)) != before and now, page)
    eventually(lambda: page.locator("#panel").evaluate(SHOWN) != first, page)  # it moves
    page.click("#webcam")
    page.wait_for_selector('#webcam[aria-pressed="false"]')
    page.wait_for_selector("#source:text-is('the drawn scene')")


def test_webcam_goes_when_another_source_is_chosen_and_with_its_page(visit: Any, simulation: Simulation) -> None:
    page, other = visit(simulation.address, permissions=["camera"]), visit(simulation.address)
    page.click("#webcam")
    other.wait_for_selector("#source:text-is('the webcam')")
    assert other.get_attribute("#webcam", "aria-pressed") == "false"  # it is not this page's
    other.click("#scene")
    page.wait_for_selector('#webcam[aria-pressed="false"]')
    page.wait_for_selector("#source:text-is('the drawn scene')")
    page.click("#webcam")
    other.wait_for_selector("#source:text-is('the webcam')")
    page.close()
    other.wait_for_selector("#source:text-is('the drawn scene')")


def test_page_whose_webcam_gave_way_to_anothers_lets_go_of_it(visit: Any, simulation: Simulation) -> None:
    first, second = visit(simulation.address, permissions=["camera"]), visit(simulation.address, permissions=["camera"])
    first.click("#webcam")
    second.wait_for_selector("#source:text-is('the webcam')")
    second.click("#webcam")
    second.wait_for_selector('#webcam[aria-pressed="true"]')
    first.wait_for_selector('#webcam[aria-pressed="false"]')
    assert second.get_attribute("#webcam", "aria-pressed") == "true"
    second.click("#webcam")
    first.wait_for_selector("#source:text-is('the drawn scene')")


def test_webcam_is_let_go_when_the_server_is_gone(visit: Any, troubled: Path) -> None:
    with serving(troubled) as simulation:
        page = visit(simulation.address, permissions=["camera"])
        page.watch.allowed.append(r"WebSocket connection to .* failed")  # Chromium says so by itself
        page.click("#webcam")
        page.wait_for_selector("#source:text-is('the webcam')")
        simulation.process.kill()
        page.wait_for_selector("#link[data-down]")
        page.wait_for_selector('#webcam[aria-pressed="false"]')


def test_refused_permission_is_told(visit: Any, simulation: Simulation) -> None:
    page = visit(simulation.address)  # without the permission a browser that nobody sits at refuses
    page.click("#webcam")
    page.wait_for_selector("#notice:has-text('did not allow the webcam')")
    assert page.get_attribute("#webcam", "aria-pressed") == "false"
    assert page.inner_text("#source") == "a photo"
