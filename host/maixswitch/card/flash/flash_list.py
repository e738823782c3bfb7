"""flash-list.json, which tells the address in the flash of each file of a package.

It occurs with the version under the key "", with a bare 0x300000 as address (which is not JSON), and in version 0.1.1.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from maixswitch.card.importing.literals import decode, from_json
from maixswitch.card.importing.source import Source, folder_of

LIST = "flash-list.json"
VERSION = "0.1.0"
BARE = re.compile(r'("address"\s*:\s*)(0[xX][0-9a-fA-F]{1,16})(?=\s*[,}\]\s])')
NUMBER = re.compile(r"0[xX][0-9a-fA-F]{1,16}|[0-9]{1,16}")


@dataclass(frozen=True)
class Entry:
    """A row of the list.

    address: None if it is no number of at least 0.
    prefix: whether the flashing tool puts the flag and the length of a firmware before the file, and its SHA-256
        behind it; None if the list does not say so in one of JSON's own words.
    """

    bin: str
    address: int | None
    prefix: bool | None

    @property
    def address_text(self) -> str:
        """The address for people, "?" without one."""
        return "?" if self.address is None else f"{self.address:#x}"


def read_list(data: bytes) -> list[Entry] | None:
    """Return the rows of a flash-list.json, in its order; None if the list cannot be read."""
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
    return [
        Entry(item["bin"], _address(item.get("address")), _flag(item.get("sha256Prefix")))
        for item in files
        if isinstance(item, dict) and isinstance(item.get("bin"), str)
    ]


def write_list(entries: Iterable[Entry]) -> str:
    """Return a list that every flashing tool reads.

    kflash puts quotes around what stands between `"address": ` and the last comma of its line, so each key has a line
    of its own, and the address is not the last one. Addresses are decimal: other tools read strict JSON.
    """
    rows = [{"address": item.address, "bin": item.bin, "sha256Prefix": item.prefix} for item in entries]
    return json.dumps({"version": VERSION, "files": rows}, indent=4) + "\n"


def as_kflash_reads(data: bytes) -> list[int] | None:
    """Return the addresses that kflash 1.1.6 takes from a list; None if it fails on it."""
    try:
        text = re.sub(r'"address": (.*),', r'"address": "\1",', data.decode())
        return [int(row["address"], 0) for row in json.loads(text)["files"]]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def files_at(source: Source, address: int) -> list[str]:
    """Return the files of a source that its lists put at this address."""
    names = []
    for name in source.files:
        if name.rpartition("/")[2] == LIST:
            rows = read_list(source.text(name) or b"") or []
            named = [(folder_of(name) / row.bin).as_posix() for row in rows if row.address == address]
            names += [file for file in named if file in source.files]
    return names


def _address(value: Any) -> int | None:
    if isinstance(value, str) and NUMBER.fullmatch(value):
        # int() with base 0 refuses a decimal number that begins with 0.
        return int(value, 16 if value[:2].lower() == "0x" else 10)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None
