"""A firmware image as its file gives it: a raw .bin, or a .kfpkg with parts for the flash. It reads and never runs."""

from __future__ import annotations

import hashlib
import json
import re
import struct
import zipfile
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from maixswitch import files
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr

MAGIC = b"\xef\xbe\xad\xde"
MAGIC_AT = 2
LONGEST_PREFIX = 64
MOST_BYTES = 0x60_0000
"""General memory: a larger image cannot be loaded."""
MOST_FLASH = 16 << 20
MOST_LISTING = 64 << 10
"""Bytes of a flash-list.json; real ones have less than 1 KiB."""
MOST_FILES = 1000
HEX_ADDRESS = re.compile(r'("address"\s*:\s*)(0[xX][0-9a-fA-F]+)')
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    KeyError,
    TypeError,
    ValueError,
    RuntimeError,  # an encrypted file, JSON that is nested too deeply, a compression that Python does not know
    OverflowError,
)


@dataclass(frozen=True)
class Image:
    """A firmware image.

    code: the bytes from 0x80000000 on.
    parts: other contents of the flash, by address.
    inside: name of the firmware's file inside a .kfpkg, "" for a .bin.
    """

    path: Path
    code: bytes
    parts: tuple[tuple[int, bytes], ...] = ()
    inside: str = ""


def _code(data: bytes) -> bytes | None:
    """Return the image without the bytes that some tools put before it, or None when it is not an image of a K210."""
    at = data[: LONGEST_PREFIX + len(MAGIC) + MAGIC_AT].find(MAGIC)
    if at < MAGIC_AT or len(data) > MOST_BYTES:
        return None
    return data[at - MAGIC_AT :]


def _listing(archive: zipfile.ZipFile) -> list[dict[str, Any]]:
    """Return the entries of flash-list.json. Raises ValueError if it has another form."""
    text = _unpacked(archive, "flash-list.json", MOST_LISTING).decode()
    # The flashing tools write hexadecimal addresses without quotes, which JSON does not allow.
    listing = json.loads(HEX_ADDRESS.sub(r'\1"\2"', text))
    entries = listing.get("files") if isinstance(listing, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError("no list of files")
    return entries


def _unpacked(archive: zipfile.ZipFile, name: str, at_most: int) -> bytes:
    """Return a file of the archive. Raises ValueError if it is larger than `at_most` bytes."""
    info = archive.getinfo(name)
    # Python unpacks the other compressions without a limit, so a zip bomb could fill the memory.
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError("unusual compression")
    # The archive states this size itself, and it may be wrong, so the limit holds for the unpacked bytes as well.
    with archive.open(info) as file:
        content = file.read(at_most + 1) if info.file_size <= at_most else b""
    if len(content) != info.file_size:
        raise ValueError("too large")
    return content


def _address(value: object) -> int:
    address = int(value, 0) if isinstance(value, str) else value
    if not isinstance(address, int) or not 0 <= address < MOST_FLASH:
        raise ValueError("an address outside the flash")
    return address


def _package(path: Path, data: bytes) -> Image:
    # Python reads the whole directory of a zip at once, which takes seconds for a hundred thousand files.
    if data.count(b"PK\x01\x02") > MOST_FILES:
        raise ValueError("too many files")
    parts = []
    code = None
    with zipfile.ZipFile(BytesIO(data)) as archive:
        entries = _listing(archive)
        left = MOST_FLASH
        for entry in entries:
            name = str(entry["bin"])
            content = _unpacked(archive, name, left)
            left -= len(content)
            if entry.get("sha256Prefix") and code is None:
                code = _code(content)
                firmware = name
            else:
                parts.append((_address(entry["address"]), content))
    if code is None:
        raise ValueError("no code")
    return Image(path, code, tuple(parts), firmware)


def digest_of(image: Image) -> str:
    """Return the SHA-256 of the code of an image, in hex."""
    return hashlib.sha256(image.code).hexdigest()


def read_image(path: Path) -> Image:
    """Return the firmware image in a file.

    Raises MaixSwitchError (usage) when the file is not a firmware image of a K210, (input or output) when it cannot be
    read.
    """
    data = files.read(path, MOST_FLASH + 1)
    try:
        if data[:2] == b"PK":
            return _package(path, data)
    except DAMAGED as error:
        raise MaixSwitchError(
            tr("{path} is not a .kfpkg with a firmware of a K210 in it", path=path), EXIT_USAGE
        ) from error
    code = _code(data)
    if code is None:
        raise MaixSwitchError(
            tr("{path} is not a firmware image of a K210: expected a .bin or a .kfpkg of MaixPy or CanMV", path=path),
            EXIT_USAGE,
        )
    return Image(path, code)
