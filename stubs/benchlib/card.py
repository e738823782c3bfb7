"""The card and the file system in the flash chip: their files and their faults.

A backend holds the files. Its paths are relative to the root, as "models/face/model.json"; "" is the root:
  listdir(path) -> list of (name, is_dir, size); OSError(2) without such a folder
  read(path) -> bytes-like; OSError(2)            write(path, data, append=False)
  remove(path)   rename(old, new)   mkdir(path); OSError(2), OSError(17) as from FatFs
  link(old, new)   unlink(old): optional, the two writes of a rename, between which one file has two names
MemoryCard is the default. A folder of the PC is another. Size and kind of a file come from listdir, or from stat.
"""

from benchlib.errors import PowerCut

EPERM = 1
ENOENT = 2
EIO = 5
EEXIST = 17
ENODEV = 19
ENOTDIR = 20
EISDIR = 21
EACCES = 13
EINVAL = 22
ROOT_ROWS = 9  # this many names, some of them long, fit the one sector that FatFs keeps


class SparseFile:
    """A file of `size` bytes that are zeros behind its head, so that a large model fits a small heap."""

    def __init__(self, head, size):
        self.head = head
        self.size = size

    def __len__(self):
        return self.size


class MemoryCard:
    """Files in memory, from a dict of path -> bytes, str or SparseFile. A folder exists with its files, or by mkdir."""

    def __init__(self, files=None, flat=False):
        self.files = {}
        self.folders = {}
        self.twins = {}  # name of a file -> its other name
        self.lost = {}  # names whose data was freed under the other name
        self.flat = flat  # no folders; a name may contain "/"
        for path, data in (files or {}).items():
            self.files[path.strip("/")] = data.encode() if isinstance(data, str) else data

    def _is_folder(self, path):
        # The root always exists. A folder from mkdir may have no file below it, so both tables count.
        if not path or path in self.folders:
            return True
        if self.flat:
            return False
        start = path + "/"
        for name in self.files:
            if name.startswith(start):
                return True
        for name in self.folders:
            if name.startswith(start):
                return True
        return False

    def listdir(self, path: str):
        if self.flat:
            return [(name, False, len(self.files[name])) for name in sorted(self.files)]
        if not self._is_folder(path):
            raise OSError(ENOENT)
        # A row is the next part of a longer name, so a folder with many files appears once.
        start = path + "/" if path else ""
        listing = {}
        for name in self.folders:
            if name.startswith(start) and name != path:
                listing[name[len(start) :].split("/")[0]] = (True, 0)
        for name, data in self.files.items():
            if name.startswith(start):
                parts = name[len(start) :].split("/")
                listing[parts[0]] = (len(parts) > 1, len(data) if len(parts) == 1 else 0)
        return [(name, listing[name][0], listing[name][1]) for name in sorted(listing)]

    def stat(self, path: str):
        """Return (is_dir, size). Optional in a backend; it is faster than listdir."""
        if path in self.files:
            return (False, len(self.files[path]))
        if self._is_folder(path):
            return (True, 0)
        raise OSError(ENOENT)

    def read(self, path: str):
        if path in self.lost:
            raise OSError(EIO)
        if path in self.files:
            return self.files[path]
        if self._is_folder(path):
            raise OSError(EISDIR)
        raise OSError(ENOENT)

    def write(self, path: str, data: bytes, append: bool = False) -> None:
        if self._is_folder(path):
            raise OSError(EISDIR)
        folder = path.rsplit("/", 1)[0] if "/" in path and not self.flat else ""
        if not self._is_folder(folder):
            raise OSError(ENOENT)
        # Appending extends the bytearray in place; otherwise each line of a log would copy the log.
        if append and path in self.files:
            old = self.files[path]
            if not isinstance(old, bytearray):
                old = bytearray(old)
                self.files[path] = old
            old.extend(data)
        else:
            # New content frees the old clusters (FA_CREATE_ALWAYS of FatFs), so a second name of the file loses
            # its data.
            self._keep_folders(path)
            self._free_data(path)
            self.files[path] = bytearray(data)

    def _free_data(self, path):
        # If the file has a second name, its data is gone under that name too.
        self.lost.pop(path, None)
        other = self.twins.pop(path, None)
        if other is not None:
            del self.twins[other]
            self.lost[other] = True

    def _keep_folders(self, path):
        # A folder that exists with its files stays when the last of them goes.
        if self.flat:
            return
        folder = path.rsplit("/", 1)[0] if "/" in path else ""
        while folder:
            self.folders[folder] = True
            folder = folder.rsplit("/", 1)[0] if "/" in folder else ""

    def remove(self, path: str) -> None:
        if path in self.files:
            self._keep_folders(path)
            self._free_data(path)
            del self.files[path]
        # FatFs returns FR_DENIED for a folder that is not empty, which vfs_fat_file.c translates to EACCES.
        elif path in self.folders or self._is_folder(path):
            if path and not self.listdir(path):
                del self.folders[path]
            else:
                raise OSError(EACCES)
        else:
            raise OSError(ENOENT)

    def rename(self, old: str, new: str) -> None:
        # The new name is not checked: Drive.rename has deleted a file of that name already, as vfs_fat.c does.
        if old in self.files:
            self._keep_folders(old)
            self._keep_folders(new)
            self.files[new] = self.files.pop(old)
        # The firmware deletes files only, so an existing target is an error for a folder.
        elif old and self._is_folder(old):
            if self._is_folder(new) or new in self.files:
                raise OSError(EEXIST)
            for name in list(self.files):
                if name.startswith(old + "/"):
                    self.files[new + name[len(old) :]] = self.files.pop(name)
            for name in list(self.folders):
                if name == old or name.startswith(old + "/"):
                    del self.folders[name]
                    self.folders[new + name[len(old) :]] = True
            self.folders[new] = True
        else:
            raise OSError(ENOENT)

    def link(self, old: str, new: str) -> None:
        """Give a file a second name, which is the first of the two writes of a rename in FatFs."""
        self._keep_folders(new)
        self.files[new] = self.files[old]
        self.twins[new] = old
        self.twins[old] = new
        # Both names have the same clusters, so data that is lost under one is lost under the other.
        if old in self.lost:
            self.lost[new] = True

    def unlink(self, old: str) -> None:
        """Remove the old name of a file with two names, which is the second write."""
        del self.twins[self.twins.pop(old)]
        self._keep_folders(old)
        del self.files[old]
        self.lost.pop(old, None)

    def mkdir(self, path: str) -> None:
        if path in self.files or self._is_folder(path):
            raise OSError(EEXIST)
        folder = path.rsplit("/", 1)[0] if "/" in path else ""
        if not self._is_folder(folder):
            raise OSError(ENOENT)
        self.folders[path] = True


