"""Measures how fast the virtual K210 is with a firmware image, and how much faster than another tree of this project.

    .venv/bin/python benchmarks/firmware_speed.py IMAGE [--face FACE.kmodel] [--photo PICTURE] [--against TREE]

Prints a Markdown table. All seconds are processor time of this process, so that other work on the PC hardly counts;
each figure is the best of a few runs. `--face` is a detector for `kpu.init_yolo2` with five anchors (v3), `--photo`
what the camera sees. `--against` is the folder of another version of the project, whose figures come in a second column
with the ratio; both run in turn, in processes of their own. Needs the extras `chip` and `fast`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import process_time

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [os.environ.get("MAIXSWITCH_TREE", "") or str(ROOT)]
sys.path[:0] = [sys.path[0] + "/host", str(ROOT)]

import numpy as np  # noqa: E402  the tree comes first

from maixswitch.card.new import create  # noqa: E402
from maixswitch.k210 import saved_state  # noqa: E402
from maixswitch.k210.chip import Chip  # noqa: E402
from maixswitch.k210.contents.facts import facts  # noqa: E402
from maixswitch.k210.contents.flavour import usual_board  # noqa: E402
from maixswitch.k210.image import Image, read_image  # noqa: E402
from maixswitch.k210.virtual_board import VirtualBoard  # noqa: E402
from maixswitch.sim.board_options import BoardOptions  # noqa: E402
from maixswitch.sim.chip_board import ChipBoard  # noqa: E402
from tests.host.k210.assembler import assemble  # noqa: E402

Figures = dict[str, float]
ORIGIN, DATA = 0x8000_0000, 0x8040_0000
START = bytes.fromhex("21a8 efbeadde 0000") + (1).to_bytes(8, "little") + bytes(8)
"""A jump over the mark of an image and over what wakes the second hart."""
LOOP = """
    li a0, {rounds}
    li a1, DATA
    li a2, UARTHS
again:
{body}
    addi a0, a0, -1
    bnez a0, again
    sd a2, 8(a1)
stay:
    j stay
"""
MIXED = "ld a3, 0(a1)\nadd a3, a3, a0\nxor a4, a4, a3\nsd a3, 0(a1)"
IN_MIXED = 6
"""Instructions of a round, with those of the loop."""
CAMERA = """import lcd, sensor
lcd.init()
sensor.reset()
sensor.set_pixformat(sensor.RGB565)
sensor.set_framesize(sensor.QVGA)
sensor.run(1)
"""
FACE = """import KPU as kpu
task = kpu.load('/sd/face.kmodel')
anchors = (1.889, 2.5245, 2.9465, 3.94056, 3.99987, 5.3658, 5.155437, 6.92275, 6.718375, 9.01025)
kpu.init_yolo2(task, 0.5, 0.3, 5, anchors)
def frames(count):
    for i in range(count):
        picture = sensor.snapshot()
        boxes = kpu.run_yolo2(task, picture)
        for box in boxes or ():
            picture.draw_rectangle(box.rect(), color=(255, 0, 0), thickness=3)
        lcd.display(picture)
