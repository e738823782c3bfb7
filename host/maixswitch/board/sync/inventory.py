"""What should be on the card: the files of a folder with size and CRC32, and which of them are never sent."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from maixswitch import files
from maixswitch.card import editor
from maixswitch.errors import EXIT_IO, EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr

SYNC = "SYNC"
"""The folder of sync's own files.

Their names are at most eight capitals and digits. Such a name is a single entry in a FAT folder, so one write of a
sector makes or deletes it. A longer name has several entries."""
STEPS = "SYNC/STEPS"
SUMS = "SYNC/SUMS"
MARK = "ARRIVING"
"""The file that marks a new model's folder until all its files have arrived. The app ignores such a folder."""
MODEL = "model.json"
BOOT = "boot.py"
CHOSEN = ("maixswitch.s0", "maixswitch.s1")
"""The files that the app writes (device/once/choice.py)."""
LEARNT = (
    *("learnt.s0", "learnt.s1", "learnt.0", "learnt.1", "tuned.s0", "tuned.s1"),
    *(f"learnt.b{slot}" for slot in range(10)),
)
"""The files that the app writes into a model's folder: of what it has learnt (device/once/learnt.py, backups.py), and a
threshold that a command has kept (tuned.py)."""
PHOTOS = "photos"
"""The folder of the pictures that the app saves (device/once/photos.py)."""
SYSTEM = ("system volume information", "$recycle.bin", "thumbs.db", "desktop.ini", "__pycache__")
APP = ("device/", "main.py", "boot.py")
FORBIDDEN = re.compile(r'[\x00-\x1f\x7f"*:<>?|\\]')
BLOCK = 1 << 16
Tell = Callable[[int], None]


@dataclass(frozen=True)
class Source:
    """A file that should be on the card.

    path: its path on the card, with "/".
    file: its path on the PC.
    size: in bytes.
    crc: its CRC32.
    """

    path: str
    file: Path
    size: int
    crc: int


def travels(path: str) -> bool:
    """Does sync send, compare and delete this path, relative to the card's root?

    It leaves alone hidden files, those of the system and of editors, and those that sync and the app write themselves.
    """
    # FAT ignores case, so every comparison here does the same.
    parts = path.lower().split("/")
    if any(part.startswith(".") or part in SYSTEM for part in parts) or parts[0] in (SYNC.lower(), PHOTOS):
        return False
    mark = parts[0] == "models" and parts[2:] == [MARK.lower()]
    return not mark and not is_learnt(path) and path.lower() not in (*CHOSEN, editor.CONFIG)


def is_learnt(path: str) -> bool:
    """Is this a file that the app writes into a model's folder, of what it has learnt?"""
    parts = path.lower().split("/")
    return len(parts) == 3 and parts[0] == "models" and parts[2] in LEARNT


def is_app(path: str) -> bool:
    """Is this a file of the app, and not a model or a setting?"""
    return path in APP or path.startswith(APP[0])


def sources(card: Path, *, app_only: bool = False, tell: Tell | None = None) -> dict[str, Source]:
    """Return the files of a card's folder that are sent, by path. Links to files inside it are followed.

    app_only: only the files of the app.
    tell: gets the number of bytes read since its last call.
    Raises MaixSwitchError for names that the card's file system cannot hold (usage), and for files that cannot be read
    (input or output).
    """
    by_path = {}
    try:
        for file in sorted(card.rglob("*")):
            path = file.relative_to(card).as_posix()
            if travels(path) and file.is_file() and (is_app(path) or not app_only):
                # Such a link could send any file of this PC to a board.
                if files.leads_out(file, card):
                    raise MaixSwitchError(tr("{path}: a link that leads off the card", path=file), EXIT_USAGE)
                by_path[path] = Source(path, file, *checksum(file, tell=tell))
    except OSError as error:
        raise MaixSwitchError(files.unreadable(error.filename or card, error), EXIT_IO) from error
    judge(by_path)
    return by_path


def with_build(by_path: dict[str, Source], built: Path) -> dict[str, Source]:
    """Return the same files, but with the app from the folder ``built``."""
    others = {path: source for path, source in by_path.items() if not is_app(path)}
    return others | sources(built, app_only=True)


def judge(paths: Iterable[str]) -> None:
    """Check the names of files for a card. Raises MaixSwitchError (usage) if FAT cannot hold one or mixes up two."""
    seen: dict[str, str] = {}
    for path in paths:
        for part in path.split("/"):
            # FAT allows 255 UTF-16 units for a name, and drops spaces and dots at its end.
            if FORBIDDEN.search(part) or part != part.rstrip(" .") or len(part.encode("utf-16-le")) > 2 * 250:
                raise MaixSwitchError(
                    tr("{path}: a card with FAT32 cannot hold this name; rename it", path=path), EXIT_USAGE
                )
        # On this PC these are two files, but on the card the second one would replace the first.
        folded = path.casefold()
        if folded in seen:
            raise MaixSwitchError(
                tr(
                    "{path} and {other}: a FAT32 card takes both for one file; rename one",
                    path=path,
                    other=seen[folded],
                ),
                EXIT_USAGE,
            )
        seen[folded] = path


def checksum(file: Path, size: int | None = None, tell: Tell | None = None) -> tuple[int, int]:
    """Return (bytes, CRC32) of a file.

    size: only of that many bytes at its beginning.
    tell: gets the number of bytes read since its last call.
    Raises OSError if the file cannot be read.
    """
    crc = length = 0
    with file.open("rb") as stream:
        while block := stream.read(BLOCK if size is None else min(BLOCK, size - length)):
            crc = zlib.crc32(block, crc)
            length += len(block)
            if tell:
                tell(len(block))
    return length, crc


def rank(path: str) -> tuple[int, str]:
    """Return the key that sorts files for sending: models, then settings and others, then the app, boot.py last."""
    if path == BOOT:
        return 3, path
    return (2 if is_app(path) else 0 if path.startswith("models/") else 1), path


def staged(sources: Iterable[Source]) -> dict[str, str]:
    """Return for each path the file in SYNC in which its bytes arrive.

    The names begin with A for files of the app, and with M for all others.
    """
    parts: dict[str, str] = {}
    for source in sources:
        # The name depends on path and contents, so the next sync finds the part again, but never continues the part of
        # another version.
        number = zlib.crc32(f"{source.path}\t{source.crc}".encode())
        while (part := f"{SYNC}/{'A' if is_app(source.path) else 'M'}{number % (1 << 28):07X}") in parts.values():
            number += 1
        parts[source.path] = part
    return parts
