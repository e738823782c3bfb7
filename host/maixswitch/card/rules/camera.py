"""Rules that compare the inputs of networks with the camera's picture of 320x240, and their pictures with the heap."""

from __future__ import annotations

from collections.abc import Iterator

from maixswitch import board_code
from maixswitch.card.options import Options
from maixswitch.card.reading import Card, Model
from maixswitch.card.rules.stages import upright
from maixswitch.card.text import is_window, view
from maixswitch.findings.finding import Finding, finding
from maixswitch.kmodel.judge.memory import GC_STEP_KIB, kib
from maixswitch.language import tr


def look(card: Card, options: Options) -> Iterator[Finding]:
    """Judge the models whose model.json states an input size."""
    for model in card.models:
        if model.spec is not None and model.spec.width:
            yield from resized(model, options)


def planes(width: int, height: int, channels: int) -> int:
    """Return the bytes of a picture's AI plane. The firmware pads the rows of colours to 64 pixels (py_image.c)."""
    return width * height if channels == 1 else -(-width // 64) * 64 * height * 3


def picture_bytes(width: int, height: int, channels: int, changed: bool = False) -> int:
    """Return the bytes of heap that the app takes to make a frame a network's input; 0 if it takes it as it is.

    changed: whether "pixels" changes the picture, which then must not be the one that is shown.
    """
    size = width * height
    window = is_window(width, height)
    if channels == 1:
        # The grey copy comes with the planes of a picture in colours (py_image.c).
        return (0 if window and not changed else size * 2) + size + size * 3
    return 0 if window and not changed else size * 2 + planes(width, height, channels)


def stage_bytes(stage: Model, picture: tuple[int, int]) -> tuple[int, int]:
    """Return (for a moment, all the time): the bytes of heap that a stage takes for its largest box.

    picture: width and height of the detector's input, which the largest box covers.
    """
    width, height, channels = stage.spec.width, stage.spec.height, stage.spec.channels
    own = width * height * 2 + planes(width, height, channels)
    if upright(stage):
        return 0, own
    grey = width * height * 4 if channels == 1 else 0
    return picture[0] * picture[1] * 2 + own + grey, 0


def heap_bytes(model: Model) -> int:
    """Return the bytes of heap that all pictures of a model take at a time, when its boxes are as large as can be."""
    spec = model.spec
    # The view is what a stage cuts, unless the detector's input had to be made.
    cut = view(spec.width, spec.height) if is_window(spec.width, spec.height) else (spec.width, spec.height)
    stages = [stage_bytes(stage, cut) for stage in model.stages]
    frame = picture_bytes(spec.width, spec.height, spec.channels, bool(spec.pixels))
    return frame + max((moment for moment, _ in stages), default=0) + sum(always for _, always in stages)


def resized(model: Model, options: Options) -> Iterator[Finding]:
    """Judge whether the picture must be converted for every frame, and whether the heap has room for that."""
    spec = model.spec
    own = picture_bytes(spec.width, spec.height, spec.channels, bool(spec.pixels))
    need = heap_bytes(model)
    # Take the largest heap, because the error must be true for every firmware that is judged.
    heap = max(options.gc_kib or item.gc_kib for item in options.flavours)
    room = heap - board_code.program_heap() // 1024
    size = f"{spec.width}x{spec.height}x{spec.channels}"
    if kib(need) > room:
        wanted = -(-(kib(need) + heap - room) // GC_STEP_KIB) * GC_STEP_KIB
        found = tr("{size}: {need} KiB", size=size, need=kib(need))
        if need > own:
            found = tr("{found}, {own} KiB of it for the frame, the rest for the stages", found=found, own=kib(own))
        limit = tr("at most {room} KiB", room=room)
        yield finding("C302", model.json, "input", found, limit, heap=wanted * 1024, kib=wanted)
    # The camera passes such a window to the KPU without a copy in Python's heap.
    elif own:
        yield finding("C301", model.json, "input", tr("{size}: {need} KiB", size=size, need=kib(own)))
