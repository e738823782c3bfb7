"""Workers as processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from maixswitch import language
from maixswitch.evaluate import worker
from maixswitch.evaluate.job import Job
from maixswitch.evaluate.worker import Item

from .batches import AHEAD, Batch, Take, batches

_job: Job | None = None
_folder = ""


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run(job: Job, folder: Path, keys: Sequence[str], workers: int, take: Take) -> None:
    """Measure pictures; `take` gets the records as they come.

    Raises MaixSwitchError if a model cannot be run.
    """
    if workers < 2 or len(keys) < 2:
        try:
            for batch in batches(keys, 1):
                take(worker.measure(job, str(folder), batch.items(None)))
        finally:
            worker.release()
        return
    waiting = list(batches(keys, workers))[::-1]
    while waiting:
        # A worker that dies ends the whole pool, so what was under way starts again in a new one.
        waiting += _pool(job, folder, waiting, workers, take)[::-1]


def _pool(job: Job, folder: Path, waiting: list[Batch], workers: int, take: Take) -> list[Batch]:
    """Measure until nothing is waiting, or until the pool breaks; return the batches to try again."""
    # Not by fork: the libraries behind the emulator have threads, whose locks a fork would copy.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, _begin, (job, str(folder), language.chosen()))
    running: dict[Future[list[bytes]], Batch] = {}
    again: list[Batch] = []
    try:
        while waiting or running:
            while waiting and len(running) < AHEAD * workers:
                batch = waiting.pop()
                try:
                    running[pool.submit(_measure, batch.items(None))] = batch
                except BrokenProcessPool:
                    waiting.append(batch)
                    break
            broken = False
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                batch = running.pop(future)
                try:
                    take(future.result())
                except BrokenProcessPool:
                    broken = True
                    again += _again(batch, take)
            if broken:
                for batch in running.values():
                    again += _again(batch, take)
                running.clear()
                return again
        return []
    finally:
        pool.shutdown(wait=not running, cancel_futures=True)


def _again(batch: Batch, take: Take) -> list[Batch]:
    again = batch.again()
    if not again:
        take(batch.lost())
    return again


def _begin(job: Job, folder: str, lang: str) -> None:
    """Prepare a worker's process."""
    global _job, _folder
    # Ctrl-C goes to all processes of the terminal; only the first of them decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    language.choose(lang)
    _job, _folder = job, folder


def _measure(items: Sequence[Item]) -> list[bytes]:
    assert _job is not None
    return worker.measure(_job, _folder, items)
