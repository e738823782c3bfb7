#!/usr/bin/env python3
"""Measures what device/ costs on a board: heap for each frame, kept, and to import; as JSON or into docs/cost.md.

device.py EXECUTABLE                    JSON on stdout; any MicroPython from v1.11 up (unix port)
device.py EXECUTABLE --write FILE       the tables, too; --also EXECUTABLE adds another interpreter's column
device.py EXECUTABLE --instructions     counts interpreter instructions as well (needs valgrind, takes a minute)
device.py EXECUTABLE bare N [hollow]    runs N frames of a hand-written loop and nothing else
device.py EXECUTABLE app N [hollow]     the same with the app; hollow: fakes that do nothing; box ...: see inside.py

Both loops run on the same fakes and draw the same, so their difference is the cost of device/ itself. Bytes are the
growth of gc.mem_alloc() without collection; those of frames are the same in every run.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
INSIDE = ROOT / "benchmarks" / "inside.py"
sys.path[:0] = [str(ROOT / "benchmarks"), str(ROOT / "tests" / "micropython"), str(ROOT / "host")]

from kind_cases import CASES as KINDS  # noqa: E402
from run import HEAP, CannotUse, build_mpy, resolve  # noqa: E402  the path comes first

CASES = (
    "nothing detected",
    "1 detection",
    "5 detections",
    "10 classes",
    "10 classes, softmax",
    "1000 classes",
    "1000 classes, softmax",
)
FRAMES = 500, 1500  # two runs, whose difference in instructions is that of 1,000 frames
# The start, in both runs, takes half a million instructions more or less as the heap happens to lie: 500 a frame of
# 1,000. So what takes only thousands is counted in more frames.
HOLLOW_FRAMES = 500, 20500
LARGE = "heapsize=2048k"
KIND_FRAMES = 20, 60  # the same for each case of kind_cases.py, whose frames take longer
LINKS = ("link", "maixhub", "husky")
OTHER_FIRMWARE = {"device.kpu_canmv"}  # imports a module that the fakes of MaixPy do not have


def modules(root: Path = ROOT) -> list[str]:
    """Return every module of device/ after those that it imports; a package counts with the modules in it."""
    paths = {path.stem: path for path in sorted((root / "device").glob("*.py"))}
    paths |= {path.parent.name: path for path in sorted((root / "device").glob("*/__init__.py"))}
    order = ["device"]

    def visit(name: str, above: tuple[str, ...]) -> None:
        full = f"device.{name}"
        if full in order or name in above or name not in paths or full in OTHER_FIRMWARE:
            return
        # The modules of device/once are dropped again: what they import does not count for the one that needs them.
        whole = paths[name].stem == "__init__" and name != "once"
        files = sorted(paths[name].parent.glob("*.py")) if whole else [paths[name]]
        for node in [node for path in files for node in ast.parse(path.read_text(encoding="utf-8")).body]:
            if isinstance(node, ast.ImportFrom) and node.module:
                head, _, tail = node.module.partition(".")
                imported = [tail.split(".")[0]] if tail else [alias.name for alias in node.names]
                for other in imported if head == "device" else []:
                    visit(other, (*above, name))
        order.append(full)

    for name in paths:
        if name != "__init__":
            visit(name, ())
    return order


def ask(executable: str, app: Path, *words: str, heap: str = HEAP) -> Any:
    """Return the answer of inside.py to these words, from its own process."""
    # Link project and app under short names: the paths of files take part of the heap, and the figures must be the same
    # wherever the project is.
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "px").symlink_to(ROOT)
        Path(folder, "sd").symlink_to(app)
        command = [executable, "-X", heap, "px/benchmarks/inside.py", "px", "sd", *words]
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=300, check=False)
    if done.returncode:
        raise CannotUse(f"{executable} {' '.join(words)}: {(done.stdout + done.stderr).strip()}")
    return json.loads(done.stdout.splitlines()[-1])


def measure(executable: str, instructions: bool = False) -> dict[str, Any]:
    """Return all figures of one interpreter, in bytes unless the name says otherwise."""
    names = modules()
    figures: dict[str, Any] = {
        "interpreter": ask(executable, ROOT, "name"),
        "frame": {case: ask(executable, ROOT, "bytes", case) for case in CASES},
        "heap": ask(executable, ROOT, "heap"),
        "heap_link": {name: ask(executable, ROOT, "heap", name)["started"] for name in LINKS},
        "labels_1000": ask(executable, ROOT, "labels"),
        # A picture of the fakes takes heap that the firmware has elsewhere, and the stages need more of them.
        "kinds": {case: ask(executable, ROOT, "kind", case, heap=LARGE) for case in KINDS},
        "import": {"py": ask(executable, ROOT, "import", *names), "mpy": None, "mpy_reason": None},
        "instructions": None,
    }
    figures["heap"]["imported"] = sum(row["kept"] for row in figures["import"]["py"].values())
    with tempfile.TemporaryDirectory() as folder:
        app = Path(folder).resolve()
        try:
            build_mpy(app, executable)
            figures["import"]["mpy"] = ask(executable, app, "import", *names)
            figures["heap_mpy"] = ask(executable, app, "heap")
        except CannotUse as error:
            figures["import"]["mpy_reason"] = str(error).split(": ", 1)[-1] if "load" in str(error) else str(error)
    if instructions:
        figures["instructions"] = {
            how: {which: count(executable, which, how) for which in ("bare", "app")} for how in ("hollow", "fakes")
        }
        for case in KINDS:
            figures["kinds"][case]["instructions"] = count(executable, "of", case, KIND_FRAMES)
        figures["instructions"]["link"] = {how: count(executable, "app", how) for how in ("box", *LINKS, "asked")}
    return figures


def count(executable: str, which: str, how: str, runs: tuple[int, int] = FRAMES) -> int:
    """Return the machine instructions of one frame, counted by valgrind in two runs of so many frames."""
    valgrind = shutil.which("valgrind")
    if not valgrind:
        raise CannotUse("--instructions needs valgrind (Debian: apt install valgrind)")
    totals = []
    runs = HOLLOW_FRAMES if how == "hollow" else runs
    kind = which == "of"
    for frames in runs:
        words = [which, how, str(frames)] if kind else [which, str(frames), *([how] if how != "fakes" else [])]
        run = inner(executable, words, LARGE if kind else HEAP)
        command = [valgrind, "--tool=callgrind", "--callgrind-out-file=/dev/null", *run]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        collected = re.search(r"Collected : (\d+)", done.stderr)
        if done.returncode or not collected:
            raise CannotUse(f"valgrind: {done.stderr.strip()[-500:]}")
        totals.append(int(collected[1]))
    return (totals[1] - totals[0]) // (runs[1] - runs[0])


def inner(executable: str, words: list[str], heap: str = HEAP) -> list[str]:
    """Return the command line that runs inside.py."""
    return [executable, "-X", heap, str(INSIDE), str(ROOT), str(ROOT), *words]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("executable", metavar="EXECUTABLE")
    parser.add_argument("words", nargs="*", metavar="bare|app N [hollow]")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the tables into this Markdown file")
    parser.add_argument("--also", action="append", default=[], metavar="EXECUTABLE", help="one more interpreter")
    parser.add_argument("--instructions", action="store_true", help="count instructions with valgrind")
    options = parser.parse_args()
    words = options.words
    right = len(words) > 1 and words[0] in ("bare", "app") and words[1].isdigit()
    if words and not (right and words[2:] in ([], *[[word] for word in ("hollow", "box", *LINKS, "asked")])):
        parser.error("expected bare N or app N, and perhaps hollow, box or link")
    try:
        executables = [resolve(name) for name in (options.executable, *options.also)]
        if words:
            command = inner(executables[0], words)
            sys.stdout.flush()
            os.execv(command[0], command)
        figures = [measure(executable, options.instructions) for executable in executables]
    except CannotUse as error:
        print(f"device.py: {error}", file=sys.stderr)
        return 2
    if options.write:
        from cost_table import render

        options.write.write_text(render(figures), encoding="utf-8")
    print(json.dumps(figures[0] if len(figures) == 1 else figures, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
