"""Read a zip that may be hostile: it is checked before a byte is unpacked, and never unpacked to the disk."""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path, PurePosixPath

from maixswitch import files
from maixswitch.errors import EXIT_IO
from maixswitch.language import tr

from .messages import ImportMessage, Refusal

MAX_ARCHIVE = 256 << 20
MAX_MEMBERS = 2000
MAX_TOTAL = 256 << 20
MAX_MEMBER = 64 << 20
MAX_RATIO = 200
SMALL = 1 << 20
"""Up to this many bytes a file may have any packing ratio: a blank picture is not a zip bomb."""
PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
ENCRYPTED = 1

Reader = Callable[[str, int], bytes]


@dataclass
class Budget:
    """What archives that belong together may still unpack: the number of files, and their bytes in all."""

    members: int = MAX_MEMBERS
    total: int = MAX_TOTAL


@dataclass(frozen=True)
class Archive:
    """A zip that was checked.

    files: the size in bytes of each file by its name. changed: when each was last changed, as in Source.
    read: returns at most `limit` bytes of the file `name`.
    """

    files: dict[str, int]
    changed: dict[str, float]
    read: Reader


def open_zip(path: Path | bytes, shown: object, budget: Budget | None = None) -> Archive:
    """Check a zip.

    path: the file, or the bytes of an archive that lies in another one.
    shown: its name for messages.
    budget: what is left of the limits, which is reduced; None for the whole limits.
    Raises Refusal for absolute names, names that lead out of the archive, links, encrypted files, two files with the
    same name (the card ignores case), unusual compression, more than 2000 files, 64 MiB in one file, 256 MiB in all,
    or a packing ratio above 200.
    """
    budget = budget or Budget()

    def opened() -> zipfile.ZipFile:
        return zipfile.ZipFile(BytesIO(path) if isinstance(path, bytes) else path)

    try:
        if isinstance(path, Path) and path.stat().st_size > MAX_ARCHIVE:
            raise _refusal("C512", shown, tr("larger than {limit} MiB", limit=MAX_ARCHIVE >> 20))
        with opened() as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError, zlib.error, RecursionError) as error:
        raise _refusal("C515", shown, tr("a damaged zip ({reason})", reason=error)) from error
    except OSError as error:
        raise Refusal("C500", files.unreadable(shown, error), EXIT_IO) from error
    if len(members) > budget.members:
        raise _refusal(
            "C512", shown, tr("{count} files; expected at most {limit}", count=len(members), limit=budget.members)
        )
    # The archive itself states these sizes, and they may be wrong: `read` below has its own limit.
    total = sum(member.file_size for member in members)
    if total > budget.total:
        raise _refusal("C512", shown, tr("more than {limit} MiB when unpacked", limit=budget.total >> 20))
    budget.members -= len(members)
    budget.total -= total
    kept: dict[str, zipfile.ZipInfo] = {}
    seen: dict[str, str] = {}
    for member in members:
        # Some Windows tools write backslashes, which would hide a "..".
        name = member.filename.replace("\\", "/")
        trouble = _trouble(member, name)
        if trouble:
            raise _refusal(trouble.code, shown, tr("{file}: {trouble}", file=_shown(name), trouble=trouble.text))
        if member.is_dir() or name.endswith("/"):
            continue
        # "a//b" and "./a/b" are other spellings of "a/b". With one spelling the comparison finds equal names.
        name = PurePosixPath(name).as_posix()
        if name.casefold() in seen:
            raise _refusal("C514", shown, tr("two files of the name {file}", file=_shown(name)))
        seen[name.casefold()] = name
        # Clutter is dropped only after it was judged, so that it cannot hide an attack.
        if not _clutter(name):
            kept[name] = member

    def read(name: str, limit: int) -> bytes:
        try:
            # Opened again for every file, so that no handle stays open if the import fails.
            with opened() as archive, archive.open(kept[name]) as file:
                return file.read(limit)
        except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError, RuntimeError, zlib.error) as error:
            raise _refusal(
                "C515", shown, tr("{file} cannot be unpacked ({reason})", file=_shown(name), reason=error)
            ) from error
        except OSError as error:
            raise Refusal("C500", files.unreadable(shown, error), EXIT_IO) from error

    sizes = {name: member.file_size for name, member in kept.items()}
    return Archive(sizes, {name: _time(member) for name, member in kept.items()}, read)


def holds(path: Path | bytes, endings: tuple[str, ...]) -> bool:
    """Does an archive hold a file whose name ends like this? True also for an archive that cannot be read."""
    try:
        with zipfile.ZipFile(BytesIO(path) if isinstance(path, bytes) else path) as archive:
            return any(name.lower().endswith(endings) for name in archive.namelist())
    except (zipfile.BadZipFile, EOFError, ValueError, NotImplementedError, zlib.error, RecursionError, OSError):
        return True


def _time(member: zipfile.ZipInfo) -> float:
    try:
        return datetime(*member.date_time).timestamp()
    except (ValueError, OverflowError, OSError):
        return 0.0


def _trouble(member: zipfile.ZipInfo, name: str) -> ImportMessage | None:
    """Return what is wrong with one file of a zip; None if it is acceptable."""
    parts = name.split("/")
    mode = member.external_attr >> 16
    # zipfile cuts a name at a NUL, so the checked name would differ from the one in the archive.
    if name.startswith("/") or name[1:2] == ":" or "\0" in member.orig_filename:
        return ImportMessage("C510", tr("an absolute name: it would be written elsewhere"))
    if ".." in parts:
        return ImportMessage("C510", tr("a name that leads out of the archive"))
    # Tools that do not know Unix modes write 0.
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return ImportMessage("C511", tr("a link or a device instead of a file"))
    if member.flag_bits & ENCRYPTED:
        return ImportMessage("C513", tr("encrypted; unpack it with its password and import the folder"))
    if member.compress_type not in PACKINGS:
        return ImportMessage("C516", tr("packed in an unusual way; pack it again as a plain zip"))
    if member.file_size > MAX_MEMBER:
        return ImportMessage(
            "C512", tr("{size} bytes when unpacked; expected at most {limit}", size=member.file_size, limit=MAX_MEMBER)
        )
    # A product, because the packed size may be 0.
    if member.file_size > SMALL and member.file_size > MAX_RATIO * max(member.compress_size, 1):
        return ImportMessage(
            "C512",
            tr(
                "{size} bytes out of {packed}: a zip bomb, or damaged",
                size=member.file_size,
                packed=member.compress_size,
            ),
        )
    return None


def _clutter(name: str) -> bool:
    """Is this a file that a PC adds by itself: a hidden file, or one of macOS's shadow folder?"""
    return any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))


def _shown(name: str) -> str:
    """Return a name for a message: without control characters and not too long."""
    return "".join(c if c.isprintable() else "?" for c in name[:80])


def _refusal(code: str, shown: object, reason: str) -> Refusal:
    return Refusal(code, tr("{path}: refused: {reason}", path=shown, reason=reason))
