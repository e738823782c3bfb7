"""Runs every MaixPy script below a folder on a firmware image and on the fakes; tells how many run and why others stop.

    python benchmarks/scripts.py FOLDER --firmware F.bin [--flash 0x300000=face.kmodel] [--camera photo.jpg]
        [--seconds 10] [--limit 60] [--each 60] [--jobs 2] [--results results.jsonl] [--on firmware|fakes|both]

Each script runs alone, with the folder that it lies in as its card. A folder below FOLDER counts as a repository; a
script that several of them hold counts once. Results are appended to a file, and a further run goes on behind them. A
script runs if it comes to its end, or if the board's time or --limit is over. Linux only: a board that has booted is
shared by the scripts of a folder with fork().
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import re
import select
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from maixswitch.board.maixpy_script import Options, Outcome
from maixswitch.board.maixpy_script.card_copy import card_copy
from maixswitch.board.maixpy_script.film import Film
from maixswitch.card.flash.contents import flash_contents
from maixswitch.errors import MaixSwitchError

if TYPE_CHECKING:
    from maixswitch.k210.virtual_board import VirtualBoard

FIRMWARE, FAKES = "firmware", "fakes"
FOR_A_BOARD = re.compile(
    r"^\s*(?:import|from)\s+.*\b(?:sensor|lcd|image|KPU|Maix|maix|fpioa_manager|board|machine|audio|video|network|"
    r"touchscreen|lvgl|pmu|nes|modules|utime|uos|ulab|speech_recognizer)\b",
    re.MULTILINE,
)
FOR_A_PC = re.compile(
    r"^\s*(?:import|from)\s+(?:numpy|cv2|serial|tkinter|PIL|tensorflow|keras|torch|matplotlib|subprocess|argparse|"
    r"setuptools|pathlib|typing|esp32|M5|m5ui|maix\.\w+)\b|"
    r"from maix import|if __name__ == .__main__.:\s*\n\s+sys\.exit",
    re.MULTILINE,
)
OUTPUT_KEPT = 600
HARD_LIMIT = 40
"""A script that does not end at its limit, for example in one long transfer, is killed after this many limits."""


def scripts_below(folder: Path, each: int, seed: int) -> list[Path]:
    """Return the scripts for a K210 board: at most `each` of a repository, drawn and ordered by the seed."""
    rng = random.Random(seed)
    seen: set[bytes] = set()
    chosen: list[Path] = []
    for repository in sorted(path for path in folder.iterdir() if path.is_dir()):
        fitting = []
        for path in sorted(repository.rglob("*.py")):
            data = path.read_bytes()
            text = data.decode("utf-8", "replace")
            digest = hashlib.sha256(b"".join(data.split())).digest()
            if digest not in seen and FOR_A_BOARD.search(text) and not FOR_A_PC.search(text):
                seen.add(digest)
                fitting.append(path)
        chosen += rng.sample(fitting, min(each, len(fitting)))
    rng.shuffle(chosen)
    return chosen


def in_child(work: Callable[[], dict[str, Any]], limit: float) -> dict[str, Any]:
    """Return what a function returns in a child of this process; {"how": "limit"} if it far exceeds `limit` seconds."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            answer = work()
        except BaseException as error:
            answer = {"how": "failed", "error": f"{type(error).__name__}: {error}"}
        os.write(writer, json.dumps(answer).encode())
        os._exit(0)
    os.close(writer)
    data = b""
    end = time.monotonic() + HARD_LIMIT * limit
    while select.select([reader], [], [], max(0.0, end - time.monotonic()))[0]:
        more = os.read(reader, 65536)
        if not more:
            break
        data += more
    else:
        os.kill(child, signal.SIGKILL)
    os.close(reader)
    os.waitpid(child, 0)
    return dict(json.loads(data)) if data else {"how": "limit"}


def measured(path: Path, base: dict[str, Any], run: Callable[[Options, Film], Outcome]) -> dict[str, Any]:
    """Run a script; return the row of its result."""
    printed: list[str] = []
    began, film = time.monotonic(), Film(None)
    outcome = run(Options(text_of(path), tell=printed.append, **base), film)
    return {
        "how": outcome.how,
        "error": outcome.error,
        "traceback": outcome.reason[-OUTPUT_KEPT:],
        "board_s": round(outcome.seconds, 2),
        "pc_s": round(time.monotonic() - began, 2),
        "pictures": film.changes,
        "printed": "".join(printed)[-OUTPUT_KEPT:],
    }


