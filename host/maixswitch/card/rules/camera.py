"""The input of a network against the camera's picture of 320x240."""

from __future__ import annotations

from collections.abc import Iterator

from maixswitch.card.options import Options
from maixswitch.card.reading import Card, Model
from maixswitch.findings.finding import Finding, finding
from maixswitch.kmodel.judge.memory import kib
from maixswitch.language import tr

RESERVE_KIB = 64
"""What the running app itself keeps of Python's heap (docs/cost.md), with a little air."""


def look(card: Card, options: Options) -> Iterator[Finding]:
    """Models whose input model.json tells."""
    for model in card.models:
        if model.spec is not None and model.spec.width:
            yield from resized(model, options)


def inside(width: int, height: int) -> bool:
    """Is a picture of this size a window of the camera's? As Camera.fit of device/hal.py decides."""
    return 128 <= width <= 320 and 96 <= height <= 240 and width % 8 == 0 and height % 8 == 0


def heap_bytes(width: int, height: int, channels: int) -> int:
    """Python heap that one frame takes when the picture is no window as it stands: pixels, then planes for the KPU."""
    size = width * height
    if channels == 1:
        return (0 if inside(width, height) else size * 2) + size * 2
    return size * 2 + size * 3


def resized(model: Model, options: Options) -> Iterator[Finding]:
    """Whether the picture has to be made anew for every frame, and whether there is room for that."""
    width, height, channels = model.spec.width, model.spec.height, model.spec.channels
    if inside(width, height) and channels == 3:
        return
    need = heap_bytes(width, height, channels)
    heap = max(options.gc_kib or item.gc_kib for item in options.flavours)
    size = f"{width}x{height}x{channels}"
    if need > (heap - RESERVE_KIB) * 1024:
        wanted = tr("at most {room} KiB", room=heap - RESERVE_KIB)
        yield finding("C302", model.json, "input", tr("{size}: {need} KiB", size=size, need=kib(need)), wanted)
    else:
        yield finding("C301", model.json, "input", tr("{size}: {need} KiB", size=size, need=kib(need)))
