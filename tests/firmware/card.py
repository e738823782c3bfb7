"""The card and the camera of every probe: the same for the fakes and for real images."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from maixswitch.kmodel.write import samples
from maixswitch.kmodel.write.quantize import quantize_conv
from maixswitch.kmodel.write.writer import KModelWriter

GREY = 132
"""The level of the camera's flat picture."""
PUBLIC = ("iris_v3.kmodel", "iris_v4.kmodel", "mobilenet025_embedding_v4.kmodel")
"""The public models that probes need."""


def shared_models() -> Path:
    """Return the folder of public models, which may be absent."""
    return Path(os.environ.get("MAIXSWITCH_KMODELS", Path(__file__).parents[3] / "shared" / "kmodels"))


def files() -> dict[str, bytes]:
    """Return the files of the card by their paths; the public models only where they are at hand."""
    card: dict[str, bytes] = {
        "main.py": b"pass\n",
        "text.kmodel": b"This is no model, but its name says so.\n",
        "short.kmodel": b"\x03\0\0\0",
        "picture.png": b"\x89PNG\r\n\x1a\n" + bytes(40),
        "dir/inside.txt": b"inside\n",
        "blobs.kmodel": samples.blob_detector(),
        "means.kmodel": means(),
    }
    for name in PUBLIC:
        path = shared_models() / name
        if path.is_file():
            card[name] = path.read_bytes()
    return card


def means() -> bytes:
    """Return a network of 32x32 pixels whose three floats are the means of red, green and blue, 0 to 1."""
    net = KModelWriter(3, 32, 32)
    same = quantize_conv(np.eye(3).reshape(3, 3, 1, 1), np.zeros(3), samples.PIXEL, samples.PIXEL)
    planes = net.dequantize(net.conv(net.input, same, to_main=True), samples.PIXEL.factor, samples.PIXEL.bias)
    net.output(net.global_average_pool(planes))
    return net.build()


def write(folder: Path) -> None:
    """Write the files of the card into a folder."""
    for name, data in files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def picture(w: int, h: int) -> NDArray[np.uint8]:
    """Return a frame of the camera, (h, w, 3)."""
    return np.full((h, w, 3), GREY, np.uint8)
