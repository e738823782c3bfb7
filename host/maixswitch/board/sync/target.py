"""What a sync needs from a card, in a board on its cable or in this PC."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from maixswitch.board.sync.journal import Step
from maixswitch.errors import MaixSwitchError

Tell = Callable[[int], None]


@dataclass
class Listing:
    """Everything on a card, hidden files too: files with their sizes, and folders. Paths are relative to its root."""

    files: dict[str, int] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)


class Target(Protocol):
    """A card. Paths are relative to its root, with "/". Failures are MaixSwitchErrors with a remedy."""

    name: str
    """What people call it: the port, or the folder."""

    def listing(self) -> Listing: ...

    def checksums(self, paths: Mapping[str, int], tell: Tell) -> dict[str, int]:
        """Return the CRC32 of the files, given with their sizes, read from the card itself; without unreadable ones."""

    def space(self) -> tuple[int, int]:
        """Return (free bytes, bytes of a cluster)."""

    def read(self, path: str) -> bytes:
        """Return the bytes of a small file, b"" if there is none."""

    def write(self, path: str, data: bytes) -> None:
        """Write a small file through to the card. The old one is deleted before the new one is there."""

    def make_folder(self, path: str) -> None:
        """Make a folder in an existing one; does nothing if it exists."""

    def send(self, file: Path, path: str, offset: int, size: int, crc: int, tell: Tell) -> None:
        """Append a file's bytes from ``offset`` on to ``path``, and verify the whole on the card."""

    def drop(self, steps: Iterable[Step]) -> None:
        """Carry out deletions; does nothing for what is gone already."""

    def finish(self, force: bool = False) -> None:
        """Carry out SYNC/STEPS and delete it. If a step fails, that is an error, and the list stays.

        force: delete the list in any case, since a new plan follows.
        """

    def seconds(self, size: int, copied: int) -> float | None:
        """Return how long it takes to send ``size`` bytes and to copy others on the card; None if unknown."""

    def full(self, need: int, free: int, gain: int) -> MaixSwitchError:
        """Return the error for a full card. ``gain``: bytes that deleting what the source does not have would free."""
