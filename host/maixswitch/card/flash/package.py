"""A package for the flash chip (.kfpkg): a zip with flash-list.json and the files that it names; it may be hostile."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from io import BytesIO
from itertools import combinations
from pathlib import Path

from maixswitch import board_code
from maixswitch.card.flash.flash_list import LIST, Entry, as_kflash_reads, read_list, write_list
from maixswitch.card.flash.flash_map import FILE_SYSTEM, SECTOR, SIZE, Extent
from maixswitch.card.importing import archive
from maixswitch.card.importing.messages import Refusal
from maixswitch.findings.finding import Finding, finding
from maixswitch.k210.image import MAGIC, MAGIC_AT, MOST_LISTING
from maixswitch.kmodel.format.sniff import V3, V4, file_kind
from maixswitch.language import tr

SUFFIX = ".kfpkg"
MOST_BYTES = 64 << 20
"""Of all files of a package when unpacked: the flash chip has a quarter of that."""
HEAD = 5
"""Bytes that a flashing tool puts before a firmware: a flag, and the length."""
MOST_PARTS = 64
FIRST_YEAR = (1980, 1, 1, 0, 0, 0)
SWAPPED = "kmodel v3, word-swapped"


@dataclass(frozen=True)
class Part:
    """A file of the list, and where it goes.

    address: None if the list has none.
    prefix: whether the flashing tool puts flag and length before it and the SHA-256 behind it, as for a firmware.
    size: its bytes. data: b"" for a file that is larger than the flash chip, or missing.
    """

    name: str
    address: int | None
    prefix: bool
    size: int
    data: bytes = field(repr=False)

    @property
    def extent(self) -> Extent:
        """What it takes in the flash chip."""
        start = self.address or 0
        return Extent(self.name, start, start + self.size + (board_code.flavours().FLASH_PREFIX if self.prefix else 0))

    @property
    def is_model(self) -> bool:
        """Does it begin like a model that a firmware loads from the flash chip?"""
        return file_kind(self.data[:64]).name in (V3, V4, SWAPPED)

    @property
    def is_firmware(self) -> bool:
        """Does it begin like a program of the chip, with or without the head that a flashing tool writes?"""
        return any(self.data[at : at + len(MAGIC)] == MAGIC for at in (MAGIC_AT, HEAD + MAGIC_AT))


@dataclass(frozen=True)
class Package:
    """A package.

    parts: the files of the list, in its order.
    listing: the bytes of flash-list.json.
    missing: the files that the list names and the package lacks.
    others: files that a flashing tool leaves out, since the list does not name them; only of a package that is made.
    """

    parts: tuple[Part, ...]
    listing: bytes = b""
    missing: tuple[str, ...] = ()
    others: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    def contents(self) -> dict[int, bytes]:
        """Return what the flash chip holds after burning, by address."""
        return {part.address: flashed(part) for part in self.parts if part.address is not None}

    @property
    def models(self) -> dict[str, bytes]:
        """The models in it, by the names of their files."""
        return {part.name: part.data for part in self.parts if part.is_model}

    @property
    def free(self) -> int:
        """How many bytes of the room for models are free behind the last part."""
        ends = [part.extent.end for part in self.parts if part.extent.start < FILE_SYSTEM]
        return max(0, FILE_SYSTEM - max(ends, default=0))


def flashed(part: Part) -> bytes:
    """Return the bytes that a flashing tool writes for a part."""
    if not part.prefix:
        return part.data
    # The published kflash sets bit 1 of the flag for its default mode, Sipeed's older one does not; both boot.
    image = b"\0" + len(part.data).to_bytes(4, "little") + part.data
    return image + sha256(image).digest()


def unwrapped(data: bytes) -> bytes | None:
    """Return the program in what a flashing tool wrote: flag, length, program, SHA-256.

    Returns the data itself if it has no such head, None if the length or the SHA-256 does not match.
    """
    if data[HEAD + MAGIC_AT : HEAD + MAGIC_AT + len(MAGIC)] != MAGIC or data[0] > 3:
        return data
    end = HEAD + int.from_bytes(data[1:HEAD], "little")
    if len(data) < end + 32 or sha256(data[:end]).digest() != data[end : end + 32]:
        return None
    return data[HEAD:end]


def is_package(path: Path) -> bool:
    """Is this file a package, by its name?"""
    return path.suffix.lower() == SUFFIX


def read_package(path: Path) -> Package:
    """Read a package, which may be hostile: nothing is unpacked to the disk, and the zip is checked first.

    Raises Refusal for a zip that `import` refuses as well, and for one without a list that can be read (C684).
    """
    opened = archive.open_zip(path, path, archive.Budget(total=MOST_BYTES))
    if LIST not in opened.files or opened.files[LIST] > MOST_LISTING:
        raise Refusal(
            "C684", tr("{path}: no {file} of at most {limit} bytes", path=path, file=LIST, limit=MOST_LISTING)
        )
    listing = opened.read(LIST, MOST_LISTING)
    rows = read_list(listing)
    if not rows:
        raise Refusal("C684", tr("{path}: {file} cannot be read, or names no file", path=path, file=LIST))
    if len(rows) > MOST_PARTS:
        text = tr("{path}: {count} files in the list; expected at most {limit}", path=path, count=len(rows),
                  limit=MOST_PARTS)  # fmt: skip
        raise Refusal("C684", text)
    # A list may name a large file many times.
    contents = {
        row.bin: opened.read(row.bin, SIZE) if opened.files[row.bin] <= SIZE else b""
        for row in rows
        if row.bin in opened.files
    }
    parts = [
        Part(row.bin, row.address, row.prefix is True, opened.files[row.bin], contents[row.bin])
        for row in rows
        if row.bin in contents
    ]
    return Package(tuple(parts), listing, tuple(row.bin for row in rows if row.bin not in contents))


def package_of(parts: tuple[Part, ...], others: Mapping[str, bytes] | None = None) -> Package:
    """Return a package of these parts, with a list that every flashing tool reads."""
    rows = [Entry(part.name, part.address, part.prefix) for part in parts]
    return Package(parts, write_list(rows).encode(), (), others or {})


def package_bytes(package: Package) -> bytes:
    """Return the file of a package: the same bytes for the same contents.

    Its files are in the order of their names, have no times, and are not compressed, since the bytes of a compressed
    file depend on the version of zlib; a kmodel would become a tenth smaller.
    """
    contents = {LIST: package.listing, **package.others, **{part.name: part.data for part in package.parts}}
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as writer:
        for name in sorted(contents):
            info = zipfile.ZipInfo(name, FIRST_YEAR)
            info.create_system, info.external_attr = 3, 0o644 << 16
            writer.writestr(info, contents[name])
    return file.getvalue()


def judge(package: Package) -> Iterator[Finding]:
    """Yield what is wrong with a package; findings about two parts, or a part and a limit, name both ends."""
    for name in package.missing:
        yield finding("C684", LIST, "bin", found=name, wanted=tr("a file of the package"))
    if as_kflash_reads(package.listing) is None:
        yield finding("C683", LIST, "address")
    placed = [part for part in package.parts if part.address is not None]
    for part in package.parts:
        yield from _judge_part(part)
    ordered = sorted(placed, key=lambda item: (item.extent.start, item.extent.end))
    for first, second in combinations(ordered, 2):
        if first.extent.overlaps(second.extent):
            yield finding("C680", second.name, "address", second.extent, first.extent.named)


def _judge_part(part: Part) -> Iterator[Finding]:
    if part.address is None:
        yield finding("C684", LIST, "address", found="?", wanted=tr("{name}: an address", name=part.name))
        return
    extent = part.extent
    if extent.end > SIZE:
        yield finding("C681", part.name, "address", extent, tr("the flash chip ends at {end}", end=f"0x{SIZE:06X}"))
    elif extent.end > FILE_SYSTEM:
        # An image of a whole file system is rare, but may be meant; anything that reaches into it is not.
        code = "C687" if extent.start >= FILE_SYSTEM and not part.is_model else "C681"
        limit = tr("the file system begins at {start}", start=f"0x{FILE_SYSTEM:06X}")
        yield finding(code, part.name, "address", extent, limit)
    if part.address % SECTOR:
        wanted = tr("a multiple of {step}, such as {address}", step=SECTOR, address=part.address // SECTOR * SECTOR)
        yield finding("C682", part.name, "address", part.address, wanted)
    if part.prefix and part.is_model:
        yield finding("C686", part.name, "sha256Prefix", found="true", wanted="false")
    if part.is_firmware:
        yield from _judge_firmware(part)


def _judge_firmware(part: Part) -> Iterator[Finding]:
    """A program needs head and SHA-256 exactly once: of the flashing tool, or of the file itself."""
    inner = unwrapped(part.data)
    if inner is None:
        yield finding(
            "C685", part.name, found=tr("a SHA-256 that does not match"), wanted=tr("a file that is complete")
        )
    elif (inner is not part.data) == part.prefix:
        found = tr("two heads") if part.prefix else tr("no head")
        yield finding("C685", part.name, "sha256Prefix", found=found, wanted="false" if part.prefix else "true")
