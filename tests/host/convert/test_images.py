"""Calibration images from a folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maixswitch.convert.quantise import images
from maixswitch.errors import EXIT_IO, EXIT_USAGE, MaixSwitchError


def paint(folder: Path, name: str, colour: tuple[int, int, int], size: tuple[int, int] = (20, 10)) -> Path:
    path = folder / name
    Image.new("RGB", size, colour).save(path)
    return path


def test_pictures_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name, colour in (("b.png", (0, 255, 0)), ("a.jpg", (255, 0, 0)), ("c.BMP", (0, 0, 255))):
        paint(tmp_path, name, colour)
    (tmp_path / "notes.txt").write_text("no picture")
    images_read = images.load(tmp_path, (3, 8, 12)).pixels
    assert images_read.shape == (3, 3, 8, 12)
    assert images_read.dtype == np.uint8
    assert [int(image.mean(axis=(1, 2)).argmax()) for image in images_read] == [0, 1, 2]


def test_a_grey_network_gets_grey_pictures(tmp_path: Path) -> None:
    paint(tmp_path, "a.png", (255, 255, 255))
    images_read = images.load(tmp_path, (1, 8, 8)).pixels
    assert images_read.shape == (1, 1, 8, 8)
    assert set(images_read.ravel().tolist()) == {254}, "the firmware's white"


def test_every_nth_of_many_pictures_is_taken(tmp_path: Path) -> None:
    for index in range(10):
        paint(tmp_path, f"{index}.png", (20 * index, 0, 0))
    assert images.load(tmp_path, (3, 4, 4), most=3).pixels[:, 0, 0, 0].tolist() == [0, 60, 120]


def test_unusable_pictures_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MaixSwitchError, match="holds no pictures") as empty:
        images.load(tmp_path, (3, 8, 8))
    assert empty.value.exit_code == EXIT_USAGE
    with pytest.raises(MaixSwitchError, match="No such file") as missing:
        images.load(tmp_path / "missing", (3, 8, 8))
    assert missing.value.exit_code == EXIT_IO
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\nno more")
    with pytest.raises(MaixSwitchError, match=r"broken\.png: not a picture") as bad:
        images.load(tmp_path, (3, 8, 8))
    assert bad.value.exit_code == EXIT_IO
    with pytest.raises(MaixSwitchError, match="4 channels"):
        images.load_one(paint(tmp_path, "a.png", (1, 2, 3)), (4, 8, 8))
