"""What this PC knows about a mounted card: file system, partition table, free space, write protection.

Only Linux tells this to every user, in /proc/self/mountinfo, /sys/dev/block and udev's records. `Mount.unchecked` names
what could not be read.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from maixswitch.language import tr

MOUNTS = Path("/proc/self/mountinfo")
BLOCKS = Path("/sys/dev/block")
RECORDS = Path("/run/udev/data")
FAT_NAMES = ("vfat", "msdos")
NAMES = {
    "exfat": "exFAT", "ntfs": "NTFS", "ntfs3": "NTFS", "ext2": "ext2", "ext3": "ext3", "ext4": "ext4",
    "hfsplus": "HFS+", "hfs": "HFS", "apfs": "APFS", "btrfs": "Btrfs", "xfs": "XFS", "f2fs": "F2FS",
    "iso9660": "ISO 9660", "udf": "UDF",
}  # fmt: skip
# File systems of memory, networks and containers, which are never a card.
FOREIGN = ("tmpfs", "overlay", "9p", "nfs", "nfs4", "cifs", "smb3", "virtiofs", "ramfs", "squashfs")


@dataclass(frozen=True)
class Mount:
    """A mounted card.

    system: FAT, exFAT, NTFS ...; "" if unknown.
    bits: 12, 16 or 32 for FAT, 0 if unknown.
    table: mbr, gpt, none (the file system fills the whole disk), or "" if unknown.
    kind: the type byte of the partition, 0 if unknown.
    free, total: bytes; free is -1 if unknown.
    unchecked: what could not be checked, as texts for the user.
    """

    system: str
    bits: int = 0
    table: str = ""
    kind: int = 0
    read_only: bool = False
    free: int = -1
    total: int = 0
    cluster: int = 0
    unchecked: tuple[str, ...] = ()


def read_mount(folder: Path, mounts: Path = MOUNTS, blocks: Path = BLOCKS, records: Path = RECORDS) -> Mount | None:
    """Return what is known about the card mounted at `folder`; None if it is just a folder of this PC."""
    try:
        path = folder.resolve()
        # A folder of this PC says nothing about a card: the board never mounts this disk.
        if not os.path.ismount(path):
            return None
    except OSError:
        return None
    row = _row(path, mounts)
    if row is None:
        text = tr("file system and partition table: only Linux shows them")
        return Mount("", free=_free(path)[0], unchecked=(text,))
    device, system, options = row
    # Containers and network shares are mount points as well. The root of this PC is not a card.
    if system in FOREIGN or str(path) == "/":
        return None
    record = _record(records / f"b{device}")
    # FUSE hides the true file system (NTFS and exFAT on older kernels), but udev has read the disk itself.
    if system == "fuseblk":
        system = record.get("ID_FS_TYPE", "")
    free, total, cluster = _free(path)
    name = "FAT" if system in FAT_NAMES else NAMES.get(system, system)
    unchecked = []
    if not name:
        unchecked.append(tr("the file system: this system does not show it"))
    version = re.fullmatch(r"FAT(12|16|32)", record.get("ID_FS_VERSION", ""))
    table = _table(blocks / device, record)
    # Name what is unknown, because silence would look like a good card.
    if not table:
        unchecked.append(
            tr("the partition table: this system does not show it; check the card itself, such as /dev/sdX")
        )
    kind = record.get("ID_PART_ENTRY_TYPE", "")
    return Mount(
        name,
        int(version[1]) if version else 0,
        table,
        int(kind, 16) if re.fullmatch(r"0x[0-9a-f]{1,2}", kind) else 0,
        "ro" in options,
        free,
        total,
        cluster,
        tuple(unchecked),
    )


def _row(path: Path, mounts: Path) -> tuple[str, str, list[str]] | None:
    """Return (major:minor, file system, options) of the last mount at a path."""
    # The last mount at a path hides those before it.
    row = None
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    for line in lines:
        # The number of optional fields varies, so the separator " - " is the only safe place to split (Linux,
        # proc_pid_mountinfo).
        before, _, after = line.partition(" - ")
        mount_fields, system_fields = before.split(" "), after.split(" ")
        if len(mount_fields) >= 6 and len(system_fields) >= 3 and _unescape(mount_fields[4]) == str(path):
            row = (mount_fields[2], system_fields[0], mount_fields[5].split(",") + system_fields[2].split(","))
    return row


def _unescape(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)


def _record(path: Path) -> dict[str, str]:
    """Return the properties that udev keeps of a device; {} without udev."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    return dict(line[2:].split("=", 1) for line in lines if line.startswith("E:") and "=" in line)


def _table(block: Path, record: dict[str, str]) -> str:
    kind = record.get("ID_PART_ENTRY_SCHEME") or record.get("ID_PART_TABLE_TYPE", "")
    if kind in ("dos", "gpt"):
        return "mbr" if kind == "dos" else "gpt"
    try:
        # On a disk without partitions the file system starts in the first sector. Only sd* and mmcblk* count: loop
        # devices and mappers hide the disk below them.
        real = block.resolve()
        if block.exists() and not (real / "partition").exists() and re.match(r"(sd|mmcblk)", real.name):
            return "none"
    except OSError:
        pass
    return ""


def _free(path: Path) -> tuple[int, int, int]:
    """Return (free bytes, total bytes, bytes of a cluster). Unknown values are -1, 0 and 0."""
    try:
        if hasattr(os, "statvfs"):
            stats = os.statvfs(path)
            return stats.f_bavail * stats.f_frsize, stats.f_blocks * stats.f_frsize, stats.f_frsize
        import shutil

        usage = shutil.disk_usage(path)
        return usage.free, usage.total, 0
    except OSError:
        return -1, 0, 0
