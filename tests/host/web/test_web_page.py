"""The page in a real browser: it loads, shows frames, obeys keys, shows faults, and fits a small screen."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from web_helpers import draw_spot

from maixswitch.diagram import device_rows
from maixswitch.web.server import PAGE
from maixswitch.web.texts import PAGE as TEXTS

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def test_every_text_of_the_page_is_in_the_table_and_used() -> None:
    html = (PAGE / "index.html").read_text(encoding="utf-8")
    scripts = "".join(path.read_text(encoding="utf-8") for path in PAGE.glob("*.js"))
    used = set(re.findall(r'data-t(?:-label)?="([^"]+)"', html)) | set(re.findall(r'\bt\("([^"]+)"', scripts))
    named = {"drawn scene", "dropped photo"}  # what the camera's sources are called
    assert used | named == set(TEXTS)


@pytest.fixture
def address(card: Path, tmp_path: Path) -> Iterator[str]:
    draw_spot().save(tmp_path / "spot.png")
    words = ["sim", str(card), "--web", "--port", "0", "--camera", str(tmp_path / "spot.png"), "--lang", "en"]
    with subprocess.Popen([sys.executable, "-m", "maixswitch", *words], stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        line = server.stderr.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+/", line)
        assert found, line
        try:
            yield found.group()
        finally:
            server.terminate()
            server.wait(15)


@pytest.fixture
def browser() -> Iterator[Any]:
    if not CHROMIUM:
        pytest.skip("no Chromium on this machine")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as running:
        found = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.mark.parametrize("width", [360, 1440])
def test_page_in_a_browser(browser: Any, address: str, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.set_default_timeout(20_000)
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.goto(address)
    page.wait_for_selector("#panel[data-frames]")
    page.wait_for_selector('#state[data-state="RUNNING"]')
    page.wait_for_selector("#results meter")
    page.wait_for_timeout(300)
    colours = (
        "canvas => new Set(new Uint32Array(canvas.getContext('2d').getImageData(0, 0, 320, 240).data.buffer)).size"
    )
    assert page.locator("#panel").evaluate(colours) > 2  # more than letters on black
    page.wait_for_selector('#models li:nth-child(1) button[aria-current="true"]')
    page.keyboard.press(" ", delay=120)
    page.wait_for_selector('#models li:nth-child(2) button[aria-current="true"]')
    page.wait_for_selector('#state[data-state="RUNNING"]')
    page.click("#fail")
    page.wait_for_selector("#ordered:not(:empty)")
    page.locator("#keys button").first.click(delay=120)
    page.wait_for_selector('#state[data-state="FAULT"]')
    page.wait_for_selector("#fault:not([hidden])")
    assert re.match(r"2006 .+: .+", page.inner_text("#fault-text"))
    assert page.locator('#states g[aria-current="true"]').get_attribute("data-state") == "FAULT"
    assert page.locator("#rows tr[data-live]").count() > 3
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.click('#languages button[lang="zh"]')
    page.wait_for_selector('html[lang="zh-CN"]')
    assert page.inner_text("#step") == "\u5355\u6b65"
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert troubles == []


def test_pictures_sources_faults_and_recording(browser: Any, address: str, tmp_path: Path) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.set_default_timeout(20_000)
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.goto(address)
    page.wait_for_selector('#state[data-state="RUNNING"]')
    page.wait_for_selector("#memory .m-model")
    page.wait_for_selector("#airam rect title", state="attached")
    assert re.search(r"at most \d+.* KiB, in layer \d+ of \d+", page.inner_text("#airam-text"))
    page.wait_for_selector('#timing rect:not([height="0.0"]):not([height="0"])')
    assert page.locator("#states .way").count() == len({(row[0], row[3]) for row in device_rows()})
    assert page.locator("#keys").bounding_box()["y"] < 800  # the board is in sight without scrolling
    page.set_input_files("#photo", [_photo(tmp_path / f"{name}.png") for name in "ab"])
    page.wait_for_selector("#album:not([hidden])")
    assert page.locator("#turn option").all_inner_texts() == ["turns by itself", "1. a.png", "2. b.png"]
    page.select_option("#turn", "1")
    page.wait_for_selector("#source:has-text('photo 2 of 2')")
    (tmp_path / "notes.txt").write_text("no photo")
    page.set_input_files("#photo", str(tmp_path / "notes.txt"))
    assert page.inner_text("#notice").startswith("1 of 1 files are no photos")
    page.click("#webcam")  # this browser has none
    page.wait_for_selector("#notice:has-text('webcam')")
    page.click("#scene")
    page.wait_for_selector("#scene:disabled")
    page.select_option("#slow", "10")
    page.click("#damage")
    page.wait_for_selector("#ordered:has-text('10 times')")
    page.wait_for_selector('#damage[aria-pressed="true"]')
    page.click("#heal")
    page.wait_for_selector("#ordered:empty", state="attached")
    page.click("#failrun")
    page.wait_for_selector('#state[data-state="FAULT"]')
    page.click("#record")
    page.wait_for_selector("#record[data-on]")
    page.wait_for_selector('#state[data-state="RUNNING"]')
    page.click("#record")
    page.wait_for_selector("#recorded:not([hidden])")
    with page.expect_download() as download:
        page.click("#recorded a")
    assert download.value.path().stat().st_size > 1000
    assert troubles == []


def _photo(path: Path) -> str:
    draw_spot().save(path)
    return str(path)