"""
COUNT = 20
"""Frames of a measurement."""
RUNS = 3


def seconds(work: Callable[[], object]) -> float:
    """Return the processor time of a piece of work."""
    start = process_time()
    work()
    return process_time() - start


def loop_s(body: str, rounds: int) -> float:
    """Return the processor time of a loop on a bare chip."""
    code = assemble(LOOP.format(rounds=rounds, body=body), ORIGIN + len(START), DATA=DATA, UARTHS=0x3800_0000).code
    chip = Chip(Image(Path("loop.bin"), START + bytes(code)))
    done = chip.memory.view(DATA + 8, 8)
    return seconds(lambda: chip.run(1 << 40, lambda: bool(done.any())))


def chip_figures() -> Figures:
    """Measure the bare chip."""
    mixed, accesses = 3_000_000, 300_000
    return {
        "million instructions a second, a loop with a load and a store": IN_MIXED
        * mixed
        / 1e6
        / min(loop_s(MIXED, mixed) for _ in range(RUNS)),
        "microseconds of a register access": 1e6
        * min(loop_s("lw a3, 8(a2)", accesses) for _ in range(RUNS))
        / accesses,
    }


def board_figures(image: Image, face: Path | None, photo: Path | None) -> Figures:
    """Measure a board: boot, saved state, camera, and the face detector if there is one."""
    figures = {}
    picture = _picture(photo)
    with tempfile.TemporaryDirectory() as name:
        card = Path(name, "card")
        card.mkdir()
        for script in ("main.py", "boot.py"):
            (card / script).write_text("pass\n")
        if face:
            (card / "face.kmodel").write_bytes(face.read_bytes())
        state = Path(name, "saved")

        def board() -> VirtualBoard:
            return VirtualBoard(image, usual_board(facts(image.code)), card, camera=lambda width, height: picture)

        def boot() -> None:
            board().boot()

        def resume() -> None:
            fresh = board()
            saved_state.load(fresh, state)
            fresh.execute("print(1)\n")

        figures["s to the prompt"] = min(seconds(boot) for _ in range(RUNS))
        first = board()
        first.boot()
        figures["s of a loop of 100,000 rounds in Python"] = seconds(
            lambda: first.execute("for i in range(100000): pass\n", 600)
        )
        saved_state.save(first, state)
        figures["s from a saved state to an answer"] = min(seconds(resume) for _ in range(RUNS))
        figures["s of sensor.reset() and what a script does with it"] = seconds(lambda: first.execute(CAMERA, 600))
        if face:
            first.execute(FACE, 60)
            first.execute("frames(2)\n", 60)
            figures["ms of a frame: snapshot, face detector, boxes, display"] = (
                min(seconds(lambda: first.execute(f"frames({COUNT})\n", 600)) for _ in range(RUNS)) * 1000 / COUNT
            )
    return figures


def _picture(photo: Path | None) -> np.ndarray:  # type: ignore[type-arg]
    if photo is None:
        return np.random.default_rng(1).integers(0, 256, (240, 320, 3), np.uint8)
    from PIL import Image as Picture

    with Picture.open(photo) as opened:
        return np.asarray(opened.convert("RGB").resize((320, 240)))


def app_figures(image: Image) -> Figures:
    """Measure our app on the card of `maixswitch new`."""
    with tempfile.TemporaryDirectory() as name:
        card = Path(name, "card")
        create(card)
        board = ChipBoard(BoardOptions(card, usual_board(facts(image.code)), str(image.path)), lambda *row: None)
        board.power_on()

        def until(frames: int) -> None:
            for _ in range(3000):
                if board.frames >= frames:
                    return
                board.step()
            raise TimeoutError(f"the app is at frame {board.frames} of {frames}, state {board.state}")

        start = seconds(lambda: until(1))
        until(10)
        best = min(seconds(lambda: until(board.frames + COUNT)) / COUNT for _ in range(RUNS))
    return {"s to the app's first frame": start, "ms of a frame of our app": best * 1000}


def measure(options: argparse.Namespace) -> Figures:
    """Measure everything."""
    image = read_image(options.image)
    return {**chip_figures(), **board_figures(image, options.face, options.photo), **app_figures(image)}


def of_tree(tree: Path) -> Figures:
    """Measure in a process of its own, with the package of a tree."""
    environment = {**os.environ, "MAIXSWITCH_TREE": str(tree)}
    done = subprocess.run(
        [sys.executable, *sys.argv, "--json"], env=environment, stdout=subprocess.PIPE, check=True, text=True
    )
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("image", type=Path, help="a firmware image (.bin, .kfpkg)")
    parser.add_argument("--face", type=Path, help="a face detector (.kmodel, v3) for kpu.init_yolo2")
    parser.add_argument("--photo", type=Path, help="what the camera sees; default: noise")
    parser.add_argument("--against", type=Path, help="folder of another version of the project")
    parser.add_argument("--json", action="store_true", help="the figures as one line of JSON")
    options = parser.parse_args()
    if options.json:
        print(json.dumps(measure(options)))
        return 0
    if not options.against:
        print("| what | figure |\n|---|---|")
        for what, figure in measure(options).items():
            print(f"| {what} | {figure:.3g} |")
        return 0
    now, before = of_tree(ROOT), of_tree(options.against.resolve())
    print("| what | before | now | now / before |\n|---|---|---|---|")
    for what, figure in now.items():
        print(f"| {what} | {before[what]:.3g} | {figure:.3g} | {figure / before[what]:.2f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
