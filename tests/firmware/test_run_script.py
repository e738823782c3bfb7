"""`maixswitch run` on real images: output, traceback, card, panel and exit code come back as on the fakes."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

import flavours
from maixswitch.board.maixpy_script import Options, Outcome, run_script
from maixswitch.k210.contents.flavour import build_of
from tests.firmware.boards import FACTS, IMAGES

FULL = [(FACTS[image].version, image) for image in IMAGES if "full" in build_of(FACTS[image]).like]

pytestmark = pytest.mark.skipif(
    not FULL, reason="no image of a full build: set MAIXSWITCH_FIRMWARE to a folder of firmware images"
)

SHOW = """import lcd, sensor
lcd.init()
sensor.reset()
sensor.set_pixformat(sensor.RGB565)
sensor.set_framesize(sensor.QVGA)
sensor.run(1)
lcd.display(sensor.snapshot())
"""


def run(source: str, **options: object) -> tuple[Outcome, str]:
    """Run a script on the newest full image; return how it ended and what it printed."""
    printed: list[str] = []
    image = max(FULL, key=lambda row: flavours.parse(row[0]))[1]
    outcome, _ = run_script(Options(source, str(image), tell=printed.append, **options))  # type: ignore[arg-type]
    return outcome, "".join(printed)


def test_a_traceback_comes_back() -> None:
    outcome, printed = run("print('before')\ndef f():\n    return 1 // 0\nf()\n")
    assert outcome.how == "raised"
    assert printed == (
        'before\nTraceback (most recent call last):\n  File "<stdin>", line 4, in <module>\n'
        '  File "<stdin>", line 3, in f\nZeroDivisionError: divide by zero\n'
    )


def test_the_time_ends_a_loop_and_a_reset_ends_the_run() -> None:
    assert run("import time\nwhile True:\n    time.sleep_ms(50)\n", seconds=1.0)[0].how == "time"
    assert run("import machine\nmachine.reset()\n")[0].how == "reset"


def test_a_config_reaches_board_info_and_the_panel() -> None:
    source = "from board import board_info\nimport lcd\nlcd.init()\nprint(board_info.LED_R, lcd.width())\n"
    config = {"board_info": {"LED_R": 13}, "lcd": {"width": 280, "height": 240}}
    outcome, printed = run(source, config=config)
    assert (outcome.how, printed) == ("ended", "13 280\n")


def test_what_the_script_writes_reaches_the_folder(tmp_path: Path) -> None:
    card = tmp_path / "card"
    card.mkdir()
    (card / "main.py").write_text("print('started')")
    (card / "note.txt").write_text("kept")
    source = "print(open('/sd/note.txt').read())\nfile = open('/sd/new.txt', 'w')\nfile.write('made')\nfile.close()\n"
    outcome, printed = run(source, card=card, write_back=True)
    assert (outcome.how, printed) == ("ended", "kept\n")
    assert (card / "new.txt").read_text() == "made"
    assert (card / "main.py").read_text() == "print('started')"


def test_the_panel_shows_the_camera(tmp_path: Path) -> None:
    Image.new("RGB", (64, 48), (255, 0, 0)).save(tmp_path / "red.png")
    outcome, _ = run(SHOW, camera=tmp_path / "red.png", out=tmp_path / "out")
    assert outcome.how == "ended", outcome.reason
    pictures = sorted((tmp_path / "out" / "frames").glob("*.png"))
    assert Image.open(pictures[-1]).getpixel((160, 120)) == (255, 0, 0)
    assert (tmp_path / "out" / "screen.gif").is_file()


def test_a_run_from_the_cache_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "cache"
    runs = []
    for value in ("off", str(folder), str(folder)):
        monkeypatch.setenv("MAIXSWITCH_CACHE", value)
        out = tmp_path / f"out{len(runs)}"
        outcome, printed = run(SHOW + "import utime, gc\nprint(utime.ticks_us(), gc.mem_free())", out=out)
        pictures = {path.name: path.read_bytes() for path in sorted(out.rglob("*.png"))}
        runs.append((outcome, printed, pictures, (out / "events.jsonl").read_text()))
    assert runs[0] == runs[1] == runs[2]
    assert len(list(folder.iterdir())) == 1
