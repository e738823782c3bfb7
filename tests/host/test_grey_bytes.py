"""A network of one channel gets from the host the bytes that it gets on the board."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import bench
import sensor
from benchlib.img import Image as FakeImage
from maixswitch.convert.quantise.images import load_one
from maixswitch.kmodel.format.program import Tensor
from maixswitch.kmodel.judge.bench import read_input
from maixswitch.sim.camera import ChipCamera, Photo


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A picture of the camera's size with every level of every colour somewhere in it."""
    pixels = np.random.default_rng(5).integers(0, 256, (240, 320, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def on_the_board(photo: Path) -> bytes:
    """The AI plane that the app's own steps give a network of one channel: snapshot, to_grayscale, pix_to_ai."""
    bench.reset()
    bench.camera.source = ChipCamera(Photo(photo, "stretch"), lambda: 0)
    sensor.reset()
    sensor.set_pixformat(sensor.RGB565)
    sensor.set_framesize(sensor.QVGA)
    grey: FakeImage = sensor.snapshot().to_grayscale(1)
    grey.pix_to_ai()
    return bytes(grey._planes())


def test_the_same_bytes(photo: Path) -> None:
    """What converts, and what `kmodel run` takes of a picture, is what the board's network sees."""
    wanted = on_the_board(photo)
    assert load_one(photo, (1, 240, 320)).tobytes() == wanted
    tensor = Tensor("ai_ram", "uint8", 0, 76800, 76800, (1, 1, 240, 320))
    assert read_input(photo, tensor).tobytes() == wanted
    floats = read_input(photo, Tensor("main", "float32", 0, 307200, 76800, (1, 1, 240, 320)))
    assert (floats * 255).round().astype(np.uint8).tobytes() == wanted


def test_a_grey_picture(tmp_path: Path) -> None:
    """It goes the same way: white is 254."""
    Image.new("L", (8, 8), 255).save(tmp_path / "white.png")
    assert set(load_one(tmp_path / "white.png", (1, 8, 8)).ravel().tolist()) == {254}
