"""Sources of a few small files, and what an import makes of each model in them."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

from maixswitch.card.importing import importer
from maixswitch.card.importing.options import ImportOptions
from tests.host.card import exports

Files = dict[str, bytes]
ANCHORS = list(map(float, exports.ANCHORS))
OTHER = [1.5, 1.5, 2.5, 2.5, 3.5, 3.5, 4.5, 4.5, 5.5, 5.5]
FACES = "1.889, 2.5245, 2.9465, 3.94056, 3.99987, 5.3658, 5.155437, 6.92275, 6.718375, 7.01025"
NONE = ImportOptions()


def detects(
    model: str | int = "/sd/x.kmodel",
    labels: str = 'names = ["blob"]',
    anchors: str = str(exports.ANCHORS),
    numbers: str = "0.5, 0.3",
    shown: str = "names[i.classid()]",
) -> bytes:
    """A script that detects with a model and shows the labels of what it finds."""
    return f"""import sensor, image, KPU as kpu
{labels}
task = kpu.load({model!r})
anchor = {anchors}
kpu.init_yolo2(task, {numbers}, 5, anchor)
while True:
    img = sensor.snapshot()
    for i in kpu.run_yolo2(task, img) or ():
        img.draw_string(i.x(), i.y(), {shown})
""".encode()


def classifies(
    model: str | int = "/sd/x.kmodel", labels: str = 'names = ["a", "b", "c"]', shown: str = "names"
) -> bytes:
    """A script that classifies with a model and shows the label of the best class."""
    return f"""import sensor, image, KPU as kpu
{labels}
task = kpu.load({model!r})
while True:
    img = sensor.snapshot()
    plist = kpu.forward(task, img)[:]
    pmax = max(plist)
    if pmax > 0.4:
        img.draw_string(0, 0, str({shown}[plist.index(pmax)]))
""".encode()


def flash_list(**addresses: int) -> bytes:
    """A flash-list.json; the names stand without .kmodel."""
    rows = [{"address": at, "bin": f"{name}.kmodel", "sha256Prefix": False} for name, at in addresses.items()]
    return json.dumps({"version": "0.1.0", "files": rows}).encode()


def zipped(files: Files) -> bytes:
    """A zip, such as a kfpkg."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def put(files: Files, folder: Path) -> Path:
    """Write the files of a source; return its folder."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
        # Of two scripts at the same distance the newest counts, so equal times make the order that of the names.
        os.utime(folder / name, (1e9, 1e9))
    return folder


def imported(path: Path, options: ImportOptions = NONE) -> importer.ImportResult:
    """The result of an import onto an empty card, which is not written."""
    card = path.parent / "card-of-the-test"
    (card / "models").mkdir(parents=True, exist_ok=True)
    return importer.import_models([path], card, options, dry_run=True)


def fields(result: importer.ImportResult) -> dict[str, dict[str, Any]]:
    """For each model, its model.json with its codes: "problems" and "notes"."""
    return {
        item.evidence.part.kmodel: {
            **item.model,
            "problems": {message.code for message in item.problems},
            "notes": {message.code for message in item.notes},
            "texts": "\n".join(message.text for message in [*item.problems, *item.notes]),
        }
        for _, item in result.entries
    }
