"""The records of a run in a file, so that an interrupted run can go on. The key is the job and the folder."""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from maixswitch import files
from maixswitch.files import cache_folder

from .data.sample import DataSet
from .job import Job
from .records import LOST, MISSING, Record, unpacked

_HEAD = struct.Struct("<II")  # bytes of a record, and their CRC
LARGEST = 64 << 20
SUFFIX = ".records"


class Journal:
    """Appends records to a file in the user's cache. Without a cache it keeps nothing."""

    def __init__(self, job: Job, data: DataSet) -> None:
        folder = cache_folder()
        key = hashlib.sha256(f"{job.digest()} {data.folder.resolve()}".encode()).hexdigest()[:32]
        self._path: Path | None = folder / "evaluate" / f"{key}{SUFFIX}" if folder is not None else None
        self._folder = data.folder
        self._file: BinaryIO | None = None

    @property
    def keeps(self) -> bool:
        """Is there a file?"""
        return self._file is not None

    def begin(self, resume: bool) -> dict[str, bytes]:
        """Open the file; return the records that are still right, {} unless `resume`.

        Raises MaixSwitchError (input or output) if the file cannot be written.
        """
        path = self._path
        if path is None:
            return {}
        with files.writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            old = path.read_bytes() if resume and path.is_file() else b""
            kept = {record.key: data for record, data in self._records(old) if self._fits(record)}
            # Written anew: the end of the old file may be half a record.
            self._file = path.open("wb")
        self.add(kept)
        return kept

    def add(self, records: Mapping[str, bytes]) -> None:
        """Append records; they are on the disk when this returns, unless the PC loses its power."""
        if self._file is not None:
            with files.writing(self._path):
                self._file.write(b"".join(_HEAD.pack(len(data), zlib.crc32(data)) + data for data in records.values()))
                self._file.flush()

    def end(self, complete: bool) -> None:
        """Close the file, and delete it if the run is complete."""
        if self._file is not None and self._path is not None:
            self._file.close()
            self._file = None
            if complete:
                self._path.unlink(missing_ok=True)

    def _records(self, data: bytes) -> Iterator[tuple[Record, bytes]]:
        at = 0
        while at + _HEAD.size <= len(data):
            size, check = _HEAD.unpack_from(data, at)
            part = data[at + _HEAD.size : at + _HEAD.size + size]
            at += _HEAD.size + size
            # Where the run was interrupted the last record may be cut off.
            if size > LARGEST or len(part) < size or zlib.crc32(part) != check:
                return
            yield unpacked(part), part

    def _fits(self, record: Record) -> bool:
        """Is the picture still the one that was measured? One that failed for an outer reason is tried again."""
        if record.error in (MISSING, LOST):
            return False
        try:
            about = os.stat(self._folder / record.key)
        except OSError:
            return False
        return not record.size or (about.st_size, about.st_mtime_ns) == (record.size, record.changed)
