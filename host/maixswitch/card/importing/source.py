"""The sources of models: a folder, a zip or one file, as names and sizes. Bytes are read on demand."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice, takewhile
from pathlib import Path, PurePosixPath

from maixswitch.errors import EXIT_IO
from maixswitch.files import leads_out, unreadable
from maixswitch.language import tr

from . import archive
from .messages import ImportMessage, Refusal

MAX_FILES = 5000
MAX_TEXT = 256 << 10
"""The largest file that is read as labels, anchors, settings or a script."""
MAX_MODEL = 6 << 20
"""The largest .kmodel that any firmware loads."""
TEXTS = (".txt", ".py", ".json", ".names", ".csv", ".labels", ".anchors", ".yaml", ".yml", ".pbtxt", "")
MODELS = (".kmodel", ".smodel", ".emodel")
PACKAGES = (".kfpkg", ".zip")


@dataclass(frozen=True)
class Source:
    """A folder, a zip or one file with what lies around it.

    name: its path, as the user wrote it.
    stem: its name without folder and suffix.
    files: the size in bytes of each file, by its name with "/" between the parts. The files of a package in it have
        the package's name in front.
    links: the symbolic links that lead out of the folder; they are not followed.
    changed: when each file was last changed, in seconds; files without a time are missing.
    refused: a message for each package in it that cannot be opened.
    only: the file that the user named, if the others only lie around it; "" otherwise.
    packed: the files that lie in a package of the source.
    """

    name: str
    stem: str
    files: Mapping[str, int]
    reader: Callable[[str, int], bytes] = field(repr=False)
    links: tuple[str, ...] = ()
    changed: Mapping[str, float] = field(default_factory=dict, repr=False)
    refused: tuple[ImportMessage, ...] = ()
    only: str = ""
    packed: frozenset[str] = frozenset()

    def read(self, name: str, limit: int) -> bytes:
        """Return the bytes of a file. Raises Refusal if there are more than ``limit``, or if they cannot be read."""
        size = self.files[name]
        # Refuse a large file instead of cutting it off: half a list of labels would look complete.
        if size > limit:
            raise Refusal(
                "C505",
                tr(
                    "{source}: {file} has {size} bytes; expected at most {limit}",
                    source=self.name,
                    file=name,
                    size=size,
                    limit=limit,
                ),
            )
        return self.reader(name, limit)

    def head(self, name: str) -> bytes:
        """Return the first 64 bytes of a file, or fewer."""
        return self.reader(name, 64)

    def text(self, name: str) -> bytes | None:
        """Return the bytes of a text, None if it is too large."""
        return None if self.files[name] > MAX_TEXT else self.read(name, MAX_TEXT)


def folder_of(name: str) -> PurePosixPath:
    """Return the folder of a file's name."""
    return PurePosixPath(name).parent


def distance(one: str, other: str) -> int:
    """Return how many steps, up and down, lead from the folder of one file to that of another."""
    here, there = folder_of(one).parts, folder_of(other).parts
    return len(here) + len(there) - 2 * common(here, there)


