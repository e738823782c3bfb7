"""Run kmodels in real firmware on the virtual K210, with the emulator's own input, and take the outputs bit by bit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture

from maixswitch.k210 import saved_state
from maixswitch.k210.image import read_image
from maixswitch.k210.virtual_board import VirtualBoard
from maixswitch.kmodel.run.model import KModel, load
from tests.firmware.boards import board_name

LONGEST_LIST = 2000
"""Numbers that the Python heap takes as a list."""
CRASH = "the firmware crashes"
WHITE = 254
"""The grey level of white in the firmware."""
SET_UP = "import KPU as kpu, image, gc, struct, ubinascii\n"
OPEN_CAMERA = (
    "import lcd, sensor\nlcd.init()\nsensor.reset()\nsensor.set_pixformat(sensor.RGB565)\n"
    "sensor.set_framesize(sensor.QVGA)\nsensor.run(1)\ngc.collect()\n"
)


def black(width: int, height: int) -> NDArray[np.uint8]:
    """Return a black frame."""
    return np.zeros((height, width, 3), np.uint8)


class ModelBoard:
    """A board behind the boot of an image, with models on its card; each run starts there again."""

    def __init__(self, image: Path, folder: Path, models: Sequence[Path], camera: bool = False) -> None:
        """`folder` takes the card and the saved state. `camera`: panel and camera are open, as the app has them."""
        self.image, self.name = read_image(image), board_name(image)
        self.card, self.state = folder / "card", folder / "state"
        self.camera = camera
        self.card.mkdir(parents=True)
        # Builds for the M5StickV run boot.py alone, and without one a demonstration that wants a camera.
        for script in ("boot.py", "main.py"):
            (self.card / script).write_text("pass\n")
        self.inputs: dict[Path, tuple[str, NDArray[Any], str]] = {}
        for number, model in enumerate(models):
            (self.card / f"{number}.kmodel").write_bytes(model.read_bytes())
            self.inputs[model] = (str(number), *self._input(load(model), str(number)))
        board = self._new()
        board.boot()
        error = board.execute(SET_UP + (OPEN_CAMERA if camera else ""), 120)[1]
        assert error == "", error
        saved_state.save(board, self.state)

    def _new(self) -> VirtualBoard:
        return VirtualBoard(self.image, self.name, self.card, camera=black if self.camera else None)

    def start(self) -> VirtualBoard:
        """Return a board behind the boot."""
        board = self._new()
        saved_state.load(board, self.state)
        return board

    def loads(self, model: Path) -> str:
        """Return "" when kpu.load takes a model, else the last line of the error, or CRASH."""
        try:
            error = self.start().execute(f"task = kpu.load('/sd/{self.inputs[model][0]}.kmodel')\n", 20)[1]
        except TimeoutError as timeout:
            if "core dump" in str(timeout):
                return CRASH
            raise
        return error.strip().splitlines()[-1] if error else ""

    def run(self, model: Path) -> tuple[NDArray[Any], NDArray[Any]]:
        """Run one inference.

        Returns the first output as the firmware gives it and as the emulator computes it, as float32.
        """
        name, values, feed = self.inputs[model]
        kmodel = load(model)
        program = f"task = kpu.load('/sd/{name}.kmodel')\n"
        if kmodel.version == 4:
            for number, output in enumerate(kmodel.outputs):
                channels, height, width = ([1, 1, *(output.shape or (output.elements,))])[-3:]
                program += f"kpu.set_outputs(task, {number}, {width}, {height}, {channels})\n"
        count = kmodel.outputs[0].elements
        program += feed + (
            f"for at in range(0, {count}, 64):\n"
            f"    part = result[at:min(at + 64, {count})]\n"
            "    print('values', ubinascii.hexlify(struct.pack('<%df' % len(part), *part)).decode())\n"
        )
        output, error = self.start().execute(program, 120)
        assert error == "", error
        words = [line[7:] for line in output.replace("\r", "").split("\n") if line.startswith("values ")]
        seen = np.frombuffer(bytes.fromhex("".join(words)), "<f4")
        return seen, np.asarray(kmodel.run(values)[0]).astype("<f4").reshape(-1)

    def _input(self, kmodel: KModel, name: str) -> tuple[NDArray[Any], str]:
        source, random = kmodel.inputs[0], np.random.default_rng(int(name))
        if source.dtype != "uint8":
            # The firmware's own reading of decimal numbers is not exact to the last bit.
            values = random.normal(0, 2, source.elements).astype("<f4").reshape(source.shape)
            data = f"ubinascii.unhexlify('{values.tobytes().hex()}')"
            return values, f"result = kpu.forward(task, list(struct.unpack('<{values.size}f', {data})))\n"
        _, channels, height, width = source.shape or ()
        # Only colours that RGB565 has: the firmware must not round them.
        five, six = random.integers(0, 32, (height, width, 3)), random.integers(0, 64, (height, width))
        pixels = ((five * 255 + 15) // 31).astype(np.uint8)
        pixels[:, :, 1] = (six * 255 + 31) // 63
        grey = ""
        if channels == 1:
            # White and black are the same in every formula of grey levels.
            pixels[:] = np.where(five[:, :, :1] > 15, 255, 0)
            grey = "picture = picture.to_grayscale()\n"
        Picture.fromarray(pixels).save(self.card / f"{name}.bmp")
        feed = (
            f"picture = image.Image('/sd/{name}.bmp')\n{grey}picture.pix_to_ai()\nresult = kpu.forward(task, picture)\n"
        )
        values = pixels.transpose(2, 0, 1)[:channels]
        return (np.where(values > 0, WHITE, 0).astype(np.uint8) if channels == 1 else values), feed
