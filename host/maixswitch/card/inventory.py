"""What is on a card, model by model: order, title, kind, size, and on which firmwares it fits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from maixswitch.card.options import Options
from maixswitch.card.reading import Card, Model
from maixswitch.console import left, visible, width
from maixswitch.kmodel.judge.memory import kib, memory, rooms
from maixswitch.language import tr

Row = dict[str, Any]


def rows(card: Path) -> list[Row]:
    """A JSON-able row for every model, in the button's order; MaixSwitchError when it is no card.

    ``bytes``: of the kmodel; ``need``: of the system heap, once it is loaded and runs; ``room``: bytes that each of the
    common firmwares leaves for it, beside a 320x240 camera and a panel; ``fits``: those that it fits; ``of``: how many
    there are, 0 where the model cannot be read; ``problems``: what the board's parser says.
    """
    return [_row(at, model) for at, model in enumerate(Card(card, None).models, 1)]


def _row(at: int, model: Model) -> Row:
    spec = model.spec
    judged = [memory(model.kmodel, item) for item in Options().flavours] if model.kmodel else []
    return {
        "position": at,
        "folder": model.folder,
        "title": model.title,
        "kind": spec.kind,
        "input": [spec.width, spec.height, spec.channels] if spec.width else None,
        "labels": model.classes,
        "bytes": model.size or int(spec.size),
        "need": max((item.need + item.region for item in judged), default=0),
        "room": {item.firmware.name: item.room.bytes for item in judged},
        "fits": [item.firmware.name for item in judged if item.verdict.fits],
        "of": len(judged),
        "problems": [list(problem) for problem in spec.problems],
    }


def table(found: list[Row]) -> list[str]:
    """The rows for people; columns as wide as their widest cell."""
    head = ("#", tr("folder"), tr("title"), tr("kind"), tr("size"), tr("takes"), tr("fits"))
    lines: list[tuple[str, ...]] = [head]
    for row in found:
        fits = f"{len(row['fits'])}/{row['of']}" if row["of"] else "-"
        if row["problems"]:
            fits = tr("{count} problems", count=len(row["problems"]))
        size, need = (f"{kib(row[name])} KiB" for name in ("bytes", "need"))
        folder, title = visible(row["folder"]), visible(row["title"])
        lines.append((str(row["position"]), folder, title, row["kind"] or "-", size, need if row["of"] else "-", fits))
    return [*("  ".join(columns).rstrip() for columns in _aligned(lines)), rooms(Options().rooms)]


def _aligned(lines: list[tuple[str, ...]]) -> list[list[str]]:
    widths = [max(width(line[column]) for line in lines) for column in range(len(lines[0]))]
    return [[left(cell, columns) for cell, columns in zip(line, widths, strict=True)] for line in lines]
