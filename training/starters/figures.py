"""Trains, converts and measures the starters, and writes results.json and the table of docs/networks.md.

figures.py --work FOLDER [--torch PYTHON] [--keras PYTHON] [NAME ...]: NAME is a script's name, such as detector_torch;
without one it does all. --table only writes the table. Each training gets one core, and its minutes are those of the
processor, so that other programs of the PC count little.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
RESULTS, PAGE = HERE / "results.json", ROOT / "docs" / "networks.md"
START, END = "<!-- starters -->", "<!-- end of starters -->"
DRAWN = {"classifier": "digits", "detector": "shapes", "landmark": "stars"}
SEED = "2"
"""The networks and their rates were chosen with pictures of seed 1; these are others."""
STARTERS = [f"{kind}_{framework}" for kind in DRAWN for framework in ("torch", "keras")]
WORDS = {
    "right": "right {:.1%}",
    "map50": "mAP@0.5 {:.1%}",
    "precision": "precision {:.1%}",
    "recall": "recall {:.1%}",
    "error": "a point is off by {:.1%} of the picture",
}
HEADER = "| network | pictures | minutes | parameters | kmodel | firmwares | float | 8 bits (emulated) |"


def table(results: dict[str, Any]) -> str:
    """Return the results as a Markdown table."""
    lines = [HEADER, "|---|---:|---:|---:|---:|---:|---|---|"]
    for name in (name for name in STARTERS if name in results):
        one = results[name]
        cells = [
            ", ".join(WORDS[key].format(value) for key, value in one[form].items()) for form in ("float", "kmodel")
        ]
        lines.append(
            f"| [`{name}.py`](../training/starters/{name}.py) | {one['pictures']:,} | {one['minutes']:.1f} "
            f"| {one['parameters']:,} | {one['bytes']:,} bytes | {one['fits']} of {one['firmwares']} "
            f"| {cells[0]} | {cells[1]} |"
        )
    return "\n".join(lines)


def renew(text: str, results: dict[str, Any]) -> str:
    """Return the page with the table of these results."""
    before, after = text.split(START)[0], text.split(END)[1]
    return f"{before}{START}\n{table(results)}\n{END}{after}"


def judge(name: str, work: Path, python: str) -> dict[str, Any]:
    """Train one starter on drawn pictures, convert it, and return its figures."""
    from measure import measure

    kind, _, framework = name.partition("_")
    folder = work / DRAWN[kind]
    if not folder.exists():
        subprocess.run([sys.executable, HERE / "draw.py", DRAWN[kind], folder, "--seed", SEED], check=True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [python, HERE / f"{name}.py", folder, name]
    one = dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1")
    subprocess.run(command, cwd=work, check=True, env={**os.environ, **one})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    source = work / f"{name}.{'onnx' if framework == 'torch' else 'tflite'}"
    target, anchors = work / f"{name}.kmodel", work / f"{name}.anchors.txt"
    boxes = ["--anchors", anchors] if kind == "detector" else []
    maixswitch = [sys.executable, "-m", "maixswitch"]
    # A poor result ends with 1; its figures show it.
    subprocess.run([*maixswitch, "convert", source, "--images", folder, "--out", target, *boxes], cwd=work)
    shown = subprocess.run([*maixswitch, "kmodel", "info", target, "--json"], capture_output=True, text=True)
    facts = json.loads(shown.stdout)
    numbers = [float(v) for v in anchors.read_text(encoding="utf-8").split(",")] if kind == "detector" else []
    return {
        "pictures": len(list(folder.rglob("*.jpg"))),
        "minutes": round(seconds / 60, 1),
        "parameters": sum(layer.get("parameters") or 0 for layer in facts["layers"]),
        "bytes": target.stat().st_size,
        "fits": sum(one["verdict"] == "fits" for one in facts["firmware"]),
        "firmwares": len(facts["firmware"]),
        "float": measure(kind, folder, source, numbers),
        "kmodel": measure(kind, folder, target, numbers),
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("names", nargs="*", metavar="NAME", help=", ".join(STARTERS))
    arguments.add_argument("--work", type=Path, help="for pictures and networks; pictures there are used again")
    arguments.add_argument("--torch", default=sys.executable, help="the Python that has PyTorch")
    arguments.add_argument("--keras", default=sys.executable, help="the Python that has TensorFlow")
    arguments.add_argument("--table", action="store_true", help="train nothing")
    chosen = arguments.parse_args()
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    if not chosen.table:
        work = chosen.work.resolve()
        work.mkdir(parents=True, exist_ok=True)
        for name in chosen.names or STARTERS:
            results[name] = judge(name, work, chosen.torch if name.endswith("torch") else chosen.keras)
            RESULTS.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    PAGE.write_text(renew(PAGE.read_text(encoding="utf-8"), results), encoding="utf-8")


if __name__ == "__main__":
    main()
