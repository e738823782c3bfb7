"""Find the file system that the board would mount on an image file or a block device. Its files are not read."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path

from maixswitch.card.medium.fat import Geometry, count_free, free_by_info, is_dirty, read_geometry
from maixswitch.card.medium.filesystems import FAT, file_system_at
from maixswitch.card.medium.partitions import Table, read_table
from maixswitch.card.medium.sectors import SECTOR, Sectors

SUFFIXES = (".img", ".image", ".raw", ".dd", ".vhd")
OTHERS = (".kmodel", ".smodel", ".emodel", ".kfpkg", ".zip", ".json")


@dataclass(frozen=True)
class Volume:
    """A FAT volume.

    number: of its partition, from 1; 0 if the card has no partition table.
    kind: the type byte of its partition.
    dirty: whether the card was pulled out before everything was written.
    free: free clusters as counted in the FAT; None if counting takes too long.
    info: free clusters according to the volume's FSInfo sector; None without one.
    """

    number: int
    kind: int
    shape: Geometry
    dirty: bool
    free: int | None
    info: int | None


@dataclass(frozen=True)
class Image:
    """What an image holds.

    refused: for each partition before `volume`, its number and its file system, or why FatFs refuses it.
    volume: the volume that the board mounts as /sd, or would mount if the card had a partition table; None for none.
    """

    path: Path
    size: int
    table: Table
    refused: tuple[tuple[int, str], ...]
    volume: Volume | None


def is_image(path: Path) -> bool:
    """Is this a block device, or a file whose suffix or first sector is that of a card image?"""
    try:
        kind = path.stat().st_mode
        if stat.S_ISBLK(kind):
            return True
        # Known suffixes decide before the contents: the first 512 bytes of a kmodel may end with 55 AA by chance.
        if not stat.S_ISREG(kind) or path.suffix.lower() in OTHERS:
            return False
        if path.suffix.lower() in SUFFIXES:
            return True
        with path.open("rb") as file:
            first = file.read(SECTOR)
    except OSError:
        return False
    # An image without a suffix still has the mark of a boot sector.
    return len(first) == SECTOR and first[510:] == b"\x55\xaa"


def read_image(path: Path) -> Image:
    """Read the partition table and the file system of an image or a block device, in bounded time.

    Raises MaixSwitchError if it cannot be read.
    """
    with Sectors(path) as disk:
        table = read_table(disk)
        # Without a table the file system starts in the first sector; number 0 stands for "no partition".
        if table.kind == "none":
            starts = [(0, 0, 0)]
        else:
            starts = [(part.number, part.kind, part.start) for part in table.partitions]

        # MaixPy tries the four entries of the MBR in turn (maixpy_main.c), and the first that FatFs accepts becomes
        # /sd. Keep the reasons why it refuses the entries before that one.
        refused: list[tuple[int, str]] = []
        for number, kind, start in starts:
            system = file_system_at(disk, start)
            shape = read_geometry(disk, start) if system == FAT else system
            if isinstance(shape, Geometry):
                return Image(path, disk.size, table, tuple(refused), _volume(disk, number, kind, shape))
            refused.append((number, f"{FAT}: {shape}" if system == FAT else shape))
        return Image(path, disk.size, table, tuple(refused), None)


def _volume(disk: Sectors, number: int, kind: int, shape: Geometry) -> Volume:
    dirty = is_dirty(disk, shape)
    return Volume(number, kind, shape, dirty, count_free(disk, shape), free_by_info(disk, shape))
