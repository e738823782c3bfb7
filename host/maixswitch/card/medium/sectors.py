"""Read-only access to the bytes of a card image or a block device, within its size."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from types import TracebackType

from maixswitch import files
from maixswitch.errors import EXIT_IO, EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr

SECTOR = 512
LARGEST_READ = 4 << 20
ENDLESS = 1 << 50


class Sectors:
    """A file or block device that is opened for reading. `size` is in bytes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._is_device = False
        try:
            kind = path.stat().st_mode
            self._is_device = stat.S_ISBLK(kind)
            if not (stat.S_ISREG(kind) or stat.S_ISBLK(kind)):
                text = tr("{path}: neither a card image nor a block device", path=path)
                raise MaixSwitchError(text, EXIT_USAGE)
            self._file = path.open("rb")
            # macOS does not tell the size of a device; only reading finds its end.
            self.size = self._file.seek(0, os.SEEK_END) or (ENDLESS if self._is_device else 0)
        except OSError as error:
            raise self._failure(error) from error

    def read(self, at: int, count: int) -> bytes:
        """Return `count` bytes from byte `at` on, fewer at the end. Raises MaixSwitchError if they cannot be read."""
        # The positions come from the card. A wrong table may point anywhere, which must not end the check.
        if at < 0 or count <= 0 or at >= self.size:
            return b""
        try:
            self._file.seek(at)
            return self._file.read(min(count, LARGEST_READ, self.size - at))
        except OSError as error:
            raise self._failure(error) from error

    def sector(self, number: int) -> bytes:
        """Return one sector of 512 bytes, filled with zeros past the end."""
        return self.read(number * SECTOR, SECTOR).ljust(SECTOR, b"\0")

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Sectors:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _failure(self, error: OSError) -> MaixSwitchError:
        # Raw devices belong to root on most systems. "Permission denied" alone would look like a faulty card.
        if isinstance(error, PermissionError) and self._is_device:
            text = tr("{path}: only an administrator may read it: sudo maixswitch check {path}", path=self.path)
            return MaixSwitchError(text, EXIT_IO)
        return MaixSwitchError(files.unreadable(self.path, error), EXIT_IO)
