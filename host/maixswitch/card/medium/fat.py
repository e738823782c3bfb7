"""FAT12, FAT16 and FAT32 as FatFs R0.13c mounts them: geometry, free space, and whether a write was cut off.

The conditions are those of find_volume in lib/oofatfs/ff.c of MicroPython v1.11. Microsoft's fatgen103 describes the
flag in the second FAT entry; the flag in the boot sector is Linux's own (fat_set_state in fs/fat/inode.c).
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
COUNTED = 8 << 20  # the most FAT entries that are read to count free clusters: 256 GB in clusters of 32 KiB
CHUNK = 1 << 20


@dataclass(frozen=True)
class Geometry:
    """Where the parts of a FAT volume are. Sizes are in sectors of 512 bytes, positions count from the card's first.

    bits: 12, 16 or 32.
    cluster: sectors in one cluster.
    clusters: the number of data clusters.
    info: the FSInfo sector; 0 without one.
    """

    bits: int
    start: int
    fat: int
    cluster: int
    clusters: int
    info: int
    total: int

    @property
    def cluster_bytes(self) -> int:
        return self.cluster * SECTOR


def read_geometry(disk: Sectors, start: int) -> Geometry | str:
    """Return the geometry of the FAT volume whose boot sector is `start`, or the reason why the firmware refuses it."""
    # A 16-bit field that is 0 means that the size is in the 32-bit field.
    boot = disk.sector(start)
    size, cluster, reserved, copies, root_entries, total16 = struct.unpack_from("<HBHBHH", boot, 11)
    fat_sectors = struct.unpack_from("<H", boot, 22)[0] or struct.unpack_from("<I", boot, 36)[0]
    total = total16 or struct.unpack_from("<I", boot, 32)[0]

    # FatFs checks these fields before it computes the number of clusters.
    if size != SECTOR:
        return tr("sectors of {size} bytes", size=size)
    if copies not in (1, 2):
        return tr("{count} copies of the FAT", count=copies)
    if cluster == 0 or cluster & (cluster - 1):
        return tr("{count} sectors to a cluster", count=cluster)
    if root_entries % 16 or reserved == 0:
        return tr("a boot sector that contradicts itself")

    # Only the number of clusters decides between FAT12, FAT16 and FAT32. The FAT must have an entry for each cluster.
    system = reserved + fat_sectors * copies + root_entries // 16
    clusters = (total - system) // cluster
    if clusters < 1 or clusters > MAX_FAT32:
        return tr("a volume of {sectors} sectors", sectors=total)
    bits = 12 if clusters <= MAX_FAT12 else 16 if clusters <= MAX_FAT16 else 32
    version, _, info = struct.unpack_from("<HIH", boot, 42)
    needed = {12: (clusters + 2) * 3 // 2 + (clusters & 1), 16: (clusters + 2) * 2, 32: (clusters + 2) * 4}[bits]
    if (bits == 32) != (root_entries == 0) or (bits == 32 and version):
        return tr("a boot sector that contradicts itself")
    if fat_sectors < (needed + SECTOR - 1) // SECTOR:
        return tr("a FAT too short for {count} clusters", count=clusters)
    info_sector = start + 1 if bits == 32 and info == 1 else 0
    return Geometry(bits, start, start + reserved, cluster, clusters, info_sector, total)


def free_by_info(disk: Sectors, shape: Geometry) -> int | None:
    """Return the free clusters that FSInfo states, if the firmware believes it; None if it counts them itself."""
    # f_getfree trusts the number without reading the FAT, if the signatures are right and it is not too large.
    if not shape.info:
        return None
    data = disk.sector(shape.info)
    if data[:4] != b"RRaA" or data[484:488] != b"rrAa" or data[510:512] != b"\x55\xaa":
        return None
    free: int = struct.unpack_from("<I", data, 488)[0]
    return free if free <= shape.clusters else None


def count_free(disk: Sectors, shape: Geometry) -> int | None:
    """Count the free clusters in the first FAT, in 1 MiB of memory.

    Returns None if the FAT is too long to count or ends early.
    """
    if shape.clusters > COUNTED:
        return None
    base = shape.fat * SECTOR
    if shape.bits == 12:
        # FAT12 packs two entries into three bytes and has at most 4085 clusters (MAX_FAT12), so one read gets all.
        table = disk.read(base, (shape.clusters + 2) * 3 // 2 + 1)
        return sum(_entry12(table, at) == 0 for at in range(2, shape.clusters + 2))
    width = shape.bits // 8
    at, end, free = 2 * width, (shape.clusters + 2) * width, 0
    while at < end:
        data = disk.read(base + at, min(CHUNK, end - at))
        # If the image ends inside the FAT, a partial count would look like a full card.
        if not data or len(data) % width:
            return None
        # array counts in C; a loop in Python over millions of entries would be far slower.
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


def is_dirty(disk: Sectors, shape: Geometry) -> bool:
    """Was the card pulled out before it was ejected? Linux marks the boot sector, Windows the second FAT entry."""
    boot = disk.sector(shape.start)
    # Either mark is enough, because each system sets only its own. FAT12 has no flag in its second entry.
    if boot[65 if shape.bits == 32 else 37] & 1:
        return True
    if shape.bits == 12:
        return False
    width = shape.bits // 8
    second = int.from_bytes(disk.read(shape.fat * SECTOR + width, width), "little")
    return not second & (0x08000000 if shape.bits == 32 else 0x8000)
