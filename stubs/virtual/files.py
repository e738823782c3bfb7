"""A folder of the PC as the card or the flash chip: what the bench asks a backend for, and files that stay on disk.

What is written reaches the folder at flush() and close() only: FatFs notes the new size then, so that is what a board
whose power is pulled finds again.
"""

import bench
from benchlib.card import EACCES, EEXIST, EISDIR, ENOTDIR

from virtual import wire

EROFS = 30
ENOSPC = 28
_FOLDER = 0x4000


class Folder:
    """Backend of a bench drive over a mounted folder of the PC.

    system: the interpreter's own os module; opener: its own open(); root: where the folder is mounted; flat: names may
    hold "/" and there are no folders, as on SPIFFS (kept as %2F); space: bytes that fit, None for no limit;
    readonly: every change is OSError(30).
    """

    def __init__(self, system, opener, root, flat=False, space=None, readonly=False):
        self._os = system
        self._opener = opener
        self._root = root
        self.flat = flat
        self.space = space
        self.readonly = readonly
        self._free = None  # counted when first asked for

    def _place(self, path):
        # SPIFFS names may hold "/". The percent sign is replaced first, so that both steps can be taken back.
        if self.flat:
            path = path.replace("%", "%25").replace("/", "%2F")
        return self._root + "/" + path if path else self._root

    def listdir(self, path: str):
        # The stat also raises ENOENT for what is missing, before the listing of the PC's folder could say
        # anything else.
        if not self.flat and not self.stat(path)[0]:
            raise OSError(ENOTDIR)
        rows = []
        real_path = self._place("" if self.flat else path)
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
        """Return (is_dir, size); OSError(2)."""
        if self.flat and not path:
            return (True, 0)
        row = self._os.stat(self._place(path))
        return (row[0] & _FOLDER != 0, 0 if row[0] & _FOLDER else row[6])

    def read(self, path: str):
        """Return all bytes of a file."""
        if self.stat(path)[0]:
            raise OSError(EISDIR)
        with self._opener(self._place(path), "rb") as file:
            return file.read()

    def write(self, path: str, data: bytes, append: bool = False) -> None:
        with self.open(path, "ab" if append else "wb") as file:
            file.write(data)

    def change(self) -> None:
        """Raise OSError(30) when the card may not change."""
        if self.readonly:
            raise OSError(EROFS)

    def take(self, count: int) -> None:
        """Account for bytes written; OSError(28) when they do not fit."""
        # The free bytes are counted once and then carried on: walking the folder at each write would be slow.
        if self.space is not None:
            if count > self.free():
                raise OSError(ENOSPC)
            self._free -= count

    def free(self) -> int:
        """Return how many bytes still fit."""
        if self._free is None:
            self._free = self.space - self._used("")
        return self._free

    def _used(self, path):
        total = 0
        for name, is_dir, size in self.listdir(path):
            total += self._used(path + "/" + name if path else name) if is_dir else size
        return total

    def statvfs(self):
        """Return the row of uos.statvfs, None where the fake's own will do."""
        if self.space is None or self.flat:
            return None
        # A program asks seldom, so the folder is counted again then: the PC may have changed it meanwhile.
        self._free = None
        free = max(self.free(), 0) // 512
        return (512, 512, self.space // 512, free, free, 0, 0, 0, 0, 255)

    def remove(self, path: str) -> None:
        self.change()
        real_path = self._place(path)
        # FatFs refuses a folder that is not empty with EACCES; rmdir() of the PC has other codes.
        if self.stat(path)[0]:
            if self.listdir(path):
                raise OSError(EACCES)
            self._os.rmdir(real_path)
        else:
            self._os.remove(real_path)
        self._free = None

    def rename(self, old: str, new: str) -> None:
        self.change()
        is_dir = self.stat(old)[0]
        # The target is looked at first: rename() of the PC would replace an empty folder without a word.
        try:
            there = self.stat(new)[0]
        except OSError:
            there = None
        if there or (is_dir and there is not None):
            raise OSError(EEXIST)
        # A VfsPosix of a folder keeps both names of a rename in one buffer, so that the second is renamed to itself.
        # One without a folder has no such buffer: its names count from the process's folder.
        at = len(self._root) + 1
        self._os.chdir(self._root)
        try:
            getattr(self._os, "VfsPosix")().rename(self._place(old)[at:], self._place(new)[at:])  # noqa: B009
        finally:
            self._os.chdir("/")
            self._free = None

    def mkdir(self, path: str) -> None:
        self.change()
        self._os.mkdir(self._place(path))

    def open(self, path: str, mode: str):
        """Open a file as uio.open does, after its checks of what is there."""
        wire.poll()
        return File(self, self._opener, self._place(path), mode)


class File:
    """A file of the folder: bytes ("b" in the mode) or text; what is written waits for flush() or close()."""

    def __init__(self, folder, opener, real_path, mode):
        self._folder = folder
        self._text = "b" not in mode
        self._reads = "r" in mode or "+" in mode
        self._writes = "r" not in mode or "+" in mode
        # A card that is locked refuses at open(), before the PC's file is truncated.
        if self._writes:
            folder.change()
        self._file = opener(real_path, mode.replace("t", "").replace("b", "").replace("x", "w") + "b")
        self._late = []  # written, not yet on the card; a list, since a growing bytearray is copied again and again
        bench.open_files += 1

    def _check(self, name, allowed=True):
        bench.enter(name)
        if self._file is None:
            raise ValueError("I/O operation on closed file")
        # Each call is an access, so a card that was pulled fails here, too, though the PC's file is still open.
        bench.card.touch() if not self._folder.flat else bench.flash.touch()
        if not allowed:
            raise OSError(9)
        # Reading and moving must see what was written before, so only further writes may leave it waiting.
        if self._late and name != "file.write":
            self._settle()

    def _settle(self):
        late = self._late
        self._late = []
        for data in late:
            self._file.write(data)

    def read(self, _n: int = -1):
        """Return up to n bytes or characters; all of it without n."""
        self._check("file.read", self._reads)
        if _n is None or _n < 0:
            data = self._file.read()
        elif not self._text:
            return self._file.read(_n)
        else:
            # n characters are at least n bytes. What is missing is asked for until the last character is whole.
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
        # Bytes of the form 10xxxxxx go on with a character: the others start one and are counted.
        count = 0
        for byte in data:
            count += byte & 0xC0 != 0x80
        if count < characters:
            return characters - count
        tail = 0  # bytes that the last character still lacks
        for back in range(1, min(4, len(data)) + 1):
            byte = data[len(data) - back]
            if byte >= 0xC0:
                tail = (2 if byte < 0xE0 else 3 if byte < 0xF0 else 4) - back
                break
            if byte < 0x80:
                break
        return max(tail, 0)

    def readinto(self, _buffer) -> int:
        """Fill a buffer; the number of bytes read."""
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
        """Write str to a text file, bytes to another; the number of bytes. OSError(28) when the card is full."""
        self._check("file.write", self._writes)
        if isinstance(_data, str):
            if not self._text:
                raise TypeError("object with buffer protocol required")
            _data = _data.encode()
        # The room is taken before the bytes wait: the program learns at write() that the card is full.
        self._folder.take(len(_data))
        self._late.append(bytes(_data))
        return len(_data)

    def seek(self, _offset: int, _whence: int = 0) -> int:
        self._check("file.seek")
        return self._file.seek(_offset, _whence)

    def tell(self) -> int:
        self._check("file.tell")
        return self._file.tell()

    def flush(self) -> None:
        """Bring everything to the card."""
        self._check("file.flush")

    def close(self) -> None:
        bench.enter("file.close")
        # A second close() is harmless; the count of open files must not fall twice.
        if self._file is not None:
            bench.open_files -= 1
            if self._late:
                self._settle()
            file = self._file
            self._file = None
            file.close()

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.close()
