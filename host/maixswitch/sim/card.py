"""A folder of the PC as the card in the socket: read when needed, and written only in memory unless `write_back`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from maixswitch import board_code
from maixswitch.errors import EXIT_IO, EXIT_USAGE, MaixSwitchError
from maixswitch.files import leads_out
from maixswitch.language import tr

MAX_FILES = 20_000
SETTINGS = "maixswitch.json"
MAX_SETTINGS = 8192  # bytes that the board reads (device/once/checks.py)
SECTOR = 512


class DiskFile:
    """The contents of a file that is read on first use; its length is known without reading."""

    def __init__(self, path: Path, size: int) -> None:
        self._path = path
        self._size = size
        self._data: bytes | None = None

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[int]:
        return iter(self.read())

    def read(self) -> bytes:
        """Return all bytes. Raises OSError(5), an input or output error, if the PC cannot read them."""
        if self._data is None:
            try:
                self._data = self._path.read_bytes()
            except OSError as error:
                raise OSError(5) from error
        return self._data


def check_card(folder: Path) -> None:
    """Raise MaixSwitchError unless the folder is a card: a folder with models/ in it."""
    if not folder.exists():
        raise MaixSwitchError(tr("{folder}: no such folder", folder=folder), EXIT_IO)
    if not folder.is_dir():
        raise MaixSwitchError(
            tr("{folder} is a file; expected the folder of a card, with models/ in it", folder=folder), EXIT_USAGE
        )
    if not (folder / "models").is_dir():
        # List the contents: the usual mistake is to name the folder above the card, or models/ itself.
        names = sorted(path.name + ("/" if path.is_dir() else "") for path in folder.iterdir())
        listed = ", ".join(names[:6]) + (", ..." if len(names) > 6 else "") if names else tr("an empty folder")
        text = tr("{folder} is not a card: expected a folder models/ in it, found {found}", folder=folder, found=listed)
        script = folder / "main.py"
        # A card with a program of its own needs no app, but the simulator runs only the app.
        if script.is_file():
            text += tr(
                "; its main.py alone runs with: maixswitch run {script} --card {folder}", script=script, folder=folder
            )
        raise MaixSwitchError(text, EXIT_USAGE)


def board_of_card(folder: Path) -> str:
    """Return the id of the board that the card's settings name, as the board reads them; "" if they name none."""
    # FAT ignores capitals, so the board finds a file that this PC would not.
    try:
        paths = [path for path in folder.iterdir() if path.name.lower() == SETTINGS and not leads_out(path, folder)]
        data = paths[0].read_bytes() if paths and paths[0].stat().st_size <= MAX_SETTINGS else b""
        settings = board_code.firmware_json().loads(data.removeprefix(b"\xef\xbb\xbf"))
    except (OSError, ValueError):
        return ""
    board = settings.get("board") if isinstance(settings, dict) else None
    return board if isinstance(board, str) and board in board_code.boards().names() else ""


class CardFolder(NamedTuple):
    """What a folder of the PC holds for a card, by paths on the card.

    links: the links that lead out of the folder. FAT has no links, so they are left out.
    """

    files: dict[str, Any]
    folders: list[str]
    links: list[str]


def scan(folder: Path) -> CardFolder:
    """List the files (DiskFile) and folders below a folder, without hidden folders.

    Raises MaixSwitchError (usage) for more than MAX_FILES files.
    """
    files: dict[str, Any] = {}
    folders: list[str] = []
    links: list[str] = []
    for current, inner, names in os.walk(folder):
        # Change the list in place, since os.walk continues with it. Hidden folders belong to the PC (.git, .Trashes).
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        base = Path(current)
        # The card may come from a stranger. A link could put any file of this PC onto the panel or into a recording.
        out = [name for name in (*inner, *names) if leads_out(base / name, folder)]
        links += [(base / name).relative_to(folder).as_posix() for name in out]
        inner[:] = [name for name in inner if name not in out]
        folders += [(base / name).relative_to(folder).as_posix() for name in inner]
        for name in sorted(names):
            path = base / name
            if name not in out and path.is_file():
                files[path.relative_to(folder).as_posix()] = DiskFile(path, path.stat().st_size)
        # Check inside the loop: a home folder or a whole disk, named by mistake, must fail early in the walk.
        if len(files) > MAX_FILES:
            raise MaixSwitchError(
                tr("{folder}: more than {most} files; is this really a card?", folder=folder, most=MAX_FILES),
                EXIT_USAGE,
            )
    return CardFolder(files, folders, links)


