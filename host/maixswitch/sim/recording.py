"""A recorded run as one file: its rows, its limits, and a reader that trusts nothing in the file.

A zip with `recording.jsonl` (a head, then one row a line), `frames/HASH` (RGB bytes of the camera's pictures, each
once) and `card/HASH` (contents of the cards' files, each once). HASH is BLAKE2b of 16 bytes over the contents.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any

import numpy as np

from maixswitch.errors import EXIT_IO, MaixSwitchError
from maixswitch.files import reading
from maixswitch.language import LANGUAGES, tr
from maixswitch.sim.camera import Picture
from maixswitch.sim.card import MAX_FILES, scan

SCHEMA = "maixswitch.recording/1"
ROWS = "recording.jsonl"
MAX_ROWS_BYTES = 64_000_000
MAX_MEMBERS = 60_000
MAX_FRAMES = 30_000
MAX_FRAME_BYTES = 4_000_000_000
MAX_CARD_BYTES = 64_000_000
MAX_SIDE = 2048
MAX_ACTION = 2000  # characters of an action
MAX_NUMBER = 1 << 53  # beyond that JSON of other programs is no longer exact
_MEMBER = re.compile(r"recording\.jsonl|(?:frames|card)/[0-9a-f]{32}")
_DAMAGED = (OSError, EOFError, ValueError, KeyError, TypeError, RuntimeError, zipfile.BadZipFile, zlib.error)
_CHUNK = 1 << 20
# The options in the head, each with the types that its value may have.
_OPTIONS: dict[str, tuple[type, ...]] = {
    "card": (str,),
    "board": (str,),
    "flavour": (str,),
    "image": (str,),
    "camera": (str,),
    "fit": (str,),
    "rounding": (str,),
    "language": (str,),
    "base": (str,),
    "script": (str, type(None)),
    "script_name": (str,),
    "frames": (int, type(None)),
    "seconds": (int, float, type(None)),
}


@dataclass
class CardPart:
    """One card of the run.

    name: "" for the card at the start, otherwise the path that the script puts in.
    files: card path -> (size in bytes, CRC32, HASH); the HASH is "" if the contents were left out.
    folders: card paths.
    """

    name: str
    files: dict[str, tuple[int, int, str]]
    folders: list[str]

    @property
    def complete(self) -> bool:
        """Are all contents in the recording?"""
        return all(digest for _, _, digest in self.files.values())


@dataclass
class Recording:
    """The contents of a recorded run's file. Leaving the context closes the file.

    archive: the open file; frames and contents of cards are read from it when needed.
    cards: name -> card, as in CardPart.
    views: (board time in ms, width, height, HASH) for each look of the camera.
    keys: step -> key of the keyboard.
    actions: step -> lines of a script that were carried out after the step.
    events: the event log.
    steps, code, interrupted: the number of steps, the exit code, and whether Ctrl-C ended the run.
    """

    path: Path
    archive: zipfile.ZipFile
    version: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    cards: dict[str, CardPart] = field(default_factory=dict)
    views: list[tuple[int, int, int, str]] = field(default_factory=list)
    keys: dict[int, str] = field(default_factory=dict)
    actions: dict[int, list[str]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    steps: int = -1
    code: int = 0
    interrupted: bool = False

    def __enter__(self) -> Recording:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.archive.close()

    def frame(self, digest: str, width: int, height: int) -> Picture:
        """Return the picture with that HASH, shape (height, width, 3)."""
        data = self.archive.read(f"frames/{digest}")
        return np.frombuffer(data, np.uint8).reshape(height, width, 3)

    def contents(self, part: CardPart) -> dict[str, bytes]:
        """Return the contents of a complete card by their paths."""
        return {path: self.archive.read(f"card/{digest}") for path, (_, _, digest) in part.files.items()}


def digest(data: bytes) -> str:
    """Return the HASH of a frame or a file."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def take_stock(folder: Path, keep: Callable[[str, bytes], None] | None, name: str = "") -> CardPart:
    """Return size and CRC32 of every file below a card's folder.

    keep: called as keep(HASH, contents) for each file; with None the HASHes are "".
    name: the name of the CardPart.
    """
    contents = scan(folder)
    files: dict[str, tuple[int, int, str]] = {}
    for path in contents.files:
        with reading(folder / path):
            # The writer has checked that contents to keep are small. Other files may have any size: read them in
            # pieces.
            if keep is not None:
                data = (folder / path).read_bytes()
                keep(digest(data), data)
                files[path] = (len(data), zlib.crc32(data), digest(data))
            else:
                size = crc = 0
                with (folder / path).open("rb") as file:
                    while block := file.read(_CHUNK):
                        size, crc = size + len(block), zlib.crc32(block, crc)
                files[path] = (size, crc, "")
    return CardPart(name, files, contents.folders)


