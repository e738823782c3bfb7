"""FAT12, FAT16 and FAT32 as FatFs R0.13c mounts them: geometry, free space, label, and whether it was left unfinished.

Source of every condition: lib/oofatfs/ff.c of MicroPython v1.11, find_volume; of the flags: Microsoft's fatgen103.
"""

from __future__ import annotations

import struct
import sys
from array import array
from dataclasses import dataclass

from maixswitch.card.medium.sectors import SECTOR, Sectors
from maixswitch.language import tr

MAX_FAT12 = 0xFF5
MAX_FAT16 = 0xFFF5
MAX_FAT32 = 0x0FFFFFF5
COUNTED = 8 << 20  # entries of a FAT that are read to count the free ones: 256 GB in clusters of 32 KiB
CHUNK = 1 << 20


@dataclass(frozen=True)
class Geometry:
    """Where the parts of a FAT volume are. bits: 12, 16 or 32; sizes in sectors of 512 bytes, sectors counted from the
    card's first; cluster: sectors of one; clusters: how many hold data, numbered from 2; root: first sector of the root
    folder, of FAT32 its first cluster; root_entries: 0 for FAT32; info: sector of FSInfo, 0 without."""

    bits: int
    start: int
    fat: int
    fat_sectors: int
    copies: int
    data: int
    cluster: int
    clusters: int
    root: int
    root_entries: int
    info: int
    total: int

    @property
    def cluster_bytes(self) -> int:
        return self.cluster * SECTOR


def read_geometry(disk: Sectors, start: int) -> Geometry | str:
    """The geometry of the FAT volume whose boot sector is `start`, or why the firmware refuses it."""
    boot = disk.sector(start)
    size, cluster, reserved, copies, root_entries, total16 = struct.unpack_from("<HBHBHH", boot, 11)
    fat_sectors = struct.unpack_from("<H", boot, 22)[0] or struct.unpack_from("<I", boot, 36)[0]
    total = total16 or struct.unpack_from("<I", boot, 32)[0]
    if size != SECTOR:
        return tr("sectors of {size} bytes", size=size)
    if copies not in (1, 2):
        return tr("{count} copies of the FAT", count=copies)
    if cluster == 0 or cluster & (cluster - 1):
        return tr("{count} sectors to a cluster", count=cluster)
    if root_entries % 16 or reserved == 0:
        return tr("a boot sector that contradicts itself")
    system = reserved + fat_sectors * copies + root_entries // 16
    clusters = (total - system) // cluster
    if clusters < 1 or clusters > MAX_FAT32:
        return tr("a volume of {sectors} sectors", sectors=total)
    bits = 12 if clusters <= MAX_FAT12 else 16 if clusters <= MAX_FAT16 else 32
    version, root, info = struct.unpack_from("<HIH", boot, 42)
    needed = {12: (clusters + 2) * 3 // 2 + (clusters & 1), 16: (clusters + 2) * 2, 32: (clusters + 2) * 4}[bits]
    if (bits == 32) != (root_entries == 0) or (bits == 32 and version):
        return tr("a boot sector that contradicts itself")
    if fat_sectors < (needed + SECTOR - 1) // SECTOR:
        return tr("a FAT too short for {count} clusters", count=clusters)
    fat = start + reserved
    if bits != 32:
        root, info = fat + fat_sectors * copies, 0
    info = start + info if info == 1 else 0
    data = start + system
    return Geometry(
        bits, start, fat, fat_sectors, copies, data, cluster, clusters, root, root_entries, info, total
    )  # fmt: skip


def free_by_info(disk: Sectors, shape: Geometry) -> int | None:
    """Free clusters as FSInfo says, which the firmware believes; None where it says nothing."""
    if not shape.info:
        return None
    data = disk.sector(shape.info)
    if data[:4] != b"RRaA" or data[484:488] != b"rrAa" or data[510:512] != b"\x55\xaa":
        return None
    free: int = struct.unpack_from("<I", data, 488)[0]
    return None if free == 0xFFFFFFFF else free


def count_free(disk: Sectors, shape: Geometry) -> int | None:
    """Free clusters, counted in the first FAT; None when it is too long to count or ends early. Memory: 1 MiB."""
    if shape.clusters > COUNTED:
        return None
    base = shape.fat * SECTOR
    if shape.bits == 12:
        table = disk.read(base, (shape.clusters + 2) * 3 // 2 + 1)
        return sum(_entry12(table, at) == 0 for at in range(2, shape.clusters + 2))
    width = shape.bits // 8
    at, end, free = 2 * width, (shape.clusters + 2) * width, 0
    while at < end:
        data = disk.read(base + at, min(CHUNK, end - at))
        if not data or len(data) % width:
            return None
        entries = array("I" if width == 4 else "H", data)
        if sys.byteorder == "big":
            entries.byteswap()
        free += entries.count(0)
        at += len(data)
    return free


def _entry12(table: bytes, number: int) -> int:
    pair = table[number * 3 // 2 : number * 3 // 2 + 2]
    value = int.from_bytes(pair, "little")
    return value >> 4 if number & 1 else value & 0xFFF


def next_cluster(disk: Sectors, shape: Geometry, number: int) -> int:
    """The cluster after one; 0 at the end of the chain, -1 where the chain is broken."""
    if shape.bits == 12:
        pair = disk.read(shape.fat * SECTOR + number * 3 // 2, 2)
        value = int.from_bytes(pair, "little")
        value = value >> 4 if number & 1 else value & 0xFFF
    elif shape.bits == 16:
        value = int.from_bytes(disk.read(shape.fat * SECTOR + number * 2, 2), "little")
    else:
        value = int.from_bytes(disk.read(shape.fat * SECTOR + number * 4, 4), "little") & 0x0FFFFFFF
    if value >= (1 << min(shape.bits, 28)) - 8:
        return 0
    return value if 2 <= value < shape.clusters + 2 else -1


def is_dirty(disk: Sectors, shape: Geometry) -> bool:
    """Was the volume left without being ejected? Linux marks the boot sector, Windows the second entry of the FAT."""
    boot = disk.sector(shape.start)
    if boot[65 if shape.bits == 32 else 37] & 1:
        return True
    if shape.bits == 12:
        return False
    width = shape.bits // 8
    second = int.from_bytes(disk.read(shape.fat * SECTOR + width, width), "little")
    return not second & (0x08000000 if shape.bits == 32 else 0x8000)
