"""Chapter 3: the line's sum over a window of nine pixels, computed by the emulated KPU."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from maixswitch.guide.chapter import Chapter, Settings, refuse, table
from maixswitch.guide.svg import INK, ORANGE, Drawing
from maixswitch.kmodel import load
from maixswitch.kmodel.judge.timing import DEFAULT
from maixswitch.kmodel.write.quantize import Scale, quantize_conv
from maixswitch.kmodel.write.writer import KModelWriter
from maixswitch.language import word

Floats = NDArray[np.float64]
BYTES = Scale(1.0)
"""Bytes that stand for themselves."""
DARK, BRIGHT, SIDE = 20, 200, 8
KERNELS: tuple[tuple[tuple[float, ...], ...], ...] = (
    ((0, 0, 0), (0, 1, 0), (0, 0, 0)),
    ((1 / 9,) * 3,) * 3,
    ((-1 / 3, 0, 1 / 3),) * 3,
    ((-1 / 3,) * 3, (0,) * 3, (1 / 3,) * 3),
    ((0, -1, 0), (-1, 5, -1), (0, -1, 0)),
)
"""0 nothing, 1 blur, 2 brighter to the right, 3 brighter below, 4 sharpen."""
EDGE = 2
SPOT = (3, 2)
"""Row and column of the window that the page computes by hand: at the left edge of the square."""
WEIGHTS = (0.3, 0.59, 0.11)
"""How bright red, green and blue look: a 1x1 layer from three channels to one."""


def picture() -> NDArray[np.uint8]:
    """Return a bright square on dark ground."""
    pixels = np.full((SIDE, SIDE), DARK, np.uint8)
    pixels[2:6, 2:6] = BRIGHT
    return pixels


def exact(kernel: Floats, pixels: NDArray[np.uint8]) -> Floats:
    """Return the sums of all windows in real numbers; the border is filled with 0, as the KPU does."""
    padded = np.pad(pixels.astype(np.float64), 1)
    size = pixels.shape[0]
    shifted = [[padded[y : y + size, x : x + size] * kernel[y, x] for x in range(3)] for y in range(3)]
    total: Floats = np.sum(shifted, axis=(0, 1))
    return total


def on_kpu(kernel: Floats, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return what a KPU layer with this kernel writes, in the emulator; weights and results have eight bits."""
    net = KModelWriter(1, *pixels.shape)
    part = quantize_conv(kernel[None, None], np.zeros(1), BYTES, BYTES)
    net.output(net.conv(net.input, part, to_main=True))
    result: NDArray[np.uint8] = load(net.build()).run(pixels)[0].reshape(pixels.shape)
    return result


def mixed() -> tuple[int, int, int]:
    """Return what the KPU makes of pure red, green and blue with a 1x1 layer of WEIGHTS."""
    net = KModelWriter(3, 4, 4)
    kernel = np.array(WEIGHTS)[None, :, None, None]
    net.output(net.conv(net.input, quantize_conv(kernel, np.zeros(1), BYTES, BYTES), to_main=True))
    model, pixels = load(net.build()), np.zeros((3, 4, 4), np.uint8)
    for channel in range(3):
        pixels[channel, 0, channel] = 255
    red, green, blue = (int(value) for value in model.run(pixels)[0][:3])
    return red, green, blue


@cache
def layers_of(size: int) -> int:
    """Return the number of KPU layers that `maixswitch convert` writes for one convolution of this kernel size."""
    import onnx

    from maixswitch.convert.graph.pixels import in_pixels
    from maixswitch.convert.lower.lower import lower
    from maixswitch.convert.quantise.sketch import sketch
    from maixswitch.convert.read.onnx_reader import read
    from maixswitch.guide.network import convolution

    with TemporaryDirectory() as folder:
        path = Path(folder, "net.onnx")
        onnx.save(convolution(np.ones((1, 1, size, size)), 0.0, 16), path)
        return sum(layer.type.name == "k210_conv" for layer in load(lower(sketch(in_pixels(read(path)))).data).layers)


def _grid(values: NDArray[np.uint8] | Floats) -> str:
    return table([[f"{value:.0f}" for value in row] for row in values])


def text(settings: Settings) -> str:
    number = settings["kernel"]
    if number not in range(len(KERNELS)):
        raise refuse("kernel", number, f"0..{len(KERNELS) - 1}")
    kernel, pixels = np.array(KERNELS[int(number)], np.float64), picture()
    return "\n".join(
        (
            word("kernel"),
            table([[f"{value:.2f}" for value in row] for row in kernel]),
            word("picture"),
            _grid(pixels),
            word("result in real numbers"),
            _grid(exact(kernel, pixels)),
            word("result on the KPU, in eight bits"),
            _grid(on_kpu(kernel, pixels)),
        )
    )


def values() -> dict[str, str]:
    kernel, pixels = np.array(KERNELS[EDGE]), picture()
    row, column = SPOT
    lanes, clock = 64, DEFAULT.clock_mhz.typical
    right, left = int(pixels[row, column + 1]), int(pixels[row, column - 1])
    red, green, blue = mixed()
    return {
        "dark": str(DARK),
        "bright": str(BRIGHT),
        "right": str(right),
        "left": str(left),
        "sum": f"{exact(kernel, pixels)[row, column]:.0f}",
        "kpu": str(on_kpu(kernel, pixels)[row, column]),
        "negative": f"{exact(kernel, pixels)[row, 6]:.0f}",
        "negative-kpu": str(on_kpu(kernel, pixels)[row, 6]),
        "red-weight": f"{WEIGHTS[0]:g}",
        "green-weight": f"{WEIGHTS[1]:g}",
        "blue-weight": f"{WEIGHTS[2]:g}",
        "red": str(red),
        "green": str(green),
        "blue": str(blue),
        "lanes": str(lanes),
        "macs3": str(lanes * 9),
        "clock": f"{clock:.0f}",
        "tera": f"{lanes * 9 * clock / 1e6:.2f}",
        "layers5": str(layers_of(5)),
        "layers7": str(layers_of(7)),
    }


def pictures() -> dict[str, str]:
    kernel, pixels = np.array(KERNELS[EDGE]), picture()
    drawing = Drawing(720, 264)
    size, top = 29, 18
    row, column = SPOT
    drawing.cells(14, top, pixels.tolist(), size)
    drawing.rect(14 + (column - 1) * size, top + (row - 1) * size, 3 * size, 3 * size, "none", ORANGE)
    drawing.rect(15 + (column - 1) * size, top + 1 + (row - 1) * size, 3 * size - 2, 3 * size - 2, "none", ORANGE)
    for y in range(3):
        for x in range(3):
            drawing.rect(292 + x * 44, 66 + y * 36, 44, 36, "#fff5e6", ORANGE)
            drawing.text(314 + x * 44, 88 + y * 36, f"{kernel[y, x]:.2f}".replace("-", "\u2212"), INK, "middle", 12)
    drawing.text(358, 204, "\u03a3 x \u00b7 k", INK, "middle", 16)
    drawing.text(268, 126, "\u2192", INK, "middle", 20)
    drawing.text(450, 126, "\u2192", INK, "middle", 20)
    result = on_kpu(kernel, pixels)
    drawing.cells(474, top, result.tolist(), size)
    drawing.rect(474 + column * size, top + row * size, size, size, "none", ORANGE)
    drawing.rect(475 + column * size, top + 1 + row * size, size - 2, size - 2, "none", ORANGE)
    return {"window.svg": drawing.svg()}


CHAPTER = Chapter("A picture", text, {"kernel": EDGE}, values, pictures)
