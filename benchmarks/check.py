"""Measures how long `maixswitch check` takes for a card of 50 models; ends with 1 if that exceeds the bound.

    .venv/bin/python benchmarks/check.py [FOLDER OF REAL KMODELS]

The models are the project's two small networks in turn; with a folder also every usable file in it.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

from maixswitch.card.build import build
from maixswitch.card.check import check
from maixswitch.kmodel import KModelError, load
from maixswitch.kmodel.write import samples
from maixswitch.kmodel.write.samples import write_card

MODELS = 50
BOUND_S = 3.0
RUNS = 3


def write(folder: Path, real: list[Path]) -> None:
    """Write a card with the app and MODELS models. real: files of further models."""
    write_card(folder)
    build(folder)
    files = [samples.blob_detector(), samples.colour_classifier(), *(path.read_bytes() for path in real)]
    for index in range(MODELS - 2):
        data = files[index % len(files)]
        model = folder / "models" / f"{index + 30}-model"
        model.mkdir()
        (model / "m.kmodel").write_bytes(data)
        shape = load(data).inputs[0].shape or ()
        channels, height, width = shape[-3:] if len(shape) > 2 else (3, 224, 224)
        fields = {
            "schema": 1,
            "title": f"Model {index}",
            "kind": "classifier",
            "kmodel": "m.kmodel",
            "input": [width, height, channels],
            "labels": [f"class {label}" for label in range(8)],
        }
        (model / "model.json").write_text(json.dumps(fields), encoding="utf-8")


def usable(path: Path) -> bool:
    try:
        load(path)
    except KModelError:
        return False
    return True


def measure(real: list[Path]) -> float:
    """Return the median seconds of one check."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder, "card"), real)
        size = sum(path.stat().st_size for path in Path(folder).rglob("*.kmodel"))
        times = []
        for _ in range(RUNS):
            start = perf_counter()
            report = check(Path(folder, "card"))
            times.append(perf_counter() - start)
        count = len(report.findings)
    files = f"{len(real)} real files and the samples" if real else "the samples"
    print(f"{MODELS} models of {files}, {size / 1e6:.1f} MB: {median(times):.2f} s, {count} findings")
    return median(times)


if __name__ == "__main__":
    times = [measure([])]
    if len(sys.argv) > 1:
        times.append(measure([path for path in sorted(Path(sys.argv[1]).glob("*.kmodel")) if usable(path)]))
    print(f"bound: {BOUND_S} s")
    sys.exit(max(times) > BOUND_S)
