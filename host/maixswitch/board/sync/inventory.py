"""What is to be on the card: the files of a folder, each with its size and CRC32, and which of them never travel."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from maixswitch import files
from maixswitch.board.sync import older
from maixswitch.errors import EXIT_IO, EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr

SYNC = "SYNC"
"""The folder that sync itself writes into. All names in it are of eight capitals and digits at most: those have one
entry in a FAT folder, which a single write of a sector makes or takes away; a longer name has several."""
STEPS = "SYNC/STEPS"
SUMS = "SYNC/SUMS"
MARK = "ARRIVING"
"""A file in a new model's folder whose files are not all there yet; the app passes over such a folder."""
MODEL = "model.json"
BOOT = "boot.py"
CHOSEN = ("maixswitch.s0", "maixswitch.s1")
"""What the app writes there (device/once/choice.py)."""
SYSTEM = ("system volume information", "$recycle.bin", "thumbs.db", "desktop.ini", "__pycache__")
APP = ("device/", "main.py", "boot.py")
FORBIDDEN = re.compile(r'[\x00-\x1f\x7f"*:<>?|\\]')
BLOCK = 1 << 16
Tell = Callable[[int], None]


@dataclass(frozen=True)
class Source:
    """A file that is to be on the card. ``path``: there, with "/"; ``file``: where its bytes are; ``size`` in bytes."""

    path: str
    file: Path
    size: int
    crc: int


def travels(path: str) -> bool:
    """Is this path, relative to the card's root, one that sync sends, compares and deletes?

    Not hidden files, not the system's, not what sync and the app themselves write on the card, nor what older versions
    of sync left there.
    """
    parts = path.lower().split("/")
    if any(part.startswith(".") or part in SYSTEM for part in parts) or parts[0] == SYNC.lower():
        return False
    mark = parts[0] == "models" and parts[2:] == [MARK.lower()]
    return not mark and not older.left(parts) and path.lower() not in CHOSEN


def is_app(path: str) -> bool:
    """Is it a file of the app, rather than a model or a setting?"""
    return path in APP or path.startswith(APP[0])


def sources(card: Path, *, app_only: bool = False, tell: Tell | None = None) -> dict[str, Source]:
    """The files of a card's folder that travel, by path; links to files within it are followed.

    MaixSwitchError (usage) for names that the card's file system cannot hold, (input or output) for what cannot be
    read. ``tell`` gets the bytes as they are read.
    """
    found = {}
    try:
        for file in sorted(card.rglob("*")):
            path = file.relative_to(card).as_posix()
            if travels(path) and file.is_file() and (is_app(path) or not app_only):
                if file.is_symlink() and not file.resolve().is_relative_to(card.resolve()):
                    raise MaixSwitchError(tr("{path}: a link that leads off the card", path=file), EXIT_USAGE)
                found[path] = Source(path, file, *checksum(file, tell=tell))
    except OSError as error:
        raise MaixSwitchError(files.unreadable(error.filename or card, error), EXIT_IO) from error
    judge(found)
    return found


def with_build(found: dict[str, Source], built: Path) -> dict[str, Source]:
    """The same card with the app that stands in ``built`` in place of its own."""
    rest = {path: source for path, source in found.items() if not is_app(path)}
    return rest | sources(built, app_only=True)


def judge(paths: Iterable[str]) -> None:
    """MaixSwitchError (usage) for the first name that FAT does not hold, or that it takes for another one's."""
    seen: dict[str, str] = {}
    for path in paths:
        for part in path.split("/"):
            if FORBIDDEN.search(part) or part != part.rstrip(" .") or len(part.encode("utf-16-le")) > 2 * 250:
                raise MaixSwitchError(
                    tr("{path}: a card with FAT32 cannot hold this name; rename it", path=path), EXIT_USAGE
                )
        folded = path.casefold()
        if folded in seen:
            raise MaixSwitchError(
                tr("{path} and {other}: one file for a card with FAT32; rename one", path=path, other=seen[folded]),
                EXIT_USAGE,
            )
        seen[folded] = path


def checksum(file: Path, size: int | None = None, tell: Tell | None = None) -> tuple[int, int]:
    """(bytes, CRC32) of a file, or of its first ``size`` bytes; OSError when it cannot be read."""
    crc = length = 0
    with file.open("rb") as stream:
        while block := stream.read(BLOCK if size is None else min(BLOCK, size - length)):
            crc = zlib.crc32(block, crc)
            length += len(block)
            if tell:
                tell(len(block))
    return length, crc


def rank(path: str) -> tuple[int, str]:
    """Key of the order of sending: models, then settings and other files, then the app, boot.py last."""
    if path == BOOT:
        return 3, path
    return (2 if is_app(path) else 0 if path.startswith("models/") else 1), path


def staged(sources: Iterable[Source]) -> dict[str, str]:
    """Path -> the file in SYNC that its bytes arrive in: another one for other bytes, so that a part is never mixed.

    The first letter tells the app's from the others.
    """
    parts: dict[str, str] = {}
    for source in sources:
        number = zlib.crc32(f"{source.path}\t{source.crc}".encode())
        while (part := f"{SYNC}/{'A' if is_app(source.path) else 'M'}{number % (1 << 28):07X}") in parts.values():
            number += 1
        parts[source.path] = part
    return parts
