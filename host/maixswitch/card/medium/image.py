"""A card as an image file or block device: what the board would mount of it, and its files as a folder."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from maixswitch.card.medium.fat import Geometry, count_free, free_by_info, is_dirty, read_geometry
from maixswitch.card.medium.fat_tree import Entry, Tree, read_file, read_tree
from maixswitch.card.medium.filesystems import FAT, recognise
from maixswitch.card.medium.partitions import Table, read_table
from maixswitch.card.medium.sectors import SECTOR, Sectors
from maixswitch.errors import EXIT_IO, MaixSwitchError
from maixswitch.language import reason, tr

SUFFIXES = (".img", ".image", ".raw", ".dd", ".vhd")
OTHERS = (".kmodel", ".smodel", ".emodel", ".kfpkg", ".zip", ".json")
WHOLE = 16 << 20  # larger files are judged by their size alone: no model may be larger than 6 MiB
UNPACKED = 1 << 30


@dataclass(frozen=True)
class Volume:
    """A FAT volume: number of its partition (0: the card has no table), its type byte, and how it was left.

    free: free clusters as counted, None when that would take too long; info: as the volume's own note says.
    """

    number: int
    kind: int
    shape: Geometry
    dirty: bool
    free: int | None
    info: int | None
    tree: Tree


@dataclass(frozen=True)
class Image:
    """What an image holds. refused: (partition number, file system or why FatFs refuses it) of each before `volume`;
    volume: what the board mounts as /sd or, of a card without a table, would if it could; None: nothing."""

    path: Path
    size: int
    table: Table
    refused: tuple[tuple[int, str], ...]
    volume: Volume | None


def is_image(path: Path) -> bool:
    """Is it a block device, or a file that looks like the image of a card, by its name's end or its first sector?"""
    try:
        kind = path.stat().st_mode
        if stat.S_ISBLK(kind):
            return True
        if not stat.S_ISREG(kind) or path.suffix.lower() in OTHERS:
            return False
        if path.suffix.lower() in SUFFIXES:
            return True
        with path.open("rb") as file:
            first = file.read(SECTOR)
    except OSError:
        return False
    return len(first) == SECTOR and first[510:] == b"\x55\xaa"


def read_image(path: Path) -> Image:
    """Reads tables and folders of an image, in bounded time; MaixSwitchError when it cannot be read at all."""
    with Sectors(path) as disk:
        table = read_table(disk)
        if table.kind == "none":
            places = [(0, 0, 0)]
        else:
            places = [(part.number, part.kind, part.start) for part in table.partitions]
        refused: list[tuple[int, str]] = []
        for number, kind, start in places:
            system = recognise(disk, start)
            shape = read_geometry(disk, start) if system == FAT else system
            if isinstance(shape, Geometry):
                return Image(path, disk.size, table, tuple(refused), _volume(disk, number, kind, shape))
            # a FAT of which only the geometry is wrong is told by that
            refused.append((number, f"{FAT}: {shape}" if system == FAT else shape))
        return Image(path, disk.size, table, tuple(refused), None)


def _volume(disk: Sectors, number: int, kind: int, shape: Geometry) -> Volume:
    return Volume(
        number,
        kind,
        shape,
        is_dirty(disk, shape),
        count_free(disk, shape),
        free_by_info(disk, shape),
        read_tree(disk, shape),
    )


@contextmanager
def unpacked(image: Image) -> Iterator[Path]:
    """The image's files in a temporary folder, which goes afterwards.

    Files over 16 MiB have their size and no contents. Names that cannot be a file's here are left out, as is whatever
    lies outside the folder; what cannot be read whole is added to the volume's damage. MaixSwitchError (4) when there
    is no room, or the image claims to hold more than 1 GiB of small files.
    """
    with TemporaryDirectory(prefix="maixswitch-") as scratch:
        folder = Path(scratch)
        if image.volume is not None:
            with Sectors(image.path) as disk:
                _unpack(disk, image.volume, folder)
        yield folder


def _unpack(disk: Sectors, volume: Volume, folder: Path) -> None:
    left = UNPACKED
    for entry in volume.tree.entries:
        if not all(_is_plain(part) for part in entry.path.split("/")):
            continue
        place = folder.joinpath(*entry.path.split("/"))
        try:
            if entry.is_folder:
                place.mkdir(parents=True, exist_ok=True)
                continue
            if entry.size <= WHOLE:
                left -= entry.size
            if left < 0:
                text = tr("{path}: its small files claim more than 1 GiB; is this the image of a card?", path=disk.path)
                raise MaixSwitchError(text, EXIT_IO)
            _put(disk, volume, entry, place)
        except OSError as error:
            text = tr("{path}: cannot be unpacked ({reason})", path=disk.path, reason=reason(error))
            raise MaixSwitchError(text, EXIT_IO) from error


def _put(disk: Sectors, volume: Volume, entry: Entry, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.exists():  # two entries of one name: the firmware finds the first
        return
    with place.open("wb") as file:
        if entry.size > WHOLE:
            file.truncate(entry.size)
            return
        for data in read_file(disk, volume.shape, entry):
            file.write(data)
        found = file.tell()
    if found < entry.size:
        text = tr("{found} of its {size} bytes are there", found=found, size=entry.size)
        volume.tree.damage.append((entry.path, text))


def _is_plain(name: str) -> bool:
    """May a folder of this system hold the name, below the folder it is meant for?"""
    if name in ("", ".", "..") or any(c in name for c in "/\\\0") or len(os.fsencode(_safe(name))) > 255:
        return False
    return _safe(name) == name and (os.name != "nt" or not (set(name) & set(':*?"<>|')))


def _safe(name: str) -> str:
    return name.encode("utf-8", "replace").decode("utf-8")