def differing(part: CardPart, other: CardPart) -> list[str]:
    """Return the card paths of files that only one of the two has, or that differ in size or CRC32."""
    paths = sorted(part.files.keys() | other.files.keys())
    return [path for path in paths if part.files.get(path, ())[:2] != other.files.get(path, ())[:2]]


def read(path: Path) -> Recording:
    """Open and check a whole recording: names, sizes, counts, checksums.

    Raises MaixSwitchError (input) if it is missing, not a recording, of another version, damaged, or too large.
    """
    try:
        # For a file that is not a zip, zipfile raises one of several types.
        with reading(path):
            archive = zipfile.ZipFile(path)
    except (ValueError, NotImplementedError, RuntimeError, zipfile.BadZipFile) as error:
        raise MaixSwitchError(
            tr("{path} is not a recording; expected a file that `maixswitch sim --record` has written", path=path),
            EXIT_IO,
        ) from error
    # From here on the file is open: close it on every failure.
    try:
        recording = Recording(path, archive)
        # Check names and sizes before any contents: the list is cheap to read, and reveals a zip bomb.
        sizes = _members(archive)
        _fill(recording, _bounded(archive, ROWS, MAX_ROWS_BYTES).decode("utf-8"))
        _verify(recording, sizes)
    except MaixSwitchError:
        archive.close()
        raise
    except (*_DAMAGED, RecursionError) as error:
        archive.close()
        raise _damaged(path, str(error) or type(error).__name__) from error
    return recording


def _damaged(path: Path, reason: str) -> MaixSwitchError:
    text = tr("{path}: this recording cannot be used: {reason}; record the run again", path=path, reason=reason[:200])
    return MaixSwitchError(text, EXIT_IO)


def _members(archive: zipfile.ZipFile) -> dict[str, int]:
    """Return the size of each part by its name. Raises ValueError for parts that a recording cannot have."""
    infos = archive.infolist()
    if len(infos) > MAX_MEMBERS:
        raise ValueError(tr("{count} parts; at most {most} are allowed", count=len(infos), most=MAX_MEMBERS))
    sizes: dict[str, int] = {}
    for info in infos:
        # The pattern allows only our own names, so none leads out of a folder. Of two parts with the same name zipfile
        # would read only the last.
        if not _MEMBER.fullmatch(info.filename) or info.filename in sizes:
            raise ValueError(tr("a part named {name!r}", name=info.filename[:80]))
        sizes[info.filename] = info.file_size
    for folder, most in (("frames/", MAX_FRAME_BYTES), ("card/", MAX_CARD_BYTES)):
        total = sum(size for name, size in sizes.items() if name.startswith(folder))
        if total > most:
            raise ValueError(
                tr("{size} bytes in {name}; at most {most} are allowed", size=total, name=folder, most=most)
            )
    return sizes


