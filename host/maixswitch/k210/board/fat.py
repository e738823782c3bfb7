"""A FAT32 card made of a folder, and its files put back into the folder.

Only what a board needs: one partition, long names, folders in folders. The volume is built in memory when the card is
inserted and read back when it is pulled or when the board has been quiet after a write, so that the folder always holds
a card that was whole at some moment.
"""

from __future__ import annotations

import os
import struct
import time
from collections.abc import Iterator
from pathlib import Path

from maixswitch import files
from maixswitch.errors import EXIT_IO, MaixSwitchError
from maixswitch.language import tr

BLOCK = 512
FIRST_BLOCK = 8192
"""Where the partition begins, as on cards from a shop."""
RESERVED = 32
SECTORS_PER_CLUSTER = 8
CLUSTER = BLOCK * SECTORS_PER_CLUSTER
LEAST_CLUSTERS = 65_600
"""FAT32 needs at least 65,525 clusters; with fewer a driver takes the volume for FAT16."""
FREE_BYTES = 64 << 20
MOST_BYTES = 2 << 30
END = 0x0FFF_FFFF
FOLDER, LONG_NAME = 0x10, 0x0F
ENTRY = 32
ILLEGAL = set('"*+,./:;<=>?[\\]|')


class FatCard:
    """The blocks of a card. Blocks that were never written are not kept."""

    def __init__(self, contents: int) -> None:
        clusters = max(LEAST_CLUSTERS, -(-(contents + FREE_BYTES) // CLUSTER))
        self.fat_blocks = -(-(clusters + 2) * 4 // BLOCK)
        self.first_data = FIRST_BLOCK + RESERVED + 2 * self.fat_blocks
        self.count = (self.first_data + clusters * SECTORS_PER_CLUSTER + 1023) // 1024 * 1024
        self.clusters = clusters
        self.writes = 0
        self.blocks: dict[int, bytes] = {}

    def read(self, block: int) -> bytes:
        """Return the 512 bytes of a block."""
        return self.blocks.get(block, bytes(BLOCK))

    def write(self, block: int, data: bytes) -> None:
        """Replace the 512 bytes of a block."""
        self.blocks[block] = data
        self.writes += 1

    def cluster_block(self, cluster: int) -> int:
        """Return the first block of a cluster."""
        return self.first_data + (cluster - 2) * SECTORS_PER_CLUSTER

    def put_cluster(self, cluster: int, data: bytes) -> None:
        """Store up to 4 KiB in a cluster."""
        first = self.cluster_block(cluster)
        for at in range(0, len(data), BLOCK):
            self.blocks[first + at // BLOCK] = data[at : at + BLOCK].ljust(BLOCK, b"\0")

    def cluster(self, cluster: int) -> bytes:
        """Return the 4 KiB of a cluster."""
        first = self.cluster_block(cluster)
        return b"".join(self.read(first + at) for at in range(SECTORS_PER_CLUSTER))

    def next_cluster(self, cluster: int) -> int:
        """Return what the table says behind a cluster."""
        block, at = divmod(cluster * 4, BLOCK)
        return int(struct.unpack_from("<I", self.read(FIRST_BLOCK + RESERVED + block), at)[0] & END)


def make_card(folder: Path) -> FatCard:
    """Return a card with the files of a folder on it.

    Raises MaixSwitchError (input or output) when a file cannot be read or the folder is too large.
    """
    tree = _read_tree(folder)
    size = _size(tree)
    if size > MOST_BYTES:
        raise MaixSwitchError(
            tr("{folder} holds {size} bytes; a virtual card takes at most {most}", folder=folder, size=size,
               most=MOST_BYTES), EXIT_IO)  # fmt: skip
    card = FatCard(size)
    maker = _Maker(card)
    maker.folder(tree, 2, 0)
    maker.finish()
    return card


Tree = dict[str, "bytes | Tree"]


def _read_tree(folder: Path) -> Tree:
    tree: Tree = {}
    total = 0
    for path in sorted(files_of(folder)):
        if path.is_symlink():
            continue
        if path.is_dir():
            tree[path.name] = _read_tree(path)
        elif path.is_file():
            total += path.stat().st_size
            if total > MOST_BYTES:
                raise MaixSwitchError(tr("{folder} is too large for a virtual card", folder=folder), EXIT_IO)
            tree[path.name] = files.read(path)
    return tree


def files_of(folder: Path) -> list[Path]:
    """Return what lies in a folder.

    Raises MaixSwitchError (input or output) when it cannot be read.
    """
    with files.reading(folder):
        return list(folder.iterdir())


def _size(tree: Tree) -> int:
    return sum(
        _size(entry) + CLUSTER if isinstance(entry, dict) else -(-len(entry) // CLUSTER) * CLUSTER
        for entry in tree.values()
    )


class _Maker:
    """Lays files out one behind the other."""

    def __init__(self, card: FatCard) -> None:
        self.card = card
        self.table = [0x0FFF_FFF8, END, END]
        stamp = time.gmtime(files.CARD_TIME) if hasattr(files, "CARD_TIME") else time.gmtime(1_577_836_800)
        self.date = (stamp.tm_year - 1980) << 9 | stamp.tm_mon << 5 | stamp.tm_mday
        self.time = stamp.tm_hour << 11 | stamp.tm_min << 5

    def _chain(self, data: bytes) -> int:
        first = len(self.table)
        count = max(-(-len(data) // CLUSTER), 1)
        for at in range(count):
            self.table.append(END if at == count - 1 else first + at + 1)
            self.card.put_cluster(first + at, data[at * CLUSTER : (at + 1) * CLUSTER])
        return first

    def folder(self, tree: Tree, cluster: int, parent: int) -> None:
        """Write a folder whose first cluster is known; its entries' contents come behind."""
        entries = bytearray()
        if parent or cluster != 2:
            entries += self._entry(b".          ", FOLDER, cluster, 0)
            entries += self._entry(b"..         ", FOLDER, 0 if parent == 2 else parent, 0)
        taken: set[bytes] = set()
        # The length of the folder is known before its files are laid out, so that its own clusters come first.
        sizes = sum(1 + (0 if _short(name) else -(-len(name.encode("utf-16-le")) // 26)) for name in tree)
        needed = -(-(len(entries) + ENTRY * (sizes + 1)) // CLUSTER)
        chain = [cluster]
        for _ in range(needed - 1):
            self.table[chain[-1]] = len(self.table)
            chain.append(len(self.table))
            self.table.append(END)
        for name, content in tree.items():
            short = _short(name)
            alias = short or _alias(name, taken)
            taken.add(alias)
            if isinstance(content, dict):
                first = len(self.table)
                self.table.append(END)
                self.folder(content, first, cluster)
                size = 0
            else:
                first = self._chain(content) if content else 0
                size = len(content)
            if short is None:
                entries += _long_entries(name, alias)
            entries += self._entry(alias, FOLDER if isinstance(content, dict) else 0x20, first, size)
        for at, number in enumerate(chain):
            self.card.put_cluster(number, bytes(entries[at * CLUSTER : (at + 1) * CLUSTER]).ljust(CLUSTER, b"\0"))

    def _entry(self, name: bytes, attributes: int, cluster: int, size: int) -> bytes:
        return struct.pack(
            "<11sBBBHHHHHHHI", name, attributes, 0, 0, self.time, self.date, self.date, cluster >> 16, self.time,
            self.date, cluster & 0xFFFF, size,
        )  # fmt: skip

    def finish(self) -> None:
        """Write the partition table, the boot sector and both allocation tables."""
        card = self.card
        blocks = card.count - FIRST_BLOCK
        master = bytearray(BLOCK)
        struct.pack_into("<B3sB3sII", master, 446, 0, b"\xfe\xff\xff", 0x0C, b"\xfe\xff\xff", FIRST_BLOCK, blocks)
        master[510:] = b"\x55\xaa"
        card.blocks[0] = bytes(master)
        boot = bytearray(BLOCK)
        struct.pack_into("<3s8sHBHBHHBHHHII", boot, 0, b"\xeb\x58\x90", b"MAIXSWIT", BLOCK, SECTORS_PER_CLUSTER,
                         RESERVED, 2, 0, 0, 0xF8, 0, 63, 255, FIRST_BLOCK, blocks)  # fmt: skip
        struct.pack_into("<IHHIHH12xBBBI11s8s", boot, 36, card.fat_blocks, 0, 0, 2, 1, 6, 0x80, 0, 0x29, 0x4D58_5357,
                         b"MAIXSWITCH ", b"FAT32   ")  # fmt: skip
        boot[510:] = b"\x55\xaa"
        card.blocks[FIRST_BLOCK] = card.blocks[FIRST_BLOCK + 6] = bytes(boot)
        information = bytearray(BLOCK)
        used = len(self.table) - 2
        struct.pack_into("<I480xIII", information, 0, 0x4161_5252, 0x6141_7272, card.clusters - used, len(self.table))
        information[508:] = b"\0\0\x55\xaa"
        card.blocks[FIRST_BLOCK + 1] = bytes(information)
        table = struct.pack(f"<{len(self.table)}I", *self.table)
        for at in range(0, len(table), BLOCK):
            block = table[at : at + BLOCK].ljust(BLOCK, b"\0")
            for copy in (0, card.fat_blocks):
                card.blocks[FIRST_BLOCK + RESERVED + copy + at // BLOCK] = block


def _short(name: str) -> bytes | None:
    """Return a name as the 11 bytes of an entry, or None when it needs a long one."""
    stem, dot, suffix = name.partition(".")
    plain = name.isascii() and name == name.upper() and not set(stem + suffix) & ILLEGAL and " " not in name
    if not plain or not 1 <= len(stem) <= 8 or len(suffix) > 3 or (dot and not suffix):
        return None
    return stem.encode().ljust(8) + suffix.encode().ljust(3)


def _alias(name: str, taken: set[bytes]) -> bytes:
    stem, _, suffix = name.upper().rpartition(".")
    stem, suffix = (stem, suffix) if stem else (suffix, "")
    letters = "".join(c for c in stem if c.isascii() and c.isalnum())[:6] or "X"
    ending = "".join(c for c in suffix if c.isascii() and c.isalnum())[:3]
    number = 1
    while True:
        tail = f"~{number}"
        alias = (letters[: 8 - len(tail)] + tail).encode().ljust(8) + ending.encode().ljust(3)
        if alias not in taken:
            return alias
        number += 1


def _checksum(alias: bytes) -> int:
    total = 0
    for byte in alias:
        total = ((total & 1) << 7 | total >> 1) + byte & 0xFF
    return total


def _long_entries(name: str, alias: bytes) -> bytes:
    units = name.encode("utf-16-le")
    count = -(-len(units) // 26)
    if len(units) % 26:
        units += b"\0\0"
    units = units.ljust(26 * count, b"\xff")
    entries = bytearray()
    for at in range(count, 0, -1):
        part = units[26 * (at - 1) : 26 * at]
        order = at | (0x40 if at == count else 0)
        entries += struct.pack("<B10sBBB12sH4s", order, part[:10], LONG_NAME, 0, _checksum(alias), part[10:22], 0,
                               part[22:])  # fmt: skip
    return bytes(entries)


def read_back(card: FatCard) -> Tree:
    """Return the files on a card as the board left them.

    Raises ValueError when its tables make no sense, which a board that was stopped in the middle of a write can cause.
    """
    return _read_folder(card, 2, 0)


def _chain_of(card: FatCard, cluster: int) -> Iterator[int]:
    seen = 0
    while 2 <= cluster < card.clusters + 2:
        yield cluster
        seen += 1
        if seen > card.clusters:
            raise ValueError("a chain without an end")
        cluster = card.next_cluster(cluster)


def _read_folder(card: FatCard, cluster: int, depth: int) -> Tree:
    if depth > 32:
        raise ValueError("folders nest too deep")
    data = b"".join(card.cluster(number) for number in _chain_of(card, cluster))
    tree: Tree = {}
    long_name: dict[int, bytes] = {}
    for at in range(0, len(data), ENTRY):
        entry = data[at : at + ENTRY]
        if entry[0] == 0:
            break
        attributes = entry[11]
        if entry[0] == 0xE5 or (attributes == LONG_NAME and entry[0] & 0x40):
            long_name = {}
        if entry[0] == 0xE5:
            continue
        if attributes & 0x3F == LONG_NAME:
            long_name[entry[0] & 0x3F] = entry[1:11] + entry[14:26] + entry[28:32]
            continue
        name = _name_of(entry, long_name)
        long_name = {}
        if attributes & 8 or name in (".", ".."):
            continue
        first = int.from_bytes(entry[20:22], "little") << 16 | int.from_bytes(entry[26:28], "little")
        size = int.from_bytes(entry[28:32], "little")
        if "/" in name or "\\" in name or "\0" in name or not name:
            raise ValueError(f"a name that no folder can hold: {name!r}")
        if attributes & FOLDER:
            tree[name] = _read_folder(card, first, depth + 1)
        else:
            content = b"".join(card.cluster(number) for number in _chain_of(card, first)) if first else b""
            tree[name] = content[:size]
    return tree


def _name_of(entry: bytes, long_name: dict[int, bytes]) -> str:
    if long_name:
        units = b"".join(long_name[key] for key in sorted(long_name))
        return units.decode("utf-16-le", "replace").split("\0")[0]
    stem, suffix = entry[:8].decode("latin1").rstrip(), entry[8:11].decode("latin1").rstrip()
    # Drivers note a name in small letters in this byte instead of writing a long one.
    stem = stem.lower() if entry[12] & 8 else stem
    suffix = suffix.lower() if entry[12] & 16 else suffix
    return f"{stem}.{suffix}" if suffix else stem


def write_tree(tree: Tree, folder: Path, before: Tree) -> None:
    """Make a folder hold what a card holds; files that did not change since `before` are left alone.

    Raises MaixSwitchError (input or output) when a file cannot be written.
    """
    for name, content in tree.items():
        old = before.get(name)
        path = folder / name
        if isinstance(content, dict):
            with files.writing(path):
                path.mkdir(exist_ok=True)
            write_tree(content, path, old if isinstance(old, dict) else {})
        elif content != old:
            files.write(path, content)
    for name, old in before.items():
        if name not in tree:
            _remove(folder / name, old)


def _remove(path: Path, old: bytes | Tree) -> None:
    if isinstance(old, dict):
        for name, content in old.items():
            _remove(path / name, content)
        with files.writing(path):
            if path.is_dir() and not os.listdir(path):
                path.rmdir()
    else:
        with files.writing(path):
            path.unlink(missing_ok=True)
