"""Fake of MaixPy's uio.open and its file objects over the bench's card and flash; StringIO and BytesIO are the
interpreter's."""

import bench
from benchlib import vfs
from benchlib.card import EEXIST, EISDIR, ENOENT, SparseFile

try:
    _io = __import__("io")
except ImportError:  # v1.11 has its own uio only
    _io = __import__("uio")
StringIO = _io.StringIO
BytesIO = _io.BytesIO
IOBase = _io.IOBase
_CHUNK = 512


class _File:
    """FileIO ("b" in the mode) or TextIOWrapper. Writes go through to the drive at once, in order."""

    def __init__(self, drive, path, text, readable, writable, data, at):
        self._drive = drive
        self._path = path
        self._text = text
        self._readable = readable
        self._writable = writable
        self._data = data  # what is read from: the file's own bytes, never a copy
        self._at = at
        self._open = True
        bench.open_files += 1

    def _check(self, name):
        bench.enter(name)
        if not self._open:
            raise ValueError("I/O operation on closed file")
        self._drive.touch()

    def _slice(self, start, stop):
        data = self._data
        # A sparse file must not grow to its full size in memory: only the slice that is asked for is made.
        if isinstance(data, SparseFile):
            head = bytes(data.head[start:stop])
            return head + bytes(max(min(stop, data.size) - start - len(head), 0))
        # b"", not the bytes of nothing, whose memory is NULL: MicroPython's own rsplit reads before it and crashes
        return bytes(data[start:stop]) or b""

    def _out(self, raw):
        return raw.decode() if self._text else raw

    def read(self, _n: int = -1):
        """Return up to n bytes or characters; all of it without n."""
        self._check("file.read")
        if not self._readable:
            raise OSError(9)
        # A text file is read by characters, but its position counts bytes, as in py/stream.c.
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
            # A character of UTF-8 goes on with bytes of the form 10xxxxxx: a read must never end inside one.
            while at < size and data[at] & 0xC0 == 0x80:
                at += 1
            count -= 1
        return at

    def readinto(self, _buffer) -> int:
        """Fill a buffer; the number of bytes read."""
        self._check("file.read")
        raw = self._slice(self._at, self._at + len(_buffer))
        _buffer[: len(raw)] = raw
        self._at += len(raw)
        return len(raw)

    def readline(self, _n: int = -1):
        """Return the next line with its end; empty at the end of the file."""
        self._check("file.readline")
        return self._out(self._line(_n))

    def _line(self, limit):
        start = self._at
        size = len(self._data)
        at = start
        # The line is searched in pieces: a file without line ends would otherwise be copied whole for one line.
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
        """Return all lines that are left."""
        return list(self)

    def __iter__(self):
        return self

    def __next__(self):
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def write(self, _data) -> int:
        """Write str to a text file, bytes to another; the number of bytes."""
        self._check("file.write")
        if not self._writable:
            raise OSError(9)
        # Text into a binary file is a TypeError, bytes into a text file are taken as they are.
        if self._text and isinstance(_data, str):
            raw = _data.encode()
        elif isinstance(_data, str):
            raise TypeError("object with buffer protocol required")
        else:
            raw = bytes(_data)
        drive = self._drive
        # Appending is the usual case and stays cheap. A write in the middle replaces the bytes and rewrites the file.
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
        """Move the position; the new one."""
        base = (0, self._at, len(self._data))[_whence]
        self._at = max(base + _offset, 0)
        return self._at

    def tell(self) -> int:
        return self._at

    def flush(self) -> None:
        bench.enter("file.flush")

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
    """Open a file of the card or the flash; OSError(2) missing, (19) no card, (5) pulled, (21) a folder.

    Mode "a" on /flash does not create a file (OSError(2)); "x" on /flash truncates, on /sd it is OSError(17) when
    the file exists.
    """
    bench.enter("uio.open")
    drive, path = vfs.resolve(_path)
    if drive is None:
        raise OSError(EISDIR)
    # Opening for reading only looks for the file, which the kept root sector can answer; writing needs the card.
    drive.touch(path if mode in ("r", "rb") else None)
    try:
        is_dir, _ = drive.stat(path)
        exists = True
    except OSError as error:
        # A missing file may be created below, but a pulled card stays an error of its own.
        if error.args[0] != ENOENT:
            raise
        exists = is_dir = False
    if is_dir:
        raise OSError(EISDIR)
    # The last letter wins and unknown ones are skipped, as the loop over the mode in vfs_fat_file.c does.
    kind = "r"
    for letter in mode:
        if letter in "rwax":
            kind = letter
    plus = "+" in mode
    # The SPIFFS layer of the firmware opens for appending without the flag that creates a file.
    if (kind == "r" and not exists) or (kind == "a" and drive.flat and not exists):
        raise OSError(ENOENT)
    if kind == "x" and exists and not drive.flat:
        raise OSError(EEXIST)
    if hasattr(drive.backend, "open"):  # it keeps its files elsewhere than in memory
        return drive.backend.open(path, mode)
    if kind in "wx" or (kind == "a" and not exists):
        drive.put(path, b"", False)
    data = drive.backend.read(path)
    at = len(data) if kind == "a" else 0
    return _File(drive, path, "b" not in mode, kind == "r" or plus, kind != "r" or plus, data, at)


FileIO = _File
TextIOWrapper = _File
