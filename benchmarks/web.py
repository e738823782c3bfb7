"""Measures the page of `maixswitch sim CARD --web`: the frames that a browser shows, and their cost for the server.

    .venv/bin/python benchmarks/web.py [--card CARD ...] [--seconds 10] [--pages 1] [--write] [--json]

Ends with 1 if a demo model is shown at fewer than 20 frames per second. The card is the one that `maixswitch new`
makes; --card adds all models of other cards. Frames are counted where the browser paints: a frame that was replaced
before the screen was refreshed does not count. Processor time (user and system) is that of the server: emulator,
drawn scene, app and fakes, and sending. --write puts the table into docs/web.md. It needs Chromium on the path.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import sync_playwright

TARGET = 20.0
DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "web.md"
START, END = "<!-- measured by benchmarks/web.py -->\n", "<!-- end of what was measured -->\n"
SIZE = {"width": 1280, "height": 900}
SETTLE_MS = 2500
# Keeps the last status of the server, so that the figures do not depend on how the page shows it.
LISTEN = """const Plain = WebSocket;
window.WebSocket = class extends Plain {
  constructor(...words) {
    super(...words);
    this.addEventListener("message", ({ data }) => {
      if (typeof data === "string" && data.startsWith('{"type":"status"')) window.lastStatus = JSON.parse(data);
    });
  }
};"""
# Resolves after a time with (paintings that showed a new frame, seconds).
COUNT = """(seconds) => new Promise((resolve) => {
  const panel = document.getElementById("panel");
  const begun = performance.now();
  let last = panel.dataset.frames, shown = 0;
  const look = () => {
    if (panel.dataset.frames !== last) { last = panel.dataset.frames; shown += 1; }
    const passed = (performance.now() - begun) / 1000;
    if (passed < seconds) requestAnimationFrame(look); else resolve([shown, passed]);
  };
  requestAnimationFrame(look);
})"""


@dataclass(frozen=True)
class Figure:
    """Figures of one model.

    board_fps, shown_fps: frames per second that the board makes and that the page shows.
    server_ms: processor time in ms for each frame. cores: processor time divided by real time.
    """

    card: str
    model: str
    board_fps: float
    shown_fps: float
    server_ms: float
    cores: float


@contextmanager
def served(card: Path) -> Iterator[tuple[str, psutil.Process]]:
    """Start a server; yield the address of its page, and its process."""
    words = [sys.executable, "-m", "maixswitch", "sim", str(card), "--web", "--port", "0", "--lang", "en"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr is not None
            line = server.stderr.readline()
            address = re.search(r"http://127\.0\.0\.1:\d+/", line)
            if not address:
                sys.exit(f"{card}: {line}{server.stderr.read()}")
            yield address.group(), psutil.Process(server.pid)
        finally:
            server.terminate()


def processor(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def status_of(page: Any) -> Any:
    """Return the last status that the page received."""
    return page.evaluate("window.lastStatus")


def measure(card: Path, pages: int, seconds: float, browser: Any) -> Iterator[Figure]:
    """Yield the figures of each model of the card while `pages` pages are open."""
    with served(card) as (address, process):
        opened = [browser.new_page(viewport=SIZE) for _ in range(pages)]
        for page in opened:
            page.add_init_script(LISTEN)
            page.goto(address)
        page = opened[0]
        page.wait_for_selector("#models li > button", timeout=30_000)
        for index in range(page.locator("#models li > button").count()):
            page.locator("#models li > button").nth(index).click()
            page.wait_for_selector(f'#models li:nth-child({index + 1}) > button[aria-current="true"]', timeout=30_000)
            page.wait_for_selector('#state[data-state="RUNNING"]', timeout=30_000)
            page.wait_for_timeout(SETTLE_MS)
            before, first = processor(process), status_of(page)
            shown, passed = page.evaluate(COUNT, seconds)
            spent, last = processor(process) - before, status_of(page)
            frames = max(last["frames"] - first["frames"], 1)
            board = frames * 1000 / (last["now"] - first["now"])
            yield Figure(card.name, last["title"], board, shown / passed, spent * 1000 / frames, spent / passed)
        for page in opened:
            page.close()


def table(figures: list[Figure], pages: int) -> str:
    lines = [
        f"{os.cpu_count()} cores, {pages} page{'s' if pages > 1 else ''} in Chromium without a screen, real time:",
        "",
        "| card | model | board, frames a second | page, frames a second | server, ms of processor a frame | cores |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in figures:
        lines.append(
            f"| {row.card} | {row.model} | {row.board_fps:.1f} | {row.shown_fps:.1f} | {row.server_ms:.1f} "
            f"| {row.cores:.2f} |"
        )
    return "\n".join([*lines, ""])


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--card", type=Path, action="append", default=[], help="another card, as well as the demo's")
    parser.add_argument("--seconds", type=float, default=10.0, help="of watching, for each model")
    parser.add_argument("--pages", type=int, default=1, help="how many watch")
    parser.add_argument("--write", action="store_true", help="put the table into docs/web.md")
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    chosen = parser.parse_args()
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium:
        print("no Chromium on the path; Debian: apt install chromium", file=sys.stderr)
        return 4
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        demo = Path(folder) / "demo"
        subprocess.run([sys.executable, "-m", "maixswitch", "new", str(demo)], check=True, capture_output=True)
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        cards = [demo, *chosen.card]
        figures = [row for card in cards for row in measure(card, chosen.pages, chosen.seconds, browser)]
        browser.close()
    text = table(figures, chosen.pages)
    print(json.dumps([asdict(row) for row in figures]) if chosen.json else text)
    if chosen.write:
        before, _, after = DOCUMENT.read_text(encoding="utf-8").partition(START)
        DOCUMENT.write_text(before + START + text + END + after.partition(END)[2], encoding="utf-8")
    slow = [row for row in figures if row.card == demo.name and row.shown_fps < TARGET]
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
