"""`maixswitch sim --record`, `replay`, `screenshot` and the page with a real image, as a user calls them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from maixswitch.sim.session import Options
from maixswitch.web.publisher import Publisher
from maixswitch.web.simulation import Simulation
from tests.firmware import tour
from tests.firmware.boards import board_name, smallest, with_each

SCRIPT = """
expect state RUNNING within 20s
expect detection circle >= 0.5
frames 2
screenshot shapes
press
expect title Digits
expect state RUNNING
frames 2
screenshot digits
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tour.write_files(tmp_path)
    (tmp_path / "script.txt").write_text(SCRIPT)
    return tmp_path


def maixswitch(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Runs a command of maixswitch in the folder; fails unless its exit code is 0."""
    done = subprocess.run(
        [sys.executable, "-m", "maixswitch", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        cwd=folder,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done


@with_each(smallest())
def test_a_recorded_run_is_repeated_and_the_screenshots_are_its_pictures(image: Path, folder: Path) -> None:
    """The recording finds the image by its contents: it has another path at the replay."""
    moved = folder / "moved.bin"
    moved.write_bytes(image.read_bytes())
    same = ["--firmware", moved, "--script", "script.txt"]
    maixswitch(folder, "sim", "card", *same, "--board", board_name(image), "--record", "run.zip", "--out", "sim")
    moved.rename(folder / "again.bin")
    replayed = maixswitch(folder, "replay", "run.zip", "--firmware", "again.bin", "--json")
    outcome = json.loads(replayed.stdout)
    assert (outcome["same"], outcome["stopped"]) == (True, False)
    assert outcome["frames"] >= 2

    same[1] = folder / "again.bin"
    maixswitch(folder, "screenshot", "card", *same, "--board", board_name(image), "--out", "shots", "--sheet", "s.png")
    for name in ("shapes", "digits"):
        (path,) = (folder / "sim").glob(f"*{name}.png")
        assert (folder / "shots" / f"{name}-{board_name(image)}.png").exists()
        with Image.open(folder / "shots" / f"{name}-{board_name(image)}.png") as shot, Image.open(path) as seen:
            assert shot.convert("RGB").tobytes() == seen.convert("RGB").tobytes()
    assert (folder / "s.png").stat().st_size > 1000


class Told:
    """What the publisher sends, in place of the connections to browsers."""

    def __init__(self) -> None:
        self.messages: dict[str, str | bytes] = {}

    def publish(self, kind: str, message: str | bytes, client: int = 0) -> None:
        """Keeps the newest message of each kind."""
        self.messages[kind] = message


@with_each(smallest())
def test_the_page_shows_frames_state_and_memory(image: Path, folder: Path) -> None:
    options = Options(
        folder / "card", board=board_name(image), flavour=str(image), camera=folder / "shapes.png", quiet=True
    )
    simulation = Simulation(options, lambda event: None)
    simulation.begin()
    while simulation.sim.frames < 3:
        simulation.turn()
        assert simulation.sim.now < 20_000
    told = Told()
    publisher = Publisher(told)  # type: ignore[arg-type]
    publisher.publish(simulation)
    publisher.publish_frame(simulation)
    status = json.loads(told.messages["status"])
    assert (status["state"], status["title"]) == ("RUNNING", "Shapes")
    assert {row[0] for row in status["results"]} == {"circle", "star", "triangle"}
    frame = told.messages["frame"]
    assert isinstance(frame, bytes)
    pixels, _, _ = simulation.sim.panel()
    assert pixels in frame
    assert any(pixels)
    simulation.close()
