"""The line of a slot, as the app writes it (device/once/choice.py): "number text crc32"; the highest number counts."""

from __future__ import annotations

import zlib


def read_slot(line: bytes) -> tuple[int, str]:
    """Return (number, text) of a slot's line; (-1, "") if it is damaged or missing."""
    body, crc = line[:-9], line[-9:]
    if crc != b" %08x" % zlib.crc32(body):
        return -1, ""
    try:
        number, text = body.decode().split(" ", 1)
        return int(number), text
    except ValueError:
        return -1, ""


def slot_line(number: int, text: str) -> bytes:
    """Return the line of a slot."""
    body = f"{number} {text}".encode()
    return body + b" %08x" % zlib.crc32(body)
