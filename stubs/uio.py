"""Fake of MaixPy's uio.open and its files on the card and the flash chip of the bench.

StringIO and BytesIO are those of the interpreter.
"""

import bench
from benchlib import vfs
from benchlib.args import buffer_bytes
from benchlib.card import EACCES, EEXIST, EINVAL, EIO, ENOENT, EPERM, SparseFile

try:
    _io = __import__("io")
except ImportError:  # v1.11 has a module uio only
    _io = __import__("uio")
StringIO = _io.StringIO
BytesIO = _io.BytesIO
IOBase = _io.IOBase
_CHUNK = 512


class _File:
    """An open file: FileIO for a mode with "b", else TextIOWrapper. Writes reach the drive at once and in order."""

    def __init__(self, drive, path, text, readable, writable, data, at):
        self._drive = drive
        self._path = path
        self._text = text
        self._readable = readable
        self._writable = writable
        self._data = data  # the bytes of the file, not a copy of them
        self._at = at
        self._open = True
        bench.open_files += 1

    def _check(self, name, allowed=True):
        bench.enter(name)
        # The codes are those of FatFs (FR_INVALID_OBJECT, FR_DENIED) and EIO for any of SPIFFS.
        if not self._open:
            raise OSError(EIO if self._drive.flat else EINVAL)
        self._drive.touch()
        if not allowed:
            raise OSError(EIO if self._drive.flat else EACCES)

    def _may_read(self):
        # SPIFFS reads a file that is open for writing, too.
        return self._readable or self._drive.flat

    def _slice(self, start, stop):
        data = self._data
        # A sparse file may be larger than the heap, so only the slice is allocated.
        if isinstance(data, SparseFile):
            head = bytes(data.head[start:stop])
            return head + bytes(max(min(stop, data.size) - start - len(head), 0))
        # b"" and not empty bytes from a slice: their memory is NULL, and rsplit of MicroPython reads before it
        return bytes(data[start:stop]) or b""

    def _out(self, raw):
        return raw.decode() if self._text else raw

    def read(self, _n: int = -1):
        """Return up to _n bytes or characters, or all that is left without _n. Raises OSError(13) when not readable."""
        self._check("file.read", self._may_read())
        # Text is read by characters, but the position counts bytes, as in py/stream.c.
        size = len(self._data)
        start = self._at
        if _n is None or _n < 0:
            stop = size
        elif self._text:
            stop = self._after_characters(start, _n, size)
        else:
            stop = min(start + _n, size)
        bench.clock.advance((stop - start) // self._drive.bytes_per_ms, True)
        self._at = max(start, stop)
        return self._out(self._slice(start, stop))

    def _after_characters(self, start, count, size):
        data = self._data
        at = start
        while count > 0 and at < size:
            at += 1
            # A read must not end inside a character of UTF-8, which continues with bytes of the form 10xxxxxx.
            while at < size and data[at] & 0xC0 == 0x80:
                at += 1
            count -= 1
        return at

    def readinto(self, _buffer) -> int:
        """Fill a buffer. Returns the number of bytes."""
        self._check("file.read", self._may_read())
        raw = self._slice(self._at, self._at + len(_buffer))
        _buffer[: len(raw)] = raw
        self._at += len(raw)
        return len(raw)

    def readline(self, _n: int = -1):
        """Return the next line with its end, up to _n bytes; empty at the end of the file."""
        self._check("file.readline", self._may_read())
        return self._out(self._line(_n))

    def _line(self, limit):
        start = self._at
        size = len(self._data)
        at = start
        # The end is searched piece by piece, because a file without line ends would be copied for its one line.
        while at < size:
            piece = self._slice(at, min(at + _CHUNK, size))
            end = piece.find(b"\n")
            if end >= 0:
                at += end + 1
                break
            at += len(piece)
        if limit >= 0:
            at = min(at, start + limit)
        self._at = at
        return self._slice(start, at)

    def readlines(self) -> list:
        """Return the lines up to the end of the file."""
        return list(self)

    def __iter__(self):
        return self

    def __next__(self):
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def write(self, _data) -> int:
        """Write text or bytes, whatever the mode. Returns the number of bytes. Raises OSError(13) when not writable."""
        self._check("file.write", self._writable)
        raw = buffer_bytes(_data)
        drive = self._drive
        # A write at the end, the usual one, appends. Another one replaces bytes and writes the whole file again.
        if self._at == len(self._data):
            drive.put(self._path, raw, True)
        else:
            old = bytes(self._data)
            drive.put(self._path, old[: self._at] + raw + old[self._at + len(raw) :], False)
        self._data = drive.backend.read(self._path)
        self._at += len(raw)
        bench.clock.advance(len(raw) // 300, True)
        return len(raw)

    def seek(self, _offset: int, _whence: int = 0) -> int:
        """Move the position. Returns the new one, in bytes."""
        base = (0, self._at, len(self._data))[_whence]
        self._at = max(base + _offset, 0)
        return self._at

    def tell(self) -> int:
        return self._at

    def flush(self) -> None:
        """Write everything. Raises OSError(22) on a closed file of the card."""
        bench.enter("file.flush")
        if not self._open and not self._drive.flat:
            raise OSError(EINVAL)

    def close(self) -> None:
        bench.enter("file.close")
        if self._open:
            bench.open_files -= 1
        self._open = False

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.close()


def open(_path: str, mode: str = "r", encoding=None) -> _File:
    """Open a file of the card or of the flash chip.

    Raises OSError: 2 for a missing file and for a folder to read, 5 for a card that was pulled, 13 for a folder to
    write, 17 for an existing file and mode "x" on /sd, 19 without a card, 22 for /sd. On /flash mode "a" does not
    create a file, and mode "x" truncates an existing one.
    """
    bench.enter("uio.open")
    drive, path = vfs.resolve(_path)
    if drive is None:
        raise OSError(EPERM)
    # Opening to read is a look-up, which may need no access of the card; opening to write always needs one.
    drive.touch(path if mode in ("r", "rb") else None)
    try:
        is_dir, _ = drive.stat(path)
        exists = True
    except OSError as error:
        # A missing file may be created below, but a pulled card is an error.
        if error.args[0] != ENOENT:
            raise
        exists = is_dir = False
    if is_dir:
        if not path:
            raise OSError(ENOENT if drive.flat else EINVAL)
        raise OSError(ENOENT if mode in ("r", "rb") else EACCES)
    # Unknown letters are skipped, as in vfs_fat_file.c. Simplified: of several modes the last one counts, where the
    # firmware adds up their flags.
    kind = "r"
    for letter in mode:
        if letter in "rwax":
            kind = letter
    plus = "+" in mode
    # vfs_spiffs_file.c opens for appending without the flag that creates a file.
    if (kind == "r" and not exists) or (kind == "a" and drive.flat and not exists):
        raise OSError(ENOENT)
    if kind == "x" and exists and not drive.flat:
        raise OSError(EEXIST)
    if hasattr(drive.backend, "open"):  # a backend whose files are not in memory
        return drive.backend.open(path, mode)
    if kind in "wx" or (kind == "a" and not exists):
        drive.put(path, b"", False)
    data = drive.backend.read(path)
    at = len(data) if kind == "a" else 0
    return _File(drive, path, "b" not in mode, kind == "r" or plus, kind != "r" or plus, data, at)


FileIO = _File
TextIOWrapper = _File
