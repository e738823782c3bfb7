"""Reads the files that a page sends, one behind the other, and writes them under harmless names into a folder."""

from __future__ import annotations

import asyncio
import json
import re
import unicodedata
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from maixswitch import board_code, files
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr

MOST_HEAD = 512 * 1024
MOST_BYTES = 256 << 20
MOST_FILES = 2000
PATIENCE_S = 10.0
"""Seconds without a byte until a page is given up."""
BLOCK = 1 << 20
DEEPEST = 6
LONGEST = 80
ANSWERS = ("kind", "labels", "anchors")
"""The options of `maixswitch import` and `convert` that a page may answer."""
PAGE, NOISE = "page", "noise"
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # names of devices on Windows
_CHOICE = re.compile(r"[^:\\]+(:\d{1,6})?")


class TooLarge(MaixSwitchError):
    """The error for more bytes or files than a page may send."""


@dataclass(frozen=True)
class Answer:
    """The answer to a question of the import.

    model: the model's file as the import calls it. option: one of ANSWERS.
    choice: a kind, or a file of the source. text: the contents of a list, "" if there is a choice.
    """

    model: str
    option: str
    choice: str = ""
    text: str = ""


@dataclass(frozen=True)
class Head:
    """What a page says before the bytes of its files.

    files: (name, bytes) of each. pictures: PAGE for those of the page, NOISE for none, "" for those among the files.
    partly: whether models with an open question are left out.
    """

    files: tuple[tuple[str, int], ...]
    answers: tuple[Answer, ...] = ()
    pictures: str = ""
    partly: bool = False


@dataclass
class Upload:
    """What a page sent. names: the path of each file below the folder, without hidden ones."""

    head: Head
    names: list[str] = field(default_factory=list)


async def receive(stream: AsyncIterator[bytes], folder: Path) -> Upload:
    """Write the files of a page into a folder.

    stream: the length of the head (32 bits, little-endian), the head as JSON, and the bytes of the files in its order.
    Raises MaixSwitchError (usage) for anything else, and TooLarge above the limits.
    """
    reader = _Reader(stream)
    size = int.from_bytes(await reader.exactly(4), "little")
    if size > MOST_HEAD:
        raise TooLarge(tr("a message of more than {most} bytes", most=MOST_HEAD), EXIT_USAGE)
    upload = Upload(read_head(await reader.exactly(size)))
    names = harmless(name for name, _ in upload.head.files)
    for name, (_, left) in zip(names, upload.head.files, strict=True):
        if name:
            upload.names.append(name)
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            with files.writing(name):
                await _copy(reader, folder / name, left)
        else:
            await _copy(reader, None, left)
    if await reader.more():
        raise _wrong()
    return upload


async def _copy(reader: _Reader, path: Path | None, left: int) -> None:
    """Write so many bytes into a new file; without a path, drop them."""
    file = path.open("xb") if path is not None else None
    try:
        while left:
            block = await reader.exactly(min(left, BLOCK))
            left -= len(block)
            # In another thread: the loop also sends the frames of the board.
            if file is not None:
                await asyncio.to_thread(file.write, block)
    finally:
        if file is not None:
            file.close()


class _Reader:
    def __init__(self, stream: AsyncIterator[bytes]) -> None:
        self._stream = stream
        self._left = bytearray()

    async def exactly(self, count: int) -> bytes:
        while len(self._left) < count:
            if not await self._next():
                raise _wrong()
        block = bytes(self._left[:count])
        del self._left[:count]
        return block

    async def more(self) -> bool:
        """Does another byte come?"""
        while not self._left:
            if not await self._next():
                return False
        return True

    async def _next(self) -> bool:
        try:
            self._left += await asyncio.wait_for(anext(self._stream), PATIENCE_S)
        except StopAsyncIteration:
            return False
        except asyncio.TimeoutError as error:
            raise _wrong() from error
        return True


def _wrong() -> MaixSwitchError:
    return MaixSwitchError(tr("the files did not arrive completely; drop them again"), EXIT_USAGE)


def read_head(data: bytes) -> Head:
    """Return the head of an upload. Raises MaixSwitchError (usage) for anything that the page does not send."""
    try:
        document = json.loads(data)
        rows = tuple((name, size) for name, size in document["files"])
        answers = tuple(Answer(**row) for row in document.get("answers", ()))
        head = Head(rows, answers, document.get("pictures", ""), document.get("partly", False))
    # RecursionError: deeply nested lists.
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _wrong() from error
    good = rows and all(type(name) is str and type(size) is int and size >= 0 for name, size in rows)
    if not good or head.pictures not in ("", PAGE, NOISE) or type(head.partly) is not bool:
        raise _wrong()
    if not all(_holds(answer) for answer in answers):
        raise _wrong()
    total = sum(size for _, size in rows)
    if len(rows) > MOST_FILES:
        raise TooLarge(tr("{count} files; expected at most {limit}", count=len(rows), limit=MOST_FILES), EXIT_USAGE)
    if total > MOST_BYTES:
        text = tr("{size} MiB in all; at most {most} MiB are taken at once", size=total >> 20, most=MOST_BYTES >> 20)
        raise TooLarge(text, EXIT_USAGE)
    return head


def _holds(answer: Answer) -> bool:
    values: tuple[Any, ...] = (answer.model, answer.option, answer.choice, answer.text)
    if not all(type(value) is str for value in values) or answer.option not in ANSWERS:
        return False
    if answer.option == "kind":
        return answer.choice in board_code.kinds()
    if answer.text:
        return not answer.choice
    # The command also takes files of this PC, which a page must not read: only names below the upload's folder pass.
    return bool(_CHOICE.fullmatch(answer.choice)) and not {"", "..", "."} & set(answer.choice.split("/"))


def harmless(names: Iterable[str]) -> list[str]:
    """Return a relative path for each name, all different, that any system can write; "" for hidden files."""
    taken: set[str] = set()
    folders: set[str] = set()
    result = []
    for name in names:
        parts = [_part(part) for part in re.split(r"[/\\]", unicodedata.normalize("NFC", name)) if part.strip(". ")]
        if not parts:
            parts = ["file"]
        if any(part.startswith(".") for part in parts) or "__MACOSX" in parts:
            result.append("")
            continue
        parts = parts[-DEEPEST:]
        # A file and a folder of one name cannot lie side by side.
        above = ["/".join(parts[:end]).casefold() for end in range(1, len(parts))]
        if taken.intersection(above):
            parts, above = parts[-1:], []
        path, number = "/".join(parts), 1
        while path.casefold() in taken or path.casefold() in folders:
            number += 1
            stem, dot, ending = parts[-1].rpartition(".")
            path = "/".join([*parts[:-1], f"{stem} {number}.{ending}" if dot else f"{parts[-1]} {number}"])
        taken.add(path.casefold())
        folders.update(above)
        result.append(path)
    return result


def _part(text: str) -> str:
    """Return one part of a path without what a file system, a terminal or Windows reads as something else."""
    clean = "".join(c if c.isprintable() and c not in '<>:"|?*' else "_" for c in text).rstrip(". ").lstrip()
    # The ending stays, because commands look at it. FAT and others count bytes, of which a letter may take four.
    if len(clean.encode("utf-8", "replace")) > LONGEST:
        stem, dot, ending = clean.rpartition(".")
        ending = (dot + ending)[:16] if dot else ""
        clean = (stem or clean).encode("utf-8", "replace")[: LONGEST - len(ending)].decode("utf-8", "ignore") + ending
    return f"_{clean}" if _RESERVED.fullmatch(clean) else clean
