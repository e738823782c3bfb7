"""A folder of the PC as the card or the flash chip: a backend for the bench, and its open files.

Written data reaches the folder at flush() and close() only, because FatFs stores the new size of a file then. After a
power cut the board finds nothing else.
"""

import bench
from benchlib.args import buffer_bytes
from benchlib.card import EACCES, EEXIST, EINVAL, EIO, EISDIR, ENOENT

from virtual import wire

EROFS = 30
ENOSPC = 28
_FOLDER = 0x4000


class Folder:
    """A backend for a drive of the bench, on a mounted folder of the PC.

    system, opener: the os module and open() of the interpreter. root: the mount point of the folder.
    flat: as on SPIFFS there are no folders, and a name may contain "/", which the PC stores as %2F.
    space: bytes that fit, or None for no limit. readonly: every change raises OSError(30).
    """

    def __init__(self, system, opener, root, flat=False, space=None, readonly=False):
        self._os = system
        self._opener = opener
        self._root = root
        self.flat = flat
        self.space = space
        self.readonly = readonly
        self._free = None  # counted at the first need

    def _real_path(self, path):
        # A name of SPIFFS may contain "/". The percent sign is replaced first, so that both steps are reversible.
        if self.flat:
            path = path.replace("%", "%25").replace("/", "%2F")
        return self._root + "/" + path if path else self._root

    def listdir(self, path: str):
        # stat() raises ENOENT for a missing folder; the listing of the PC may have another error.
        if not self.flat and not self.stat(path)[0]:
            raise OSError(ENOENT)
        rows = []
        real_path = self._real_path("" if self.flat else path)
        for row in sorted(self._os.ilistdir(real_path)):
            is_dir = row[1] == _FOLDER
            size = 0 if is_dir else self._os.stat(real_path + "/" + row[0])[6]
            if not self.flat:
                rows.append((row[0], is_dir, size))
            elif not is_dir:
                rows.append((self._name(row[0]), False, size))
        return rows

    def _name(self, name):
        return name.replace("%2F", "/").replace("%25", "%")

    def stat(self, path: str):
        """Return (is_dir, size). Raises OSError(2) without such a file."""
        if self.flat and not path:
            return (True, 0)
        row = self._os.stat(self._real_path(path))
        return (row[0] & _FOLDER != 0, 0 if row[0] & _FOLDER else row[6])

    def read(self, path: str):
        """Return the bytes of a file."""
        if self.stat(path)[0]:
            raise OSError(EISDIR)
        with self._opener(self._real_path(path), "rb") as file:
            return file.read()

    def write(self, path: str, data: bytes, append: bool = False) -> None:
        with self.open(path, "ab" if append else "wb") as file:
            file.write(data)

    def check_writable(self) -> None:
        """Raise OSError(30) when the card is read-only."""
        if self.readonly:
            raise OSError(EROFS)

    def take_space(self, count: int) -> None:
        """Count written bytes. Raises OSError(28) when they do not fit."""
        # The free bytes are counted once and then updated, because a walk over the folder at each write is slow.
        if self.space is not None:
            if count > self.free():
                raise OSError(ENOSPC)
            self._free -= count

    def free(self) -> int:
        """Return the free bytes."""
        if self._free is None:
            self._free = self.space - self._used("")
        return self._free

    def _used(self, path):
        total = 0
        for name, is_dir, size in self.listdir(path):
            total += self._used(path + "/" + name if path else name) if is_dir else size
        return total

    def statvfs(self):
        """Return the result of uos.statvfs, or None for that of the fake."""
        if self.space is None or self.flat:
            return None
        # This is a seldom call, so the folder is counted again: the PC may have changed it.
        self._free = None
        free = max(self.free(), 0) // 512
        return (512, 512, self.space // 512, free, free, 0, 0, 0, 0, 255)

    def remove(self, path: str) -> None:
        self.check_writable()
        real_path = self._real_path(path)
        # For a folder that is not empty FatFs raises EACCES; rmdir() of the PC has other codes.
        if self.stat(path)[0]:
            if self.listdir(path):
                raise OSError(EACCES)
            self._os.rmdir(real_path)
        else:
            self._os.remove(real_path)
        self._free = None

    def rename(self, old: str, new: str) -> None:
        self.check_writable()
        is_dir = self.stat(old)[0]
        # The target is checked first, because rename() of the PC replaces an empty folder.
        try:
            target_is_dir = self.stat(new)[0]
        except OSError:
            target_is_dir = None
        if target_is_dir or (is_dir and target_is_dir is not None):
            raise OSError(EEXIST)
        # VfsPosix with a root folder has both names of a rename in one buffer, which renames a file to itself. Without
        # a root folder it has no such buffer, and names count from the current folder of the process.
        at = len(self._root) + 1
        self._os.chdir(self._root)
        try:
            getattr(self._os, "VfsPosix")().rename(self._real_path(old)[at:], self._real_path(new)[at:])  # noqa: B009
        finally:
            self._os.chdir("/")
            self._free = None

    def mkdir(self, path: str) -> None:
        self.check_writable()
        self._os.mkdir(self._real_path(path))

    def open(self, path: str, mode: str):
        """Open a file; uio.open has checked the path."""
        wire.poll()
        return File(self, self._opener, self._real_path(path), mode)


class File:
    """An open file of the folder, of bytes for a mode with "b", else of text. Writes wait for flush() or close()."""

    def __init__(self, folder, opener, real_path, mode):
        self._folder = folder
        self._text = "b" not in mode
        self._reads = "r" in mode or "+" in mode
        self._writes = "r" not in mode or "+" in mode
        # A read-only card fails here, before open() truncates the file of the PC.
        if self._writes:
            folder.check_writable()
        self._file = opener(real_path, mode.replace("t", "").replace("b", "").replace("x", "w") + "b")
        self._unwritten = []  # written, not yet on the card; a list, because a growing bytearray is copied each time
        bench.open_files += 1

    def _check(self, name, allowed=True):
        bench.enter(name)
        # The codes are those of uio.py.
        if self._file is None:
            raise OSError(EIO if self._folder.flat else EINVAL)
        # Each call is an access, which fails on a card that was pulled, although the file of the PC is open.
        bench.card.touch() if not self._folder.flat else bench.flash.touch()
        if not allowed:
            raise OSError(EIO if self._folder.flat else EACCES)
        # Reads and seeks must see what was written before; only a further write need not.
        if self._unwritten and name != "file.write":
            self._write_out()

    def _write_out(self):
        unwritten = self._unwritten
        self._unwritten = []
        for data in unwritten:
            self._file.write(data)

    def read(self, _n: int = -1):
        """Return up to _n bytes or characters, or all that is left without _n."""
        self._check("file.read", self._reads)
        if _n is None or _n < 0:
            data = self._file.read()
        elif not self._text:
            return self._file.read(_n)
        else:
            # _n characters are at least _n bytes. More is read until the last character is complete.
            data = self._file.read(_n)
            missing = self._missing(data, _n)
            while missing:
                more = self._file.read(missing)
                if not more:
                    break
                data += more
                missing = self._missing(data, _n)
        return data.decode() if self._text else data

    def _missing(self, data, characters):
        # A byte of the form 10xxxxxx continues a character; every other byte starts one.
        count = 0
        for byte in data:
            count += byte & 0xC0 != 0x80
        if count < characters:
            return characters - count
        tail = 0  # bytes that the last character lacks
        for back in range(1, min(4, len(data)) + 1):
            byte = data[len(data) - back]
            if byte >= 0xC0:
                tail = (2 if byte < 0xE0 else 3 if byte < 0xF0 else 4) - back
                break
            if byte < 0x80:
                break
        return max(tail, 0)

    def readinto(self, _buffer) -> int:
        """Fill a buffer. Returns the number of bytes."""
        self._check("file.read", self._reads)
        return self._file.readinto(_buffer)

    def readline(self, _n: int = -1):
        """Return the next line with its end; empty at the end of the file."""
        self._check("file.readline", self._reads)
        line = self._file.readline() if _n < 0 else self._file.readline(_n)
        return line.decode() if self._text else line

    def readlines(self) -> list:
        return list(self)

    def __iter__(self):
        return self

    def __next__(self):
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def write(self, _data) -> int:
        """Write text or bytes. Returns the number of bytes. Raises OSError(28) when the card is full."""
        self._check("file.write", self._writes)
        _data = buffer_bytes(_data)
        # The space is taken now, so that a full card is an error of write().
        self._folder.take_space(len(_data))
        self._unwritten.append(bytes(_data))
        return len(_data)

    def seek(self, _offset: int, _whence: int = 0) -> int:
        self._check("file.seek")
        return self._file.seek(_offset, _whence)

    def tell(self) -> int:
        self._check("file.tell")
        return self._file.tell()

    def flush(self) -> None:
        """Write everything to the card."""
        self._check("file.flush")

    def close(self) -> None:
        bench.enter("file.close")
        # close() may be called twice, but the number of open files must not fall twice.
        if self._file is not None:
            bench.open_files -= 1
            if self._unwritten:
                self._write_out()
            file = self._file
            self._file = None
            file.close()

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.close()
