"""What a sync needs of a card: one in a board on its cable, or one in this PC."""

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
    """All that is on a card, hidden files too: files with their sizes, folders; paths relative to its root."""

    files: dict[str, int] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)


class Target(Protocol):
    """A card. Paths are relative to its root, with "/". Failures are MaixSwitchErrors with a remedy."""

    name: str
    """How people call it: the port, or the folder."""

    def listing(self) -> Listing: ...

    def checksums(self, paths: Mapping[str, int], tell: Tell) -> dict[str, int]:
        """CRC32 of the files, given with their sizes, read from the card itself, without those that cannot be read."""

    def space(self) -> tuple[int, int]:
        """(free bytes, bytes of a cluster)."""

    def read(self, path: str) -> bytes:
        """A small file's bytes, b"" when there is none."""

    def write(self, path: str, data: bytes) -> None:
        """Writes a small file, all of it, until it is on the card; the old one is gone before the new one is there."""

    def make_folder(self, path: str) -> None:
        """Makes a folder in one that exists; nothing when it is there."""

    def send(self, file: Path, path: str, offset: int, size: int, crc: int, tell: Tell) -> None:
        """Brings a file's bytes from ``offset`` on to the end of ``path``, and has the whole verified on the card."""

    def drop(self, steps: Iterable[Step]) -> None:
        """Carries out deletions; nothing for what is gone already."""

    def finish(self, force: bool = False) -> None:
        """Carries out what SYNC/STEPS says, which goes then; a step that fails is an error, and the list stays.

        ``force``: the list goes in any case, since a new plan follows.
        """

    def seconds(self, size: int, copied: int) -> float | None:
        """How long it takes to send ``size`` bytes and to copy others on the card, None when that cannot be said."""

    def full(self, need: int, free: int, gain: int) -> MaixSwitchError:
        """The card has not the room; ``gain``: bytes that deleting what the source has not would free."""
