"""Rules that compare a network's input with the camera's picture of 320x240."""

from __future__ import annotations

from collections.abc import Iterator

from maixswitch.card.options import Options
from maixswitch.card.reading import Card, Model
from maixswitch.card.text import is_window
from maixswitch.findings.finding import Finding, finding
from maixswitch.kmodel.judge.memory import kib
from maixswitch.language import tr

RESERVE_KIB = 64
"""The part of Python's heap that the running app needs itself (docs/cost.md), with some reserve."""


def look(card: Card, options: Options) -> Iterator[Finding]:
    """Judge the models whose model.json states an input size."""
    # A stage's input is a part of the picture, cut and resized for each box.
    for model in card.models:
        if model.spec is not None and model.spec.width:
            yield from resized(model, options)


def heap_bytes(width: int, height: int, channels: int) -> int:
    """Return the bytes of heap that a converted frame takes: its pixels, and the planes for the KPU."""
    size = width * height
    if channels == 1:
        return (0 if is_window(width, height) else size * 2) + size * 2
    return size * 2 + size * 3


def resized(model: Model, options: Options) -> Iterator[Finding]:
    """Judge whether the picture must be converted for every frame, and whether the heap has room for that."""
    width, height, channels = model.spec.width, model.spec.height, model.spec.channels
    # The camera passes such a window to the KPU without a copy in Python's heap.
    if is_window(width, height) and channels == 3:
        return
    need = heap_bytes(width, height, channels)
    # Take the largest heap, because the error must be true for every firmware that is judged.
    heap = max(options.gc_kib or item.gc_kib for item in options.flavours)
    size = f"{width}x{height}x{channels}"
    if need > (heap - RESERVE_KIB) * 1024:
        limit = tr("at most {room} KiB", room=heap - RESERVE_KIB)
        yield finding("C302", model.json, "input", tr("{size}: {need} KiB", size=size, need=kib(need)), limit)
    else:
        yield finding("C301", model.json, "input", tr("{size}: {need} KiB", size=size, need=kib(need)))