def _bounded(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """Return a part, never more than `most` bytes of it, whatever size the archive states."""
    try:
        with archive.open(name) as file:
            # Read one byte more than allowed, to distinguish a part that is too long from one that just fits.
            data = file.read(most + 1)
    except KeyError as error:
        raise ValueError(tr("{name} is missing", name=name)) from error
    if len(data) > most:
        raise ValueError(tr("{name}: more than {most} bytes", name=name, most=most))
    return data


def _fill(recording: Recording, text: str) -> None:
    lines = iter(text.split("\n"))
    head = json.loads(next(lines))
    # Check the schema first, so that the message names another version and not a strange row of it.
    if not isinstance(head, dict) or head.get("schema") != SCHEMA:
        schema = head.get("schema") if isinstance(head, dict) else None
        raise ValueError(tr("the schema is {schema}; expected {expected}", schema=str(schema)[:60], expected=SCHEMA))
    recording.version = _typed(head, "version", str)
    options = {"image": "", **_typed(head, "options", dict)}  # older files were all recorded on the fakes
    # Only known options of the right type reach the replay; anything else in the head is dropped.
    for name, types in _OPTIONS.items():
        recording.options[name] = _typed(options, name, *types)
    if recording.options["language"] not in LANGUAGES:
        raise ValueError(tr("a wrong value of {name}", name="language"))
    for number, line in enumerate(lines, 2):
        if line:
            try:
                _row(recording, json.loads(line))
            except (ValueError, TypeError, KeyError) as error:
                raise ValueError(tr("line {number}: {error}", number=number, error=error)) from error
    # A file that was cut off has no end, and the replay would not know where to stop.
    if recording.steps < 0 or "" not in recording.cards:
        raise ValueError(tr("its end is missing"))


def _row(recording: Recording, row: dict[str, Any]) -> None:
    # The file may come from a stranger, and its rows control the replay: check the form of each one.
    if not isinstance(row, dict) or len(row) != 1:
        raise ValueError(tr("not a row of a recording"))
    if recording.steps >= 0:
        raise ValueError(tr("a row after the end"))
    kind, value = next(iter(row.items()))
    if kind == "event":
        if (
            not isinstance(value, dict)
            or not isinstance(value.get("event"), str)
            or not _are_whole_numbers(value.get("t"))
        ):
            raise ValueError(tr("a wrong value of {name}", name=kind))
        recording.events.append(value)
    elif kind == "view":
        t, width, height, name = value
        # The sides bound the size of a frame, which `_expected_parts` computes from them.
        if not (
            _are_whole_numbers(t, width, height)
            and 0 < width <= MAX_SIDE
            and 0 < height <= MAX_SIDE
            and isinstance(name, str)
        ):
            raise ValueError(tr("a wrong value of {name}", name=kind))
        recording.views.append((t, width, height, name))
    elif kind == "key":
        step, t, key = value
        if not _are_whole_numbers(step, t) or not isinstance(key, str) or len(key) != 1:
            raise ValueError(tr("a wrong value of {name}", name=kind))
        recording.keys[step] = key
    elif kind == "do":
        step, t, text = value
        if not _are_whole_numbers(step, t) or not isinstance(text, str) or not 0 < len(text) <= MAX_ACTION:
            raise ValueError(tr("a wrong value of {name}", name=kind))
        recording.actions.setdefault(step, []).append(text)
    elif kind == "card":
        part = _card(value)
        recording.cards[part.name] = part
    elif kind == "end":
        if not _are_whole_numbers(value["steps"], value["exit"]):
            raise ValueError(tr("a wrong value of {name}", name=kind))
        recording.steps, recording.code = value["steps"], value["exit"]
        recording.interrupted = _typed(value, "interrupted", bool)
    elif kind != "finger":  # for people: a replay computes these edges from the script and the keys
        raise ValueError(tr("not a row of a recording"))


def _card(value: dict[str, Any]) -> CardPart:
    files = {}
    rows = _typed(value, "files", list)
    folders = _typed(value, "folders", list)
    # Count folders, too: they also take memory of the fake card.
    if len(rows) + len(folders) > MAX_FILES:
        raise ValueError(tr("{count} files on a card; at most {most} are allowed", count=len(rows), most=MAX_FILES))
    for path, size, crc, name in rows:
        if not _are_whole_numbers(size, crc) or not isinstance(name, str):
            raise ValueError(tr("a wrong value of {name}", name="card"))
        files[_card_path(path)] = (size, crc, name)
    return CardPart(_typed(value, "name", str), files, [_card_path(folder) for folder in folders])


def _card_path(path: Any) -> str:
    """Return the path if it stays inside the card, though it is only a name in memory. Raises ValueError if not."""
    if isinstance(path, str) and 0 < len(path) <= 1000:
        parts = PurePosixPath(path).parts
        # PurePosixPath drops double slashes and single dots: compare its text with the original.
        if "/".join(parts) == path and ".." not in parts and "." not in parts and not path.startswith("/"):
            return path
    raise ValueError(tr("{path!r} is not a path on a card", path=str(path)[:80]))


def _verify(recording: Recording, sizes: dict[str, int]) -> None:
    """Check that the parts are exactly those that the rows name, with the promised sizes and contents."""
    if len(recording.views) > MAX_MEMBERS * 10:
        raise ValueError(
            tr("{count} parts; at most {most} are allowed", count=len(recording.views), most=MAX_MEMBERS * 10)
        )
    expected: dict[str, int] = {}
    for name, size in _expected_parts(recording):
        # Equal HASHes mean equal contents, so a second size is a forgery.
        if expected.setdefault(name, size) != size:
            raise ValueError(tr("{name} has two sizes", name=name))
    for name in [ROWS, *expected]:
        if name not in sizes:
            raise ValueError(tr("{name} is missing", name=name))
    # Refuse other parts: they could hide anything in a file that people pass on.
    for name in sizes:
        if name != ROWS and name not in expected:
            raise ValueError(tr("a part named {name!r}", name=name))
    # Read all of them once now: a replay must not fail halfway.
    for name, size in expected.items():
        data = _bounded(recording.archive, name, size)
        if len(data) != size or digest(data) != name.partition("/")[2]:
            raise ValueError(tr("{name} is damaged", name=name))


def _expected_parts(recording: Recording) -> Iterator[tuple[str, int]]:
    for _, width, height, name in recording.views:
        yield f"frames/{name}", width * height * 3
    for part in recording.cards.values():
        for size, _, name in part.files.values():
            if name:
                if size > MAX_CARD_BYTES:
                    raise ValueError(tr("{name}: more than {most} bytes", name=f"card/{name}", most=MAX_CARD_BYTES))
                yield f"card/{name}", size


def _are_whole_numbers(*values: Any) -> bool:
    # JSON's true becomes a bool, which Python also counts as an int.
    return all(isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MAX_NUMBER for value in values)


def _typed(document: Any, name: str, *types: type) -> Any:
    value = document.get(name) if isinstance(document, dict) else None
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        raise ValueError(tr("a wrong value of {name}", name=name))
    return value
