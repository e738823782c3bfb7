"""Measures how fast `maixswitch evaluate` is: on one and on two processes, and on two workers of a dask scheduler.

    evaluate.py [--pictures 20000] [--folder DIR] [--model shapes|digits]

Pictures are drawn, 200 different ones, and copied under other names. Each run is a process of its own; the table has
its wall clock, the processor time of all its processes, and how much memory the command and a worker took when a
quarter of the pictures was done, and at most. All runs must give the same bytes of JSON.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "host")]

from maixswitch import models_shipped  # noqa: E402
from maixswitch.sim import pictures  # noqa: E402

DIFFERENT = 200
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "host"), "MAIXSWITCH_CACHE": "off", "MAIXSWITCH_LANG": "en"}


def draw(folder: Path, count: int, model: str) -> None:
    """Write labelled pictures, unless the folder has them."""
    if folder.is_dir():
        return
    for index in range(min(DIFFERENT, count)):
        rng = np.random.default_rng((50_000, index))
        if model == "digits":
            picture, digit = pictures.digit_picture(rng, index % 10)
            place = folder / str(digit)
            labels = ""
        else:
            picture, objects = pictures.shape_picture(rng)
            place = folder
            high, wide = picture.shape[:2]
            labels = "".join(
                f"{pictures.SHAPES.index(o.kind)} {(o.x + o.width / 2) / wide:.6f} {(o.y + o.height / 2) / high:.6f} "
                f"{o.width / wide:.6f} {o.height / high:.6f}\n"
                for o in objects
            )
        place.mkdir(parents=True, exist_ok=True)
        first = place / f"{index:06}.jpg"
        Image.fromarray(picture).save(first, quality=90)
        for copy in range(index, count, DIFFERENT):
            target = place / f"{copy:06}.jpg"
            if target != first:
                shutil.copyfile(first, target)
            if model == "shapes":
                target.with_suffix(".txt").write_text(labels)


@dataclass
class Watch:
    """Memory in MiB and processor time in seconds of processes, sampled four times a second."""

    processes: list[psutil.Process]
    samples: list[list[tuple[float, float]]] = field(default_factory=list)
    _seen: dict[int, float] = field(default_factory=dict)

    def look(self) -> None:
        rows = []
        for process in self.processes:
            try:
                for one in (process, *process.children(recursive=True)):
                    times = one.cpu_times()
                    self._seen[one.pid] = times.user + times.system
                    rows.append((one.memory_info().rss / 2**20, float(one.pid)))
            except psutil.NoSuchProcess:
                continue
        self.samples.append(rows)

    @property
    def seconds(self) -> float:
        return sum(self._seen.values())

    def largest(self, part: float) -> float:
        """The memory of the largest process up to a part (0..1) of the run."""
        some = self.samples[: max(1, int(part * len(self.samples)))]
        return max((memory for rows in some for memory, _ in rows), default=0.0)


@dataclass
class Result:
    """A run. digest: of its JSON. wall, processor: seconds."""

    digest: str
    wall: float
    processor: float
    watch: Watch


def run(words: list[str], others: list[psutil.Process]) -> Result:
    """Run the command. others: processes that work for it."""
    before = sum(sum(process.cpu_times()[:2]) for process in others)
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "maixswitch", "evaluate", *words, "--json"], env=ENVIRONMENT, stdout=subprocess.PIPE
    )
    watch = Watch([psutil.Process(process.pid), *others])
    done = threading.Event()

    def sample() -> None:
        while not done.wait(0.25):
            watch.look()

    thread = threading.Thread(target=sample)
    thread.start()
    output, _ = process.communicate()
    done.set()
    thread.join()
    if process.returncode:
        raise SystemExit(f"evaluate ended with {process.returncode}")
    return Result(hashlib.sha256(output).hexdigest()[:12], time.monotonic() - began, watch.seconds - before, watch)


@contextmanager
def cluster(folder: Path) -> Iterator[tuple[str, list[psutil.Process]]]:
    """Start a scheduler and two workers on this machine; yield the address and the processes."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"

    def start(kind: str, *words: str) -> psutil.Popen:
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *words, "--no-dashboard"]
        return psutil.Popen(command, env=ENVIRONMENT, stderr=subprocess.DEVNULL, cwd=folder)

    started = [start("scheduler", "--host", "127.0.0.1", "--port", str(port))]
    own = ("--nthreads", "1", "--no-nanny", "--host", "127.0.0.1")
    started += [start("worker", address, *own) for _ in range(2)]
    try:
        from distributed import Client

        with Client(address, timeout=60, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
        yield address, [psutil.Process(process.pid) for process in started]
    finally:
        for process in started:
            process.kill()
            process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=int, default=20_000)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "maixswitch-evaluate")
    parser.add_argument("--model", choices=("digits", "shapes"), default="digits")
    options = parser.parse_args()
    data = options.folder / f"{options.model}-{options.pictures}"
    draw(data, options.pictures, options.model)
    words = [str(models_shipped.FOLDER / options.model), "--data", str(data)]
    print("| workers | seconds | pictures/s | processor s | ms each | MiB at a quarter | MiB at most | JSON |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |", flush=True)

    def row(name: str, more: list[str], others: list[psutil.Process]) -> None:
        result = run([*words, *more], others)
        count = options.pictures
        print(
            f"| {name} | {result.wall:.0f} | {count / result.wall:.0f} | {result.processor:.0f} | "
            f"{1000 * result.processor / count:.2f} | {result.watch.largest(0.25):.0f} | "
            f"{result.watch.largest(1):.0f} | {result.digest} |",
            flush=True,
        )

    row("1 process", ["--workers", "1"], [])
    row("2 processes", ["--workers", "2"], [])
    with cluster(options.folder) as (address, processes):
        row("2 workers of dask", ["--scheduler", address], processes)


if __name__ == "__main__":
    main()
