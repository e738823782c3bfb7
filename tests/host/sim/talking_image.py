"""A firmware image of 66 bytes and a text: it sends the text, and a prompt after the first byte that it receives."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

JUMP = struct.pack("<H", 0xA019)  # c.j over the magic number, which stands in every image
MAGIC = b"\xef\xbe\xad\xde"
PROGRAM = (
    0x380002B7,  # lui t0, 0x38000: UARTHS
    0x00000317,  # auipc t1, 0
    0x03830313,  # addi t1, t1, 56: the text
    0x00034383,  # lbu t2, 0(t1)
    0x00038863,  # beqz t2, 16: the end of the text
    0x0072A023,  # sw t2, 0(t0)
    0x00130313,  # addi t1, t1, 1
    0xFF1FF06F,  # j -16
    0x00001E37,  # lui t3, 1: wait, since an access of a device takes the emulator long
    0xFFFE0E13,  # addi t3, t3, -1
    0xFE0E1EE3,  # bnez t3, -4
    0x0042A383,  # lw t2, 4(t0): a byte has arrived when this is not negative
    0xFE03C8E3,  # bltz t2, -16
    0x00130313,  # addi t1, t1, 1
    0xFD5FF06F,  # j -44: the next text
)
ILLEGAL = (0x00000000,)
PROMPT = b"\0>>> " + bytes(64)
BEFORE_TEXT = b"\r\nfirmware\r\n"


def messages(*rows: dict[str, Any]) -> bytes:
    """Return messages as the app's link sends them."""
    lines = [b"\x1e" + json.dumps({"v": 1, "t": 5, **row}).encode() + b"\n" for row in rows]
    return BEFORE_TEXT + b"".join(lines)


def write_image(path: Path, text: bytes) -> Path:
    """Write an image that sends this text; return its path."""
    path.write_bytes(JUMP + MAGIC + b"".join(struct.pack("<I", word) for word in PROGRAM) + text + PROMPT)
    return path


def write_crash(path: Path) -> Path:
    """Write an image whose first instruction is no instruction; return its path."""
    path.write_bytes(JUMP + MAGIC + struct.pack("<I", *ILLEGAL) + bytes(64))
    return path


START = {"event": "start", "board": "dock", "rate": 30}
SELECT = {"event": "select", "title": "Bright blobs", "index": 0, "total": 2}
LOAD = {"event": "load", "title": "Bright blobs", "ms": 12, "free": 500_000}
UNLOADED = {"event": "state", "old": "NO_CARD", "cause": "CARD_IN", "new": "UNLOADED"}
RUNNING = {"event": "state", "old": "UNLOADED", "cause": "LOAD", "new": "RUNNING"}
RESULTS = {"event": "results", "ms": 90, "frame": 6, "count": 1, "found": [["blob", 0.934, 1, 2, 3, 4]]}
"""What the app says until its first picture."""
APP = messages(START, SELECT, UNLOADED, LOAD, RUNNING, RESULTS)
