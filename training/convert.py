"""Converts the demo networks, evaluates both files of each, and writes down the results.

convert.py [digits|learner|shapes ...] [--count N]: takes host/maixswitch/models/NAME/NAME.onnx, converts it with
calibration pictures that it draws, and writes NAME.kmodel and model.json beside it, results.json and the table in
README.md. The learner is the network of the digits without its last layer.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from evaluate import ROOT, at_threshold, digits, learner, network, pictures, scores, shapes
from PIL import Image

MODELS = ROOT / "host" / "maixswitch" / "models"
HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results.json"
CALIBRATION = 100
THRESHOLD = 0.5
LIMIT = 2.3
"""98 % of two pictures of one digit are at most this far apart, and 98 % of two digits more (1,000 fresh pictures)."""
FEATURES = "/network/Flatten_output_0"
"""The input of the last layer in digits.onnx."""
START, END = "<!-- results -->", "<!-- end of results -->"
LARGEST = 400 * 1024


def calibrate(which: str, folder: Path) -> None:
    """Draw the calibration pictures of a network into a folder, as PNG of the network's input size."""
    for index in range(CALIBRATION):
        rng = np.random.default_rng((scores.CALIBRATION_SEED, index))
        draw = pictures.shape_picture if which == "shapes" else pictures.digit_picture
        Image.fromarray(draw(rng)[0]).save(folder / f"{index:03}.png")


def onnx_of(which: str, folder: Path) -> Path:
    """Return the ONNX file of a network; that of the learner is written into the folder of temporary files."""
    if which != "learner":
        return folder / f"{which}.onnx"
    from onnx.utils import extract_model

    path = Path(tempfile.gettempdir(), "maixswitch-learner.onnx")
    extract_model(str(MODELS / "digits" / "digits.onnx"), str(path), ["image"], [FEATURES])
    return path


def convert(which: str, folder: Path) -> None:
    """Convert ONNX to a kmodel with the command that users have. Raises SystemExit if the command fails."""
    source, kmodel = onnx_of(which, folder), folder / f"{which}.kmodel"
    with tempfile.TemporaryDirectory() as images:
        calibrate(which, Path(images))
        command = [sys.executable, "-m", "maixswitch", "convert", source, "--images", images, "--out", kmodel]
        done = subprocess.run(list(map(str, command)), cwd=ROOT / "host", check=False)
        if done.returncode:
            raise SystemExit(f"{which}: maixswitch convert ended with {done.returncode}")
    if kmodel.stat().st_size > LARGEST:
        raise SystemExit(f"{kmodel}: {kmodel.stat().st_size:,} bytes; expected at most {LARGEST:,}")


def describe(which: str) -> dict[str, Any]:
    """Return the contents of model.json."""
    common = {"schema": 1, "kmodel": f"{which}.kmodel"}
    if which == "digits":
        shape, labels = pictures.DIGIT_INPUT, list(pictures.DIGITS)
        return {**common, "title": "Digits", "kind": "classifier", "input": shape, "labels": labels, "top": 3}
    if which == "learner":
        return {
            **common,
            "title": "Learner",
            "kind": "learner",
            "input": pictures.DIGIT_INPUT,
            "limit": LIMIT,
            "top": 3,
        }
    anchors = json.loads((HERE / "shapes.anchors.json").read_text(encoding="utf-8"))
    return {
        **common,
        "title": "Shapes",
        "kind": "yolo2",
        "input": pictures.SHAPE_INPUT,
        "labels": list(pictures.SHAPES),
        "anchors": anchors,
        "threshold": THRESHOLD,
        "nms": scores.NMS,
    }


def judge(which: str, path: Path, count: int, anchors: list[float] | None) -> dict[str, float]:
    """Return the figures of one file on `count` fresh pictures. anchors: of a detector, None for a classifier."""
    if anchors is None:
        return {"right": round((learner if which == "learner" else digits)(network(path), count), 4)}
    boxes, truth = shapes(network(path), count, anchors)
    precision, recall = at_threshold(boxes, truth, THRESHOLD)
    return {
        "map50": round(scores.mean_average_precision(boxes, truth), 4),
        "precision": round(precision, 4),
        "recall": round(recall, 4),
    }


def table(results: dict[str, Any]) -> str:
    """Return the results as a Markdown table."""
    lines = ["| network | pictures | float (ONNX) | 8 bits (kmodel, emulated) | kmodel |", "|---|---:|---|---|---:|"]
    for which, one in sorted(results.items()):
        cells = [", ".join(f"{NAMES[k]} {v:.1%}" for k, v in one[form].items()) for form in ("float", "kmodel")]
        lines.append(f"| {which} | {one['pictures']:,} | {cells[0]} | {cells[1]} | {one['bytes']:,} bytes |")
    return "\n".join(lines)


NAMES = {"right": "right", "map50": "mAP@0.5", "precision": "precision", "recall": "recall"}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("which", nargs="*", default=["digits", "learner", "shapes"])
    arguments.add_argument("--count", type=int, default=1000)
    options = arguments.parse_args()
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    for which in options.which:
        folder = MODELS / which
        folder.mkdir(exist_ok=True)
        convert(which, folder)
        document = describe(which)
        (folder / "model.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
        one: dict[str, Any] = {"pictures": options.count, "bytes": (folder / f"{which}.kmodel").stat().st_size}
        for form, ending in (("float", "onnx"), ("kmodel", "kmodel")):
            path = onnx_of(which, folder) if form == "float" else folder / f"{which}.{ending}"
            one[form] = judge(which, path, options.count, document.get("anchors"))
            print(which, form, one[form], flush=True)
        results[which] = one
        RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    readme = HERE / "README.md"
    text = readme.read_text(encoding="utf-8")
    before, after = text.split(START)[0], text.split(END)[1]
    readme.write_text(f"{before}{START}\n{table(results)}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
