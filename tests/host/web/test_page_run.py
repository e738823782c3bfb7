"""Pause, step, speed, power and recording from the page, and a server that goes and comes back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.host.web.browser_helpers import COLOURS, Simulation, eventually, figure, model, serving, state


def frames(page: Any) -> int:
    return int(figure(page, "#fact-frames"))


def test_pause_stops_and_a_step_is_one_frame(page: Any) -> None:
    running = page.inner_text("#pause")
    page.click("#pause")
    page.wait_for_selector('#pause[aria-pressed="true"]')
    assert page.inner_text("#pause") != running
    held, now = frames(page), page.inner_text("#fact-time")
    # The first step ends the frame that the pause interrupted; four others take more than the shown tenth of a second.
    for more in range(1, 6):
        page.click("#step")
        eventually(lambda: frames(page) >= held + more, page)  # noqa: B023
        page.wait_for_timeout(300)  # longer than until the next status: the board stays at this frame
        assert frames(page) == held + more
    assert page.inner_text("#fact-time") != now
    page.click("#pause")
    page.wait_for_selector('#pause[aria-pressed="false"]')
    eventually(lambda: frames(page) > held + 5, page)


def board_speed(page: Any) -> float:
    """Returns the board's seconds a second, over 0.8 s."""
    readings = []
    for _ in range(2):
        readings.append((page.evaluate("performance.now() / 1000"), figure(page, "#fact-time")))
        page.wait_for_timeout(800)
    (wall, board), (later, then) = readings
    return (then - board) / (later - wall)


def test_speed_of_the_board(page: Any) -> None:
    def choose(speed: str) -> None:
        page.select_option("#speed", speed)
        page.locator("#speed").blur()
        page.wait_for_timeout(300)  # messages on their way are from the old speed

    choose("0.25")
    slow = board_speed(page)
    assert slow < 0.6
    choose("4")
    # A busy PC may not manage four times, and hardly more than before for a moment.
    assert any(board_speed(page) > 2 * slow for _ in range(10))


def test_power_off_and_on_starts_the_app_again(page: Any) -> None:
    page.locator("#models > li:nth-child(2) > button").click()
    model(page, COLOURS)
    held = frames(page)
    page.click("#power")
    eventually(lambda: frames(page) < held, page)
    state(page, "RUNNING")
    chosen = page.locator('#models > li > button[aria-current="true"] b')
    before = chosen.inner_text()
    page.locator("#keys button").first.click(delay=120)
    eventually(lambda: chosen.inner_text() != before, page)


def test_recording_is_fetched_and_replayed(page: Any, tmp_path: Path) -> None:
    page.click("#record")
    page.wait_for_selector('#record[data-on][aria-pressed="true"]')
    state(page, "RUNNING")
    first = page.locator('#models > li > button[aria-current="true"] b').inner_text()
    page.locator("#keys button").first.click(delay=120)
    eventually(lambda: page.locator('#models > li > button[aria-current="true"] b').inner_text() != first, page)
    state(page, "RUNNING")
    eventually(lambda: figure(page, "#record-text") > 1, page)
    page.click("#record")
    page.wait_for_selector('#record[aria-pressed="false"]')
    page.wait_for_selector("#recorded:not([hidden])")
    before = page.inner_text("#record-text")
    page.click('#languages [data-language="zh"]')
    eventually(lambda: page.inner_text("#record-text") != before, page)  # its text with figures is translated, too
    with page.expect_download() as download:
        page.click("#recorded a")
    path = tmp_path / download.value.suggested_filename
    assert path.name == "maixswitch.rec"
    download.value.save_as(path)
    words = [sys.executable, "-m", "maixswitch", "replay", str(path)]
    result = subprocess.run(words, capture_output=True, text=True, timeout=60, cwd=tmp_path, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_page_survives_a_restart_of_its_server(visit: Any, faulty_card: Path) -> None:
    with serving(faulty_card) as simulation:
        page = visit(simulation.address)
        page.watch.allowed.append(r"WebSocket connection to .* failed")  # a message of Chromium itself
        page.keyboard.down(" ")
        page.wait_for_selector("#keys button[data-down]")
        port = simulation.port
        simulation.process.kill()
    page.wait_for_selector("#link[data-down]")
    assert "lost" in page.inner_text("#link")
    before = int(page.get_attribute("#panel", "data-frames"))
    page.keyboard.up(" ")
    page.click("#pause")  # no server hears it
    with serving(faulty_card, port) as simulation:
        page.wait_for_selector("#link:not([data-down])")
        state(page, "RUNNING")
        eventually(lambda: int(page.get_attribute("#panel", "data-frames")) > before, page)
        assert page.get_attribute("#pause", "aria-pressed") == "false"
        page.wait_for_selector("#keys:not(:has(button[data-down]))")
        page.locator("#models > li:nth-child(2) > button").click()
        model(page, COLOURS)


def test_two_pages_see_the_same(visit: Any, simulation: Simulation) -> None:
    one, two = visit(simulation.address), visit(simulation.address, viewport={"width": 390, "height": 844})
    one.locator("#models > li:nth-child(2) > button").click()
    for page in (one, two):
        model(page, COLOURS)
    two.click("#pause")
    for page in (one, two):
        page.wait_for_selector('#pause[aria-pressed="true"]')
    one.wait_for_timeout(500)  # messages on their way arrive
    shown = [page.locator("#panel").evaluate("canvas => canvas.toDataURL()") for page in (one, two)]
    assert shown[0] == shown[1]
    for selector in ("#fact-time", "#fact-frames", "#source", "#legend", "#timing-text", "#airam-text"):
        assert one.inner_text(selector).split() == two.inner_text(selector).split(), selector
