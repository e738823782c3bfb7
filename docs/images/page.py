"""Makes docs/images/page.webp: the page of the simulator with the demo's card, as Chromium shows it (`make page`).

The picture is looked at, not compared: another Chromium draws letters otherwise.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

PLACE = Path(__file__).resolve().parent / "page.webp"
SIZE = {"width": 1440, "height": 900}
WANTED = "triangle"  # when the scene shows the sheet of shapes, all is there to see
LONGEST_MS = 60_000


def take(address: str, chromium: str) -> Image.Image:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE, color_scheme="light")
        page.goto(address)
        page.wait_for_selector('#models [data-level="ok"]', timeout=LONGEST_MS)
        page.wait_for_timeout(4000)  # so that sixty frames are there to see
        page.get_by_text(WANTED, exact=True).first.wait_for(timeout=LONGEST_MS)
        picture = page.screenshot()
        browser.close()
    return Image.open(io.BytesIO(picture)).convert("RGB")


def main() -> int:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium:
        print("no Chromium on the path; Debian: apt install chromium", file=sys.stderr)
        return 4
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "maixswitch"]
        subprocess.run([*command, "new", "CARD"], check=True, capture_output=True, cwd=folder)
        words = [*command, "sim", "CARD", "--web", "--port", "0", "--lang", "en"]
        with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, cwd=folder) as server:
            try:
                assert server.stderr is not None
                line = server.stderr.readline()
                found = re.search(r"http://\S+", line)
                if found is None:
                    sys.exit(line + server.stderr.read())
                take(found.group(), chromium).save(PLACE, quality=88, method=6)
            finally:
                server.terminate()
    print(f"{PLACE}: {PLACE.stat().st_size // 1024} KiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