def results_on_firmware(
    paths: list[Path], base: dict[str, Any], firmware: Path
) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield each script with its result on an image; the board boots once for each folder."""
    from maixswitch.board.maixpy_script import on_firmware

    def run(board: VirtualBoard, options: Options, film: Film) -> Outcome:
        on_firmware.connect_camera(board, options)
        return on_firmware.run_on(board, options, film)

    folders: dict[Path, list[Path]] = defaultdict(list)
    for path in paths:
        folders[path.parent].append(path)
    for folder, scripts in folders.items():
        try:
            with card_copy(folder, False) as card:
                board = on_firmware.start(Options("", **base), firmware, card)
                for path in scripts:
                    yield path, in_child(partial(measured, path, base, partial(run, board)), base["pc_seconds"])
        except MaixSwitchError as error:
            for path in scripts:
                yield path, {"how": "failed", "error": error.message}


def results_on_fakes(paths: list[Path], base: dict[str, Any]) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield each script with its result on the fakes."""
    from maixswitch.board.maixpy_script.on_fakes import run_on_fakes

    def run(card: Path, options: Options, film: Film) -> Outcome:
        return run_on_fakes(options, card, film)

    for path in paths:
        try:
            with card_copy(path.parent, False) as card:
                yield path, in_child(partial(measured, path, base, partial(run, card)), base["pc_seconds"])
        except MaixSwitchError as error:
            yield path, {"how": "failed", "error": error.message}


def text_of(path: Path) -> str:
    """Return the text of a script; old ones may be in another encoding than UTF-8."""
    return path.read_bytes().decode("utf-8-sig", "replace").replace("\r\n", "\n")


def kind_of(row: dict[str, Any]) -> str:
    """Return "runs", or in a few words why a script stopped."""
    how, error = row["how"], row.get("error", "")
    if how in ("ended", "time", "limit", "reset"):
        return "runs"
    if how != "raised":
        return f"{how}: {error}"[:70]
    return re.sub(r"0x[0-9a-f]+|\d{4,}", "N", error)[:70]


def summary(rows: list[dict[str, Any]]) -> None:
    """Print how many scripts run, of each repository and on the whole, and the reasons of the others."""
    for on in (FIRMWARE, FAKES):
        mine = [row for row in rows if row["on"] == on]
        if not mine:
            continue
        print(f"\nOn {on}: {sum(kind_of(row) == 'runs' for row in mine)} of {len(mine)} scripts run")
        repositories = Counter(row["script"].split("/")[0] for row in mine)
        running = Counter(row["script"].split("/")[0] for row in mine if kind_of(row) == "runs")
        for name, count in sorted(repositories.items()):
            print(f"  {running[name]:4} of {count:4}  {name}")
        for reason, count in Counter(map(kind_of, mine)).most_common(40):
            if reason != "runs":
                print(f"  {count:4}  {reason}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--firmware", type=Path)
    parser.add_argument("--board", default="bit")
    parser.add_argument("--flash", action="append", default=[])
    parser.add_argument("--camera", type=Path)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--limit", type=float, default=60.0, help="seconds of this PC for one script")
    parser.add_argument("--jobs", type=int, default=1, help="scripts at the same time")
    parser.add_argument("--each", type=int, default=60, help="most scripts of one repository")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--results", type=Path, default=Path("results.jsonl"))
    parser.add_argument("--on", choices=(FIRMWARE, FAKES, "both"), default="both")
    arguments = parser.parse_args()
    base = {
        "board": arguments.board,
        "flash": flash_contents(arguments.flash),
        "camera": arguments.camera,
        "seconds": arguments.seconds,
        "pc_seconds": arguments.limit,
    }
    lines = arguments.results.read_text().splitlines() if arguments.results.exists() else []
    rows = [json.loads(line) for line in lines]
    done = {(row["on"], row["script"]) for row in rows}
    paths = scripts_below(arguments.folder, arguments.each, arguments.seed)
    names = {path: path.relative_to(arguments.folder).as_posix() for path in paths}
    for on in (FIRMWARE, FAKES):
        if arguments.on not in (on, "both") or (on == FIRMWARE and arguments.firmware is None):
            continue
        left = [path for path in paths if (on, names[path]) not in done]
        # The scripts of a folder stay together, because they share a board.
        folders = sorted(
            {path.parent for path in left}, key=lambda folder: hashlib.sha256(str(folder).encode()).digest()
        )
        workers = []
        for job in range(arguments.jobs):
            mine = [path for path in left if path.parent in set(folders[job :: arguments.jobs])]
            if not (worker := os.fork()):
                results = (
                    results_on_firmware(mine, base, arguments.firmware)
                    if on == FIRMWARE
                    else results_on_fakes(mine, base)
                )
                for path, row in results:
                    line = json.dumps({"on": on, "script": names[path], **row}, ensure_ascii=False)
                    with arguments.results.open("a") as file:
                        file.write(line + "\n")
                    print(f"{on:8} {kind_of(row):40} {names[path]}", file=sys.stderr, flush=True)
                os._exit(0)
            workers.append(worker)
        for worker in workers:
            os.waitpid(worker, 0)
    rows = [json.loads(line) for line in arguments.results.read_text().splitlines()]
    summary(rows)


if __name__ == "__main__":
    main()
