"""The partition table of a card: MBR, GPT or none."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from maixswitch.card.medium.sectors import SECTOR, Sectors

GPT_GUARD = 0xEE
FAT_TYPES = frozenset((0x01, 0x04, 0x06, 0x0B, 0x0C, 0x0E))  # the type bytes that Windows and Linux take for FAT
EXTENDED = frozenset((0x05, 0x0F, 0x85))


@dataclass(frozen=True)
class Partition:
    """One of the four entries of an MBR: its number from 1, type byte, first sector and sectors."""

    number: int
    kind: int
    start: int
    sectors: int


@dataclass(frozen=True)
class Table:
    """A partition table.

    kind: mbr, gpt, none (a file system from the first sector on) or blank.
    partitions: of an MBR, in its order.
    """

    kind: str
    partitions: tuple[Partition, ...] = ()


def is_boot_sector(data: bytes) -> bool:
    """Is this sector the start of a file system, and not a partition table?"""
    if data[3:11] in (b"EXFAT   ", b"NTFS    "):
        return True
    return data[0] in (0xE8, 0xE9, 0xEB) and (data[54:57] == b"FAT" or data[82:87] == b"FAT32")


def read_entries(data: bytes) -> tuple[Partition, ...]:
    """Return the used entries of an MBR sector of 512 bytes."""
    partitions = []
    for at in range(4):
        entry = data[446 + at * 16 : 462 + at * 16]
        start, sectors = struct.unpack_from("<II", entry, 8)
        if entry[4] and start:
            partitions.append(Partition(at + 1, entry[4], start, sectors))
    return tuple(partitions)


def read_table(disk: Sectors) -> Table:
    """Read the partition table of a card, without comparing its values with the card's size."""
    first = disk.sector(0)
    # The second size is for media in sectors of 4096 bytes, where the GPT header lies further back.
    gpt = any(disk.read(size, 8) == b"EFI PART" for size in (SECTOR, 4096))
    if first[510:512] == b"\x55\xaa":
        # Exclude a boot sector first: it ends with 55 AA as well, and its code may look like entries.
        if is_boot_sector(first):
            return Table("none")
        entries = read_entries(first)
        guard = any(entry.kind == GPT_GUARD for entry in entries)
        # Tools that write an MBR often leave the header of an older GPT. Without its guard entry in the MBR the header
        # does not count, as the firmware reads only the MBR.
        if gpt and (guard or not entries):
            return Table("gpt", entries)
        if entries:
            return Table("mbr", entries)
    elif gpt:
        return Table("gpt")
    if disk.read(1024 + 56, 2) == b"\x53\xef":  # ext leaves the first sector free
        return Table("none")
    return Table("blank")
