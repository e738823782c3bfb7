"""Chapter 5: the line of chapter 1 as a .kmodel, byte by byte, and its answer in the emulator."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from maixswitch.guide.chapter import Chapter, Settings, number, refuse, table
from maixswitch.guide.line import trained
from maixswitch.guide.network import convolution
from maixswitch.guide.svg import BLUE, GREEN, INK, ORANGE, PURPLE, QUIET, RED, Drawing
from maixswitch.kmodel import load
from maixswitch.kmodel.run.model import KModel
from maixswitch.language import tr, word

SIDE = 4
"""Width and height of the picture: the smallest that a KPU layer takes."""
FULL = 5.0
"""What the brightest pixel stands for: x = pixel * FULL / 255."""
SCALE = 0.0196078
"""FULL / 255, with the digits of the page's command, so that a reader gets the same file."""
PICTURES = 20
X, EXERCISE = 3.0, 1.5


@dataclass(frozen=True)
class Part:
    """A piece of the file: its first byte, its length, what it is, and the bytes of it that are worth reading."""

    start: int
    size: int
    name: str
    shown: tuple[tuple[int, int, str], ...] = ()
    """(start, length, meaning) each."""


def picture(values: list[float]) -> bytes:
    """Return a grey PNG of SIDE x SIDE pixels that stand for these numbers, repeated to fill it."""
    from PIL import Image

    pixels = np.resize(np.rint(np.array(values) * 255 / FULL), (SIDE, SIDE)).astype(np.uint8)
    packed = io.BytesIO()
    Image.fromarray(pixels).save(packed, "png")
    return packed.getvalue()


def files() -> dict[str, bytes]:
    """Return the network, the pictures that measure its range, and an input that is X in every pixel."""
    k, b = trained()
    files = {"line.onnx": convolution(np.array([[[[k]]]]), b, SIDE).SerializeToString(deterministic=True)}
    # Together the pictures hold the smallest and the largest x, and many between.
    for at in range(PICTURES):
        files[f"pictures/{at:02}.png"] = picture(np.linspace(0, FULL * (1 - at / 40), SIDE * SIDE).tolist())
    packed = io.BytesIO()
    np.save(packed, np.full((1, SIDE, SIDE), round(X * 255 / FULL), np.uint8))
    return {**files, "three.npy": packed.getvalue()}


@cache
def converted() -> bytes:
    """Return the kmodel that `maixswitch convert` makes of these files."""
    from maixswitch.convert.conversion import Options, convert

    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "pictures").mkdir()
        for file, data in files().items():
            (folder / file).write_bytes(data)
        network, output = folder / "line.onnx", folder / "line.kmodel"
        return convert(Options(network, output, folder / "pictures", kind="raw", scale=SCALE)).lowered.data


def model() -> KModel:
    return load(converted())


def answers(x: float) -> tuple[int, int, float, float]:
    """Return the pixel for x, the byte that the KPU writes, and the y that the emulator and real numbers give."""
    pixel = round(x * 255 / FULL)
    layers = list(model().run_layers(np.full((1, SIDE, SIDE), pixel, np.uint8)))
    k, b = trained()
    return pixel, int(layers[0][1][0].flat[0]), float(layers[-1][1][0].flat[0]), k * x + b


def parts() -> list[Part]:
    """Return the pieces of the file in their order, read from the file itself."""
    data = converted()
    words = struct.unpack_from("<7I", data)
    layers, outputs = words[3], words[6]
    table_at = 28 + 8 * outputs
    body = table_at + 8 * layers
    first = struct.unpack_from("<2I", data, table_at)
    _, _, registers, weights, norm, activation = struct.unpack_from("<6I", data, body)
    last = body + first[1]
    return [
        Part(0, 28, word("header"), (
            (0, 4, word("kmodel version")), (4, 4, word("1 means weights of eight bits")), (12, 4, word("layers")),
            (20, 4, word("bytes of main memory")), (24, 4, word("outputs")))),
        Part(28, 8 * outputs, word("output"), (
            (28, 4, word("its address in main memory")), (32, 4, word("its bytes")))),
        Part(table_at, 8 * layers, word("table of layers"), (
            (table_at, 4, word("a convolution, on the KPU")),
            (table_at + 8, 4, word("dequantize, on the processor")))),
        Part(body, 24, word("body of layer 0"), (
            (body + 8, 4, word("where its registers are")), (body + 12, 4, word("where its weights are")),
            (body + 16, 4, word("where its batch norm is")), (body + 20, 4, word("where its activation is")))),
        Part(registers, 96, word("registers"), (
            (registers + 8, 8, word("AI RAM: the rows it reads and writes")),
            (registers + 24, 8, word("widths and heights, less one")),
            (registers + 32, 8, word("kernel 1x1, no pool")))),
        Part(weights, 1, word("weight"), ((weights, 1, word("k, the only weight")),)),
        Part(norm, 8, word("batch norm"), ((norm, 8, word("multiply, shift and add")),)),
        Part(activation, 144, word("activation"), ((activation + 80, 8, word("the only piece that slopes")),)),
        Part(last, 24, word("body of layer 1"), (
            (last + 16, 4, word("units per step")), (last + 20, 4, word("what byte 0 stands for")))),
    ]  # fmt: skip


def _conv() -> Any:
    return model().layers[0].spec.conv


def _dequantize() -> Any:
    return model().layers[1].spec


