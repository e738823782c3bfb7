"""Run kmodels in real firmware on the virtual K210, with the emulator's own input, and take the outputs bit by bit."""

from __future__ import annotations

import re
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
from tests.firmware.boards import FACTS, board_name

CRASH = "the firmware crashes"
OUTPUT = re.compile(r'"data"=(0x[0-9a-f]+), "size"=([0-9]+)')
"""Where an output lies and how many bytes it has, as MaixPy prints it."""
SET_UP = "import image, gc, struct, ubinascii\n"
OPEN_CAMERA = (
    "import lcd, sensor\nlcd.init()\nsensor.reset()\nsensor.set_pixformat(sensor.RGB565)\n"
    "sensor.set_framesize(sensor.QVGA)\nsensor.run(1)\ngc.collect()\n"
)
MAIXPY_LOAD = "import KPU as kpu\ntask = kpu.load('/sd/{name}.kmodel')\n"
MAIXPY_RUN = "result = kpu.forward(task, source)\nprint(result)\nprint('first', result[0])\n"
BOXES = """
for box in kpu.run_yolo2(task, source) or ():
    print("box %d %d %d %d" % box.rect(), box.classid(), "%.6f" % box.value())
"""
CANMV_LOAD = "from maix import KPU\ntask = KPU()\ntask.load_kmodel('/sd/{name}.kmodel')\n"
CANMV_RUN = "task.run_with_output(source)\n"
LONGEST_LIST = 8192
"""Numbers of an output that the Python heap of CanMV takes as a list, next to a picture of 320x240."""
CANMV_LIST = """
result = task.run_with_output(source, True)
for start in range(0, len(result), 64):
    part = result[start:start + 64]
    print('values', ubinascii.hexlify(struct.pack('<%df' % len(part), *part)).decode())
"""
LIST_INPUT = """
with open('/sd/{name}.bin', 'rb') as file:
    table = struct.unpack('<256f', file.read(1024))
    source = [0.0] * {elements}
    for start in range(0, {elements}, 256):
        for offset, row in enumerate(file.read(256)):
            source[start + offset] = table[row]
"""
PICTURE_INPUT = "source = image.Image('/sd/{name}.bmp')\nsource.pix_to_ai()\n"


def black(width: int, height: int) -> NDArray[np.uint8]:
    """Return a black frame."""
    return np.zeros((height, width, 3), np.uint8)


class RefusedModel(Exception):
    """The firmware refused a model or its input; the text is what it printed, or CRASH."""


