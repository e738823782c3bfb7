"""Judges a demo network on fresh pictures: evaluate.py digits|learner|shapes FILE.onnx|FILE.kmodel [--count N]."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "host"), str(ROOT / "stubs")]

from benchlib import region  # noqa: E402
from maixswitch import kmodel  # noqa: E402
from maixswitch.sim import pictures  # noqa: E402
from training import scores  # noqa: E402

Network = Callable[[pictures.Picture], NDArray[np.float32]]


def network(path: Path) -> Network:
    """Return a file's network: it takes a picture (height, width, 3) and returns its first output, flat float32."""
    if path.suffix == ".kmodel":
        model = kmodel.load(path)
        return lambda picture: model.run(scores.planes(picture))[0]
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda picture: session.run(None, {name: scores.planes(picture)[None] / np.float32(255)})[0].ravel()


def digits(run: Network, count: int, seed: int = scores.FRESH_SEED) -> float:
    """Return the share of fresh pictures with the right digit."""
    return float(np.mean([int(run(picture).argmax()) == digit for picture, digit in scores.fresh_digits(count, seed)]))


def learner(run: Network, count: int, seed: int = scores.FRESH_SEED) -> float:
    """Return the share of fresh pictures that are nearest to the one picture that was learnt of their digit."""
    known: dict[int, NDArray[np.float32]] = {}
    right = []
    for picture, digit in scores.fresh_digits(count, seed):
        features = np.asarray(run(picture)).ravel()
        # The first picture of each digit is the one that is learnt; what comes before the last of these is not judged.
        if digit not in known:
            known[digit] = features
        elif len(known) == len(pictures.DIGITS):
            right.append(min(known, key=lambda one: float(np.linalg.norm(known[one] - features))) == digit)
    return float(np.mean(right))


def shapes(
    run: Network, count: int, anchors: list[float], least: float = scores.LEAST, seed: int = scores.FRESH_SEED
) -> tuple[list, list]:
    """Return the predicted boxes, decoded as the firmware does, and the true ones, both for each fresh picture."""
    width, height, _ = pictures.SHAPE_INPUT
    predicted, true_boxes = [], []
    for picture, boxes in scores.fresh_shapes(count, seed):
        raw = run(picture).astype(float).tolist()
        predicted.append(
            region.decode(
                raw, width // 32, height // 32, len(pictures.SHAPES), anchors, least, scores.NMS, width, height
            )
        )
        true_boxes.append(boxes)
    return predicted, true_boxes


def at_threshold(predicted: list, true_boxes: list, threshold: float) -> tuple[float, float]:
    """Return precision and recall of the boxes above a threshold, at an overlap of 0.5 and the right class."""
    hits = predictions = real = 0
    for boxes, truth in zip(predicted, true_boxes, strict=True):
        boxes = [box for box in boxes if box[5] > threshold]
        predictions, real = predictions + len(boxes), real + len(truth)
        hits += sum(any(b[4] == t[4] and scores.overlap(b, t) >= 0.5 for b in boxes) for t in truth)
    return hits / max(1, predictions), hits / max(1, real)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("which", choices=("digits", "learner", "shapes"))
    arguments.add_argument("file", type=Path)
    arguments.add_argument("--count", type=int, default=500)
    arguments.add_argument("--anchors", type=Path, help="JSON list; without it FILE.anchors.json")
    options = arguments.parse_args()
    run = network(options.file)
    if options.which != "shapes":
        print(f"right: {(digits if options.which == 'digits' else learner)(run, options.count):.4f}")
        return
    anchors = json.loads((options.anchors or options.file.with_suffix(".anchors.json")).read_text(encoding="utf-8"))
    predicted, true_boxes = shapes(run, options.count, anchors)
    print(f"mAP@0.5: {scores.mean_average_precision(predicted, true_boxes):.4f}")
    for threshold in (0.3, 0.5, 0.7):
        precision, recall = at_threshold(predicted, true_boxes, threshold)
        print(f"score > {threshold}: precision {precision:.3f}, recall {recall:.3f}")
    print("most boxes in a picture:", max(sum(box[5] > 0.5 for box in boxes) for boxes in predicted))


if __name__ == "__main__":
    main()
