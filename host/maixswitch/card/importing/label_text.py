"""Decode the text of a list of labels or anchors, or refuse it: a wrong encoding would give labels of rubbish."""

from __future__ import annotations

from .literals import decode

LEVEL_1 = range(0xB0, 0xD8)
"""First bytes of the 3755 characters that Chinese text uses most, in GB 2312."""


def decode_list(data: bytes) -> str | None:
    """Return the text in UTF-8, UTF-16 (also without a mark) or GB 18030; None for anything else."""
    if b"\0" in data and data[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        return _utf_16(data)
    text = decode(data)
    if text is None or text.isascii():
        return text
    try:
        data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return text if data[:2] in (b"\xff\xfe", b"\xfe\xff") or _is_chinese(text) else None
    return text


def _utf_16(data: bytes) -> str | None:
    """Return the text of UTF-16 without a byte order mark; None if it is something else."""
    # Line ends, blanks and ASCII letters have a zero byte, always on the same side; few other characters have one.
    odd, even = data[1::2].count(0), data[::2].count(0)
    if len(data) % 2 or max(odd, even) < 3 * min(odd, even):
        return None
    try:
        return data.decode("utf-16-le" if odd > even else "utf-16-be")
    except UnicodeDecodeError:
        return None


def _is_chinese(text: str) -> bool:
    """Is a text that was decoded as GB 18030 likely to be Chinese, rather than another encoding?"""
    # GB 18030 accepts most texts in Latin-1, Cyrillic or Big5. Their bytes give rare characters.
    strange = [char for char in text if not char.isascii()]
    common = rare = 0
    for char in strange:
        try:
            first = char.encode("gb2312")[0]
        except UnicodeEncodeError:
            rare += 1
            continue
        common += first in LEVEL_1 or first < 0xAA
    return common * 2 >= len(strange) and rare * 5 <= len(strange)
