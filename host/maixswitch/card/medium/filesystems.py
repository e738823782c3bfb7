"""Recognise the file system that starts at a sector by its signature; the partition's type byte may be wrong."""

from __future__ import annotations

from maixswitch.card.medium.sectors import SECTOR, Sectors

FAT = "FAT"


def file_system_at(disk: Sectors, start: int) -> str:
    """Return the name of the file system whose first sector is `start`; "" if its signature is unknown.

    Known: FAT, exFAT, NTFS, ext2/3/4, HFS+, APFS, Btrfs, F2FS and XFS.
    """
    base = start * SECTOR
    first = disk.sector(start)
    name = first[3:11]
    # exFAT and NTFS share the jump and the end mark with FAT; only their names in the boot sector tell them apart.
    if name == b"EXFAT   ":
        return "exFAT"
    if name == b"NTFS    ":
        return "NTFS"
    # These are exactly the conditions of check_fs in FatFs R0.13c.
    bootable = first[510:512] == b"\x55\xaa" and first[0] in (0xE8, 0xE9, 0xEB)
    if bootable and (first[54:57] == b"FAT" or first[82:87] == b"FAT32"):
        return FAT
    # The firmware mounts only FAT. The other names make the message better.
    for at, mark, kind in (
        (1024 + 56, b"\x53\xef", "ext2/3/4"),
        (1024, b"H+", "HFS+"),
        (1024, b"HX", "HFS+"),
        (32, b"NXSB", "APFS"),
        (65536 + 64, b"_BHRfS_M", "Btrfs"),
        (1024, b"\x10\x20\xf5\xf2", "F2FS"),
        (0, b"XFSB", "XFS"),
    ):
        if disk.read(base + at, len(mark)) == mark:
            return kind
    return ""
