"""Measures a starter's network on the pictures held back: measure.py classifier|detector|landmark FOLDER FILE ...

FILE: .onnx, .tflite (in floats) or .kmodel (in 8 bits, emulated as MaixPy computes). A detector needs --anchors FILE.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(Path(__file__).resolve().parent), str(ROOT), str(ROOT / "host"), str(ROOT / "stubs")]

import photos  # noqa: E402

from benchlib import region  # noqa: E402
from maixswitch import kmodel  # noqa: E402
from maixswitch.convert.read.onnx_reader import read  # noqa: E402
from maixswitch.convert.report.emulate import reordered  # noqa: E402
from maixswitch.convert.report.float_net import FloatNet  # noqa: E402
from training import scores  # noqa: E402
from training.evaluate import at_threshold  # noqa: E402

KINDS = {
    "classifier": (photos.of_classes, (128, 128)),
    "detector": (photos.of_boxes, (224, 160)),
    "landmark": (photos.of_points, (128, 128)),
}
"""How the folder is read, and the size of the network's input."""
THRESHOLD = 0.5

Network = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


def network(path: Path) -> Network:
    """Return a file's network: it takes a picture (height, width, 3), and returns its output as the chip orders it."""
    if path.suffix == ".kmodel":
        model = kmodel.load(path)
        return lambda picture: model.run(scores.planes(picture))[0]
    graph, floats = read(path), FloatNet(path)
    name = graph.outputs[0]

    def run(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        tensors = floats.run(scores.planes(picture)[None] / np.float32(255), [name])
        return reordered({name: tensors[name][0]}, graph.orders)[name].ravel()

    return run


def figures(kind: str, run: Network, held_back: photos.Photos, anchors: list[float]) -> dict[str, float]:
    """Return the figures of a network on pictures, as shares of 1. anchors: of a detector, in cells."""
    outputs = [run(picture) for picture in held_back.images]
    if kind == "classifier":
        answers = zip(outputs, held_back.classes, strict=True)
        return {"right": round(float(np.mean([int(out.argmax()) == truth[0] for out, truth in answers])), 4)}
    if kind == "landmark":
        off = np.stack(outputs).reshape(len(outputs), -1, 2) - np.stack(held_back.points)
        return {"error": round(float(np.hypot(off[..., 0], off[..., 1]).mean()), 4)}
    height, width = held_back.images.shape[1:3]
    count = len(held_back.names)
    predicted = [
        region.decode(
            *(out.astype(float).tolist(), width // 32, height // 32, count, anchors, scores.LEAST, scores.NMS),
            *(width, height),
        )
        for out in outputs
    ]
    truth = []
    for points, classes in zip(held_back.points, held_back.classes, strict=True):
        corners = points.reshape(-1, 4) * (width, height, width, height)
        truth.append([(x, y, r - x, b - y, kind) for (x, y, r, b), kind in zip(corners, classes, strict=True)])
    precision, recall = at_threshold(predicted, truth, THRESHOLD)
    mean = np.mean([scores.average_precision(predicted, truth, number) for number in range(count)])
    return {"map50": round(float(mean), 4), "precision": round(precision, 4), "recall": round(recall, 4)}


def measure(kind: str, folder: Path, file: Path, anchors: list[float]) -> dict[str, float]:
    """Return the figures of a file on the pictures that every starter holds back from this folder."""
    read_folder, size = KINDS[kind]
    return figures(kind, network(file), read_folder(folder, *size).divided()[1], anchors)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("kind", choices=KINDS)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("files", type=Path, nargs="+")
    arguments.add_argument("--anchors", type=Path)
    chosen = arguments.parse_args()
    if chosen.kind == "detector" and chosen.anchors is None:
        raise SystemExit("a detector needs its anchors: --anchors NAME.anchors.txt, which the training wrote")
    anchors = [float(v) for v in chosen.anchors.read_text(encoding="utf-8").split(",")] if chosen.anchors else []
    for file in chosen.files:
        values = measure(chosen.kind, chosen.folder, file, anchors)
        print(file, ", ".join(f"{name} {value:.1%}" for name, value in values.items()))


if __name__ == "__main__":
    main()
