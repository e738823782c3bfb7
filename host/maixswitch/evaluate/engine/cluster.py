"""Workers of a dask scheduler, on this machine or on others.

What travels: the job once to each worker (the files of the models, below 10 MB), then for each task the keys of its
pictures, and back their records. The pictures travel only if the user asks for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from maixswitch import __version__
from maixswitch.errors import EXIT_IO, EXIT_USAGE, MaixSwitchError
from maixswitch.evaluate.job import Job
from maixswitch.evaluate.worker import Item
from maixswitch.language import tr

from .batches import AHEAD, Batch, Take, batches

PATIENCE_S = 30
"""How long to wait for the scheduler, and for its first worker."""


def run(job: Job, folder: Path, keys: Sequence[str], address: str, send: bool, take: Take) -> None:
    """Measure pictures; `take` gets the records as they come.

    address: of the scheduler. send: whether the pictures travel; else each worker reads them from the same folder.
    Raises MaixSwitchError if there is no scheduler or no worker, if a worker has another version, or if a model cannot
    be run.
    """
    client = _client(address)
    try:
        _same_version(client)
        # To all workers at once, so that the loss of one loses nothing.
        shared = client.scatter(job, broadcast=True, hash=False)
        _feed(client, shared, folder, keys, send, take)
    finally:
        client.close()


def _client(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError as error:
        text = tr("--scheduler needs dask: pip install 'maixswitch[cluster]', here and on every worker")
        raise MaixSwitchError(text, EXIT_USAGE) from error
    try:
        client = Client(address, timeout=PATIENCE_S, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        text = tr("--scheduler {address}: no scheduler answers ({reason})", address=address, reason=error)
        raise MaixSwitchError(text, EXIT_IO) from error
    try:
        client.wait_for_workers(1, timeout=PATIENCE_S)
    except TimeoutError as error:
        client.close()
        text = tr("--scheduler {address}: it has no worker; start one with: dask worker {address} --nthreads 1",
                  address=address)  # fmt: skip
        raise MaixSwitchError(text, EXIT_IO) from error
    return client


def _same_version(client: Any) -> None:
    """Raise MaixSwitchError unless every worker has this version: another one may compute other numbers."""
    found = client.run(version)
    others = {name: text for name, text in found.items() if text != __version__}
    for name, text in others.items():
        raise MaixSwitchError(
            tr(
                "the worker {name} has maixswitch {found}, expected {wanted}", name=name, found=text, wanted=__version__
            ),
            EXIT_USAGE,
        )


def version() -> str:
    """Return the version of the package, on a worker."""
    return __version__


def measure(job: Job, folder: str, items: Sequence[Item]) -> list[bytes]:
    """Measure on a worker."""
    from maixswitch.evaluate import worker

    return worker.measure(job, folder, items)


def _feed(client: Any, shared: Any, folder: Path, keys: Sequence[str], send: bool, take: Take) -> None:
    from distributed import as_completed
    from distributed.scheduler import KilledWorker

    workers = max(1, len(client.scheduler_info()["workers"]))
    waiting = list(batches(keys, workers))[::-1]
    running: dict[Any, Batch] = {}
    finished = as_completed(loop=client.loop, raise_errors=False)

    def hand_out() -> None:
        batch = waiting.pop()
        # The same path on every machine, or the bytes themselves.
        items = batch.items(folder if send else None)
        # pure=False: dask must not take two tasks for one. It starts a task of a dead worker again by itself.
        future = client.submit(measure, shared, str(folder.resolve()), items, pure=False, retries=0)
        running[future.key] = batch
        finished.add(future)

    # Each task that ends makes room for the next, so that no more pictures travel than are needed.
    while waiting and len(running) < AHEAD * workers:
        hand_out()
    for future in finished:
        batch = running.pop(future.key)
        if future.status == "finished":
            take(future.result())
        elif isinstance(future.exception(), KilledWorker):
            again = batch.again()
            waiting += again
            if not again:
                take(batch.lost())
        else:
            raise future.exception()
        del future
        while waiting and len(running) < AHEAD * workers:
            hand_out()