def common(one: Iterable[str], other: Iterable[str]) -> int:
    """Return with how many equal items two sequences begin."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def open_source(path: Path) -> Source:
    """Open a folder, a zip, a .kfpkg or a single file, and the packages in a folder or zip.

    Raises Refusal if it is missing, unsafe or too large.
    """
    try:
        if path.is_dir():
            root = path.resolve()
            return _with_packages(_folder(path), lambda name: root / name, archive.Budget())
        with path.open("rb") as file:
            head = file.read(4)
        size = path.stat().st_size
    except OSError as error:
        raise Refusal("C500", unreadable(path, error), EXIT_IO) from error
    # The contents decide, not the suffix: a .kfpkg is a zip, and downloads may lose their suffix.
    if head[:2] == b"PK":
        budget = archive.Budget()
        opened = archive.open_zip(path, path, budget)
        source = Source(str(path), path.stem, opened.files, opened.read, changed=opened.changed)
        return _with_packages(source, lambda name: source.reader(name, archive.MAX_MEMBER), budget)
    return _around(path, size)


def _with_packages(source: Source, locate: Callable[[str], Path | bytes], budget: archive.Budget) -> Source:
    """Return the source with the files of the packages in it; packages in those stay closed.

    locate: returns where a package of the source lies, or its bytes.
    budget: what all archives together may unpack.
    """
    inner: dict[str, tuple[archive.Archive, str]] = {}
    refused = []
    for package in source.files:
        if not package.lower().endswith(PACKAGES) or source.head(package)[:2] != b"PK":
            continue
        try:
            content = locate(package)
            # An archive of training pictures is nobody's model, so its size is no reason for a message.
            if not archive.holds(content, MODELS):
                continue
            opened = archive.open_zip(content, package, budget)
        except Refusal as refusal:
            refused.append(refusal.import_message)
            continue
        inner.update((f"{package}/{name}", (opened, name)) for name in opened.files)
    if not inner and not refused:
        return source

    def reader(name: str, limit: int) -> bytes:
        opened, within = inner.get(name, (None, ""))
        return opened.read(within, limit) if opened else source.reader(name, limit)

    files = {**source.files, **{name: opened.files[within] for name, (opened, within) in inner.items()}}
    changed = {**source.changed, **{name: opened.changed[within] for name, (opened, within) in inner.items()}}
    return replace(source, files=files, reader=reader, changed=changed, refused=tuple(refused), packed=frozenset(inner))


def _folder(path: Path) -> Source:
    root = path.resolve()
    names: list[str] = []
    links = []
    for folder, inner, files in os.walk(root):
        # Linked folders are left out: they may form a ring or lead to the whole disk.
        inner[:] = sorted(name for name in inner if name[0] != "." and not Path(folder, name).is_symlink())
        for name in sorted(files):
            file = Path(folder, name)
            inside = file.relative_to(root).as_posix()
            # A folder from somebody else must not copy files of this PC onto a card.
            if leads_out(file, root):
                links.append(inside)
            elif name[0] != "." and file.is_file():
                names.append(inside)
        # Checked inside the loop, so that "import ~" stops early.
        if len(names) > MAX_FILES:
            raise Refusal(
                "C505",
                tr("{path}: more than {count} files; expected the folder of one export", path=path, count=MAX_FILES),
            )
    return replace(_listed(str(path), root, names), links=tuple(links))


def _around(path: Path, size: int) -> Source:
    """Return a single file with what lies around it: its folder, and scripts and their texts nearby that name it.

    Nearby are the two folders above, and the folders beside its own.
    """
    file = Path(os.path.abspath(path))
    folder = file.parent
    names = [*_plain_files(folder), file.name]
    source = _listed(str(path), folder, names)
    if any(_names(source, name, file.name) for name in source.files):
        return replace(source, only=file.name)
    for steps, above in enumerate(list(folder.parents)[:2]):
        # Home and the disk's root hold the scripts of other projects.
        if above in (Path.home(), above.parent):
            break
        beside = [] if steps else [inner for inner in _folders(above) if not (inner / file.name).exists()]
        outer = [inner for inner in (above, *beside) if inner != folder]
        names = [f"{inner.relative_to(above).as_posix()}/{name}" for inner in outer for name in _plain_files(inner)]
        names = [PurePosixPath(name).as_posix() for name in names if not name.lower().endswith(MODELS)]
        nearby = _listed(str(path), above, names[:MAX_FILES])
        scripts = [name for name in nearby.files if _names(nearby, name, file.name)]
        if scripts:
            kept = [name for name in names if any(folder_of(name) == folder_of(script) for script in scripts)]
            own = folder.relative_to(above)
            kept += [(own / name).as_posix() for name in source.files]
            return replace(_listed(str(path), above, kept), only=(own / file.name).as_posix())
    return replace(source, only=file.name)


def _names(source: Source, script: str, model: str) -> bool:
    """Does a script of the source contain the name of this model?"""
    return script.lower().endswith(".py") and model.encode() in (source.text(script) or b"")


def _folders(folder: Path) -> Iterable[Path]:
    try:
        with os.scandir(folder) as listing:
            paths = [Path(item.path) for item in islice(listing, MAX_FILES) if item.is_dir(follow_symlinks=False)]
    except OSError:
        return []
    return sorted(path for path in paths if path.name[0] != ".")


def _plain_files(folder: Path) -> list[str]:
    """Return the names of the texts and models of one folder, without links that lead out of it."""
    try:
        with os.scandir(folder) as listing:
            names = [item.name for item in islice(listing, MAX_FILES) if item.name[0] != "." and item.is_file()]
    except OSError:
        return []
    kept = [name for name in names if PurePosixPath(name).suffix.lower() in (*TEXTS, *MODELS)]
    return sorted(name for name in kept if not leads_out(folder / name, folder))


def _listed(name: str, root: Path, names: Iterable[str]) -> Source:
    """Return the source of these files in a folder."""
    files: dict[str, int] = {}
    changed: dict[str, float] = {}
    for inside in dict.fromkeys(names):
        # Other programs remove their files at any time, above all beside a file in a folder for temporary ones.
        try:
            status = (root / inside).stat()
        except FileNotFoundError:
            continue
        files[inside], changed[inside] = status.st_size, status.st_mtime
    stem = root.name if Path(name).is_dir() else Path(name).stem
    return Source(name, stem, files, lambda inside, limit: _bytes(root / inside, limit), changed=changed)


def _bytes(path: Path, limit: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(limit)
    except OSError as error:
        raise Refusal("C500", unreadable(path, error), EXIT_IO) from error
