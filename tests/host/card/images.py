"""Writes card images byte by byte: MBR, GPT or no table, FAT12 to FAT32, and signatures of other file systems."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path

SECTOR = 512
START = 2048
CLUSTERS = {12: 4000, 16: 8000, 32: 66000}
LAST = {12: 0xFFF, 16: 0xFFFF, 32: 0x0FFFFFFF}


@dataclass
class Fat:
    """A FAT volume to write.

    files: path -> bytes; their folders are made as well.
    dirty: the flag of a volume that was not unmounted.
    free: the number of free clusters in FSInfo; None for the true number.
    full: marks every cluster as used.
    sector: the size of a sector in the boot sector, in bytes.
    """

    bits: int = 32
    files: dict[str, bytes] = field(default_factory=dict)
    dirty: bool = False
    free: int | None = None
    full: bool = False
    sector: int = SECTOR
    label: str = "MAIX"


def write(path: Path, fat: Fat, table: str = "mbr", kind: int = 0x0C, number: int = 1, cut: int = 0) -> Path:
    """Writes an image. `number` is the entry in the MBR, from 1; `cut` is how many bytes are missing at the end."""
    start = START if table != "none" else 0
    with path.open("wb") as file:
        total = _volume(file, fat, start)
        if table == "mbr":
            file.seek(0)
            file.write(mbr({number: (kind, start, total)}))
        if table == "gpt":
            file.seek(0)
            file.write(mbr({1: (0xEE, 1, start + total - 1)}))
            file.write(b"EFI PART" + struct.pack("<I", 0x10000))
        file.truncate((start + total) * SECTOR - cut)
    return path


def mbr(entries: dict[int, tuple[int, int, int]]) -> bytes:
    """Returns an MBR. entries: number from 1 -> (type, first sector, number of sectors)."""
    data = bytearray(SECTOR)
    for number, (kind, start, sectors) in entries.items():
        struct.pack_into("<B3xB3xII", data, 446 + (number - 1) * 16, 0, kind, start, sectors)
    data[510:] = b"\x55\xaa"
    return bytes(data)


def other(path: Path, at: int, mark: bytes, table: str = "mbr", kind: int = 7) -> Path:
    """Writes an image whose only partition has `mark` at byte `at` and the signature of a boot sector."""
    start = START if table == "mbr" else 0
    with path.open("wb") as file:
        file.truncate(START * SECTOR + (1 << 20))
        if table == "mbr":
            file.write(mbr({1: (kind, start, 2048)}))
        file.seek(start * SECTOR + 510)
        file.write(b"\x55\xaa")
        file.seek(start * SECTOR + at)
        file.write(mark)
    return path


def _volume(file, fat: Fat, start: int) -> int:
    bits, clusters = fat.bits, CLUSTERS[fat.bits]
    reserved = 32 if bits == 32 else 1
    root_entries = 0 if bits == 32 else 512
    fat_sectors = ((clusters + 2) * bits // 8 + SECTOR) // SECTOR
    data_at = start + reserved + 2 * fat_sectors + root_entries // 16
    total = data_at - start + clusters
    entries = {0: LAST[bits] - 7, 1: LAST[bits]}
    if fat.dirty and bits != 12:
        entries[1] &= ~(0x08000000 if bits == 32 else 0x8000)
    heap = _Heap(file, entries, data_at, LAST[bits], 3 if bits == 32 else 2)
    root = _tree(fat.files)
    if bits == 32:
        _put_folder(heap, root, 2, 0, fat.label)
    else:
        rows = _rows(heap, root, 0, fat.label)
        file.seek((start + reserved + 2 * fat_sectors) * SECTOR)
        file.write(rows)
    if fat.full:
        entries.update({at: LAST[bits] for at in range(2, clusters + 2) if at not in entries})
    table = _pack(entries, bits)
    for copy in range(2):
        file.seek((start + reserved + copy * fat_sectors) * SECTOR)
        file.write(table)
    free = clusters - (len(entries) - 2)
    boot = _boot(fat, reserved, fat_sectors, root_entries, total)
    file.seek(start * SECTOR)
    file.write(boot)
    if bits == 32:
        info = bytearray(SECTOR)
        info[:4], info[484:488], info[510:] = b"RRaA", b"rrAa", b"\x55\xaa"
        struct.pack_into("<II", info, 488, free if fat.free is None else fat.free, 3)
        file.write(info)
        file.seek((start + 6) * SECTOR)
        file.write(boot)
    return total


def _boot(fat: Fat, reserved: int, fat_sectors: int, root_entries: int, total: int) -> bytes:
    data = bytearray(SECTOR)
    data[:11] = b"\xeb\x58\x90MSDOS5.0"
    struct.pack_into("<HBHBHHBHHHII", data, 11, fat.sector, 1, reserved, 2, root_entries, 0, 0xF8,
                     0 if fat.bits == 32 else fat_sectors, 63, 255, 0, total)  # fmt: skip
    if fat.bits == 32:
        struct.pack_into("<IHHIHH", data, 36, fat_sectors, 0, 0, 2, 1, 6)
        data[66], data[71:82], data[82:90] = 0x29, fat.label.encode().ljust(11), b"FAT32   "
    else:
        data[38], data[43:54], data[54:62] = 0x29, fat.label.encode().ljust(11), f"FAT{fat.bits}   ".encode()
    data[510:] = b"\x55\xaa"
    return bytes(data)


def _pack(entries: dict[int, int], bits: int) -> bytes:
    top = max(entries) + 1
    if bits == 12:
        data = bytearray(top * 3 // 2 + 2)
        for at, value in entries.items():
            offset = at * 3 // 2
            pair = struct.unpack_from("<H", data, offset)[0]
            struct.pack_into("<H", data, offset, pair | (value << 4 if at & 1 else value))
        return bytes(data)
    data = bytearray(top * bits // 8)
    for at, value in entries.items():
        struct.pack_into("<I" if bits == 32 else "<H", data, at * bits // 8, value)
    return bytes(data)


class _Heap:
    """Allocates consecutive clusters and writes their contents."""

    def __init__(self, file, entries: dict[int, int], data_at: int, last: int, first: int) -> None:
        self.file, self.entries, self.data_at, self.last, self.next = file, entries, data_at, last, first

    def put(self, data: bytes, at: int = 0) -> int:
        count = max((len(data) + SECTOR - 1) // SECTOR, 1)
        chain = ([at] if at else []) + list(range(self.next, self.next + count - bool(at)))
        self.next += count - bool(at)
        for cluster, after in zip(chain, [*chain[1:], self.last], strict=True):
            self.entries[cluster] = after
        for part, cluster in enumerate(chain):
            self.file.seek((self.data_at + cluster - 2) * SECTOR)
            self.file.write(data[part * SECTOR : (part + 1) * SECTOR])
        return chain[0]


def _tree(files: dict[str, bytes]) -> dict:
    root: dict = {}
    for path, data in files.items():
        *folders, name = path.split("/")
        subtree = root
        for folder in folders:
            subtree = subtree.setdefault(folder, {})
        if name:
            subtree[name] = data
    return root


def _put_folder(heap: _Heap, tree: dict, at: int, parent: int, label: str = "") -> int:
    """Writes a folder after its contents, but allocates its own cluster first, because `..` of a subfolder names it."""
    own = at or heap.put(b"")
    rows = _rows(heap, tree, own, label)
    if not label:
        rows = _row(b".          ", 0x10, own, 0) + _row(b"..         ", 0x10, parent, 0) + rows
    heap.put(rows, own)
    return own


def _rows(heap: _Heap, tree: dict, own: int, label: str) -> bytes:
    rows = [_row(label.encode().ljust(11), 0x08, 0, 0)] if label else []
    for number, (name, content) in enumerate(tree.items()):
        folder = isinstance(content, dict)
        cluster = _put_folder(heap, content, 0, 0 if label else own) if folder else heap.put(content) if content else 0
        short = f"F{number:05d}~1".encode().ljust(11)
        rows += long_rows(name, short)
        rows.append(_row(short, 0x10 if folder else 0x20, cluster, 0 if folder else len(content)))
    return b"".join(rows)


def _row(short: bytes, attribute: int, cluster: int, size: int) -> bytes:
    row = bytearray(32)
    row[:11], row[11] = short, attribute
    struct.pack_into("<H", row, 20, cluster >> 16)
    struct.pack_into("<HI", row, 26, cluster & 0xFFFF, size)
    return bytes(row)


def long_rows(name: str, short: bytes) -> list[bytes]:
    """Returns the directory rows of a long name, in the order on the card."""
    total = 0
    for byte in short:
        total = ((total & 1) << 7 | total >> 1) + byte & 0xFF
    units = name.encode("utf-16-le", "surrogatepass")
    if len(units) % 26:
        units = (units + b"\0\0").ljust((len(units) + 27) // 26 * 26, b"\xff")
    rows = []
    for at in range(len(units) // 26):
        part = units[at * 26 : at * 26 + 26]
        row = bytearray(32)
        row[0], row[11], row[13] = at + 1, 0x0F, total
        row[1:11], row[14:26], row[28:32] = part[:10], part[10:22], part[22:]
        rows.append(row)
    rows[-1][0] |= 0x40
    return [bytes(row) for row in reversed(rows)]
