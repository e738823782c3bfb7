"""A card in this PC: the folder that it is mounted at."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from maixswitch.board.sync import inventory, journal
from maixswitch.board.sync.inventory import BLOCK, STEPS, SYNC, Tell
from maixswitch.board.sync.journal import Step
from maixswitch.board.sync.target import Listing
from maixswitch.errors import EXIT_IO, MaixSwitchError
from maixswitch.language import reason, tr

CARD_SIGNS = ("models", "device", "main.py", SYNC)


class FolderTarget:
    """A folder as a card. Writes are synced to the medium and, where the system allows it, read back from there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = str(folder)

    def is_card(self) -> bool:
        """Does anything in the folder show that it is a card of the app?"""
        return any((self.folder / name).exists() for name in CARD_SIGNS)

    def listing(self) -> Listing:
        listing = Listing()
        with self._failing():
            for base, folders, files in os.walk(self.folder, onerror=_raise):
                folder = Path(base).relative_to(self.folder)
                listing.folders |= {(folder / name).as_posix() for name in folders}
                for name in files:
                    listing.files[(folder / name).as_posix()] = (self.folder / folder / name).lstat().st_size
        return listing

    def checksums(self, paths: Mapping[str, int], tell: Tell) -> dict[str, int]:
        sums = {}
        with self._failing():
            for path in paths:
                try:
                    sums[path] = inventory.checksum(self.folder / path, tell=tell)[1]
                except OSError as error:
                    # An unreadable file is left out, so that it is sent again. If the folder is gone, too, the card was
                    # pulled out, which is an error.
                    if error.errno != errno.EIO or not self.folder.is_dir():
                        raise
        return sums

    def space(self) -> tuple[int, int]:
        if not hasattr(os, "statvfs"):
            return shutil.disk_usage(self.folder).free, 32768  # the largest cluster that a FAT32 card usually has
        with self._failing():
            stats = os.statvfs(self.folder)
        return stats.f_bavail * stats.f_frsize, stats.f_frsize

    def read(self, path: str) -> bytes:
        with self._failing():
            try:
                return (self.folder / path).read_bytes()
            except FileNotFoundError:
                return b""

    def write(self, path: str, data: bytes) -> None:
        with self._failing(), (self.folder / path).open("wb") as file:
            file.write(data)
            _settle(file)
            self._settle_names([path])

    def make_folder(self, path: str) -> None:
        with self._failing():
            (self.folder / path).mkdir(exist_ok=True)
            self._settle_names([path])

    def send(self, file: Path, path: str, offset: int, size: int, crc: int, tell: Tell) -> None:
        target = self.folder / path
        with self._failing():
            with file.open("rb") as source, target.open("r+b" if offset else "wb") as part:
                source.seek(offset)
                part.seek(offset)
                while block := source.read(BLOCK):
                    part.write(block)
                    tell(len(block))
                # An older part may be longer than the file.
                part.truncate()
                _settle(part)
            self._settle_names([path])
            if inventory.checksum(target) != (size, crc):
                # The next sync must not continue from a wrong part.
                target.unlink()
                raise MaixSwitchError(
                    tr(
                        "{path}: the card returns other bytes than were written to it, or {file} changed meanwhile; "
                        "run the same command again, or use another card",
                        path=target,
                        file=file,
                    ),
                    EXIT_IO,
                )

    def copy(self, origin: str, path: str, size: int, crc: int) -> None:
        with self._failing():
            self._duplicate(origin, path, crc)

    def drop(self, steps: Iterable[Step]) -> None:
        for step, error in journal.finish(steps, self._exists, self._do):
            if step.verb != "rmdir":  # a folder that is not empty may stay
                raise self._failure(error)

    def finish(self, force: bool = False) -> None:
        steps = journal.parse(self.read(STEPS))
        if steps:
            try:
                self.drop(steps)
            except MaixSwitchError:
                # The new plan compares every file, so a step that failed here does no harm.
                if not force:
                    raise
            self._settle_names(step.path for step in steps)
        self.drop([Step("delete", STEPS)])
        self._settle_names([STEPS])

    def seconds(self, size: int, copied: int) -> float | None:
        return None

    def full(self, need: int, free: int, gain: int) -> MaixSwitchError:
        text = tr(
            "{name}: the card is full: {free} KiB are free, {need} KiB are needed, since old and new files are on it "
            "together until all have arrived; remove models, or use a larger card",
            name=self.name,
            free=free >> 10,
            need=-(-need >> 10),
        )
        if gain:
            text += tr("; --delete would free {gain} KiB", gain=gain >> 10)
        return MaixSwitchError(text, EXIT_IO)

    def _exists(self, path: str) -> bool:
        return os.path.lexists(self.folder / path)

    def _do(self, step: Step) -> None:
        target = self.folder / step.path
        if step.verb == "copy":
            self._copy(step)
        elif step.verb == "mkdir":
            target.mkdir()
        elif step.verb == "delete":
            target.unlink()
        else:
            # The plan removes only folders in which nothing but hidden files is left.
            for path in target.iterdir():
                path.unlink()
            target.rmdir()

    def _copy(self, step: Step) -> None:
        self._duplicate(step.path, step.name, int(step.crc, 16))
        # The part is deleted last, so that the step can be repeated until the copy is verified. boot.py does the same.
        (self.folder / step.path).unlink()

    def _duplicate(self, origin: str, path: str, crc: int) -> None:
        target = self.folder / path
        with (self.folder / origin).open("rb") as source, target.open("wb") as file:
            shutil.copyfileobj(source, file, BLOCK)
            _settle(file)
        if inventory.checksum(target)[1] != crc:
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(target))
        self._settle_names([path])

    def _settle_names(self, paths: Iterable[str]) -> None:
        """Write the folders of these paths through to the card, on systems that can do this."""
        if os.name == "nt":
            return
        folders = {(self.folder / path).parent for path in paths}
        for folder in sorted(folders):
            with contextlib.suppress(OSError):  # Some file systems cannot do this, and a folder may be gone.
                handle = os.open(folder, os.O_RDONLY)
                try:
                    os.fsync(handle)
                finally:
                    os.close(handle)

    @contextlib.contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._failure(error) from error

    def _failure(self, error: OSError) -> MaixSwitchError:
        path = error.filename or self.folder
        # Linux mounts a FAT with errors read-only, so the remedy names more than the write lock.
        if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
            text = tr(
                "{path}: the card cannot be written ({reason}): release the write lock of its adapter, mount it for "
                "writing, or let the system check its file system",
                path=path,
                reason=reason(error),
            )
        elif error.errno == errno.ENOSPC:
            text = tr("{path}: the card is full: remove models, or use a larger card", path=path)
        # A card that was pulled out causes various error numbers, so check whether the folder is missing.
        elif not self.folder.is_dir():
            text = tr(
                "{path}: the card is gone; insert it again and run the same command: it continues where it stopped",
                path=self.folder,
            )
        else:
            text = tr(
                "{path}: the card cannot be read or written ({reason}); take it out, insert it again, and run the same "
                "command",
                path=path,
                reason=reason(error),
            )
        return MaixSwitchError(text, EXIT_IO)


def _settle(file: BinaryIO) -> None:
    """Write a file through to the card and, on systems that can do this, make the next read come from there."""
    file.flush()
    os.fsync(file.fileno())
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _raise(error: OSError) -> None:
    raise error
