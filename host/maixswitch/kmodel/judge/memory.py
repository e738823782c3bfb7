"""Judges whether a model fits a board: what it takes of the system heap and the AI RAM, and what a firmware leaves.

One memory of 6 MiB holds the firmware, the Python heap (GC heap) and the system heap. Camera, LCD, model file and main
memory take their blocks from the system heap. The KPU's own 2 MiB, the AI RAM, are separate. The formulas stand in
stubs/flavours.py, and the simulated kpu.load decides by the same ones. Sources: Maix_kpu.c, sensor.c, sipeed_yolo2.c,
the disassembly of the KPU library; the free heap of firmware images on an emulated chip.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Literal

from maixswitch.kmodel.format.liveness import AiRam
from maixswitch.kmodel.format.model_file import ModelFile
from maixswitch.kmodel.format.program import Layer
from maixswitch.language import series, tr, word

from . import firmware as board
from .firmware import Firmware

Size = tuple[int, int]
Panel = Size | Literal["own"] | None
"""Width and height of an LCD in pixels; "own" for the one that the firmware was made for, None without one."""
QVGA: Size = (320, 240)
QQVGA: Size = (160, 120)
SMALLEST_GC_KIB = 256
"""The smallest Python heap to advise: users ran camera, screen and KPU with it (sipeed/MaixPy-v1_scripts issue 88).
Where the firmware cannot give a heap of the size that was asked for, it takes 128 KiB."""
GC_STEP_KIB = 16
WITHOUT_IT = "convert the network again, in a form without that layer"
YOLO_ANCHORS = 5
"""run_yolo2 of MaixPy is built for exactly five anchors: (classes + 5) x 5 channels (sipeed_yolo2.c)."""


@dataclass(frozen=True)
class Room:
    """What one firmware leaves for a model, in bytes: ``free`` at the prompt minus ``lcd`` and ``camera``."""

    firmware: Firmware
    free: int
    lcd: int
    camera: int

    @property
    def bytes(self) -> int:
        return self.free - self.lcd - self.camera

    @property
    def text(self) -> str:
        """The figure with its parts, in KiB."""
        return tr(
            "room {room} KiB = free at the prompt {free} - screen {lcd} - camera {camera}",
            room=self.bytes // 1024,
            free=self.free // 1024,
            lcd=kib(self.lcd),
            camera=kib(self.camera),
        )


def room(
    image: Firmware,
    frame: Size | None = QVGA,
    panel: Panel = "own",
    gc_kib: int | None = None,
    dual: bool = False,
) -> Room:
    """The memory that a firmware leaves for a model; the arguments are those of `memory`."""
    # The app starts the screen first and the camera second. A block may use the rest of the page of the block before.
    size = image.panel if panel == "own" else panel
    screen = (board.lcd_bytes(*size),) if size else ()
    camera = board.camera_parts(*frame, dual and image.doubles) if frame else ()
    lcd, both = (board.growth([*screen, *more]) for more in ((), camera))
    return Room(image, image.free_bytes(gc_kib), lcd, both - lcd)


def rooms(items: Iterable[Room]) -> str:
    """One line on the memory that each firmware leaves for a model, with its parts."""
    texts = [
        f"{item.firmware.name} {item.bytes // 1024} ({item.free // 1024} - {kib(item.lcd)} - {kib(item.camera)})"
        for item in items
    ]
    return tr("Room for a model in KiB (free at the prompt - screen - camera): {rooms}", rooms=series(texts))


@dataclass(frozen=True)
class Region:
    """The output of a YOLOv2 network as run_yolo2 takes it: width and height of its grid in cells, classes."""

    width: int
    height: int
    classes: int

    @property
    def bytes(self) -> int:
        """System heap that run_yolo2 takes while it runs."""
        return board.region_bytes(self.width, self.height, YOLO_ANCHORS, self.classes)


@dataclass(frozen=True)
class Verdict:
    """Whether the model fits one firmware.

    kind: "fits", "gc" (only with a smaller Python heap of ``gc_kib``), "large" (``missing`` bytes are lacking),
        "version" (the firmware does not support this kmodel version), "forward" (its kpu.forward refuses pictures for
        this version), "layer" (no firmware runs one of the layers) or
        "limit" (the file is larger than any firmware loads).
    text: the verdict in words.
    remedy: what would help, "" if the model fits.
    smaller_frame: True if the remedy is a smaller camera frame.
    """

    kind: str
    text: str
    missing: int = 0
    gc_kib: int | None = None
    remedy: str = ""
    smaller_frame: bool = False

    @property
    def fits(self) -> bool:
        return self.kind == "fits"


@dataclass(frozen=True)
class Memory:
    """What a model takes on one firmware; every number but KiB is in bytes.

    room: what is left for a model with a Python heap of ``gc_kib`` KiB.
    parts: name -> bytes of the blocks that the loader allocates (model file, model context, main memory).
    need: what kpu.load takes of the room. Like ``region``, it counts how far the free heap falls, in steps of 4 KiB.
    region: what one run_yolo2 takes in addition, 0 if the model has no such output.
    panel: width and height of the LCD, None without one.
    ai_ram: the KPU's own memory, layer by layer.
    """

    firmware: Firmware
    room: Room
    parts: dict[str, int]
    need: int
    region: int
    gc_kib: int
    panel: Size | None
    ai_ram: AiRam
    verdict: Verdict

    @property
    def left(self) -> int:
        """Bytes that stay free when most is in use; negative if bytes are missing."""
        return self.room.bytes - self.need - self.region

    @property
    def account(self) -> str:
        """A sentence on where the room comes from and what the model takes of it, in KiB."""
        text = tr("{room}; the model takes {need}", room=self.room.text, need=kib(self.need))
        return text + (tr(", boxes {region}", region=kib(self.region)) if self.region else "")


def region(kmodel: ModelFile) -> Region | None:
    """The YOLOv2 region of a model, or None if its output is of another kind or of unknown shape."""
    # run_yolo2 decodes one output (sipeed_yolo2.c), so a network of several is another kind of detector.
    if len(kmodel.outputs) != 1:
        return None
    tensor = kmodel.outputs[0]
    shape = tensor.shape[-3:] if tensor.shape else ()
    # Flat or quantised outputs have no cells.
    if len(shape) != 3 or prod(shape) != tensor.elements or tensor.dtype != "float32":
        return None
    channels, height, width = shape
    classes = channels // YOLO_ANCHORS - 5
    # A grid of one cell is more likely a classifier whose number of channels happens to fit.
    if channels % YOLO_ANCHORS or classes < 1 or width * height < 2:
        return None
    return Region(width, height, classes)


def memory(
    kmodel: ModelFile,
    flavour: str | Firmware,
    frame: Size | None = QVGA,
    panel: Panel = "own",
    gc_kib: int | None = None,
    dual: bool = False,
    forward: bool = False,
    stages: Sequence[ModelFile] = (),
) -> Memory:
    """The memory of a model on one firmware flavour, and the verdict.

    frame: width and height of the camera frame in pixels, None without a camera.
    panel: width and height of the LCD, see ``Panel``.
    gc_kib: size of the Python heap in KiB, None for the firmware's own.
    dual: True for two camera buffers.
    forward: True if pictures are given to kpu.forward, as for every network that run_yolo2 does not decode.
    stages: the networks that run on each box of this one. They are loaded beside it, so the memory is the sum.
    Raises MaixSwitchError (usage) for an unknown flavour.
    Sources: the disassembly of the KPU library (blocks of the loader), sensor.c and lcd.init (buffers), firmware images
    (free heap, see ``Firmware.source``).
    """
    image = board.find(flavour) if isinstance(flavour, str) else flavour
    grid = None if forward else region(kmodel)
    # The user may have changed the heap, which the firmware keeps over a reset.
    chosen = image.gc_kib if gc_kib is None else gc_kib
    size = image.panel if panel == "own" else panel
    # The app starts the screen and the camera before it loads the model, so their memory is taken first.
    budget = _Budget(
        kmodels=(kmodel, *stages),
        image=image,
        parts=blocks((kmodel, *stages)),
        panel=size,
        region=grid.bytes if grid else 0,
        frame=frame,
        dual=dual,
        gc_kib=chosen,
        forward=forward,
    )
    need, boxes = budget.taken(frame)
    left_for_model = room(image, frame, size, chosen, dual)
    return Memory(image, left_for_model, budget.parts, need, boxes, chosen, size, kmodel.ai_ram, budget.verdict())


def blocks(kmodels: Sequence[ModelFile]) -> dict[str, int]:
    """Name -> bytes of the blocks that the loader allocates for a model, and then for each of its stages."""
    parts = {}
    for at, kmodel in enumerate(kmodels):
        for name, size in board.need_parts(kmodel.version, kmodel.file_size, kmodel.main_mem).items():
            parts[f"{name} {at + 1}" if at else name] = size
    return parts


def forwarded(kmodel: ModelFile) -> bool:
    """Does a network that no model.json describes get its pictures by kpu.forward, by its input and output?"""
    return region(kmodel) is None and kmodel.inputs[0].dtype == "uint8"


def unknown_layer(kmodel: ModelFile) -> Layer | None:
    """The first layer that the file format names and no firmware runs, if there is one."""
    return next((layer for layer in kmodel.layers if not layer.type.known), None)


def kib(size: int) -> int:
    """Bytes as whole KiB, rounded up."""
    return -(-size // 1024)


@dataclass(frozen=True)
class _Budget:
    """The figures of one model and its stages on one firmware; ``verdict`` says what would make them fit."""

    kmodels: tuple[ModelFile, ...]
    image: Firmware
    parts: dict[str, int]
    panel: Size | None
    region: int
    frame: Size | None
    dual: bool
    gc_kib: int
    forward: bool

    def taken(self, frame: Size | None) -> tuple[int, int]:
        """Bytes by which the free heap falls for kpu.load and for one run_yolo2, after LCD and camera."""
        # The allocator works in pages, so only the differences between whole sequences of blocks are right.
        before = [board.lcd_bytes(*self.panel)] if self.panel else []
        before += board.camera_parts(*frame, self.dual and self.image.doubles) if frame else ()
        loaded = [*before, *self.parts.values()]
        run = [*loaded, self.region] if self.region else loaded
        started, with_model, with_boxes = board.growth(before), board.growth(loaded), board.growth(run)
        return with_model - started, with_boxes - with_model

    def missing(self, frame: Size | None, gc_kib: int) -> int:
        """Number of missing bytes; negative if some are left."""
        return sum(self.taken(frame)) - room(self.image, frame, self.panel, gc_kib, self.dual).bytes

    def heap_for(self, frame: Size | None) -> int | None:
        """The largest Python heap in KiB with which everything fits, below the present one; None if it is too small."""
        # The heap shrinks by what is missing, in the steps that the firmware takes.
        heap = (self.gc_kib - kib(self.missing(frame, self.gc_kib))) // GC_STEP_KIB * GC_STEP_KIB
        return heap if SMALLEST_GC_KIB <= heap < self.gc_kib else None

    def verdict(self) -> Verdict:
        # The version, the types of layers and the size of the file come first, because more memory would not help.
        limit = board.file_limit()
        # All parts of an entry are loaded one after the other; the stages always run by kpu.forward.
        v4 = [at for at, kmodel in enumerate(self.kmodels) if kmodel.version == 4]
        if v4 and not self.image.v4:
            able = ", ".join(item.name for item in board.firmwares() if item.v4)
            return Verdict(
                "version",
                tr("kmodel v4 is not supported by this firmware (load error 2002)"),
                remedy=tr("take a firmware that runs v4 ({able}), or convert again to kmodel v3", able=able),
            )
        if any(at or self.forward for at in v4) and not self.image.forwards_v4:
            return Verdict(
                "forward",
                tr("loads, but kpu.forward of this version refuses pictures for kmodel v4"),
                remedy=tr("take v0.6.2 or later, or convert again to kmodel v3"),
            )
        strange = next((layer for kmodel in self.kmodels if (layer := unknown_layer(kmodel)) is not None), None)
        if strange is not None:
            return Verdict(
                "layer", tr("loads, but no firmware runs {strange}", strange=strange), remedy=word(WITHOUT_IT)
            )
        largest = max(kmodel.file_size for kmodel in self.kmodels)
        if largest > limit:
            return Verdict(
                "limit",
                tr("the file is larger than the {limit} bytes that any firmware loads (load error 2003)", limit=limit),
                largest - limit,
                remedy=tr("make the network smaller"),
            )
        # Then the memory is judged, with the easiest remedy that is enough.
        missing = self.missing(self.frame, self.gc_kib)
        if missing <= 0:
            return Verdict("fits", tr("fits, {missing} KiB left", missing=-missing // 1024))
        reason = tr("too large by {missing} KiB", missing=kib(missing))
        if missing <= self.taken(self.frame)[1]:
            reason = tr("loads, but run_yolo2 lacks {missing} KiB", missing=kib(missing))
        # A smaller Python heap comes first: it needs one line at the prompt and leaves the program as it is.
        heap = self.heap_for(self.frame)
        if heap is not None:
            return Verdict(
                "gc",
                tr("{reason}; fits only with a GC heap of {heap} KiB", reason=reason, heap=heap),
                missing,
                heap,
                tr("Maix.utils.gc_heap_size({heap}), then reset", heap=heap * 1024),
            )
        # A smaller camera frame changes the program, so it is only offered if the heap alone is not enough.
        remedy = self._smaller_frame()
        if remedy:
            return Verdict("large", reason, missing, remedy=remedy, smaller_frame=True)
        remedy = tr("a network that is {missing} KiB smaller", missing=kib(missing))
        return Verdict("large", reason, missing, remedy=remedy)

    def _smaller_frame(self) -> str:
        """The remedy of a smaller camera frame; "" if that is not enough."""
        # Only the smallest usual frame is tried, and only if the frame is larger now.
        if self.frame and prod(self.frame) > prod(QQVGA):
            small = tr("a camera frame of 160x120 (in a script of your own; MaixSwitch stays at 320x240)")
            if self.missing(QQVGA, self.gc_kib) <= 0:
                return small
            heap = self.heap_for(QQVGA)
            if heap is not None:
                return tr("a GC heap of {heap} KiB and {small}", heap=heap, small=small)
        return ""


def advice(kmodel: ModelFile, frame: Size | None = QVGA, panel: Panel = "own") -> list[str]:
    """Remedies for the firmwares that the model does not fit, the easiest first; [] if it fits all."""
    # With such a layer no memory helps, and other advice would mislead.
    if unknown_layer(kmodel) is not None:
        return [word(WITHOUT_IT)]
    judged = [memory(kmodel, image, frame, panel, forward=forwarded(kmodel)) for image in board.firmwares()]
    fitting = [item.firmware.name for item in judged if item.verdict.fits]
    if len(fitting) == len(judged):
        return []
    # Where one firmware takes the model as it is, changing the firmware is easier than changing the network.
    if fitting:
        return [tr("fits as it is: {fitting}", fitting=series(fitting)), *_grouped(judged, "gc")]
    lines = _grouped(judged, "gc")
    lines += _grouped([item for item in judged if item.verdict.smaller_frame], "large")
    # The firmware that lacks least shows how far the network is from fitting.
    closest = min((item for item in judged if item.verdict.kind == "large"), key=lambda item: -item.left, default=None)
    if closest is not None:
        lines.append(
            tr("a network that is {left} KiB smaller, on {name}", left=kib(-closest.left), name=closest.firmware.name)
        )
    # load_flash takes only version 3, and it is slow, so it comes last.
    if kmodel.version == 3:
        lines.append(
            tr(
                "kpu.load_flash() with a word-swapped copy in the flash chip: only the main memory "
                "({main_mem} KiB) and small buffers go into the heap, and a run takes 2 to 2.7 times "
                "as long (bbs.sipeed.com topic 1811)",
                main_mem=kib(kmodel.main_mem),
            )
        )
    return lines


def _grouped(judged: list[Memory], kind: str) -> list[str]:
    """Firmwares with the same remedy in one line."""
    groups: dict[str, list[str]] = {}
    for item in judged:
        if item.verdict.kind == kind:
            remedy = item.verdict.remedy
            if kind == "gc":
                remedy = tr("a GC heap of {heap} KiB: {remedy}", heap=item.verdict.gc_kib, remedy=remedy)
            groups.setdefault(remedy, []).append(item.firmware.name)
    return [tr("{names} with {remedy}", names=series(names), remedy=remedy) for remedy, names in groups.items()]
