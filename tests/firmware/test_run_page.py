"""`maixswitch run SCRIPT --web --firmware FILE`: the page shows the panel; keys and camera reach the script."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from maixswitch.board.maixpy_script import Options
from maixswitch.web.simulation import Simulation

FOLDER = os.environ.get("MAIXSWITCH_FIRMWARE", "")
IMAGES = [path for path in sorted(Path(FOLDER).glob("*.bin")) if "minimum" in path.stem] if FOLDER else []
SCRIPT = """
import lcd, sensor
from Maix import GPIO, utils
from fpioa_manager import fm
fm.register(16, fm.fpioa.GPIOHS0)
key = GPIO(GPIO.GPIOHS0, GPIO.IN)
lcd.init()
lcd.clear(lcd.BLUE)
print(bytes(utils.flash_read(0x300000, 5)))
while key.value():
    pass
lcd.clear(lcd.RED)
sensor.reset()
sensor.set_pixformat(sensor.RGB565)
sensor.set_framesize(sensor.QVGA)
lcd.display(sensor.snapshot())
file = open("/sd/note.txt", "w")
file.write("written")
file.close()
1 / 0
"""
BLUE, RED = (0x001F).to_bytes(2, "big"), (0xF800).to_bytes(2, "big")

pytestmark = pytest.mark.skipif(not IMAGES, reason="MAIXSWITCH_FIRMWARE names no folder with a minimum image (.bin)")


def test_panel_keys_camera_flash_and_output_of_a_script(tmp_path: Path) -> None:
    from maixswitch.board.maixpy_script.on_page import page_options

    board = "amigo_tft" if "amigo" in IMAGES[-1].stem else "bit"
    printed: list[str] = []
    options = Options(SCRIPT, str(IMAGES[-1]), board, flash={0x300000: b"model"}, write_back=True, tell=printed.append)
    with page_options(options) as for_page:
        simulation = Simulation(for_page, lambda event: None)
        simulation.begin()
        run_until(simulation, lambda: simulation.sim.panel()[0][:2] == BLUE)
        assert "b'model'" in "".join(printed)
        simulation.act("down 1")
        run_until(simulation, lambda: simulation.sim.panel()[0][:2] == RED)
        simulation.act("up 1")
        run_until(simulation, lambda: bool(simulation.stopped))
        pixels = simulation.sim.panel()[0]
        assert len({pixels[at : at + 2] for at in range(0, len(pixels), 2)}) > 20
        assert "ZeroDivisionError" in simulation.stopped
        assert "ZeroDivisionError" in "".join(printed)
        assert (for_page.card / "note.txt").read_text() == "written"
        # The power starts the script again.
        simulation.power()
        run_until(simulation, lambda: simulation.sim.panel()[0][:2] == BLUE)
        simulation.close()


def run_until(simulation: Simulation, holds: object) -> None:
    for _ in range(1000):
        if holds():  # type: ignore[operator]
            return
        simulation.turn()
    pytest.fail(f"20 s of board time; stopped: {simulation.stopped!r}")
