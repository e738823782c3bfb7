"""`maixswitch kmodel info` of a card or a model's folder: the networks of each entry, and the sum of their memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from maixswitch.card.reading import Card, Model
from maixswitch.errors import KModelError
from maixswitch.kmodel.judge.describe import SCHEMA, judged_row, shape_text
from maixswitch.kmodel.judge.firmware import Firmware
from maixswitch.kmodel.judge.memory import Panel, Size, memory
from maixswitch.kmodel.judge.nature import nature
from maixswitch.kmodel.judge.report import firmware_table
from maixswitch.language import tr

Document = dict[str, Any]


def describe_entries(
    path: Path, frame: Size | None, panel: Panel, firmwares: Sequence[Firmware], gc_kib: int | None
) -> Document:
    """Describe each model of a card, or the one of a model's folder; the arguments are those of `describe_file`.

    Raises MaixSwitchError for a folder that is neither.
    """
    card = Card(path, None)
    models = [_entry(model, frame, panel, firmwares, gc_kib) for model in card.models]
    usable = all(model["usable"] for model in models)
    return {"schema": SCHEMA, "command": "kmodel info", "file": str(path), "kind": card.kind, "usable": usable,
            "models": models}  # fmt: skip


def _entry(
    model: Model, frame: Size | None, panel: Panel, firmwares: Sequence[Firmware], gc_kib: int | None
) -> Document:
    networks = [_network(part) for part in (model, *model.stages)]
    loaded = [part.kmodel for part in (model, *model.stages)]
    known = [kmodel for kmodel in loaded if kmodel is not None]
    rows = []
    # A sum without one of its parts would be too small.
    if len(known) == len(loaded):
        first, *rest = known
        rows = [memory(first, item, frame, panel, gc_kib, forward=model.forward, stages=rest) for item in firmwares]
    return {
        "folder": model.place,
        "title": model.title,
        "kind": str(model.spec.kind or "") if model.spec is not None else "",
        "usable": all(network["usable"] for network in networks),
        "networks": networks,
        "load": rows[0].parts if rows else {},
        "firmware": [judged_row(item) for item in rows],
    }


def _network(part: Model) -> Document:
    """Describe one network: its file, and what is in it or what is wrong with it."""
    loaded, kmodel = part.loaded, part.kmodel
    document: Document = {
        "field": f"{part.prefix}kmodel",
        "kind": str(part.spec.kind or "") if part.spec is not None else "",
        "file": part.file,
        "bytes": part.size,
        "usable": kmodel is not None,
    }
    if kmodel is None:
        missing = tr("no file of the card")
        return {**document, "message": loaded.message if isinstance(loaded, KModelError) else missing}
    return {
        **document,
        "version": kmodel.version,
        "main_memory": kmodel.main_mem,
        "inputs": [shape_text(tensor) for tensor in kmodel.inputs],
        "outputs": [shape_text(tensor) for tensor in kmodel.outputs],
        "nature": nature(kmodel),
    }


def report(document: Document) -> str:
    """Return the document as text for people."""
    return "\n\n".join("\n".join(_lines(model)) for model in document["models"]) or tr(
        "{path}: no model", path=document["file"]
    )


def _lines(model: Document) -> Iterator[str]:
    count = len(model["networks"])
    yield tr("{folder}: {title}, {kind}, networks: {count}", folder=model["folder"], title=model["title"],
             kind=model["kind"] or "-", count=count)  # fmt: skip
    for item in model["networks"]:
        name = item["file"].rpartition("/")[2] or "-"
        if not item["usable"]:
            yield f"  {item['field']}: {name}: {item['message']}"
            continue
        sizes = f"{', '.join(item['inputs'])} > {', '.join(item['outputs'])}"
        size = tr("{bytes:,} bytes + {main:,} of main memory", bytes=item["bytes"], main=item["main_memory"])
        yield f"  {item['field']}: {name}, {item['kind']}, kmodel v{item['version']}, {size}, {sizes}"
        if item["nature"]:
            yield "    " + tr("seems to be: {nature}", nature=item["nature"])
    if model["firmware"]:
        total = sum(model["load"].values())
        yield "  " + tr("loaded together: {total:,} bytes", total=total)
        yield from firmware_table(model["firmware"])
