"""Everything that `maixswitch kmodel info` says about a file, as one document that JSON can hold."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from maixswitch.errors import KModelError
from maixswitch.kmodel.format.airam import ROWS, SIZE
from maixswitch.kmodel.format.layer_facts import batches, conv_of, layer_title, parameters
from maixswitch.kmodel.format.liveness import AiRam
from maixswitch.kmodel.format.program import AI_RAM, MAX_FILE, Tensor, Use
from maixswitch.kmodel.format.sniff import Kind, file_kind
from maixswitch.kmodel.run.model import KModel, load, read_file
from maixswitch.kmodel.run.runtimes import MAIXPY
from maixswitch.language import tr, word

from . import consistency
from . import firmware as board
from .firmware import Firmware
from .ignored import change, ignored
from .ignored import names as layer_names
from .memory import QVGA, YOLO_ANCHORS, Memory, Panel, Size, advice, forwarded, memory, region
from .nature import cells, nature
from .timing import LayerTime, Spread, Timing, timing

SCHEMA = 1
ESTIMATE_NOTE = "an estimate from published figures, not a measurement of this model"
CONVERTERS = (
    "nncase 0.1.0-rc5 (its ncc writes kmodel v3, which every firmware runs) or nncase 0.2.0-beta4 (kmodel v4, for the "
    "firmwares that support it); newer ones write v5 and later"
)
Document = dict[str, Any]


def describe_file(
    path: Path,
    frame: Size | None = QVGA,
    panel: Panel = "own",
    flavours: Sequence[str | Firmware] = (),
    gc_kib: int | None = None,
) -> Document:
    """Describes any file. A file that is not a model gets ``usable`` false, ``message`` and perhaps ``converter``.

    frame: width and height of the camera frame, None without a camera.
    panel: width and height of the LCD, "own" for the firmware's own, None without one.
    flavours: the firmwares to judge, by name or as rows; all if empty.
    gc_kib: size of the Python heap in KiB, None for the firmware's own.
    Raises KModelError for a v3 or v4 file that is broken.
    """
    data = read_file(path)
    kind = file_kind(data)
    # A file that is too large to read gets the error of the loader, which names the limit.
    if not kind.usable and len(data) <= MAX_FILE:
        return describe_other(path, data, kind)
    return describe(load(data), path, kind, frame, panel, flavours, gc_kib)


def describe_broken(path: Path, error: KModelError) -> Document:
    """Describes a broken v3 or v4 file: where it is broken, what was found there and what was expected."""
    return {
        "schema": SCHEMA,
        "command": "kmodel info",
        "file": str(path),
        "kind": "broken",
        "usable": False,
        "message": error.message,
        "offset": error.offset,
        "field": error.field,
        "found": str(error.found),
        "wanted": str(error.wanted),
    }


def describe_other(path: Path, data: bytes, kind: Kind) -> Document:
    """Describes a file that this package does not run."""
    document: Document = {
        "schema": SCHEMA,
        "command": "kmodel info",
        "file": str(path),
        "bytes": len(data),
        "kind": kind.name,
        "usable": False,
        "message": kind.message,
    }
    # Newer formats hold the same network in another form, so converting again helps. Other files have no network.
    if kind.convert:
        document["converter"] = word(CONVERTERS)
    # A copy for load_flash is a usable model in another byte order, and its owner wants to know which one.
    if "word-swapped" in kind.name:
        document["inside"] = _swapped(data)
    return document


def _swapped(data: bytes) -> str:
    """A sentence about the model in a word-swapped file."""
    import numpy as np

    word_bytes = len(data) // 4 * 4
    # The last bytes that do not fill a word are kept as they are.
    plain = np.frombuffer(data, ">u4", word_bytes // 4).astype("<u4").tobytes() + data[word_bytes:]
    try:
        kmodel = load(plain)
    except KModelError as error:
        return tr("a broken model: {error}", error=error)
    shapes = tr(" and ").join(shape_text(tensor) for tensor in kmodel.inputs)
    return tr(
        "{name}, {layers} layers, input {shapes}", name=file_kind(plain).name, layers=len(kmodel.layers), shapes=shapes
    )


def describe(
    kmodel: KModel,
    path: Path,
    kind: Kind,
    frame: Size | None = QVGA,
    panel: Panel = "own",
    flavours: Sequence[str | Firmware] = (),
    gc_kib: int | None = None,
) -> Document:
    """Describes a model; arguments as in ``describe_file``. MaixSwitchError (usage) for an unknown flavour."""
    # Without a choice all firmwares are judged, because most users do not know which one is on the board. The parts
    # that do not depend on the firmware show the camera and the LCD of the first one.
    judged = [memory(kmodel, name, frame, panel, gc_kib, forward=forwarded(kmodel)) for name in flavours or names()]
    estimate = timing(kmodel, panel=judged[0].panel)
    ram = kmodel.ai_ram
    return {
        "schema": SCHEMA,
        "command": "kmodel info",
        "file": str(path),
        "bytes": kmodel.file_size,
        "kind": kind.name,
        "usable": True,
        "version": kmodel.version,
        "inputs": [_tensor(tensor) for tensor in kmodel.inputs],
        "outputs": [_tensor(tensor) for tensor in kmodel.outputs],
        "nature": nature(kmodel),
        "use": use(kmodel),
        "layers": [_layer(item, ram) for item in estimate.layers],
        "memory": _memory(kmodel, judged[0], ram, frame),
        "estimate": _estimate(estimate),
        "firmware": [judged_row(item) for item in judged],
        "advice": advice(kmodel, frame, panel),
        "notes": list(kmodel.notes),
        "warnings": _warnings(kmodel, judged),
    }


def _warnings(kmodel: KModel, judged: Sequence[Memory]) -> list[str]:
    """Layers that no firmware runs, activations that the judged firmwares ignore, and odd registers."""
    unknown = [
        tr("{layer}: no firmware runs this type", layer=layer) for layer in kmodel.layers if not layer.type.known
    ]
    # Only MaixPy ignores activations, so a user of CanMV would be confused by the warning.
    dense = ignored(kmodel) if not unknown and any(item.firmware.runtime == MAIXPY.name for item in judged) else []
    unread = (
        [tr("MaixPy ignores the activation of {layers}; {change}", layers=layer_names(dense), change=change(kmodel))]
        if dense
        else []
    )
    return [*unknown, *unread, *(str(finding) for finding in consistency.check(kmodel))]


def names() -> list[str]:
    """The names of all firmware flavours."""
    return [item.name for item in board.firmwares()]


def shape_text(tensor: Tensor) -> str:
    """Width, height, channels and type, as in "320x240x3 uint8"; flat values by their number."""
    shape = tensor.shape[-3:] if tensor.shape else (tensor.elements,)
    if len(shape) == 3:
        shape = (shape[2], shape[1], shape[0])
    return f"{'x'.join(map(str, shape))} {tensor.dtype}"


def use(kmodel: KModel) -> list[str]:
    """Sentences on how a MaixPy program calls this model."""
    lines = []
    first = kmodel.inputs[0]
    pictures = first.memory == AI_RAM
    if first.dtype == "uint8":
        lines.append(tr("feed a picture of {size}", size=shape_text(first).split()[0]))
        # MaixPy checks that the first layer is one of the KPU before it takes a picture (Maix_kpu.c).
        if not pictures:
            name = kmodel.layers[0].name
            lines.append(
                tr("MaixPy refuses every picture for it: first layer not conv layer! (it is {name})", name=name)
            )
    else:
        lines.append(tr("no picture: kpu.forward takes a list of {elements} numbers", elements=first.elements))
    named = nature(kmodel)
    if named:
        lines.append(tr("seems to be: {nature}", nature=named))
    grid = region(kmodel)
    # run_yolo2 feeds a picture, so a fitting output alone is not enough.
    if grid and pictures:
        lines.append(
            tr(
                "suits kpu.run_yolo2: {classes}, {anchors} anchors, grid {width}x{height}",
                classes=plural(grid.classes),
                anchors=YOLO_ANCHORS,
                width=grid.width,
                height=grid.height,
            )
        )
    # A map that looks like a detector's output but does not fit is a common mistake, so it gets a sentence.
    elif not grid and not named and len(kmodel.outputs) == 1 and _is_map(kmodel.outputs[0]):
        channels = (kmodel.outputs[0].shape or (0, 0, 0))[-3]
        lines.append(
            tr(
                "kpu.run_yolo2 of MaixPy cannot take its output: it has {channels} channels, "
                "expected (classes + 5) x {anchors}",
                anchors=YOLO_ANCHORS,
                channels=channels,
            )
        )
    # MaixPy does not read the output's shape from a file of version 4, so the program has to state it.
    if kmodel.version == 4:
        for index, tensor in enumerate(kmodel.outputs):
            shape = tensor.shape[-3:] if tensor.shape and len(tensor.shape) >= 3 else (tensor.elements, 1, 1)
            channels, height, width = shape
            lines.append(
                tr(
                    "call kpu.set_outputs(task, {index}, {width}, {height}, {channels}) after loading",
                    index=index,
                    width=width,
                    height=height,
                    channels=channels,
                )
            )
    return lines


def plural(classes: int) -> str:
    """A count with its noun, such as "20 classes"."""
    return tr("{classes} class", classes=classes) if classes == 1 else tr("{classes} classes", classes=classes)


def _is_map(tensor: Tensor) -> bool:
    return cells(tensor) is not None and tensor.dtype == "float32"


def _tensor(tensor: Tensor) -> Document:
    return {
        "text": shape_text(tensor),
        "memory": tensor.memory,
        "dtype": tensor.dtype,
        "shape": list(tensor.shape) if tensor.shape else None,
        "elements": tensor.elements,
        "address": tensor.address,
        "bytes": tensor.bytes,
    }


def _layer(item: LayerTime, ram: AiRam) -> Document:
    layer, conv = item.layer, conv_of(item.layer)
    document: Document = {
        "index": layer.index,
        "name": layer.name,
        "title": layer_title(layer),
        "unit": "kpu" if item.kpu else "cpu",
        "in": [_use(use) for use in layer.uses() if not use.writes],
        "out": [_use(use) for use in layer.written()],
        "parameters": parameters(layer),
        "macs": item.macs,
        "live_rows": ram.live[layer.index],
        "estimate_ms": _spread(item.us * 0.001),
    }
    if conv is not None:
        source, target = conv.input, conv.output
        # The use of the map that the KPU reads does not tell its sizes.
        document["in"][0]["shape"] = [source.channels, source.height, source.width]
        document["kpu"] = {
            "kernel": conv.kernel,
            "depthwise": conv.depthwise,
            "pool": conv.pool,
            "weight_bits": 8 * conv.weights.dtype.itemsize,
            "weight_loads": conv.registers["load_time"] + 1,
            "rows_in": [conv.source, source.rows],
            "rows_out": [conv.target, target.rows],
            "batches": batches(layer),
        }
    return document


def _use(use: Use) -> Document:
    return {
        "memory": use.memory,
        "start": use.start,
        "bytes": use.size,
        "shape": list(use.shape) if use.shape else None,
    }


def _memory(kmodel: KModel, item: Memory, ram: AiRam, frame: Size | None) -> Document:
    return {
        "file": kmodel.file_size,
        "main_memory": kmodel.main_mem,
        "load": item.parts,
        "load_total": item.need,
        "camera": {"frame": list(frame) if frame else None, "bytes": item.room.camera},
        "lcd": {"panel": list(item.panel) if item.panel else None, "bytes": item.room.lcd},
        "run_yolo2": item.region,
        "total": item.room.free - item.left,
        "ai_ram": {
            "peak_rows": ram.peak_rows,
            "peak_bytes": ram.peak_bytes,
            "peak_layer": ram.peak_layer,
            "rows": ROWS,
            "bytes": SIZE,
        },
    }


def judged_row(item: Memory) -> Document:
    """Return the verdict of one firmware, with its figures, as JSON-able values."""
    return {
        "name": item.firmware.name,
        "verdict": item.verdict.kind,
        "text": item.verdict.text,
        "version": item.firmware.version,
        "image": item.firmware.image,
        "missing": item.verdict.missing,
        "left": item.left,
        "free": item.room.free,
        "lcd": item.room.lcd,
        "camera": item.room.camera,
        "room": item.room.bytes,
        "need": item.need,
        "run_yolo2": item.region,
        "gc_kib": item.verdict.gc_kib if item.verdict.gc_kib is not None else item.gc_kib,
        "remedy": item.verdict.remedy,
        "source": item.firmware.source,
    }


def _estimate(item: Timing) -> Document:
    return {
        "note": word(ESTIMATE_NOTE),
        "macs": item.macs,
        "upload_ms": _spread(item.upload),
        "forward_ms": _spread(item.forward),
        "decode_ms": _spread(item.decode),
        "run_ms": _spread(item.run),
        "load_ms": _spread(item.load),
        "frame_ms": _spread(item.frame),
        "fps": _spread(item.fps),
    }


def _spread(value: Spread) -> Document:
    return {"low": round(value.low, 4), "typical": round(value.typical, 4), "high": round(value.high, 4)}