class ModelBoard:
    """A board behind the boot of an image, with models on its card; each run starts there again."""

    def __init__(
        self,
        image: Path,
        folder: Path,
        models: Sequence[Path],
        camera: bool = False,
        picture: NDArray[np.uint8] | None = None,
    ) -> None:
        """Boot a board and save its state.

        folder: takes the card and the saved state.
        camera: panel and camera are open, as the app has them.
        picture: the input of networks of colours, (height, width, 3), in place of random pixels.
        """
        self.picture = picture
        self.image, self.name = read_image(image), board_name(image)
        self.card, self.state = folder / "card", folder / "state"
        self.canmv, self.camera = FACTS[image].api == "canmv", camera
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
        """Return "" when the firmware loads a model, else the last line of the error, or CRASH."""
        try:
            self._execute(self._load(model), 20)
        except RefusedModel as refusal:
            return str(refusal).splitlines()[-1]
        return ""

    def run(self, model: Path) -> list[tuple[bytes, bytes]]:
        """Run one inference.

        Returns each output twice: its bytes in the firmware, and those that the emulator computes.
        Raises RefusedModel when the firmware does not load the model or does not take its input.
        """
        _, values, source = self.inputs[model]
        kmodel = load(model, runtime="canmv" if self.canmv else "maixpy")
        program = self._load(model)
        if self.canmv:
            as_list = kmodel.outputs[0].elements <= LONGEST_LIST
            printed, board = self._execute(f"{program}{source}{CANMV_LIST if as_list else CANMV_RUN}", 120)
            expected = [np.asarray(output).tobytes() for output in kmodel.run(values)]
            # CanMV does not tell where an output lies, so the one that it has no list for is searched for.
            content = board.chip.memory.data.tobytes()
            pairs = [(output if output in content else b"", output) for output in expected]
            if as_list:
                words = [line[7:] for line in printed.splitlines() if line.startswith("values ")]
                pairs[0] = (bytes.fromhex("".join(words)), expected[0])
            return pairs

        if kmodel.version == 4:
            for number, output in enumerate(kmodel.outputs):
                channels, height, width = ([1, 1, *(output.shape or (output.elements,))])[-3:]
                program += f"kpu.set_outputs(task, {number}, {width}, {height}, {channels})\n"
        program += f"gc.collect()\n{source}{MAIXPY_RUN}"
        program += "".join(f"print(kpu.get_output(task, {number}))\n" for number in range(1, len(kmodel.outputs)))
        printed, board = self._execute(program, 120)
        # A large output does not fit into Python's heap as numbers, so the bytes are read where the firmware has them.
        memory = board.chip.memory
        seen = [memory.view(int(address, 16), int(size)).tobytes() for address, size in OUTPUT.findall(printed)]
        expected = [np.asarray(output).tobytes() for output in kmodel.run(values)]
        assert len(seen) == len(expected), printed
        # It is the right memory: a script reads the same number there.
        kind = "<f4" if kmodel.outputs[0].dtype == "float32" else "u1"
        first = float(printed.split("first ")[1].split()[0])
        assert np.isclose(first, float(np.frombuffer(seen[0], kind)[0]), rtol=1e-4, equal_nan=True), printed
        # The firmware rounds the size of some outputs up.
        return [(data[: len(output)], output) for data, output in zip(seen, expected, strict=True)]

    def boxes(
        self, model: Path, anchors: tuple[float, ...], threshold: float, nms: float
    ) -> tuple[list[tuple[float, ...]], NDArray[np.float32]]:
        """Run a detector by MaixPy's run_yolo2.

        Returns its boxes (x, y, w, h, class, score), and the output of the network that the emulator computes.
        Raises RefusedModel as `run`.
        """
        _, values, source = self.inputs[model]
        kmodel = load(model)
        program = self._load(model)
        if kmodel.version == 4:
            channels, height, width = (kmodel.outputs[0].shape or ())[-3:]
            program += f"kpu.set_outputs(task, 0, {width}, {height}, {channels})\n"
        program += f"kpu.init_yolo2(task, {threshold}, {nms}, {len(anchors) // 2}, {anchors})\n{source}{BOXES}"
        printed, _ = self._execute(program, 120)
        lines = [line.split()[1:] for line in printed.splitlines() if line.startswith("box ")]
        return [tuple(map(float, line)) for line in lines], np.asarray(kmodel.run(values)[0])

    def _load(self, model: Path) -> str:
        return (CANMV_LOAD if self.canmv else MAIXPY_LOAD).format(name=self.inputs[model][0])

    def _execute(self, program: str, seconds: float) -> tuple[str, VirtualBoard]:
        board = self.start()
        try:
            printed, error = board.execute(program, seconds)
        except TimeoutError as timeout:
            if "core dump" in str(timeout):
                raise RefusedModel(CRASH) from None
            raise
        if error:
            raise RefusedModel((printed + error).strip())
        return printed, board

    def _input(self, kmodel: KModel, name: str) -> tuple[NDArray[Any], str]:
        """Write the input of a model to the card; return its values and the program that makes `source` of it."""
        tensor, random = kmodel.inputs[0], np.random.default_rng(int(name))
        if tensor.dtype != "uint8":
            # The numbers come from a table, because Python's heap does not take tens of thousands of different ones.
            # The table is binary: the firmware's own reading of decimal numbers is not exact to the last bit.
            table = random.normal(0, 2, 256).astype("<f4")
            rows = random.integers(0, 256, tensor.elements).astype(np.uint8)
            (self.card / f"{name}.bin").write_bytes(table.tobytes() + rows.tobytes())
            return table[rows].reshape(tensor.shape), LIST_INPUT.format(name=name, elements=tensor.elements)

        _, channels, height, width = tensor.shape or ()
        if channels == 1:
            # The firmware takes a bitmap of eight bits as it is; its flavours make different grey levels of colours.
            pixels = random.integers(0, 256, (height, width)).astype(np.uint8)
            values = pixels[None]
        else:
            # Only colours that RGB565 has: the firmware must not round them.
            five, six = random.integers(0, 32, (height, width, 3)), random.integers(0, 64, (height, width))
            if self.picture is not None:
                five, six = self.picture.astype(int) >> 3, self.picture[:, :, 1].astype(int) >> 2
            pixels = ((five * 255 + 15) // 31).astype(np.uint8)
            pixels[:, :, 1] = (six * 255 + 31) // 63
            values = pixels.transpose(2, 0, 1)
        Picture.fromarray(pixels).save(self.card / f"{name}.bmp")
        return values, PICTURE_INPUT.format(name=name)
