"""SYNC/SUMS on the card: the checksums after the last complete sync, so that the next one need not read every file."""

from __future__ import annotations

import json
from collections.abc import Mapping

VERSION = 1
Files = dict[str, tuple[int, int]]
"""Path -> (bytes, CRC32)."""


def dump(files: Mapping[str, tuple[int, int]]) -> bytes:
    """Return the bytes of the manifest. The same files give the same bytes."""
    return json.dumps(
        {"version": VERSION, "files": {path: list(files[path]) for path in sorted(files)}}, separators=(",", ":")
    ).encode()


def parse(data: bytes) -> Files:
    """Return the files in a manifest; {} if it is incomplete or of another version."""
    try:
        document = json.loads(data)
        if document["version"] != VERSION:
            return {}
        files = {str(path): (size, crc) for path, (size, crc) in document["files"].items()}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}
    valid = all(type(size) is int and type(crc) is int for size, crc in files.values())
    return files if valid else {}
