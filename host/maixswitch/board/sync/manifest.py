"""sync.json on the card: what the last whole sync left there, so that the next need not read every file again."""

from __future__ import annotations

import json
from collections.abc import Mapping

VERSION = 1
Files = dict[str, tuple[int, int]]
"""Path -> (bytes, CRC32)."""


def dump(files: Mapping[str, tuple[int, int]]) -> bytes:
    """The file's bytes; the same files give the same bytes."""
    return json.dumps(
        {"version": VERSION, "files": {path: list(files[path]) for path in sorted(files)}}, separators=(",", ":")
    ).encode()


def parse(data: bytes) -> Files:
    """What a manifest says; nothing for one that is torn, of another version or otherwise not whole."""
    try:
        document = json.loads(data)
        if document["version"] != VERSION:
            return {}
        found = {str(path): (size, crc) for path, (size, crc) in document["files"].items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}
    whole = all(type(size) is int and type(crc) is int for size, crc in found.values())
    return found if whole else {}
