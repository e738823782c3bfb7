"""The webcam as the board's camera: Chromium's test picture arrives, stopping releases it, a refusal is reported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.host.web.browser_helpers import Simulation, eventually, serving

SHOWN = "canvas => canvas.toDataURL()"


def test_the_board_sees_the_webcam_until_it_is_stopped(visit: Any, simulation: Simulation) -> None:
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


def test_the_webcam_stops_with_another_source_and_with_its_page(visit: Any, simulation: Simulation) -> None:
    page, other = visit(simulation.address, permissions=["camera"]), visit(simulation.address)
    page.click("#webcam")
    other.wait_for_selector("#source:text-is('the webcam')")
    assert other.get_attribute("#webcam", "aria-pressed") == "false"  # it belongs to the other page
    other.click("#scene")
    page.wait_for_selector('#webcam[aria-pressed="false"]')
    page.wait_for_selector("#source:text-is('the drawn scene')")
    page.click("#webcam")
    other.wait_for_selector("#source:text-is('the webcam')")
    page.close()
    other.wait_for_selector("#source:text-is('the drawn scene')")


def test_a_page_releases_its_webcam_when_another_page_starts_one(visit: Any, simulation: Simulation) -> None:
    first, second = visit(simulation.address, permissions=["camera"]), visit(simulation.address, permissions=["camera"])
    first.click("#webcam")
    second.wait_for_selector("#source:text-is('the webcam')")
    second.click("#webcam")
    second.wait_for_selector('#webcam[aria-pressed="true"]')
    first.wait_for_selector('#webcam[aria-pressed="false"]')
    assert second.get_attribute("#webcam", "aria-pressed") == "true"
    second.click("#webcam")
    first.wait_for_selector("#source:text-is('the drawn scene')")


def test_the_webcam_is_released_when_the_server_is_gone(visit: Any, faulty_card: Path) -> None:
    with serving(faulty_card) as simulation:
        page = visit(simulation.address, permissions=["camera"])
        page.watch.allowed.append(r"WebSocket connection to .* failed")  # a message of Chromium itself
        page.click("#webcam")
        page.wait_for_selector("#source:text-is('the webcam')")
        simulation.process.kill()
        page.wait_for_selector("#link[data-down]")
        page.wait_for_selector('#webcam[aria-pressed="false"]')


def test_a_refused_permission_is_reported(visit: Any, simulation: Simulation) -> None:
    page = visit(simulation.address)  # nobody answers the question for permission, so the browser refuses
    page.click("#webcam")
    page.wait_for_selector("#notice:has-text('did not allow the webcam')")
    assert page.get_attribute("#webcam", "aria-pressed") == "false"
    assert page.inner_text("#source") == "a photo"
