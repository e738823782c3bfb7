"""Measures how long `maixswitch convert` takes, and how that compares with another version of the project.

    .venv/bin/python benchmarks/convert.py [--pictures 50] [--runs 2] [--only NAME] [--against TREE]

Prints a Markdown table: MobileNet v1 0.5 at 224x224 with random weights, and the networks of the demo, each with the
same drawn pictures. A figure is the best of the runs, in seconds from the command to its end, and in seconds of
processor time, on which other work on the PC hardly counts. `--against` is the folder of another version of the
project, which runs in turn with this one; the ratio is that of the processor times. Needs the extra `convert`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
from PIL import Image, ImageDraw

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from tests.host.convert.onnx_builder import mobilenet, save  # noqa: E402

MODELS = ROOT / "host" / "maixswitch" / "models"
MOBILENET = "MobileNet v1 0.5, 224x224"
SIZE = (320, 240)
"""Width and height of a picture."""


@dataclass(frozen=True)
class Run:
    """Seconds of one command: from start to end, and of processor time."""

    wall: float
    processor: float


def draw(folder: Path, count: int) -> None:
    """Writes pictures with a few coloured shapes into a folder."""
    random = np.random.default_rng(1)
    for number in range(count):
        picture = Image.new("RGB", SIZE, tuple(random.integers(0, 256, 3).tolist()))
        pen = ImageDraw.Draw(picture)
        for _ in range(8):
            start = random.integers(0, SIZE)
            corners = (*start.tolist(), *(start + random.integers(20, 160, 2)).tolist())
            shape = pen.ellipse if random.random() < 0.5 else pen.rectangle
            shape(corners, fill=tuple(random.integers(0, 256, 3).tolist()))
        picture.save(folder / f"{number}.png")


def convert(tree: Path, network: Path, pictures: Path) -> Run:
    """Converts a network in a process of its own, with the package of a tree. SystemExit if no file is written."""
    out = network.with_suffix(".kmodel")
    out.unlink(missing_ok=True)
    command = [sys.executable, "-m", "maixswitch", "convert", network, "--images", pictures, "--out", out]
    before, start = os.times(), perf_counter()
    done = subprocess.run(
        list(map(str, command)),
        env={**os.environ, "PYTHONPATH": str(tree / "host")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    wall, after = perf_counter() - start, os.times()
    # A poor result ends with 1 too, but its file is written.
    if not out.exists():
        raise SystemExit(f"{tree}: {network.name}: {done.stdout}")
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return Run(wall, used)


def best(runs: list[Run]) -> Run:
    """The least of each figure."""
    return Run(min(run.wall for run in runs), min(run.processor for run in runs))


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pictures", type=int, default=50, help="number of drawn pictures")
    parser.add_argument("--runs", type=int, default=2, help="runs of each network; the best one counts")
    parser.add_argument("--only", default="", help="only networks with this word in their name")
    parser.add_argument("--against", type=Path, help="folder of another version of the project")
    options = parser.parse_args()
    trees = [ROOT, *([options.against.resolve()] if options.against else [])]
    if options.against:
        print(
            "| network | s before | s now | processor s before | now | now / before |\n|---|---:|---:|---:|---:|---:|"
        )
    else:
        print("| network | s | processor s |\n|---|---:|---:|")
    with tempfile.TemporaryDirectory() as name:
        folder, pictures = Path(name), Path(name, "pictures")
        pictures.mkdir()
        draw(pictures, options.pictures)
        networks = {MOBILENET: save(mobilenet(0.5, 224), folder / "mobilenet.onnx")}
        for model in sorted(MODELS.iterdir()):
            copy = folder / f"{model.name}.onnx"
            copy.write_bytes((model / copy.name).read_bytes())
            networks[f"{model.name} of the demo"] = copy
        for title, network in networks.items():
            if options.only not in title:
                continue
            # The trees take turns, so that other work on the PC meets both.
            turns = [[convert(tree, network, pictures) for tree in trees] for _ in range(options.runs)]
            now, *before = (best(list(runs)) for runs in zip(*turns, strict=True))
            figures = [f"{now.wall:.1f}", f"{now.processor:.1f}"]
            for other in before:
                figures = [f"{other.wall:.1f}", figures[0], f"{other.processor:.1f}", figures[1]]
                figures.append(f"{now.processor / other.processor:.2f}")
            print(f"| {title} | {' | '.join(figures)} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
