"""A network of one channel gets the same bytes on the PC and on the board."""

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
    """Return the AI plane that the app gives a network of one channel: snapshot, to_grayscale, pix_to_ai."""
    bench.reset()
    bench.camera.source = ChipCamera(Photo(photo, "stretch"), lambda: 0)
    sensor.reset()
    sensor.set_pixformat(sensor.RGB565)
    sensor.set_framesize(sensor.QVGA)
    grey: FakeImage = sensor.snapshot().to_grayscale(1)
    grey.pix_to_ai()
    return bytes(grey._planes())


def test_the_same_bytes(photo: Path) -> None:
    """convert and `kmodel run` read a picture as the board's network sees it."""
    expected = on_the_board(photo)
    assert load_one(photo, (1, 240, 320)).tobytes() == expected
    tensor = Tensor("ai_ram", "uint8", 0, 76800, 76800, (1, 1, 240, 320))
    assert read_input(photo, tensor).tobytes() == expected
    floats = read_input(photo, Tensor("main", "float32", 0, 307200, 76800, (1, 1, 240, 320)))
    assert (floats * 255).round().astype(np.uint8).tobytes() == expected


def test_a_grey_picture(tmp_path: Path) -> None:
    """A grey picture becomes the same bytes: white is 254."""
    Image.new("L", (8, 8), 255).save(tmp_path / "white.png")
    assert set(load_one(tmp_path / "white.png", (1, 8, 8)).ravel().tolist()) == {254}