class Drive:
    """A file system with its faults: bench.card is /sd (FatFs), bench.flash is /flash (SPIFFS)."""

    def __init__(self, name, flat):
        self.name = name
        self.flat = flat  # SPIFFS has no folders; a name may contain "/"
        self.reset()

    def reset(self):
        self.backend = MemoryCard(flat=self.flat)
        self.inserted = self.flat  # whether the card is in the socket
        self.mounted = self.flat  # whether "/" lists it
        self.pulled = False  # since the last mount; a card that is in the socket now was not set up and does not answer
        self.bytes_per_ms = 1000  # speed of reading, an estimate; no board was measured
        self.written = 0  # bytes written since reset
        self.operations = 0  # file operations since reset
        self._at_root = False  # whether the sector that FatFs keeps is the whole root folder
        self._kept = None  # a MemoryCard with the names in that sector, after the card was pulled
        self.names = 0  # names that were added or removed since reset
        self._cut_at = None  # value of `written` at which the power fails
        self._cut_name = None  # value of `names` at which the power fails
        self._pull_at = None  # value of `operations` at which the card is pulled

    def insert(self, backend=None, mount: bool = True) -> None:
        """Insert a card. With mount=False it is not mounted before SDCard.remount()."""
        if backend is not None:
            self.backend = backend
        self.inserted = True
        if mount:
            self.mount()

    def mount(self) -> None:
        """Mount the card in the socket; without one nothing changes (maixpy_main.c, sd_preload)."""
        if self.inserted:
            self.mounted = True
            self.pulled = self._at_root = False
            self._kept = None

    def unmount(self) -> None:
        """Unmount the card: "/" no longer lists it."""
        self.mounted = False

    def eject(self) -> None:
        """Pull the card. It stays mounted, and every access is EIO until a card is mounted again.

        Only the sector that FatFs keeps needs no access: if it is of the root folder, look-ups there still succeed.
        """
        self.inserted = False
        # FatFs keeps a sector of the folder and not of a file, so the sizes are known and the contents are not.
        if self._at_root and not self.pulled:
            self._kept = kept = MemoryCard()
            for name, is_dir, size in self.backend.listdir(""):
                (kept.folders if is_dir else kept.files)[name] = SparseFile(b"", size)
        self.pulled = True

    def power_cut_after(self, nbytes: int) -> None:
        """Raise PowerCut after `nbytes` more bytes were written; the unfinished file is kept. None: never."""
        self._cut_at = None if nbytes is None else self.written + nbytes

    def power_cut_at_name(self, nth: int) -> None:
        """Raise PowerCut before the nth name from now (1 = the next) is added to or removed from a folder. None: never.

        A rename first removes an existing file of the new name, then adds the new name, then removes the old one.
        """
        self._cut_name = None if nth is None else self.names + nth

    def pull_at(self, nth: int) -> None:
        """Pull the card at the nth file operation from now (1 = the next), which fails with EIO. None: never."""
        self._pull_at = None if nth is None else self.operations + nth

    def touch(self, path=None) -> None:
        """Count a file operation. Raises OSError(19) without a card, OSError(5) when it was pulled.

        path: given when the operation only looks it up.
        """
        # The card is pulled before the operation, so that a test can choose any access of a sequence.
        self.operations += 1
        if self._pull_at is not None and self.operations >= self._pull_at:
            self._pull_at = None
            self.eject()
        # Programs tell "no card at the start" (ENODEV) from "card lost" (EIO) by these codes.
        if not self.mounted:
            raise OSError(ENODEV)
        # A look-up in the kept sector needs no access, so it succeeds after the pull (ff.c, move_window).
        if self.pulled:
            kept = self._kept
            if kept is None or path is None or ("/" in path and path.split("/")[0] in kept.folders):
                self._kept = None  # after a failed read FatFs has no sector
                raise OSError(EIO)
        # The flash chip cannot be pulled, so this matters for the card only.
        elif not self.flat:
            self._at_root = path is not None and self._ends_at_root(path)

    def _ends_at_root(self, path):
        # FatFs keeps the sector that it read last: of the root folder for a path there,
        # or for a first name that is missing.
        rows = self.backend.listdir("")
        first = path.split("/")[0]
        return len(rows) <= ROOT_ROWS and (first == path or first not in [row[0] for row in rows])

    def listdir(self, path: str):
        """Return the rows of a folder, as listdir of a backend."""
        return (self._kept or self.backend).listdir(path)

    def put(self, path: str, data: bytes, append: bool) -> None:
        """Write to the backend, as far as the power lasts."""
        cut = self._cut_at
        # The bytes before the power cut are written: programs must survive an unfinished file.
        if cut is not None and self.written + len(data) > cut:
            data = data[: cut - self.written]
            self.written = cut
            self._cut_at = None
            self.backend.write(path, data, append)
            raise PowerCut("power lost while writing /%s/%s" % (self.name, path))
        self.written += len(data)
        self.backend.write(path, data, append)

    def _count_name(self, path):
        self.names += 1
        if self.names == self._cut_name:
            self._cut_name = None
            raise PowerCut("power lost before the name /%s/%s came or went" % (self.name, path))

    def remove(self, path: str) -> None:
        """Remove a file or an empty folder."""
        self._count_name(path)
        self.backend.remove(path)

    def mkdir(self, path: str) -> None:
        """Make a folder."""
        self._count_name(path)
        self.backend.mkdir(path)

    def rename(self, old: str, new: str) -> None:
        """Rename in up to three writes, as the firmware does; an existing file of the new name is deleted."""
        backend = self.backend
        # f_rename of FatFs refuses an existing name. vfs_fat.c then deletes a file of that name and tries again.
        is_dir, _ = self.stat(old)
        try:
            replaced = not is_dir and not self.stat(new)[0]
        except OSError:
            replaced = False
        # FatFs ignores the case of names, so two names that differ in case only are the same file.
        if replaced and old.lower() != new.lower():
            self.remove(new)
        self._count_name(new)
        # After a power cut between the two writes the file has two names. A backend without link cannot have that, so
        # both names are counted before its rename.
        if is_dir or not hasattr(backend, "link"):
            self._count_name(old)
            backend.rename(old, new)
        else:
            backend.link(old, new)
            self._count_name(old)
            backend.unlink(old)

    def stat(self, path: str):
        """Return (is_dir, size). Raises OSError(2) without such a file."""
        backend = self._kept or self.backend
        if hasattr(backend, "stat"):
            return backend.stat(path)
        # Without stat in the backend the row in the parent folder has the size; the root has no parent.
        if not path:
            return (True, 0)
        cut = path.rfind("/")
        for name, is_dir, size in backend.listdir(path[:cut] if cut >= 0 else ""):
            if name == path[cut + 1 :]:
                return (is_dir, size)
        raise OSError(ENOENT)

    def entries(self, folder: str = ""):
        """Return every file below a folder as (path, False, size), which is how SPIFFS lists them."""
        listing = []
        for name, is_dir, size in self.backend.listdir(folder):
            path = folder + "/" + name if folder else name
            if is_dir:
                listing.extend(self.entries(path))
            else:
                listing.append((path, False, size))
        return listing
