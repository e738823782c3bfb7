"""A firmware image as its file gives it: a raw .bin, or a .kfpkg with parts for the flash. It reads and never runs."""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from maixswitch import files
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr

MAGIC = b"\xef\xbe\xad\xde"
MAGIC_AT = 2
LONGEST_PREFIX = 64
MOST_BYTES = 0x60_0000
"""General memory: a larger image cannot be loaded."""
MOST_FLASH = 16 << 20


@dataclass(frozen=True)
class Image:
    """`code` as it stands at 0x80000000; `parts` are other contents of the flash, by address."""

    path: Path
    code: bytes
    parts: tuple[tuple[int, bytes], ...] = ()


def _code(data: bytes) -> bytes | None:
    """Return the image without the bytes that some tools put before it, or None when it is not an image of a K210."""
    at = data[: LONGEST_PREFIX + len(MAGIC) + MAGIC_AT].find(MAGIC)
    if at < MAGIC_AT or len(data) > MOST_BYTES:
        return None
    return data[at - MAGIC_AT :]


def _package(path: Path, data: bytes) -> Image:
    parts = []
    code = None
    with zipfile.ZipFile(BytesIO(data)) as archive:
        listing = json.loads(archive.read("flash-list.json"))
        total = 0
        for entry in listing["files"]:
            info = archive.getinfo(entry["bin"])
            total += info.file_size
            if total > MOST_FLASH:
                raise ValueError("too large")
            content = archive.read(info)
            if entry.get("sha256Prefix") and code is None:
                code = _code(content)
            else:
                parts.append((int(entry["address"]), content))
    if code is None:
        raise ValueError("no code")
    return Image(path, code, tuple(parts))


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
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, NotImplementedError) as error:
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
