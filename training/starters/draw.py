"""Draws a folder of pictures to try a starter with: draw.py digits|shapes|stars FOLDER [--count N].

digits: for a classifier, a folder for each class.
shapes: for a detector, a text file beside each picture with "class x y width height" of each box, and classes.txt.
stars: for landmarks, points.csv with a line for each picture: its name, then x and y of each point in pixels.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "host"))

from maixswitch.sim import pictures


def save(picture: pictures.Picture, path: Path) -> None:
    """Write a picture as a camera does, as a JPEG file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path, quality=92)


def digits(folder: Path, name: str, rng: np.random.Generator) -> None:
    """Draw one digit into the folder of its class."""
    picture, digit = pictures.digit_picture(rng)
    save(picture, folder / str(digit) / name)


def shapes(folder: Path, name: str, rng: np.random.Generator) -> None:
    """Draw shapes, and write their boxes beside them: the centre and size as shares of the picture's size."""
    picture, objects = pictures.shape_picture(rng)
    save(picture, folder / name)
    height, width, _ = picture.shape
    lines = [
        f"{pictures.SHAPES.index(o.kind)} {(o.x + o.width / 2) / width:.5f} {(o.y + o.height / 2) / height:.5f} "
        f"{o.width / width:.5f} {o.height / height:.5f}\n"
        for o in objects
    ]
    (folder / name).with_suffix(".txt").write_text("".join(lines), encoding="utf-8")
    (folder / "classes.txt").write_text("\n".join(pictures.SHAPES) + "\n", encoding="utf-8")


def stars(folder: Path, name: str, rng: np.random.Generator) -> None:
    """Draw a star, and append its points to points.csv."""
    picture, points = pictures.star_picture(rng)
    save(picture, folder / name)
    with (folder / "points.csv").open("a", encoding="utf-8") as table:
        table.write(",".join([name, *(f"{value:.2f}" for value in points.ravel())]) + "\n")


def main() -> None:
    drawers = {"digits": digits, "shapes": shapes, "stars": stars}
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("what", choices=drawers)
    arguments.add_argument("folder", type=Path, help="a new folder")
    arguments.add_argument("--count", type=int, default=4000)
    arguments.add_argument("--seed", type=int, default=1)
    chosen = arguments.parse_args()
    # Pictures of an older run would stay among the new ones, with labels that no longer fit.
    if chosen.folder.exists():
        raise SystemExit(f"{chosen.folder} exists; expected a new folder: delete it or choose another name")
    for index in range(chosen.count):
        drawers[chosen.what](chosen.folder, f"{index:05}.jpg", np.random.default_rng((chosen.seed, index)))


if __name__ == "__main__":
    main()
