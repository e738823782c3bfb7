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
    """Everything on a card, including hidden files. Paths are relative to its root.

    files: path -> size in bytes.
    """

    files: dict[str, int] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)


class Target(Protocol):
    """A card. Paths are relative to its root, with "/". Failures are MaixSwitchErrors with a remedy."""

    name: str
    """Its name for the user: the port, or the folder."""

    def listing(self) -> Listing: ...

    def checksums(self, paths: Mapping[str, int], tell: Tell) -> dict[str, int]:
        """Return the CRC32 of files, read from the card itself. Unreadable files are left out.

        paths: path -> size in bytes.
        tell: gets the number of bytes read since its last call.
        """

    def space(self) -> tuple[int, int]:
        """Return (free bytes, bytes of a cluster)."""

    def read(self, path: str) -> bytes:
        """Return the bytes of a small file; b"" if it is missing."""

    def write(self, path: str, data: bytes) -> None:
        """Write a small file through to the card. The old file is lost before the new one is complete."""

    def make_folder(self, path: str) -> None:
        """Make a folder in an existing one; do nothing if it exists."""

    def send(self, file: Path, path: str, offset: int, size: int, crc: int, tell: Tell) -> None:
        """Append the bytes of a file of the PC to ``path`` on the card, and verify the result.

        offset: how many bytes ``path`` has already; sending starts after them.
        size, crc: the size and CRC32 of the complete file.
        tell: gets the number of bytes written since its last call.
        """

    def copy(self, origin: str, path: str, size: int, crc: int) -> None:
        """Copy a file of the card to another path, and verify the result. The origin stays.

        size, crc: the size and CRC32 of the file.
        """

    def drop(self, steps: Iterable[Step]) -> None:
        """Carry out deletions. A file or folder that is gone already is not an error."""

    def finish(self, force: bool = False) -> None:
        """Carry out the steps in SYNC/STEPS and delete it. If a step fails, raise, and keep the list.

        force: delete the list in any case, because a new plan follows.
        """

    def seconds(self, size: int, copied: int) -> float | None:
        """Return the seconds to send ``size`` bytes and to copy ``copied`` bytes on the card; None if unknown."""

    def full(self, need: int, free: int, gain: int) -> MaixSwitchError:
        """Return the error for a full card. All numbers are bytes.

        gain: how many --delete would free.
        """
