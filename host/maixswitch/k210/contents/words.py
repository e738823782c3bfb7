"""Numbers inside an image."""

from __future__ import annotations

BASE = 0x8000_0000
"""The address of the first byte of an image."""


def word(code: bytes, at: int, size: int) -> int:
    """Return the number of `size` bytes at an offset, little end first; bytes behind the end count as missing."""
    return int.from_bytes(code[at : at + size], "little")


def signed(number: int, bits: int) -> int:
    """Return a number of that many bits as one with a sign."""
    return number - (1 << bits) if number >> bits - 1 & 1 else number