def text(settings: Settings) -> str:
    x = settings["x"]
    if not 0 <= x <= FULL:
        raise refuse("x", x, f"0..{FULL:g}")
    data = converted()
    rows = [(word("at"), word("bytes"), word("meaning"))]
    for part in parts():
        for start, size, meaning in part.shown:
            rows.append(
                (
                    f"0x{start:03x}",
                    data[start : start + size].hex(" "),
                    tr("{part}: {meaning}", part=part.name, meaning=meaning),
                )
            )
    pixel, byte, y, exact = answers(x)
    lines = [
        ("x", number(x)),
        (word("pixel"), str(pixel)),
        (word("byte that the KPU writes"), str(byte)),
        (word("y in the emulator"), number(y, 4)),
        (word("k x + b in real numbers"), number(exact, 4)),
    ]
    return f"{table(rows, 0, 1, 2)}\n\n{table(lines, 0)}"


def listings() -> dict[str, str]:
    passed, (pixel, _, y, _), unit = steps(X), answers(X), number(_dequantize().scale, 5)
    rows = (
        (word("x in"), f"{X:g} -> {pixel}"),
        (word("times weight"), f"{pixel} \u00d7 {passed['weight']} = {passed['sum']}"),
        (
            word("batch norm"),
            f"({passed['sum']} \u00d7 {passed['mul']} >> {passed['shift']}) + {passed['add']} = {passed['z']}",
        ),
        (word("activation"), f"{passed['z']} / 1024 = {passed['z'] / 1024:.2f} -> {passed['out']}"),
        (word("dequantize"), f"{passed['out']} \u00d7 {unit} = {number(y, 3)}"),
    )
    commands = (
        "maixswitch guide 5 --out line\n"
        f"maixswitch convert line/line.onnx --images line/pictures --scale {SCALE} --kind raw --out line.kmodel\n"
        "maixswitch kmodel info line.kmodel\n"
        "maixswitch kmodel run line.kmodel --input line/three.npy --output out.npz"
    )
    return {"hand.txt": table(rows, 0, 1), "commands.sh": commands}


def steps(x: float) -> dict[str, int]:
    """Return the whole numbers by which the KPU gets from the pixel of x to its byte."""
    conv, norm = _conv(), _conv().norm
    pixel = answers(x)[0]
    weight = int(conv.weights.flat[0])
    total = pixel * weight
    z = (total * int(norm.mul[0]) >> int(norm.shift[0])) + int(norm.add[0])
    return {
        "weight": weight,
        "mul": int(norm.mul[0]),
        "shift": int(norm.shift[0]),
        "add": int(norm.add[0]),
        "sum": total,
        "z": z,
        "out": round(z / 1024),
    }


def values() -> dict[str, str]:
    k, b = trained()
    _, byte, y, _ = answers(X)
    kmodel, body = model(), _dequantize()
    places = dict(zip(NAMES, parts(), strict=True))
    return {
        "k": number(k, 4),
        "b": number(b, 4),
        "side": str(SIDE),
        "x": f"{X:g}",
        "full": f"{FULL:g}",
        "scale": f"{SCALE:.7f}",
        "byte": str(byte),
        "y": number(y, 3),
        "bytes": str(len(converted())),
        "used": str(sum(1 for value in converted() if value)),
        "layers": str(len(kmodel.layers)),
        "main": str(kmodel.main_mem),
        "unit": number(body.scale, 5),
        "zero": number(body.bias, 3),
        "target": str(_conv().target),
        "source": str(_conv().source),
        "source-hex": f"0x{_conv().source:04x}",
        "out-bytes": str(4 * SIDE * SIDE),
        "top": number(body.scale * 255, 2),
        "registers": f"0x{places['registers'].start:03x}",
        "weights": f"0x{places['weight'].start:03x}",
        **{name: str(steps(X)[name]) for name in ("weight", "mul", "shift", "add")},
        "exercise-pixel": str(answers(EXERCISE)[0]),
        "exercise-exact": f"{EXERCISE * 255 / FULL:g}",
        "exercise-byte": str(answers(EXERCISE)[1]),
        "exercise-y": number(answers(EXERCISE)[2]),
        "exercise-sum": str(steps(EXERCISE)["sum"]),
        "exercise-z": str(steps(EXERCISE)["z"]),
        "exercise-quotient": f"{steps(EXERCISE)['z'] / 1024:.2f}",
    }


NAMES = ("header", "output", "table", "body 0", "registers", "weight", "norm", "activation", "body 1")


def pictures() -> dict[str, str]:
    """The file as lines of 64 bytes: what each piece is has its colour and its number."""
    data = converted()
    colours = (BLUE, PURPLE, GREEN, ORANGE, BLUE, RED, PURPLE, GREEN, ORANGE)
    kinds = [-1] * len(data)
    for at, part in enumerate(parts()):
        for offset in range(part.start, min(part.start + part.size, len(data))):
            kinds[offset] = at
    size, left, top, pitch = 9.6, 60, 24, 26
    lines = -(-len(data) // 64)
    drawing = Drawing(720, top + lines * pitch + 6)
    for line in range(lines):
        drawing.text(left - 8, top + line * pitch + 12, f"0x{line * 64:03x}", QUIET, "end", 11)
    for offset, value in enumerate(data):
        kind = kinds[offset]
        fill = colours[kind] if kind >= 0 and value else "#c9d4db" if kind >= 0 else "#f1f4f6"
        drawing.rect(left + offset % 64 * size, top + offset // 64 * pitch, size - 1, 14, fill)
    for at, part in enumerate(parts()):
        x, y = left + part.start % 64 * size, top + part.start // 64 * pitch
        drawing.rect(x - 1, y - 2, 1.5, 18, INK)
        drawing.text(x + 1, y - 3, str(at + 1), INK, "start", 11)
    return {"chip.svg": drawing.svg()}


CHAPTER = Chapter("To the chip", text, {"x": X}, values, pictures, listings, files)
