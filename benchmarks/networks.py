"""Converts well-known architectures with random weights, and prints how each of them fares.

    .venv/bin/python benchmarks/networks.py [NAME ...]          # all, or those whose name contains one of these
    .venv/bin/python benchmarks/networks.py [NAME ...] --write  # and renews their part of docs/networks.md
    PYTHON benchmarks/networks.py --export-only                 # only writes the networks, with another Python

The networks come from torchvision, timm and Keras (pip install 'maixswitch[benchmark]'), or are written out in
benchmarks/architectures. A file that is in the folder already is not exported again, so each framework may be in an
environment of its own. Results stay in the folder, too, so the networks may be converted in several runs. An
architecture whose library is missing is skipped, with a line that says so.
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

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "host"), str(ROOT / "benchmarks")]

import networks_table  # noqa: E402
from architectures import Architecture, Network, architectures  # noqa: E402

PICTURES, SEED, PICTURE_SIZE = 16, 2, (320, 240)
HOLD_BACK = "0.25"


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
    from architectures.drawn import drawn
    from PIL import Image

    folder.mkdir(exist_ok=True)
    for index, picture in enumerate(drawn(PICTURES, SEED, PICTURE_SIZE, 3)):
        Image.fromarray(picture).save(folder / f"{index:02}.png")
    return folder


def maixswitch(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "maixswitch", "--lang", "en", *map(str, arguments)]
    # Threads that wait for each other use the processor, too, so with several the seconds would depend on other work.
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def converted(network: Network, path: Path, pictures: Path, options: list[str]) -> dict[str, Any]:
    """Convert a network as a user would, and return its row: see networks_table."""
    out = path.with_suffix(".kmodel")
    row: dict[str, Any] = {
        "name": network.architecture.name,
        "source": network.architecture.source,
        "size": list(network.size),
    }
    # The processor's seconds rather than the clock's: other programs on the PC do not count.
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = maixswitch("convert", path, "--images", pictures, "--hold-back", HOLD_BACK, "--out", out, *options)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    row["seconds"] = round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 2)
    if not run.stdout.startswith("{"):
        # The table is the same wherever the folder is.
        return {**row, "refusal": run.stderr.strip().replace(str(path), path.name), "code": run.returncode}
    return {**row, **networks_table.figures(json.loads(run.stdout))}


def rows_of(
    architecture: Architecture, folder: Path, pictures: Path, options: list[str], skipped: dict[str, int]
) -> Any:
    """Yield a row for each size of the architecture, until one converts."""
    for size in architecture.sizes:
        network = Network(architecture, size)
        path = folder / network.file
        if not available(network, path, skipped):
            return
        row = converted(network, path, pictures, options)
        print(networks_table.line(row), flush=True)
        yield row
        if "refusal" not in row:
            return


def stored(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of earlier runs by name and source of the architecture; empty if there were none."""
    results: dict[str, list[dict[str, Any]]] = json.loads(path.read_text()) if path.exists() else {}
    return results


def main() -> int:
    """Run the command line and return its exit code: 1 if a row is not as it should be, or a library is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="parts of names of architectures")
    parser.add_argument("--folder", type=Path, default=ROOT / "out" / "networks", help="of the networks; out/networks")
    parser.add_argument("--export-only", action="store_true", help="write the networks of all sizes, convert nothing")
    parser.add_argument(
        "--write",
        type=Path,
        nargs="?",
        const=ROOT / "docs" / "networks.md",
        metavar="FILE",
        help="renew the table in FILE",
    )
    arguments = parser.parse_args()
    names = [name.lower() for name in arguments.names]
    chosen = [one for one in architectures() if not names or any(name in one.name.lower() for name in names)]
    arguments.folder.mkdir(parents=True, exist_ok=True)
    results_file = arguments.folder / "results.json"
    skipped: dict[str, int] = {}
    faults = 0
    if arguments.export_only:
        for network in (Network(one, size) for one in chosen for size in one.sizes):
            if available(network, arguments.folder / network.file, skipped):
                print(network.file, flush=True)
    else:
        pictures = write_pictures(arguments.folder / "pictures")
        options = ["--json", *(["--kmodel", "auto"] if "auto|v3" in maixswitch("convert", "--help").stdout else [])]
        for architecture in chosen:
            rows = list(rows_of(architecture, arguments.folder, pictures, options, skipped))
            faults += sum(map(networks_table.fault, rows))
            if rows:
                # The usual size, and the one that converts: those between are refused for the same reason.
                kept = [rows[0], *(row for row in rows[1:] if "refusal" not in row)]
                results = {**stored(results_file), f"{architecture.name}, {architecture.source}": kept}
                results_file.write_text(json.dumps(results, indent=1))
    for library, count in skipped.items():
        print(f"skipped {count} networks: no module {library}; pip install 'maixswitch[benchmark]'", file=sys.stderr)
    if arguments.write is not None:
        results = stored(results_file)
        order = [f"{one.name}, {one.source}" for one in architectures()]
        rows = [row for key in order for row in results.get(key, ())]
        networks_table.write(arguments.write, rows)
    return int(bool(faults or skipped))


if __name__ == "__main__":
    sys.exit(main())
