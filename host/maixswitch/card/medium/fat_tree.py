"""The files of a FAT volume, read without the system's help; a hostile image costs bounded time and memory."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from maixswitch.card.medium.fat import Geometry, next_cluster
from maixswitch.card.medium.sectors import SECTOR, Sectors
from maixswitch.language import tr

MAX_ENTRIES = 20_000  # files and folders of a volume
MAX_DEPTH = 16
FOLDER_BYTES = 65536 * 32  # the most that FAT allows
ALL_FOLDERS = 32 << 20  # folders may share the clusters of others, each thousands of times
LFN, VOLUME, FOLDER = 0x0F, 0x08, 0x10


@dataclass(frozen=True)
class Entry:
    """One file or folder: path from the volume's root with `/`, first cluster, size in bytes."""

    path: str
    is_folder: bool
    cluster: int
    size: int


@dataclass
class Tree:
    """What a volume holds. damage: (path, what is wrong there); label: the volume's own name; cut: not all was read."""

    entries: list[Entry] = field(default_factory=list)
    damage: list[tuple[str, str]] = field(default_factory=list)
    label: str = ""
    cut: bool = False


def read_tree(disk: Sectors, shape: Geometry) -> Tree:
    """Every file and folder of the volume, at most 20000, 16 folders deep; of what is broken the rest is still read."""
    tree = Tree()
    seen: set[int] = set()
    left = ALL_FOLDERS
    waiting: list[tuple[str, int, int]] = [("", shape.root, 0)]
    while waiting:
        folder, cluster, depth = waiting.pop()
        if cluster in seen or depth > MAX_DEPTH:
            tree.damage.append((folder, tr("a folder that holds itself, or is too deep")))
            continue
        seen.add(cluster)
        data = _folder_bytes(disk, shape, folder, cluster, tree)
        left -= len(data)
        if left < 0:
            tree.cut = True
            return tree
        for name, attribute, first, size in _read_folder(data):
            if attribute & VOLUME:
                if not folder and not tree.label:
                    tree.label = name
                continue
            if name in ("", ".", ".."):
                continue
            if len(tree.entries) >= MAX_ENTRIES:
                tree.cut = True
                return tree
            path = f"{folder}/{name}" if folder else name
            is_folder = bool(attribute & FOLDER)
            entry = Entry(path, is_folder, first, 0 if is_folder else size)
            if (is_folder or size) and not 2 <= first < shape.clusters + 2:
                tree.damage.append((path, tr("it begins in cluster {number}, which does not exist", number=first)))
                continue
            tree.entries.append(entry)
            if is_folder:
                waiting.append((path, first, depth + 1))
    return tree


def read_file(disk: Sectors, shape: Geometry, entry: Entry) -> Iterator[bytes]:
    """The contents of a file, cluster by cluster; shorter than `entry.size` where its chain or the image ends early."""
    left, cluster, steps = entry.size, entry.cluster, 0
    while left > 0 and cluster > 0 and steps <= shape.clusters:
        data = disk.read((shape.data + (cluster - 2) * shape.cluster) * SECTOR, min(shape.cluster_bytes, left))
        if not data:
            return
        yield data
        left -= len(data)
        steps += 1
        cluster = next_cluster(disk, shape, cluster) if left > 0 else 0


def _folder_bytes(disk: Sectors, shape: Geometry, folder: str, cluster: int, tree: Tree) -> bytes:
    if not folder and shape.bits != 32:
        return disk.read(shape.root * SECTOR, shape.root_entries * 32)
    parts, size, seen = [], 0, set()
    while cluster > 0 and size < FOLDER_BYTES:
        if cluster in seen or not 2 <= cluster < shape.clusters + 2:
            cluster = -1
            break
        seen.add(cluster)
        data = disk.read((shape.data + (cluster - 2) * shape.cluster) * SECTOR, shape.cluster_bytes)
        parts.append(data)
        size += len(data)
        if len(data) < shape.cluster_bytes or _ends(data):
            break
        cluster = next_cluster(disk, shape, cluster)
    if cluster < 0:
        tree.damage.append((folder or "/", tr("its chain of clusters is broken")))
    return b"".join(parts)


def _ends(data: bytes) -> bool:
    return any(data[at] == 0 for at in range(0, len(data), 32))


def _read_folder(data: bytes) -> Iterator[tuple[str, int, int, int]]:
    """(name, attribute, first cluster, size) of each entry, long names where they belong to their short one."""
    long: dict[int, str] = {}
    mark = -1
    for at in range(0, len(data) - 31, 32):
        row = data[at : at + 32]
        if row[0] == 0:
            return
        if row[0] == 0xE5:
            long, mark = {}, -1
            continue
        if row[11] & 0x3F == LFN:
            if row[0] & 0x40:
                long, mark = {}, row[13]
            if row[13] == mark:
                long[row[0] & 0x1F] = (row[1:11] + row[14:26] + row[28:32]).decode("utf-16-le", "replace")
            continue
        name = ""
        if long and mark == _checksum(row[:11]) and sorted(long) == list(range(1, len(long) + 1)):
            name = "".join(long[part] for part in sorted(long)).split("\0")[0].rstrip("\uffff")
        name = name or _short_name(row)
        long, mark = {}, -1
        first = struct.unpack_from("<H", row, 20)[0] << 16 | struct.unpack_from("<H", row, 26)[0]
        yield name, row[11], first, struct.unpack_from("<I", row, 28)[0]


def _short_name(row: bytes) -> str:
    body = (b"\xe5" + row[1:8] if row[0] == 5 else row[:8]).rstrip(b" ").decode("cp437")
    end = row[8:11].rstrip(b" ").decode("cp437")
    if row[11] & VOLUME:
        return row[:11].rstrip(b" ").decode("cp437")
    body = body.lower() if row[12] & 8 else body
    end = end.lower() if row[12] & 16 else end
    return f"{body}.{end}" if end else body


def _checksum(name: bytes) -> int:
    total = 0
    for byte in name:
        total = ((total & 1) << 7 | total >> 1) + byte & 0xFF
    return total
