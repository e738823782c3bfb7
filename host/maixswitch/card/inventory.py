"""The table of a card's models: order, title, kind, size, and the firmwares that they fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from maixswitch.card.json_text import Mistake
from maixswitch.card.options import Options
from maixswitch.card.reading import Card, Model
from maixswitch.card.rules.fit import verdicts
from maixswitch.console import left, visible, width
from maixswitch.kmodel.judge.memory import kib, rooms
from maixswitch.language import tr

Row = dict[str, Any]


def rows(card: Path, options: Options) -> list[Row]:
    """Return a JSON-able row for every model, in the button's order.

    options: the firmwares to judge for.
    Some fields of a row:
    bytes: the size of the kmodel.
    need: the bytes of system heap that the model takes while it runs.
    room: the bytes that each of these firmwares leaves for it beside a 320x240 camera and a panel.
    fits: the names of the firmwares that the model fits.
    of: the number of firmwares that were judged; 0 if the model cannot be read.
    problems: the problems that the board's parser reports.
    json: where model.json is not JSON, and why; "" if it is.

    Raises MaixSwitchError if `card` is not a card.
    """
    contents = Card(card, None)
    return [_row(at, model, options, contents.json_mistake(model.json)) for at, model in enumerate(contents.models, 1)]


def _row(at: int, model: Model, options: Options, wrong: Mistake | None) -> Row:
    spec = model.spec
    judged = verdicts(model, options)
    return {
        "position": at,
        "folder": model.folder,
        "title": model.title,
        "kind": spec.kind,
        # Width is 0 if model.json cannot be read; a reader of the JSON must not take that for a size.
        "input": [spec.width, spec.height, spec.channels] if spec.width else None,
        "labels": model.classes,
        "bytes": model.size or int(spec.size),
        "need": max((item.need + item.region for item in judged), default=0),
        "room": {item.firmware.name: item.room.bytes for item in judged},
        "fits": [item.firmware.name for item in judged if item.verdict.fits],
        "of": len(judged),
        "problems": [list(problem) for problem in spec.problems],
        "json": str(wrong or ""),
    }


def table(models: list[Row], options: Options) -> list[str]:
    """Return the rows as a text table for people."""
    head = ("#", tr("folder"), tr("title"), tr("kind"), tr("size"), tr("takes"), tr("fits"))
    lines: list[tuple[str, ...]] = [head]
    for row in models:
        fits = f"{len(row['fits'])}/{row['of']}" if row["of"] else "-"
        # While the parser reports problems the board does not load the model, so its memory does not matter yet.
        if row["problems"]:
            count = len(row["problems"])
            fits = tr("{count} problem" if count == 1 else "{count} problems", count=count)
        size, need = (f"{kib(row[name])} KiB" for name in ("bytes", "need"))
        folder, title = visible(row["folder"]), visible(row["title"])
        lines.append((str(row["position"]), folder, title, row["kind"] or "-", size, need if row["of"] else "-", fits))
    wrong = [visible(f"{row['folder']}/model.json: {row['json']}") for row in models if row["json"]]
    return [*("  ".join(columns).rstrip() for columns in _aligned(lines)), *wrong, rooms(options.rooms)]


def _aligned(lines: list[tuple[str, ...]]) -> list[list[str]]:
    widths = [max(width(line[column]) for line in lines) for column in range(len(lines[0]))]
    return [[left(cell, columns) for cell, columns in zip(line, widths, strict=True)] for line in lines]
