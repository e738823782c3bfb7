"""How long `maixswitch check` takes for a card of 50 models; ends with 1 when it is over the bound.

    .venv/bin/python benchmarks/check.py [FOLDER OF REAL KMODELS]

The models are the project's two small networks in turn, and every usable file of the folder where one is given.
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
    """A card of MODELS models with the app on it."""
    write_card(folder)
    build(folder)
    files = [samples.blob_detector(), samples.colour_classifier(), *(path.read_bytes() for path in real)]
    for index in range(MODELS - 2):
        data = files[index % len(files)]
        place = folder / "models" / f"{index + 30}-model"
        place.mkdir()
        (place / "m.kmodel").write_bytes(data)
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
        (place / "model.json").write_text(json.dumps(fields), encoding="utf-8")


def usable(path: Path) -> bool:
    try:
        load(path)
    except KModelError:
        return False
    return True


def measure(real: list[Path]) -> float:
    """Median seconds of one check."""
    with tempfile.TemporaryDirectory() as place:
        write(Path(place, "card"), real)
        size = sum(path.stat().st_size for path in Path(place).rglob("*.kmodel"))
        times = []
        for _ in range(RUNS):
            start = perf_counter()
            report = check(Path(place, "card"))
            times.append(perf_counter() - start)
        found = len(report.findings)
    what = f"{len(real)} real files and the samples" if real else "the samples"
    print(f"{MODELS} models of {what}, {size / 1e6:.1f} MB: {median(times):.2f} s, {found} findings")
    return median(times)


if __name__ == "__main__":
    times = [measure([])]
    if len(sys.argv) > 1:
        times.append(measure([path for path in sorted(Path(sys.argv[1]).glob("*.kmodel")) if usable(path)]))
    print(f"bound: {BOUND_S} s")
    sys.exit(max(times) > BOUND_S)
