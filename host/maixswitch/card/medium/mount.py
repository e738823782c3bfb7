"""What a card that this PC has mounted tells about itself: file system, partition table, free space, write protection.

Linux alone says this to everybody, in /proc/self/mountinfo, /sys/dev/block and udev's records; elsewhere, and for what
these do not say, `Mount.unchecked` names what was not looked at.
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
# Systems that are no card: memory, network, containers. What lies under them cannot be seen.
FOREIGN = ("tmpfs", "overlay", "9p", "nfs", "nfs4", "cifs", "smb3", "virtiofs", "ramfs", "squashfs")


@dataclass(frozen=True)
class Mount:
    """A mounted card. system: FAT, exFAT, NTFS ...; bits: 12, 16 or 32 of FAT, 0 unknown; table: mbr, gpt, none (the
    file system has the whole disk) or "" unknown; kind: type byte of the partition, 0 unknown; free, total in bytes,
    free -1 unknown; unchecked: what could not be looked at."""

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
    """What is known of the card mounted at `folder`; None when the folder is no card, just a folder of this PC."""
    try:
        place = folder.resolve()
        if not os.path.ismount(place):
            return None
    except OSError:
        return None
    row = _row(place, mounts)
    if row is None:
        nothing = tr("file system and partition table: only Linux tells them")
        return Mount("", free=_free(place)[0], unchecked=(nothing,))
    device, system, options = row
    if system in FOREIGN or str(place) == "/":
        return None
    record = _record(records / f"b{device}")
    if system == "fuseblk":
        system = record.get("ID_FS_TYPE", "")
    free, total, cluster = _free(place)
    found = "FAT" if system in FAT_NAMES else NAMES.get(system, system)
    unchecked = []
    if not found:
        unchecked.append(tr("the file system: this system does not tell it"))
    version = re.fullmatch(r"FAT(12|16|32)", record.get("ID_FS_VERSION", ""))
    table = _table(blocks / device, record)
    if not table:
        unchecked.append(
            tr("the partition table: this system does not tell it; check the card itself, such as /dev/sdX")
        )
    kind = record.get("ID_PART_ENTRY_TYPE", "")
    return Mount(
        found,
        int(version[1]) if version else 0,
        table,
        int(kind, 16) if re.fullmatch(r"0x[0-9a-f]{1,2}", kind) else 0,
        "ro" in options,
        free,
        total,
        cluster,
        tuple(unchecked),
    )


def _row(place: Path, mounts: Path) -> tuple[str, str, list[str]] | None:
    """(major:minor, file system, options) of the last mount at a place."""
    found = None
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    for line in lines:
        before, _, after = line.partition(" - ")
        parts, rest = before.split(" "), after.split(" ")
        if len(parts) >= 6 and len(rest) >= 3 and _unescape(parts[4]) == str(place):
            found = (parts[2], rest[0], parts[5].split(",") + rest[2].split(","))
    return found


def _unescape(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)


def _record(path: Path) -> dict[str, str]:
    """The properties that udev keeps of a device; empty where there is no udev."""
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
        # a whole disk: the file system begins in its first sector; loops and mappers hide what is below them
        real = block.resolve()
        if block.exists() and not (real / "partition").exists() and re.match(r"(sd|mmcblk)", real.name):
            return "none"
    except OSError:
        pass
    return ""


def _free(place: Path) -> tuple[int, int, int]:
    """(free bytes, all bytes, bytes of a cluster); -1 for what this system does not tell."""
    try:
        if hasattr(os, "statvfs"):
            found = os.statvfs(place)
            return found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize, found.f_frsize
        import shutil

        usage = shutil.disk_usage(place)
        return usage.free, usage.total, 0
    except OSError:
        return -1, 0, 0
