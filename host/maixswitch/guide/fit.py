"""Chapter 7: what the firmware leaves for a model, and what to do when that is too little."""

from __future__ import annotations

from functools import cache

import numpy as np

from maixswitch import models_shipped
from maixswitch.guide.chapter import Chapter, Settings, refuse, table
from maixswitch.guide.svg import BLUE, GREEN, INK, ORANGE, PURPLE, RED, Drawing
from maixswitch.kmodel import load
from maixswitch.kmodel.judge.firmware import find
from maixswitch.kmodel.judge.memory import Memory, advice, memory, room
from maixswitch.kmodel.run.model import KModel
from maixswitch.kmodel.write.quantize import Scale, quantize_conv
from maixswitch.kmodel.write.writer import KModelWriter
from maixswitch.language import tr, word

TOTAL = 6 * 1024 * 1024
FIRMWARES = ("full", "minimum_with_kmodel_v4_support", "minimum")
CHANNELS, LAYERS = 384, 2
MOST = 4


def digits() -> KModel:
    """Return the demo's network of the ten digits."""
    return load(models_shipped.FOLDER / "digits" / "digits.kmodel")


@cache
def large_file(layers: int = LAYERS) -> bytes:
    """Return the kmodel of a network of 3x3 layers with CHANNELS channels: nothing but weights."""
    net = KModelWriter(CHANNELS, 4, 4)
    unit = Scale(255.0)
    value = net.input
    for at in range(layers):
        part = quantize_conv(np.zeros((CHANNELS, CHANNELS, 3, 3)), np.zeros(CHANNELS), unit, unit)
        value = net.conv(value, part, to_main=at == layers - 1)
    net.output(net.dequantize(value, unit.factor, unit.bias))
    return net.build()


def large(layers: int = LAYERS) -> KModel:
    return load(large_file(layers))


def judged(model: KModel) -> list[Memory]:
    return [memory(model, name, forward=True) for name in FIRMWARES]


def text(settings: Settings) -> str:
    layers = settings["layers"]
    if layers not in range(1, MOST + 1):
        raise refuse("layers", layers, f"1..{MOST}")
    lines = []
    for title, model in ((word("the demo's digits"), digits()), (word("large"), large(int(layers)))):
        lines += [tr("{title}: a file of {kib} KiB", title=title, kib=-(-model.file_size // 1024))]
        rows = [(word("firmware"), word("room"), word("verdict"))]
        rows += [(item.firmware.name, f"{item.room.bytes // 1024} KiB", item.verdict.text) for item in judged(model)]
        lines += [table(rows, 0, 2), ""]
    return "\n".join([*lines, word("What would help:"), *(f"- {line}" for line in advice(large(int(layers))))])


def values() -> dict[str, str]:
    full, small = room(find("full")), room(find("minimum"))
    both = {item.firmware.flavour: item for item in judged(large())}
    return {
        "total": str(TOTAL // 1024),
        "full-room": str(full.bytes // 1024),
        "full-taken": str((TOTAL - full.free) // 1024),
        "screen": str(full.lcd // 1024),
        "camera": str(full.camera // 1024),
        "minimum-room": str(small.bytes // 1024),
        "minimum-taken": str((TOTAL - small.free) // 1024),
        "digits": str(-(-digits().file_size // 1024)),
        "digits-need": str(judged(digits())[0].need // 1024),
        "large": str(-(-large().file_size // 1024)),
        "missing": str(-(-both["full"].verdict.missing // 1024)),
        "heap": str(find("full").gc_kib),
        "channels": str(CHANNELS),
        "weights": f"{LAYERS * CHANNELS * CHANNELS * 9:,}",
        "layer": str(-(-len(large_file(1)) // 1024)),
    }


def pictures() -> dict[str, str]:
    drawing = Drawing(720, 250)
    left, wide = 84, 540
    drawing.text(left, 22, "0", INK, "middle")
    drawing.text(left + wide, 22, f"{TOTAL // 1024} KiB", INK, "middle")
    for row, (name, model) in enumerate(
        (("full", digits()), ("full", large()), ("minimum", digits()), ("minimum", large()))
    ):
        space, need = room(find(name)), memory(model, name, forward=True).need
        y, x = 32 + row * 52, float(left)
        drawing.text(left - 8, y + 16, name, INK, "end", 12)
        drawing.text(left - 8, y + 31, f"{-(-model.file_size // 1024)} KiB", INK, "end", 11)
        sizes = (TOTAL - space.free, space.lcd, space.camera, need)
        for at, (size, colour) in enumerate(zip(sizes, (PURPLE, BLUE, GREEN, ORANGE), strict=True)):
            width = size / TOTAL * wide
            drawing.rect(x, y, width, 36, RED if at == 3 and need > space.bytes else colour, "#fff")
            drawing.text(x + width / 2, y + 23, str(at + 1), "#fff", "middle", 12)
            x += width
        drawing.path([(left + wide, y - 4), (left + wide, y + 40)], INK, 2)
        drawing.rect(left, y, wide, 36, "none", INK)
    return {"fit.svg": drawing.svg()}


CHAPTER = Chapter("Will it fit?", text, {"layers": LAYERS}, values, pictures)
