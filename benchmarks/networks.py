"""Converts well-known architectures with random weights, and prints how each of them fares.

    .venv/bin/python benchmarks/networks.py [NAME ...]          # all, or those whose name contains one of these
    .venv/bin/python benchmarks/networks.py --write             # and renews their part of docs/networks.md
    PYTHON benchmarks/networks.py --export-only                 # only writes the networks, with another Python

The networks come from torchvision, timm and Keras (pip install 'maixswitch[benchmark]'), or are written out in
benchmarks/architectures. A file that is in the folder already is not exported again, so each framework may be in an
environment of its own. An architecture whose library is missing is skipped, with a line that says so.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "host"), str(ROOT / "benchmarks")]

import networks_table
from architectures import Architecture, Network, architectures

PICTURES, SEED, PICTURE_SIZE = 16, 2, (320, 240)
HOLD_BACK = "0.25"
REFUSAL_S = 2.0
TRIES = 3
"""Runs of a refusal that takes longer than REFUSAL_S, because other programs may have been in its way."""


def available(network: Network, path: Path, skipped: dict[str, int]) -> bool:
    """Export the network unless its file exists; False if its library is missing, which is counted in skipped."""
    if path.exists():
        return True
    from architectures.export import export

    try:
        export(network, path)
    except ModuleNotFoundError as error:
        skipped[error.name or ""] = skipped.get(error.name or "", 0) + 1
        return False
    return True


def write_pictures(folder: Path) -> Path:
    """Return the folder of the pictures that the conversion measures and compares."""
    from architectures.pictures import drawn
    from PIL import Image

    folder.mkdir(exist_ok=True)
    for index, picture in enumerate(drawn(PICTURES, SEED, PICTURE_SIZE, 3)):
        Image.fromarray(picture).save(folder / f"{index:02}.png")
    return folder


def maixswitch(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "maixswitch", "--lang", "en", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def converted(network: Network, path: Path, pictures: Path, options: list[str]) -> dict[str, Any]:
    """Convert a network as a user would, and return its row: see networks_table."""
    out = path.with_suffix(".kmodel")
    row: dict[str, Any] = {
        "name": network.architecture.name,
        "source": network.architecture.source,
        "size": list(network.size),
    }
    for _ in range(TRIES):
        began = perf_counter()
        run = maixswitch("convert", path, "--images", pictures, "--hold-back", HOLD_BACK, "--out", out, *options)
        row["seconds"] = min(row.get("seconds", 1e9), round(perf_counter() - began, 2))
        # A conversion's seconds are of one run; only refusals have a bound.
        if run.stdout.startswith("{") or row["seconds"] <= REFUSAL_S:
            break
    if not run.stdout.startswith("{"):
        return {**row, "refusal": run.stderr.strip(), "code": run.returncode}
    return {**row, **networks_table.figures(json.loads(run.stdout))}


def rows_of(architecture: Architecture, folder: Path, pictures: Path, options: list[str], skipped: dict[str, int]) -> Any:
    """Yield a row for each size of the architecture, until one converts."""
    for size in architecture.sizes:
        network = Network(architecture, size)
        path = folder / network.file
        if not available(network, path, skipped):
            return
        row = converted(network, path, pictures, options)
        yield row
        if "refusal" not in row:
            return


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="parts of names of architectures")
    parser.add_argument("--folder", type=Path, default=ROOT / "out" / "networks", help="of the networks; out/networks")
    parser.add_argument("--export-only", action="store_true", help="write the networks of all sizes, convert nothing")
    parser.add_argument("--write", action="store_true", help="renew the table in docs/networks.md")
    arguments = parser.parse_args()
    names = [name.lower() for name in arguments.names]
    chosen = [one for one in architectures() if not names or any(name in one.name.lower() for name in names)]
    if arguments.write and names:
        parser.error("--write: expected all architectures, found names of some")
    arguments.folder.mkdir(parents=True, exist_ok=True)
    skipped: dict[str, int] = {}
    rows: list[dict[str, Any]] = []
    if arguments.export_only:
        for network in (Network(one, size) for one in chosen for size in one.sizes):
            if available(network, arguments.folder / network.file, skipped):
                print(network.file, flush=True)
    else:
        pictures = write_pictures(arguments.folder / "pictures")
        options = ["--json", *(["--kmodel", "auto"] if "auto|v3" in maixswitch("convert", "--help").stdout else [])]
        for architecture in chosen:
            for row in rows_of(architecture, arguments.folder, pictures, options, skipped):
                print(networks_table.line(row), flush=True)
                rows.append(row)
        (arguments.folder / "rows.json").write_text(json.dumps(rows, indent=1))
    for library, count in skipped.items():
        print(f"skipped {count} networks: no module {library}; pip install 'maixswitch[benchmark]'", file=sys.stderr)
    if arguments.write and not skipped:
        networks_table.write(ROOT / "docs" / "networks.md", rows)
    return int(any(networks_table.fault(row) for row in rows) or bool(skipped))


if __name__ == "__main__":
    sys.exit(main())
