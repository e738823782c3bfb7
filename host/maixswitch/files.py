"""Files of the PC: read up to a limit, written completely or not at all, with one wording for each failure."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from maixswitch.errors import EXIT_IO, MaixSwitchError
from maixswitch.language import reason, tr

CACHE, CACHE_OFF = "MAIXSWITCH_CACHE", "off"
"""The variable that names another folder for what can be made again, and its value for none."""


def unreadable(path: object, error: OSError) -> str:
    """Return the message for a file or folder that cannot be read."""
    return tr("cannot read {path}: {reason}", path=path, reason=reason(error))


def leads_out(path: Path, folder: Path) -> bool:
    """Is this a link to something outside the folder? A card or an export from a stranger may hold such links."""
    return path.is_symlink() and not path.resolve().is_relative_to(folder.resolve())


def unwritable(path: object, error: OSError) -> str:
    """Return the message for a file or folder that cannot be written."""
    return tr("cannot write {path}: {reason}", path=path, reason=reason(error))


@contextmanager
def reading(path: object, option: str = "") -> Iterator[None]:
    """Turn an OSError inside the block into a MaixSwitchError (input or output) that names `path`.

    option: the option that named the path, such as "--script"; "" for none.
    """
    try:
        yield
    except OSError as error:
        raise MaixSwitchError(_with_option(option, unreadable(path, error)), EXIT_IO) from error


@contextmanager
def writing(path: object, option: str = "") -> Iterator[None]:
    """Turn an OSError inside the block into a MaixSwitchError (input or output) that names `path`.

    option: the option that named the path, such as "--out"; "" for none.
    """
    try:
        yield
    except OSError as error:
        raise MaixSwitchError(_with_option(option, unwritable(path, error)), EXIT_IO) from error


def read(path: Path, at_most: int = -1, option: str = "") -> bytes:
    """Return the bytes of a file.

    at_most: the largest number of bytes to read, -1 for all. A caller with a limit asks for one byte more, to notice a
        larger file without reading all of it.
    Raises MaixSwitchError (input or output) when the file cannot be read.
    """
    with reading(path, option), path.open("rb") as file:
        return file.read(at_most)


def write(path: Path, data: bytes | str, option: str = "", make_folders: bool = False) -> None:
    """Write a file completely or not at all; a str is written as UTF-8. See `write_all`."""
    write_all({path: data.encode() if isinstance(data, str) else data}, option, make_folders)


def write_all(contents: Mapping[Path, bytes], option: str = "", make_folders: bool = False) -> None:
    """Write several files, all of them or none.

    Each file is first written to the disk under another name in its folder; then all of them are renamed. So a full
    disk or a crash leaves the old files. A device or a pipe is written directly.
    make_folders: whether to make missing folders.
    Raises MaixSwitchError (input or output) when one of them cannot be written.
    """
    with ExitStack() as stack:
        parts: dict[Path, Path] = {}
        for path, data in contents.items():
            with writing(path, option):
                if make_folders:
                    path.parent.mkdir(parents=True, exist_ok=True)
                if path.is_dir():
                    raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
                # A file cannot be renamed over a device such as /dev/stdout.
                if path.exists() and not path.is_file():
                    path.write_bytes(data)
                    continue
                parts[path] = part_name(path)
                # This cleans up after a failure; after the rename the part no longer exists.
                stack.callback(parts[path].unlink, missing_ok=True)
                with parts[path].open("wb") as file:
                    file.write(data)
                    file.flush()
                    # Without this a crash after the rename could leave an empty file under the new name.
                    os.fsync(file.fileno())
        # Rename only when all parts are on the disk: a rename needs no further space.
        for path, part in parts.items():
            with writing(path, option):
                # Replace the target of a link and keep the link.
                part.replace(path.resolve() if path.is_symlink() else path)


def part_name(path: Path) -> Path:
    """Return the path to write a file to until it is complete: hidden, in its folder, different in each process."""
    return path.with_name(f".{path.name}.{os.getpid()}.part")


def _with_option(option: str, message: str) -> str:
    return f"{option}: {message}" if option else message


def cache_folder() -> Path | None:
    """Return the folder of the cache, None if the user switched it off or the PC has no such folder."""
    named = os.environ.get(CACHE, "")
    if named:
        return None if named.lower() == CACHE_OFF else Path(named)
    try:
        home = Path.home()
    except RuntimeError:  # a user without a home
        return None
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA", "")
        return Path(base or home / "AppData" / "Local") / "maixswitch" / "Cache"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "maixswitch"
    # The XDG rules say that a relative path has no meaning.
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if Path(base).is_absolute() else home / ".cache") / "maixswitch"
