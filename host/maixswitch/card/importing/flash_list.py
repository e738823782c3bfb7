"""flash-list.json, which tells the address in the flash of each file of a package.

It occurs with the version under the key "", with a bare 0x300000 as address (which is not JSON), and in version 0.1.1.
"""

from __future__ import annotations

import re
from typing import Any

from .literals import decode, from_json
from .source import Source, folder_of

LIST = "flash-list.json"
BARE = re.compile(r'("address"\s*:\s*)(0[xX][0-9a-fA-F]{1,16})(?=\s*[,}\]\s])')


def read_list(data: bytes) -> dict[str, str] | None:
    """Return the flash address ("0x300000") of each file in a flash-list.json; None if the list cannot be read."""
    text = decode(data)
    if text is None:
        return None
    # JSON does not allow a bare hexadecimal number, but published packages have them: turn them into decimal ones.
    try:
        document = from_json(BARE.sub(lambda match: match[1] + str(int(match[2], 16)), text))
    except ValueError:
        return None
    files = document.get("files") if isinstance(document, dict) else None
    if not isinstance(files, list):
        return None
    return {
        item["bin"]: _address(item.get("address"))
        for item in files
        if isinstance(item, dict) and isinstance(item.get("bin"), str)
    }


def files_at(source: Source, address: int) -> list[str]:
    """Return the files of a source that its lists put at this address."""
    names = []
    for name in source.files:
        if name.rpartition("/")[2] == LIST:
            addresses = read_list(source.text(name) or b"") or {}
            named = [(folder_of(name) / file).as_posix() for file, at in addresses.items() if at == hex(address)]
            names += [file for file in named if file in source.files]
    return names


def _address(value: Any) -> str:
    return f"{value:#x}" if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else "?"