class FolderCard:
    """The backend of `bench.card` over a folder.

    memory_card: the bench's MemoryCard, which treats names, folders and errors as FatFs does; this class adds where
        bytes come from and where they go.
    write_back: whether writes also reach the user's folder.
    links: the links that lead out of the folder, which are not on the card.
    """

    def __init__(self, folder: Path, memory_card: Callable[[dict[str, Any]], Any], write_back: bool = False) -> None:
        check_card(folder)
        contents = scan(folder)
        self._folder = folder
        self._write_back = write_back
        self._memory = memory_card(contents.files)
        self._memory.folders.update(dict.fromkeys(contents.folders, True))
        self.links = contents.links
        self.damaged: set[str] = set()

    def listdir(self, path: str) -> list[tuple[str, bool, int]]:
        rows: list[tuple[str, bool, int]] = self._memory.listdir(path)
        return rows

    def stat(self, path: str) -> tuple[bool, int]:
        row: tuple[bool, int] = self._memory.stat(path)
        return row

    def read(self, path: str) -> bytes:
        data = self._memory.read(path)
        # A file that the app wrote is bytes; the others are read from the PC on first use. Apply the damage here and
        # not to the contents, so that `repair` can bring them back.
        contents = data.read() if isinstance(data, DiskFile) else bytes(data)
        return b"\xff" * min(SECTOR, len(contents)) + contents[SECTOR:] if path in self.damaged else contents

    def damage(self, path: str) -> None:
        """Make the first sector of this file read as 0xFF bytes until `repair`.

        Raises OSError(2) if there is no such file.
        """
        # `stat` raises OSError(2) for a missing path, and a folder has no contents of its own to damage.
        if self._memory.stat(path)[0]:
            raise OSError(2)
        self.damaged.add(path)

    def repair(self, path: str = "") -> None:
        """End the damage of this file, or with "" of every file."""
        self.damaged = self.damaged - {path} if path else set()

    def write(self, path: str, data: bytes, append: bool = False) -> None:
        # Change the memory first, here and below: it refuses what FatFs refuses, before the PC's file is touched.
        self._memory.write(path, data, append)
        if self._write_back:
            with self._path_on_disk(path).open("ab" if append else "wb") as file:
                file.write(data)

    def remove(self, path: str) -> None:
        self._memory.remove(path)
        if self._write_back:
            path_on_disk = self._path_on_disk(path)
            path_on_disk.rmdir() if path_on_disk.is_dir() else path_on_disk.unlink()

    def rename(self, old: str, new: str) -> None:
        self._memory.rename(old, new)
        if self._write_back:
            self._path_on_disk(old).replace(self._path_on_disk(new))

    def mkdir(self, path: str) -> None:
        self._memory.mkdir(path)
        if self._write_back:
            self._path_on_disk(path).mkdir()

    def _path_on_disk(self, path: str) -> Path:
        path_on_disk = (self._folder / path).resolve()
        # A link in the folder can lead out of it, and the app must not write there.
        if not path_on_disk.is_relative_to(self._folder.resolve()):
            raise OSError(13)
        return path_on_disk

    def choose_board(self, board: str) -> None:
        """Make the card's settings name this board, in memory only. Replaces settings that are not a JSON object."""
        # With broken settings the app would take its default board, and not the requested one.
        try:
            settings = board_code.firmware_json().loads(self.read(SETTINGS))
        except (OSError, ValueError):
            settings = {}
        if not isinstance(settings, dict):
            settings = {}
        self._memory.write(SETTINGS, json.dumps({**settings, "board": board}).encode())
