"""What `--flash` puts into the flash chip: a file at an address, or the parts of a .kfpkg."""

from __future__ import annotations

import re
import zipfile
from io import BytesIO
from pathlib import Path

from maixswitch import files
from maixswitch.card.importing import flash_list
from maixswitch.errors import EXIT_USAGE, MaixSwitchError
from maixswitch.language import tr

SIZE = 16 << 20
AT_ADDRESS = re.compile(r"(0[xX][0-9a-fA-F]{1,8}|\d{1,9})=(.+)")


def flash_parts(words: list[str]) -> dict[int, bytes]:
    """Return address -> content for the values of `--flash`, such as "0x300000=face.kmodel" or "face.kfpkg".

    Raises MaixSwitchError (usage) for a value that it cannot understand, (input or output) for an unreadable file.
    """
    parts: dict[int, bytes] = {}
    for word in words:
        match = AT_ADDRESS.fullmatch(word)
        if match:
            parts[int(match[1], 0)] = _content(Path(match[2]))
        elif word.lower().endswith(".kfpkg"):
            parts.update(_package(Path(word)))
        else:
            raise MaixSwitchError(
                tr("--flash {text}: expected ADDRESS=FILE, such as 0x300000=face.kmodel, or a .kfpkg", text=word),
                EXIT_USAGE,
            )
    for address, content in parts.items():
        if address + len(content) > SIZE:
            raise MaixSwitchError(
                tr(
                    "--flash: {size} bytes at {address} do not fit; the flash chip has {most} bytes",
                    size=len(content),
                    address=hex(address),
                    most=SIZE,
                ),
                EXIT_USAGE,
            )
    return parts


def _content(path: Path) -> bytes:
    return files.read(path, SIZE + 1, "--flash")


def _package(path: Path) -> dict[int, bytes]:
    try:
        with zipfile.ZipFile(BytesIO(_content(path))) as archive:
            addresses = flash_list.read_list(archive.read(flash_list.LIST)) or {}
            total = sum(archive.getinfo(name).file_size for name in addresses)
            # An archive of a few bytes can unpack to gigabytes.
            if not addresses or total > SIZE:
                raise ValueError("no list of parts, or too large")
            return {int(address, 16): archive.read(name) for name, address in addresses.items()}
    except (zipfile.BadZipFile, KeyError, ValueError, NotImplementedError, RuntimeError) as error:
        raise MaixSwitchError(
            tr("--flash {path}: not a .kfpkg whose list names its files and their addresses", path=path), EXIT_USAGE
        ) from error
