"""What all engines share: batches of pictures, and what becomes of one whose worker dies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from maixswitch.evaluate.records import LOST, Record
from maixswitch.evaluate.worker import LARGEST_FILE, Item

BATCH = 32
"""Pictures of a task: long enough that handing it out costs nothing, short enough that little is lost."""
AHEAD = 3
"""Tasks that wait for each worker, so that none is idle; with more of them the memory would grow."""
TRIES = 3
"""How often a worker may die with a picture before the picture is blamed."""

Take = Callable[[list[bytes]], None]
"""Takes packed records, in any order, some perhaps twice."""


@dataclass(frozen=True)
class Batch:
    """Pictures of one task. tries: how often its worker has died."""

    keys: tuple[str, ...]
    tries: int = 0

    def items(self, send_from: Path | None) -> list[Item]:
        """Return what a worker gets. send_from: the folder whose files travel with it, None if it has them itself."""
        if send_from is None:
            return [Item(key) for key in self.keys]
        return [Item(key, _bytes(send_from / key)) for key in self.keys]

    def again(self) -> list[Batch]:
        """Return the batches to try after the worker has died: one picture each, since one of them may be the cause."""
        if self.tries + 1 >= TRIES and len(self.keys) == 1:
            return []
        if len(self.keys) == 1:
            return [replace(self, tries=self.tries + 1)]
        return [Batch((key,), self.tries) for key in self.keys]

    def lost(self) -> list[bytes]:
        """Return the records of a batch that no worker has survived."""
        return [Record(key, error=LOST).packed() for key in self.keys]


def _bytes(path: Path) -> bytes | None:
    # The worker names what is wrong with a file that it cannot read either.
    try:
        return path.read_bytes() if path.stat().st_size <= LARGEST_FILE else None
    except OSError:
        return None


def batches(keys: Sequence[str], workers: int) -> Iterator[Batch]:
    """Yield the keys in batches; smaller ones if there are so few that some workers would get none."""
    size = max(1, min(BATCH, len(keys) // (4 * workers)))
    for at in range(0, len(keys), size):
        yield Batch(tuple(keys[at : at + size]))
