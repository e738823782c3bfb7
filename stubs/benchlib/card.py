"""The TF card and the flash chip's file system: what is on them and what can go wrong with them.

A backend holds the files. Its interface, all paths relative to the root, "models/face/model.json", "" = root:
  listdir(path) -> list of (name, is_dir, size); OSError(2) when there is no such folder
  read(path) -> bytes-like; OSError(2)            write(path, data, append=False)
  remove(path)   rename(old, new)   mkdir(path); OSError(2), OSError(17) as FatFs
  link(old, new)   unlink(old): optional, the two halves of a rename; one file has two names between them
MemoryCard is the default; a folder of the PC is another (host side). Size and kind of a file come from listdir.
"""

from benchlib.errors import PowerCut

ENOENT = 2
EIO = 5
EEXIST = 17
ENODEV = 19
ENOTDIR = 20
EISDIR = 21
EACCES = 13
ROOT_ROWS = 9  # names, some of them long, that fit the one sector that FatFs keeps; any other is read each time


class SparseFile:
    """A file of `size` bytes of which only the first are kept, the rest reads as zeros: large models in a small
    heap."""

    def __init__(self, head, size):
        self.head = head
        self.size = size

    def __len__(self):
        return self.size


class MemoryCard:
    """Files in memory: dict path -> bytes, str or SparseFile. Folders exist because files do, or by mkdir."""

    def __init__(self, files=None, flat=False):
        self.files = {}
        self.folders = {}
        self.twins = {}  # a file's name -> its other one
        self.lost = {}  # names whose clusters were freed under the other one
        self.flat = flat  # no folders: a name may hold "/"
        for path, data in (files or {}).items():
            self.files[path.strip("/")] = data.encode() if isinstance(data, str) else data

    def _is_folder(self, path):
        # The root is always there. A folder that only mkdir knows has no file below it, so both tables are asked.
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
        if path in self.files:
            raise OSError(ENOTDIR)
        if not self._is_folder(path):
            raise OSError(ENOENT)
        # Only the next part of each longer name is a row: a folder appears once, however many files lie below it.
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
        """Return (is_dir, size); an optional short cut past listdir."""
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
        # Appending extends one bytearray in place: a log that grows by lines would otherwise be copied whole at
        # every write.
        if append and path in self.files:
            old = self.files[path]
            if not isinstance(old, bytearray):
                old = bytearray(old)
                self.files[path] = old
            old.extend(data)
        else:
            # A new content frees the old clusters, as FA_CREATE_ALWAYS of FatFs does, so a second name of them
            # loses its data.
            self._keep(path)
            self._free(path)
            self.files[path] = bytearray(data)

    def _free(self, path):
        # what another name stands for too is gone under both
        self.lost.pop(path, None)
        other = self.twins.pop(path, None)
        if other is not None:
            del self.twins[other]
            self.lost[other] = True

    def _keep(self, path):
        # a folder made of its files stays when the last one goes
        if self.flat:
            return
        folder = path.rsplit("/", 1)[0] if "/" in path else ""
        while folder:
            self.folders[folder] = True
            folder = folder.rsplit("/", 1)[0] if "/" in folder else ""

    def remove(self, path: str) -> None:
        if path in self.files:
            self._keep(path)
            self._free(path)
            del self.files[path]
        # FatFs answers FR_DENIED for a folder with entries; vfs_fat.c maps that to EACCES.
        elif path in self.folders or self._is_folder(path):
            if path and not self.listdir(path):
                del self.folders[path]
            else:
                raise OSError(EACCES)
        else:
            raise OSError(ENOENT)

    def rename(self, old: str, new: str) -> None:
        # No check of the new name here: Drive.rename has already deleted a file of that name, as vfs_fat.c does.
        if old in self.files:
            self._keep(old)
            self._keep(new)
            self.files[new] = self.files.pop(old)
        # The firmware deletes files only. A target that exists stops the rename of a folder with FR_EXIST.
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
        """Give a file a second name, as the first of FatFs's two writes of a rename."""
        self._keep(new)
        self.files[new] = self.files[old]
        self.twins[new] = old
        self.twins[old] = new
        # Both names stand for the same clusters, so data that is lost under one is lost under the other.
        if old in self.lost:
            self.lost[new] = True

    def unlink(self, old: str) -> None:
        """Take the first name away, and leave the file."""
        del self.twins[self.twins.pop(old)]
        self._keep(old)
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
    """One mounted file system with its faults; `bench.card` is /sd (FatFs), `bench.flash` is /flash (SPIFFS)."""

    def __init__(self, name, flat):
        self.name = name
        self.flat = flat  # SPIFFS: names may hold "/", there are no folders
        self.reset()

    def reset(self):
        self.backend = MemoryCard(flat=self.flat)
        self.inserted = self.flat  # is the card in the socket?
        self.mounted = self.flat  # is it listed in "/"?
        self.pulled = False  # since the last mount: what is in the socket now was never set up, and does not answer
        self.bytes_per_ms = 1000  # reading speed, an estimate: nobody has measured a board
        self.written = 0  # bytes, ever
        self.operations = 0  # file operations, ever
        self._at_root = False  # the sector that FatFs holds is all of the root folder
        self._kept = None  # what it says of a card that was pulled then: a MemoryCard
        self.names = 0  # names that came or went, ever
        self._cut_at = None  # value of `written` at which the power goes
        self._cut_name = None  # value of `names` at which the power goes
        self._pull_at = None  # value of `operations` at which the card is pulled

    def insert(self, backend=None, mount: bool = True) -> None:
        """Put a card in; with mount=False it is listed, and answers, only after SDCard.remount()."""
        if backend is not None:
            self.backend = backend
        self.inserted = True
        if mount:
            self.mount()

    def mount(self) -> None:
        """List the card that is in the socket; without one the list stays as it is (maixpy_main.c, sd_preload)."""
        if self.inserted:
            self.mounted = True
            self.pulled = self._at_root = False
            self._kept = None

    def unmount(self) -> None:
        """Take it off the list."""
        self.mounted = False

    def eject(self) -> None:
        """Pull the card: it stays listed, and every access is EIO until another one is mounted.

        But FatFs asks the card for no sector that it holds: what one of the root folder answers goes on being answered.
        """
        self.inserted = False
        # The sizes are kept, the contents are not: FatFs holds a sector of the folder, not one of a file.
        if self._at_root and not self.pulled:
            self._kept = kept = MemoryCard()
            for name, is_dir, size in self.backend.listdir(""):
                (kept.folders if is_dir else kept.files)[name] = SparseFile(b"", size)
        self.pulled = True

    def power_cut_after(self, nbytes: int) -> None:
        """After `nbytes` more bytes written the power goes: PowerCut, and the torn file is kept. None: never."""
        self._cut_at = None if nbytes is None else self.written + nbytes

    def power_cut_at_name(self, nth: int) -> None:
        """The power goes before the nth name from now comes or goes in a folder (1 = the next): PowerCut. None: never.

        A file that is renamed gets its new name first, and loses its old one after that; a file of the new name goes
        before both.
        """
        self._cut_name = None if nth is None else self.names + nth

    def pull_at(self, nth: int) -> None:
        """Pull the card at the nth file operation from now (1 = the next): it and all later ones fail with EIO.
        None: never."""
        self._pull_at = None if nth is None else self.operations + nth

    def touch(self, path=None) -> None:
        """Count one file operation; OSError(19) without a card, OSError(5) when it was pulled.

        path: the operation does no more than look for it.
        """
        # The pull happens before the operation is served, so a test can hit each single access of a sequence.
        self.operations += 1
        if self._pull_at is not None and self.operations >= self._pull_at:
            self._pull_at = None
            self.eject()
        # Not listed is another error than pulled: programs tell "no card at the start" from "card lost" by these codes.
        if not self.mounted:
            raise OSError(ENODEV)
        # A look-up in the kept sector needs no read, so it succeeds after the pull (ff.c, move_window).
        if self.pulled:
            kept = self._kept
            if kept is None or path is None or ("/" in path and path.split("/")[0] in kept.folders):
                self._kept = None  # a read that fails leaves nothing in the sector
                raise OSError(EIO)
        # SPIFFS has no such window: the flash chip cannot be pulled, so nothing has to be remembered.
        elif not self.flat:
            self._at_root = path is not None and self._ends_at_root(path)

    def _ends_at_root(self, path):
        # the last place looked at, and with it the sector that is kept, is the root folder: path, or what it lacks
        rows = self.backend.listdir("")
        first = path.split("/")[0]
        return len(rows) <= ROOT_ROWS and (first == path or first not in [row[0] for row in rows])

    def listdir(self, path: str):
        """Return the rows of a folder, as the backend does."""
        return (self._kept or self.backend).listdir(path)

    def put(self, path: str, data: bytes, append: bool) -> None:
        """Write through to the backend, as far as the power lasts."""
        cut = self._cut_at
        # The first part is written before the power goes: a torn file is the case that programs must survive.
        if cut is not None and self.written + len(data) > cut:
            data = data[: cut - self.written]
            self.written = cut
            self._cut_at = None
            self.backend.write(path, data, append)
            raise PowerCut("power lost while writing /%s/%s" % (self.name, path))
        self.written += len(data)
        self.backend.write(path, data, append)

    def _name(self, path):
        self.names += 1
        if self.names == self._cut_name:
            self._cut_name = None
            raise PowerCut("power lost before the name /%s/%s came or went" % (self.name, path))

    def remove(self, path: str) -> None:
        """Take a file or an empty folder away."""
        self._name(path)
        self.backend.remove(path)

    def mkdir(self, path: str) -> None:
        """Make a folder."""
        self._name(path)
        self.backend.mkdir(path)

    def rename(self, old: str, new: str) -> None:
        """Rename as the firmware does, in up to three writes; a file of the new name is deleted."""
        backend = self.backend
        # f_rename of FatFs refuses an existing name; vfs_fat.c then deletes it and tries again. Only files are
        # replaced.
        is_dir, _ = self.stat(old)
        try:
            replaced = not is_dir and not self.stat(new)[0]
        except OSError:
            replaced = False
        # FatFs compares names without case: a change of case only is the same file, which must not be deleted.
        if replaced and old.lower() != new.lower():
            self.remove(new)
        self._name(new)
        # A power cut between the two writes leaves one file with two names. Backends without link cannot show
        # that, so for them both names are counted before one rename.
        if is_dir or not hasattr(backend, "link"):
            self._name(old)
            backend.rename(old, new)
        else:
            backend.link(old, new)
            self._name(old)
            backend.unlink(old)

    def stat(self, path: str):
        """Return (is_dir, size) or raise OSError(2)."""
        backend = self._kept or self.backend
        if hasattr(backend, "stat"):
            return backend.stat(path)
        # A backend need not have its own stat. The row in the parent folder answers, and the root has no parent.
        if not path:
            return (True, 0)
        cut = path.rfind("/")
        for name, is_dir, size in backend.listdir(path[:cut] if cut >= 0 else ""):
            if name == path[cut + 1 :]:
                return (is_dir, size)
        raise OSError(ENOENT)

    def entries(self, folder: str = ""):
        """Return every file below a folder as (path, False, size): what SPIFFS lists."""
        listing = []
        for name, is_dir, size in self.backend.listdir(folder):
            path = folder + "/" + name if folder else name
            if is_dir:
                listing.extend(self.entries(path))
            else:
                listing.append((path, False, size))
        return listing
